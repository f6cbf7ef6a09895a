"""The second factor over REST: enrolment, log-in by code and recovery code, each good once, tenants that require one, resets."""
import base64
import concurrent.futures
import subprocess
import threading
import uuid

import pytest
from factor_support import Authenticator, enroll, forget_used_codes, parse_uri, settle
from http_support import Api, is_problem
from job_support import Tenant, ask
from stack.process import clean_environment
from stack.servers import postgres_binaries

FACTOR, LOGIN = "/api/v1/auth/second-factor", "/api/v1/auth/login"
NEEDED, ENROL = "urn:drmgmt:problem:second-factor-required", "urn:drmgmt:problem:second-factor-enrolment-required"
WRONG = "urn:drmgmt:problem:unauthenticated"


class Person:
    """A user of the tenant, with an enrolled authenticator if wanted."""

    def __init__(self, tenant, role="operator"):
        self.tenant = tenant
        self.email = tenant.user(role) if role else tenant.email
        self.id = ask(tenant.env, "SELECT id::text FROM drm.users WHERE email = %s", (self.email,))[0][0]
        self.authenticator, self.codes = None, []

    def log_in(self, second_factor=None, password=None):
        body = {"email": self.email, "password": password or self.tenant.password, "tenant": self.tenant.name}
        if second_factor is not None:
            body["second_factor"] = second_factor
        api = Api(self.tenant.url)
        try:
            return api.post(LOGIN, body)
        finally:
            api.close()

    def api(self, second_factor=None):
        answer = self.log_in(second_factor)
        assert answer.status == 200, answer
        return Api(self.tenant.url, answer.json()["access_token"])

    def enroll(self):
        settle()
        api = self.api()
        self.authenticator, self.codes = enroll(api)
        self.forget()
        return api

    def forget(self):
        forget_used_codes(self.tenant.env, self.email)

    def audited(self, action):
        return ask(self.tenant.env, "SELECT count(*) FROM drm.audit_logs WHERE tenant_id = %s AND action = %s AND object_id = %s",
                   (self.tenant.id, action, self.id))[0][0]


@pytest.fixture
def person(tenant):
    return Person(tenant)


@pytest.fixture
def enrolled(tenant):
    made = Person(tenant)
    made.enroll()
    return made


@pytest.fixture
def strict(stack):
    """A tenant of the test's own, which will require a second factor."""
    return Tenant(stack.build, stack.env, stack.url)


def status_of(api):
    answer = api.get(FACTOR)
    assert answer.status == 200, answer
    return answer.json()


def refused(answer, status, kind):
    problem = is_problem(answer, status)
    assert problem["type"] == kind, problem
    return problem


# ---- enrolment ----

def test_enrolment(person, tenant):
    settle()
    api = person.api()
    assert status_of(api) == {"enabled": False, "required": False, "pending": False, "recovery_codes_left": 0}
    begun = api.post(FACTOR, {})
    assert begun.status == 201, begun
    secret, uri = begun.json()["secret"], begun.json()["uri"]
    label, query = parse_uri(uri)
    assert label == f"drmgmt {tenant.name}:{person.email}"
    assert query == {"secret": secret, "issuer": f"drmgmt {tenant.name}", "algorithm": "SHA1", "digits": "6", "period": "30"}
    assert len(base64.b32decode(secret)) == 20
    assert status_of(api)["pending"] and not status_of(api)["enabled"]
    assert person.log_in().status == 200  # nothing has changed until it is confirmed

    authenticator = Authenticator(secret)
    refused(api.post(FACTOR + "/confirm", {"code": authenticator.wrong()}), 403, "urn:drmgmt:problem:forbidden")
    assert not status_of(api)["enabled"]
    confirmed = api.post(FACTOR + "/confirm", {"code": authenticator.code()})
    assert confirmed.status == 200, confirmed
    assert len(confirmed.json()["recovery_codes"]) == 10
    assert status_of(api) == {"enabled": True, "required": False, "pending": False, "recovery_codes_left": 10}

    refused(person.log_in(), 401, NEEDED)
    refused(person.log_in(""), 401, NEEDED)
    refused(person.log_in(authenticator.wrong()), 401, WRONG)
    assert person.log_in(authenticator.code(1)).status == 200
    assert ask(tenant.env, "SELECT amr FROM drm.refresh_tokens WHERE user_id = %s ORDER BY id DESC LIMIT 1", (person.id,)) == [("pwd otp",)]
    for action in ("second_factor.begin", "second_factor.enable"):
        assert person.audited(action) == 1


