"""One's own account over REST: the password, one person in several tenants, and going over from one to another."""
import concurrent.futures

import pytest
from factor_support import enroll, settle
from http_support import Api
from job_support import Tenant, ask, unique
from people_support import USERS, Person, address, assign, audited, log_in, make_role, problem


@pytest.fixture(scope="module")
def admin(tenant):
    client = tenant.api()
    yield client
    client.close()


@pytest.fixture(scope="module")
def other(stack):
    return Tenant(stack.build, stack.env, stack.url)


@pytest.fixture(scope="module")
def other_admin(other):
    return other.api()


@pytest.fixture
def person(tenant, admin):
    return Person(tenant, admin, "viewer")


@pytest.fixture
def linked(tenant, other, other_admin, person):
    """The person, invited into the other tenant and linked."""
    token = other_admin.post(USERS, {"email": person.email, "role": "operator"}).json()
    answer = person.api().post("/api/v1/auth/link-invitation", {"token": token["invitation"]})
    assert answer.status == 200, answer
    assert [t["tenant"] for t in answer.json()["tenants"]] == sorted([tenant.name, other.name])
    person.there = token["id"]
    return person


def switch(url, tokens, to):
    return Api(url).post("/api/v1/auth/switch", {"tenant": to, "refresh_token": tokens["refresh_token"]})


def whoami(url, tokens):
    return Api(url, tokens["access_token"]).get("/api/v1/auth/whoami")


# ---- the password ----

def test_ones_own_password_is_changed_by_who_knows_it(tenant, person):
    tokens, elsewhere = person.tokens(), person.tokens()
    api = Api(tenant.url, tokens["access_token"])
    for body, field in (({"old_password": "a wrong long password", "new_password": "correct horse battery"}, "old_password"),
                        ({"old_password": person.password, "new_password": "short"}, "new_password"),
                        ({"old_password": person.password, "new_password": "x" * 1025}, "new_password"),
                        ({"old_password": "x" * 1025, "new_password": "correct horse battery"}, "old_password"),
                        ({"old_password": person.password, "new_password": person.password}, "new_password"),
                        ({"old_password": person.password}, "new_password"), ({"new_password": "correct horse battery"}, "old_password")):
        problem(api.post("/api/v1/auth/password", body), 400, field)
    assert api.get("/api/v1/auth/whoami").status == 200
    answer = api.post("/api/v1/auth/password", {"old_password": person.password, "new_password": "correct horse battery"})
    assert answer.status == 200, answer
    assert whoami(tenant.url, answer.json()).json()["email"] == person.email
    for old in (tokens, elsewhere):
        assert whoami(tenant.url, old).status == 401
        assert Api(tenant.url).post("/api/v1/auth/refresh", {"refresh_token": old["refresh_token"]}).status == 401
    assert log_in(tenant.url, person.email, person.password, tenant.name).status == 401
    assert log_in(tenant.url, person.email, "correct horse battery", tenant.name).status == 200
    assert Api(tenant.url).post("/api/v1/auth/refresh", {"refresh_token": answer.json()["refresh_token"]}).status == 200
    assert audited(tenant, "auth.password") >= 1


def test_an_api_key_changes_no_password(tenant, person):
    key = person.api().post("/api/v1/api-keys", {"label": "mine"}).json()["key"]
    answer = Api(tenant.url, key=key).post("/api/v1/auth/password",
                                           {"old_password": person.password, "new_password": "correct horse battery"})
    problem(answer, 403, says="an API key cannot change the password")


def test_two_changes_at_once_leave_one_password(tenant, person):
    apis = [person.api() for _ in range(2)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda i: apis[i].post("/api/v1/auth/password", {"old_password": person.password,
                                                                                 "new_password": f"correct horse {i}"}), range(2)))
    good = [i for i in range(2) if answers[i].status == 200]
    assert len(good) == 1 and answers[1 - good[0]].status in (400, 401, 409), answers
    assert [log_in(tenant.url, person.email, f"correct horse {i}", tenant.name).status == 200 for i in range(2)] == [i in good for i in range(2)]


# ---- several tenants ----

def test_a_log_in_that_is_good_in_several_tenants_lists_them(tenant, other, linked):
    found = problem(log_in(tenant.url, linked.email, linked.password), 409, "tenant")
    assert sorted(found["tenants"]) == sorted([tenant.name, other.name])
    for name in found["tenants"]:
        assert log_in(tenant.url, linked.email, linked.password, name).status == 200
    assert "tenants" not in problem(log_in(tenant.url, linked.email, "a wrong long password"), 401)