def test_a_wrong_password_is_told_before_a_missing_code(enrolled):
    """Who does not know the password learns nothing of a second factor."""
    without, right = (enrolled.log_in(code, password="wrong horse battery") for code in (None, enrolled.authenticator.code()))
    for answer in (without, right):
        refused(answer, 401, WRONG)
    assert without.json()["detail"] == right.json()["detail"]
    assert enrolled.log_in(enrolled.authenticator.code()).status == 200  # and the code was not used up


def test_confirm_and_its_kin_without_an_enrolment(person):
    api = person.api()
    for path in ("/confirm", "/recovery-codes"):
        is_problem(api.post(FACTOR + path, {"code": "123456"}), 409)
    is_problem(api.call("DELETE", FACTOR, {"code": "123456"}), 409)


def test_an_enrolment_begun_anew_forgets_the_one_before(person):
    settle()
    api = person.api()
    first, second = (Authenticator(api.post(FACTOR, {}).json()["secret"]) for _ in range(2))
    is_problem(api.post(FACTOR + "/confirm", {"code": first.code()}), 403)
    assert api.post(FACTOR + "/confirm", {"code": second.code()}).status == 200


@pytest.mark.parametrize("body", [{}, {"code": ""}, {"code": None}, {"code": 123456}, {"code": ["123456"]}, {"kode": "123456"}, [], "123456"])
def test_malformed_bodies(enrolled, body):
    api = enrolled.api(enrolled.authenticator.code())
    for path in ("/confirm", "/recovery-codes"):
        is_problem(api.post(FACTOR + path, body), 400)
    is_problem(api.call("DELETE", FACTOR, body), 400)
    assert status_of(api)["enabled"]


@pytest.mark.parametrize("code", ["1", "12345", "1234567", "12 34 56", "１２３４５６", "a" * 4000, "aaaa-bbbb-cccc-dddd", "-00001",
                                  "'; DROP TABLE drm.users; --"])
def test_what_is_no_code_is_a_wrong_one(enrolled, code):
    refused(enrolled.log_in(code), 401, WRONG)


def test_a_body_is_needed_and_limited(enrolled):
    api = enrolled.api(enrolled.authenticator.code())
    is_problem(api.call("DELETE", FACTOR), 411)
    is_problem(api.post(FACTOR + "/confirm", {"code": "1" * 9000}), 413)


# ---- codes ----

def test_a_clock_may_be_a_step_off(enrolled):
    settle(20)
    for off, status in ((-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401)):
        assert enrolled.log_in(enrolled.authenticator.code(off)).status == status, off


def test_a_code_is_good_once(enrolled):
    settle(20)
    code = enrolled.authenticator.code()
    assert enrolled.log_in(code).status == 200
    refused(enrolled.log_in(code), 401, WRONG)
    refused(enrolled.log_in(enrolled.authenticator.code(-1)), 401, WRONG)  # nor one from before it
    assert enrolled.log_in(enrolled.authenticator.code(1)).status == 200


def at_once(count, call):
    barrier = threading.Barrier(count)

    def one(_):
        barrier.wait()
        return call().status
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return sorted(pool.map(one, range(count)))


def test_of_log_ins_with_one_code_at_once_one_succeeds(enrolled):
    settle(20)
    code = enrolled.authenticator.code(1)
    assert at_once(4, lambda: enrolled.log_in(code)) == [200, 401, 401, 401]


def test_of_log_ins_with_one_recovery_code_at_once_one_succeeds(enrolled):
    assert at_once(4, lambda: enrolled.log_in(enrolled.codes[0])) == [200, 401, 401, 401]
    assert enrolled.audited("second_factor.recovery_code_used") == 1


def test_a_recovery_code_is_good_once_however_it_is_typed(enrolled):
    first, second, third = enrolled.codes[:3]
    for typed in (first, second.upper(), " ".join(third.split("-"))):
        assert enrolled.log_in(typed).status == 200, typed
        refused(enrolled.log_in(typed), 401, WRONG)
    refused(enrolled.log_in(first), 401, WRONG)
    api = enrolled.api(enrolled.codes[3])
    assert status_of(api)["recovery_codes_left"] == 6


def test_recovery_codes_of_somebody_else_are_wrong(enrolled, tenant):
    somebody = Person(tenant)
    somebody.enroll()
    refused(enrolled.log_in(somebody.codes[0]), 401, WRONG)
    refused(enrolled.log_in(somebody.authenticator.code()), 401, WRONG)
    assert somebody.log_in(somebody.codes[0]).status == 200


def test_fresh_recovery_codes_make_older_ones_void(enrolled):
    api = enrolled.api(enrolled.authenticator.code())
    is_problem(api.post(FACTOR + "/recovery-codes", {"code": enrolled.authenticator.wrong()}), 403)
    fresh = api.post(FACTOR + "/recovery-codes", {"code": enrolled.codes[0]})
    assert fresh.status == 200, fresh
    refused(enrolled.log_in(enrolled.codes[1]), 401, WRONG)
    assert enrolled.log_in(fresh.json()["recovery_codes"][0]).status == 200
    assert enrolled.audited("second_factor.recovery_codes") == 1


# ---- replacing and disabling ----

def test_an_authenticator_is_replaced_by_a_code_of_the_old_one(enrolled):
    settle(20)
    api = enrolled.api(enrolled.authenticator.code(-1))
    assert is_problem(api.post(FACTOR, {}), 400)["field"] == "code"
    assert is_problem(api.post(FACTOR, {"code": enrolled.authenticator.wrong()}), 403)["field"] == "code"
    begun = api.post(FACTOR, {"code": enrolled.authenticator.code()})
    assert begun.status == 201, begun
    fresh = Authenticator(begun.json()["secret"])
    assert enrolled.log_in(enrolled.authenticator.code(1)).status == 200  # still the old one
    refused(enrolled.log_in(fresh.code()), 401, WRONG)
    assert api.post(FACTOR + "/confirm", {"code": fresh.code()}).status == 200
    enrolled.forget()
    refused(enrolled.log_in(enrolled.authenticator.code()), 401, WRONG)
    refused(enrolled.log_in(enrolled.codes[0]), 401, WRONG)
    assert enrolled.log_in(fresh.code()).status == 200


def test_disabling_needs_a_code(enrolled):
    api = enrolled.api(enrolled.authenticator.code())
    is_problem(api.call("DELETE", FACTOR, {"code": enrolled.authenticator.wrong()}), 403)
    assert api.call("DELETE", FACTOR, {"code": enrolled.codes[0]}).status == 204
    assert status_of(api) == {"enabled": False, "required": False, "pending": False, "recovery_codes_left": 0}
    assert enrolled.log_in().status == 200
    assert enrolled.audited("second_factor.disable") == 1
    is_problem(api.call("DELETE", FACTOR, {"code": enrolled.codes[1]}), 409)


def test_other_log_ins_end_when_one_confirms(person):
    """They were made without the second factor, perhaps by somebody who knows the password."""
    other = person.log_in().json()
    api = person.enroll()
    is_problem(Api(person.tenant.url, other["access_token"]).get("/api/v1/auth/whoami"), 401)
    is_problem(Api(person.tenant.url).post("/api/v1/auth/refresh", {"refresh_token": other["refresh_token"]}), 401)
    assert api.get("/api/v1/devices").status == 200


# ---- who may ----

def test_an_api_key_does_not_change_how_its_owner_logs_in(person):
    api = person.api()
    key = Api(person.tenant.url, key=api.post("/api/v1/api-keys", {"label": "k"}).json()["key"])
    assert status_of(key)["enabled"] is False
    is_problem(key.post(FACTOR, {}), 403)
    authenticator, codes = enroll(api)
    for path in ("/confirm", "/recovery-codes"):
        is_problem(key.post(FACTOR + path, {"code": codes[0]}), 403)
    is_problem(key.call("DELETE", FACTOR, {"code": codes[0]}), 403)
    is_problem(key.post(FACTOR, {"code": codes[0]}), 403)
    assert status_of(api)["recovery_codes_left"] == 10  # none was looked at
    assert key.get("/api/v1/devices").status == 200     # and the key itself goes on working