def test_who_is_the_same_in_two_tenants_switches(tenant, other, linked):
    tokens = linked.tokens()
    listed = Api(tenant.url, tokens["access_token"]).get("/api/v1/auth/tenants").json()["tenants"]
    assert {t["tenant"]: t["current"] for t in listed} == {tenant.name: True, other.name: False}
    assert {t["tenant_id"] for t in listed} == {tenant.id, other.id}
    over = switch(tenant.url, tokens, other.name)
    assert over.status == 200, over
    assert whoami(tenant.url, over.json()).json()["tenant_id"] == other.id and whoami(tenant.url, over.json()).json()["role"] == "operator"
    assert whoami(tenant.url, tokens).status == 401
    problem(switch(tenant.url, tokens, other.name), 401)
    back = switch(tenant.url, over.json(), tenant.id)
    assert whoami(tenant.url, back.json()).json()["tenant_id"] == tenant.id
    assert audited(tenant, "auth.switch") >= 1 and audited(other, "auth.switch") >= 1


def test_a_second_factor_of_the_other_tenant_is_asked_for(tenant, other, linked):
    settle()
    there = Api(tenant.url, log_in(tenant.url, linked.email, linked.password, other.name).json()["access_token"])
    authenticator, codes = enroll(there)
    tokens = linked.tokens()
    go = lambda code: Api(tenant.url).post("/api/v1/auth/switch", {"tenant": other.name, "refresh_token": tokens["refresh_token"],  # noqa: E731
                                                                   "second_factor": code})
    for _ in range(2):
        without = go(None)
        assert without.status == 401 and without.json()["type"] == "urn:drmgmt:problem:second-factor-required"
    wrong = go(authenticator.wrong())
    assert wrong.status == 401 and wrong.json()["field"] == "second_factor"
    problem(go(codes[0]), 401)  # who guesses starts anew, with the password
    tokens = linked.tokens()
    over = go(codes[0])
    assert over.status == 200 and whoami(tenant.url, over.json()).json()["tenant_id"] == other.id
    problem(go(codes[1]), 401)


def test_an_invitation_after_a_reset_is_no_way_around_a_second_factor(tenant, admin, person):
    settle()
    _, codes = enroll(person.api())
    token = admin.post(person.path + "/reset-password", {}).json()["invitation"]
    answer = Api(tenant.url).post("/api/v1/auth/accept-invitation", {"token": token, "password": "correct horse battery"})
    assert answer.status == 401 and answer.json()["type"] == "urn:drmgmt:problem:second-factor-required"
    assert Api(tenant.url).post("/api/v1/auth/login", {"email": person.email, "password": "correct horse battery", "tenant": tenant.name,
                                                       "second_factor": codes[0]}).status == 200


def test_a_refresh_token_that_was_used_ends_its_log_in_by_switching_too(tenant, other, linked):
    tokens = linked.tokens()
    fresh = Api(tenant.url).post("/api/v1/auth/refresh", {"refresh_token": tokens["refresh_token"]}).json()
    problem(switch(tenant.url, tokens, other.name), 401)
    problem(switch(tenant.url, fresh, other.name), 401)
    assert whoami(tenant.url, fresh).status == 401


def test_one_token_switches_once_however_often_it_is_sent(tenant, other, linked):
    tokens = linked.tokens()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        statuses = sorted(a.status for a in pool.map(lambda _: switch(tenant.url, tokens, other.name), range(4)))
    assert statuses == [200, 401, 401, 401]


def test_there_is_no_way_into_a_tenant_where_one_is_not_the_same(tenant, other, other_admin, person):
    """Neither by a name, nor by an id, nor by a user of the same address and password that was not linked."""
    same = Person(other, other_admin, "viewer", email=person.email)
    ask(tenant.env, "UPDATE drm.users SET password_hash = (SELECT password_hash FROM drm.users WHERE id = %s) WHERE id = %s",
        (person.id, same.id))
    tokens = person.tokens()
    answers = [switch(tenant.url, tokens, to) for to in (other.name, other.id, other.id.upper(), unique("nowhere"), "platform", "x" * 300,
                                                         "' OR true --", "é", tenant.name)]
    assert {a.status for a in answers} == {404} and len({a.json()["detail"] for a in answers}) == 1
    assert whoami(tenant.url, tokens).status == 200
    for bad in ({"tenant": other.name}, {"refresh_token": tokens["refresh_token"]}, {"tenant": "", "refresh_token": "x"},
                {"tenant": 1, "refresh_token": "x"}, {"tenant": "x", "refresh_token": "x", "user": "x"}):
        assert Api(tenant.url).post("/api/v1/auth/switch", bad).status == 400
    for token in ("x", "drmr_" + "A" * 107, tokens["access_token"], "x" * 4000):
        assert Api(tenant.url).post("/api/v1/auth/switch", {"tenant": other.name, "refresh_token": token}).status == 401
    assert switch(tenant.url, tokens, "a\u0001b").status == 400


def test_the_password_is_the_persons_in_all_tenants(tenant, other, linked):
    here, there = linked.tokens(), log_in(tenant.url, linked.email, linked.password, other.name).json()
    answer = Api(tenant.url, here["access_token"]).post("/api/v1/auth/password", {"old_password": linked.password,
                                                                                  "new_password": "correct horse battery"})
    assert answer.status == 200
    assert whoami(tenant.url, there).status == 401
    for name in (tenant.name, other.name):
        assert log_in(tenant.url, linked.email, linked.password, name).status == 401
        assert log_in(tenant.url, linked.email, "correct horse battery", name).status == 200
    rows = ask(tenant.env, "SELECT detail->>'through' FROM drm.audit_logs WHERE tenant_id = %s AND action = 'auth.password' AND actor_id = %s",
               (other.id, linked.there))
    assert rows == [("another tenant",)]