def test_a_disabled_user_is_refused_as_if_the_password_were_wrong(enrolled, tenant):
    api = enrolled.api(enrolled.authenticator.code(-1))
    ask(tenant.env, "UPDATE drm.users SET active = false WHERE id = %s", (enrolled.id,))
    for code in (None, enrolled.authenticator.code(), enrolled.codes[0]):
        refused(enrolled.log_in(code), 401, WRONG)
    for path in ("/confirm", "/recovery-codes"):
        is_problem(api.post(FACTOR + path, {"code": enrolled.codes[0]}), 401)
    is_problem(api.post(FACTOR, {"code": enrolled.codes[0]}), 401)
    ask(tenant.env, "UPDATE drm.users SET active = true WHERE id = %s", (enrolled.id,))
    assert enrolled.log_in(enrolled.codes[0]).status == 200


def test_an_administrator_resets_the_factor_of_one_who_lost_it(enrolled, tenant, api):
    session = enrolled.log_in(enrolled.authenticator.code()).json()
    reset = f"/api/v1/users/{enrolled.id}/second-factor"
    is_problem(Person(tenant).api().call("DELETE", reset), 403)
    assert api.call("DELETE", reset).status == 204
    is_problem(Api(tenant.url, session["access_token"]).get("/api/v1/auth/whoami"), 401)
    is_problem(Api(tenant.url).post("/api/v1/auth/refresh", {"refresh_token": session["refresh_token"]}), 401)
    assert enrolled.log_in().status == 200
    is_problem(api.call("DELETE", reset), 404)
    assert enrolled.audited("second_factor.reset") == 1


def test_what_an_administrator_cannot_reset(enrolled, tenant, strict, api):
    foreign = Person(strict)
    foreign.enroll()
    for user in (foreign.id, str(uuid.uuid4()), Person(tenant).id, "me", "x" * 200):
        is_problem(api.call("DELETE", f"/api/v1/users/{user}/second-factor"), 404)
    refused(foreign.log_in(), 401, NEEDED)
    own = ask(tenant.env, "SELECT id::text FROM drm.users WHERE email = %s", (tenant.email,))[0][0]
    is_problem(api.call("DELETE", f"/api/v1/users/{own}/second-factor"), 409)


def test_nobody_resets_the_factor_of_one_who_may_do_more(enrolled, tenant):
    """Otherwise who may manage users, and no more, would become an administrator."""
    above, manager = Person(tenant, "administrator"), Person(tenant, "viewer")
    above.enroll()
    ask(tenant.env, "WITH r AS (INSERT INTO drm.rbac_roles (tenant_id, id, name, permissions) VALUES (%s, gen_random_uuid(), 'manager',"
        " ARRAY['user:admin', 'user:read']) RETURNING tenant_id, id) INSERT INTO drm.user_roles (tenant_id, id, user_id, role_id)"
        " SELECT tenant_id, gen_random_uuid(), %s, id FROM r", (tenant.id, manager.id))
    viewer = Person(tenant, "viewer")
    viewer.enroll()
    api = manager.api()
    for user in (above, enrolled):
        is_problem(api.call("DELETE", f"/api/v1/users/{user.id}/second-factor"), 403)
    assert api.call("DELETE", f"/api/v1/users/{viewer.id}/second-factor").status == 204


# ---- required by the tenant ----

def require(api, value=True):
    answer = api.call("PATCH", "/api/v1/tenant", {"require_second_factor": value})
    assert answer.status == 200 and answer.json()["require_second_factor"] is value, answer


def test_a_tenant_requires_it(strict):
    settle()
    boss, worker = Person(strict, None), Person(strict)
    admin, api = boss.api(), worker.api()
    key = Api(strict.url, key=api.post("/api/v1/api-keys", {"label": "k"}).json()["key"])
    enroll(admin)
    assert api.get("/api/v1/devices").status == 200
    require(admin)

    # The session that was there, and a new one: good for nothing but enrolment.
    fresh = worker.log_in()
    assert fresh.status == 200, fresh
    for client in (api, Api(strict.url, fresh.json()["access_token"])):
        for method, path, body in (("GET", "/api/v1/devices", None), ("POST", "/api/v1/devices", {"name": "x"}),
                                   ("GET", "/api/v1/jobs", None), ("GET", "/api/v1/tenant", None),
                                   ("POST", "/api/v1/api-keys", {"label": "y"}), ("GET", "/api/v1/api-keys", None)):
            refused(client.call(method, path, body), 403, ENROL)
        assert client.get("/api/v1/auth/whoami").json()["permissions"] == []
        assert status_of(client)["required"]
    renewed = Api(strict.url).post("/api/v1/auth/refresh", {"refresh_token": fresh.json()["refresh_token"]})
    assert renewed.status == 200, renewed
    refused(Api(strict.url, renewed.json()["access_token"]).get("/api/v1/devices"), 403, ENROL)
    assert key.get("/api/v1/devices").status == 200  # a key was made by who had logged in, and has a life of its own

    client = Api(strict.url, renewed.json()["access_token"])
    authenticator, codes = enroll(client)
    assert client.get("/api/v1/devices").status == 200
    refused(worker.log_in(), 401, NEEDED)
    is_problem(client.call("DELETE", FACTOR, {"code": codes[0]}), 409)
    assert status_of(client)["recovery_codes_left"] == 10  # the code was not used up for nothing

    require(admin, False)
    assert client.call("DELETE", FACTOR, {"code": codes[0]}).status == 204
    assert client.get("/api/v1/devices").status == 200
    assert ask(strict.env, "SELECT detail FROM drm.audit_logs WHERE tenant_id = %s AND action = 'tenant.settings' ORDER BY id", (strict.id,)) \
        == [({"require_second_factor": True},), ({"require_second_factor": False},)]


def test_a_reset_user_of_a_tenant_that_requires_it_must_enrol_again(strict):
    boss, worker = Person(strict, None), Person(strict)
    admin = boss.enroll()
    worker.enroll()
    require(admin)
    assert admin.call("DELETE", f"/api/v1/users/{worker.id}/second-factor").status == 204
    api = worker.api()
    refused(api.get("/api/v1/devices"), 403, ENROL)
    settle()
    enroll(api)
    assert api.get("/api/v1/devices").status == 200


def test_one_tenants_word_is_not_anothers(strict, tenant, api):
    require(Person(strict, None).api())
    assert api.get("/api/v1/devices").status == 200
    assert api.get("/api/v1/tenant").json() == {"id": tenant.id, "name": tenant.name, "require_second_factor": False,
                                                    "keep_results_days": 0, "keep_events_days": 0}


def test_who_may_change_the_settings(tenant, api):
    for role in ("viewer", "operator"):
        client = Person(tenant, role).api()
        assert client.get("/api/v1/tenant").status == 200
        is_problem(client.call("PATCH", "/api/v1/tenant", {"require_second_factor": True}), 403)
    for body in ({"require_second_factor": "yes"}, {"require_second_factor": None}, {"name": "x"}, {"id": str(uuid.uuid4())}, []):
        is_problem(api.call("PATCH", "/api/v1/tenant", body), 400)
    assert api.call("PATCH", "/api/v1/tenant", {}).json()["require_second_factor"] is False


# ---- secrets ----

def test_a_dump_of_the_database_contains_no_seed_and_no_code(enrolled, stack):
    dump = subprocess.run([postgres_binaries() / "pg_dump", enrolled.tenant.env["DRM_ADMIN_DATABASE_URL"]], env=clean_environment(),
                          capture_output=True, check=True, timeout=60).stdout.lower()
    assert enrolled.id.encode() in dump
    seed, text = enrolled.authenticator.seed, base64.b32encode(enrolled.authenticator.seed)
    secrets = [seed.hex().encode(), base64.b64encode(seed).rstrip(b"="), text, text.hex().encode(), base64.b64encode(text).rstrip(b"=")]
    for code in enrolled.codes:
        for form in (code.encode(), code.replace("-", "").encode()):
            secrets += [form, form.hex().encode(), base64.b64encode(form).rstrip(b"=")]
    for secret in secrets:
        assert secret.lower() not in dump


def test_a_seed_moved_to_another_user_does_not_open(enrolled, tenant):
    """Whoever may write to the database cannot give a victim an authenticator of his own."""
    victim = Person(tenant)
    victim.enroll()
    ask(tenant.env, "UPDATE drm.user_totp v SET seed = a.seed FROM drm.user_totp a WHERE v.user_id = %s AND a.user_id = %s",
        (victim.id, enrolled.id))
    is_problem(victim.log_in(enrolled.authenticator.code()), 500)
    assert enrolled.log_in(enrolled.authenticator.code()).status == 200