@pytest.mark.parametrize("how", ["reset", "email", "delete", "disable"])
def test_an_administrator_who_takes_a_user_over_gets_no_further(tenant, other, other_admin, linked, how):
    """A user whose password an administrator knows, or that is no longer the person's, leads to no other tenant."""
    path, body = f"{USERS}/{linked.there}", {"password": "the administrator's"}
    answer = {"reset": lambda: other_admin.post(path + "/reset-password", body),
              "email": lambda: other_admin.call("PATCH", path, {"email": address()}),
              "delete": lambda: other_admin.call("DELETE", path),
              "disable": lambda: other_admin.call("PATCH", path, {"active": False})}[how]()
    assert answer.status in (200, 204)
    tokens = linked.tokens()
    assert [t["tenant"] for t in Api(tenant.url, tokens["access_token"]).get("/api/v1/auth/tenants").json()["tenants"]] == [tenant.name]
    problem(switch(tenant.url, tokens, other.name), 404, "tenant")
    if how == "reset":
        taken = log_in(tenant.url, linked.email, body["password"], other.name).json()
        problem(switch(tenant.url, taken, tenant.name), 404, "tenant")
        answer = Api(tenant.url, taken["access_token"]).post("/api/v1/auth/password", {"old_password": body["password"],
                                                                                       "new_password": "correct horse battery"})
        assert answer.status == 200
    assert linked.tokens()


def test_an_invitation_is_linked_by_its_own_address_and_by_a_password_log_in_only(tenant, other, other_admin, admin, person):
    stranger = Person(tenant, admin, "viewer")
    invited = other_admin.post(USERS, {"email": person.email}).json()
    link = lambda api, token: api.post("/api/v1/auth/link-invitation", {"token": token})  # noqa: E731
    problem(link(stranger.api(), invited["invitation"]), 409, says="another address")
    key = person.api().post("/api/v1/api-keys", {"label": "mine"}).json()["key"]
    problem(link(Api(tenant.url, key=key), invited["invitation"]), 403, says="log in by password")
    assert link(Api(tenant.url), invited["invitation"]).status == 401
    tokens = person.tokens()
    ask(tenant.env, "UPDATE drm.refresh_tokens SET amr = 'fed' WHERE user_id = %s", (person.id,))
    problem(link(Api(tenant.url, tokens["access_token"]), invited["invitation"]), 403, says="log in by password")
    api = person.api()
    for bad in ("drmi_x", "drmi_" + "A" * 86, invited["invitation"][:-2] + "AA", "x" * 4000):
        problem(link(api, bad), 404, "token", says="unknown, used or expired")
    assert link(api, invited["invitation"]).status == 200
    problem(link(api, invited["invitation"]), 404, "token")


def test_a_tenants_own_way_of_logging_in_reaches_no_other_tenant(tenant, other, linked):
    tokens = linked.tokens()
    ask(tenant.env, "UPDATE drm.refresh_tokens SET amr = 'fed' WHERE user_id = %s", (linked.id,))
    problem(switch(tenant.url, tokens, other.name), 403, says="log-in by password")
    assert whoami(tenant.url, tokens).status == 200


def test_a_suspended_tenant_is_no_place_to_go(tenant, stack, admin, person):
    third = Tenant(stack.build, stack.env, stack.url)
    token = third.api().post(USERS, {"email": person.email}).json()["invitation"]
    assert person.api().post("/api/v1/auth/link-invitation", {"token": token}).status == 200
    ask(tenant.env, "UPDATE drm.tenants SET status = 'suspended' WHERE tenant_id = %s", (third.id,))
    tokens = person.tokens()
    assert len(Api(tenant.url, tokens["access_token"]).get("/api/v1/auth/tenants").json()["tenants"]) == 1
    problem(switch(tenant.url, tokens, third.name), 404, "tenant")


def test_whoami_tells_what_is_held_on_some_devices(tenant, admin):
    person = Person(tenant, admin)
    assign(admin, person, ["site=berlin"], builtin="viewer")
    assign(admin, person, role_id=make_role(admin, "api-key:own"))
    api = person.api()
    told = api.get("/api/v1/auth/whoami").json()
    assert told["permissions"] == ["api-key:own"] and told["scoped_permissions"] == ["device:read", "job:read", "event:read"] and told["role"] == "none"
    key = api.post("/api/v1/api-keys", {"label": "mine"}).json()["key"]
    ask(tenant.env, "UPDATE drm.api_keys SET scopes = 2 WHERE user_id = %s", (person.id,))
    told = Api(tenant.url, key=key).get("/api/v1/auth/whoami").json()
    assert told["permissions"] == [] and told["scoped_permissions"] == ["device:read"]
