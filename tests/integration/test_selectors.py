"""Roles that hold on the devices with certain tags only, attacked over REST and by SQL. Whoever has "operator of site=berlin" finds of
other devices nothing at all: the same answers as for what is not there."""
import uuid

import psycopg2
import pytest
from attack_support import refused, run
from http_support import Api
from job_support import Tenant, ask, ended, submit, unique
from people_support import ROLES, Person, assign, device, make_role, problem

DEVICES, JOBS = "/api/v1/devices", "/api/v1/jobs"


@pytest.fixture(scope="module")
def place(stack):
    """A tenant with devices in Berlin and in Munich, a finished job of each, and an operator of Berlin."""
    tenant = Tenant(stack.build, stack.env, stack.url)
    tenant.admin = tenant.api()
    tenant.berlin = [device(tenant.admin, "site=berlin", "rack=1"), device(tenant.admin, "site=berlin")]
    tenant.munich = [device(tenant.admin, "site=munich"), device(tenant.admin), device(tenant.admin, "site=berlin2", "berlin")]
    tenant.job_here, tenant.job_there = (submit(tenant.admin, d, "echo", {"a": 1}) for d in (tenant.berlin[0], tenant.munich[0]))
    for job in (tenant.job_here, tenant.job_there):
        ended(tenant.admin, job)
    tenant.person = Person(tenant, tenant.admin)
    assign(tenant.admin, tenant.person, ["site=berlin"], builtin="operator")
    assign(tenant.admin, tenant.person, role_id=make_role(tenant.admin, "api-key:own"))
    return tenant


@pytest.fixture(params=["token", "key"])
def operator(place, request):
    """Of Berlin, by a log-in and by an API key."""
    if not hasattr(place, "clients"):
        token = place.person.api()
        place.clients = {"token": token, "key": Api(place.url, key=token.post("/api/v1/api-keys", {"label": "mine"}).json()["key"])}
    return place.clients[request.param]


def same_as_missing(api, method, path, there, body=None, missing=None):
    """What is out of reach answers as what is not there, to the byte but for ids."""
    answers = []
    for i in (there, missing or str(uuid.uuid4())):
        answer = api.call(method, path.format(i), body(i) if callable(body) else body)
        headers = {k: v for k, v in answer.headers.items() if k not in ("date", "x-request-id")}
        text = answer.body.decode().replace(i, "ID").replace(answer.headers["x-request-id"], "REQUEST")
        answers.append((answer.status, headers, text))
    assert answers[0][0] == answers[1][0] and answers[0][2] == answers[1][2] and answers[0][1] == answers[1][1], answers
    return answers[0][0]


def test_devices_of_others_are_not_there(place, operator):
    assert operator.get(f"{DEVICES}/{place.berlin[0]}").status == 200
    assert operator.call("PATCH", f"{DEVICES}/{place.berlin[0]}", {"description": "seen"}).status == 200
    for there in place.munich:
        assert same_as_missing(operator, "GET", DEVICES + "/{}", there) == 404
        assert same_as_missing(operator, "PATCH", DEVICES + "/{}", there, {"description": "mine"}) == 404
        assert same_as_missing(operator, "PATCH", DEVICES + "/{}", there, {"tags": ["site=berlin"]}) == 404
        assert same_as_missing(operator, "DELETE", DEVICES + "/{}", there) == 404
        name = place.admin.get(f"{DEVICES}/{there}").json()["name"]
        assert operator.get(f"{DEVICES}/{name}").status == 404
        assert operator.call("DELETE", f"{DEVICES}/{there}", headers={"If-Match": '"1"'}).status == 404
        assert operator.get(f"{DEVICES}/{there}", headers={"If-None-Match": '"1"'}).status == 404
    assert place.admin.get(f"{DEVICES}/{place.munich[0]}").json()["description"] == ""


@pytest.mark.parametrize("query", ["", "&sort=name", "&sort=-name", "&sort=-id", "&tags=site=berlin", "&tags=site=munich", "&tags=rack=1",
                                   "&name=device-*", "&protocols=fake"])
def test_lists_show_what_is_in_reach_page_by_page(place, operator, query):
    seen, cursor = [], ""
    while cursor is not None:
        page = operator.get(f"{DEVICES}?limit=1{query}{cursor and '&cursor=' + cursor}").json()
        seen += [d["id"] for d in page["items"]]
        cursor = page["next"]
    expected = set(place.berlin) & {d["id"] for d in place.admin.get(f"{DEVICES}?limit=1000{query}").json()["items"]}
    assert len(seen) == len(set(seen)) and set(seen) == expected


def test_a_cursor_of_who_sees_all_shows_no_more(place, operator):
    cursor = place.admin.get(f"{DEVICES}?limit=1").json()["next"]
    assert {d["id"] for d in operator.get(f"{DEVICES}?limit=1&cursor={cursor}").json()["items"]} <= set(place.berlin)
    cursor = place.admin.get(f"{JOBS}?limit=1").json()["next"]
    assert place.job_there not in str(operator.get(f"{JOBS}?limit=1000&cursor={cursor}").json())


def test_tags_that_would_take_a_device_out_of_reach_are_refused(place, operator):
    mine = device(operator, "site=berlin", "new")
    path = f"{DEVICES}/{mine}"
    for tags in ([], ["site=munich"], ["new"], ["site=Berlin"], None):
        problem(operator.call("PATCH", path, {"tags": tags}), 403, "tags", says="only devices with the tags site=berlin")
    assert operator.get(path).json()["tags"] == ["site=berlin", "new"]
    assert operator.call("PATCH", path, {"tags": ["site=berlin", "rack=2"], "name": unique("renamed")}).status == 200
    assert {d["id"] for d in operator.get(f"{DEVICES}?tags=rack=2").json()["items"]} == {mine}
    assert operator.call("DELETE", path).status == 204


def test_a_device_out_of_reach_cannot_be_made(place, operator):
    for tags in ([], ["site=munich"], None):
        problem(operator.post(DEVICES, {"name": unique("device"), "tags": tags}), 403, "tags", says="only devices with the tags site=berlin")
    problem(operator.post(DEVICES, {"name": unique("device")}), 403, "tags")


def test_jobs_of_others_are_not_there(place, operator):
    assert operator.get(f"{JOBS}/{place.job_here}").status == 200
    waiting = submit(place.admin, place.munich[0], "sleep", {"ms": 60000})
    for there in (place.job_there, waiting):
        assert same_as_missing(operator, "GET", JOBS + "/{}", there) == 404
        assert same_as_missing(operator, "POST", JOBS + "/{}/cancel", there) == 404
        assert same_as_missing(operator, "GET", JOBS + "/{}/events", there) == 404
        assert same_as_missing(operator, "GET", "/jobs/events/{}", there) == 404
    assert place.admin.get(f"{JOBS}/{waiting}").json()["status"] != "cancelled"
    place.admin.post(f"{JOBS}/{waiting}/cancel")
    seen = {(j["id"], j["device_id"]) for j in operator.get(f"{JOBS}?limit=1000").json()["items"]}
    assert place.job_here in {j for j, _ in seen} and {d for _, d in seen} <= set(place.berlin)
    assert operator.get(f"{JOBS}?device_id={place.munich[0]}").json() == {"items": [], "next": None}


def test_jobs_are_submitted_to_devices_in_reach(place, operator):
    job = submit(operator, place.berlin[1], "echo", {"a": 2})
    assert ended(operator, job)["status"] == "completed"
    for path, more in ((JOBS, {"protocol": "fake", "operation": "echo"}), (JOBS + "/enqueue/fake/echo", {})):
        for there in place.munich:
            status = same_as_missing(operator, "POST", path, there, lambda i, more=more: {"device_id": i, "params": {}, **more})
            assert status == 404
    cancelled = submit(operator, place.berlin[1], "sleep", {"ms": 60000})
    assert operator.post(f"{JOBS}/{cancelled}/cancel").status == 200


def test_an_idempotency_key_of_somebody_else_opens_nothing(place, operator):
    key = unique("key")
    submit(place.admin, place.munich[0], "echo", {"a": 3}, key=key)
    for _ in range(2):
        answer = operator.post(JOBS, {"device_id": place.munich[0], "protocol": "fake", "operation": "echo", "params": {"a": 3}},
                               headers={"Idempotency-Key": key})
        assert answer.status == 404, answer
    fresh = unique("key")
    answers = [operator.post(JOBS, {"device_id": place.munich[0], "protocol": "fake", "operation": "echo"}, headers={"Idempotency-Key": fresh})
               for _ in range(2)]
    assert {a.status for a in answers} == {404}
    # A refused one takes no key.
    assert submit(operator, place.berlin[0], "echo", {"a": 4}, key=fresh)


def test_a_stream_tells_of_jobs_in_reach(place, operator):
    answer = operator.get(f"{JOBS}/{place.job_here}/events")
    assert answer.status == 200 and b"completed" in answer.body


def test_what_is_not_of_devices_is_not_held(place, operator):
    for method, path, body in (("GET", "/api/v1/snmp-credentials", None), ("POST", "/api/v1/snmp-credentials", {"name": "x", "community": "x"}),
                               ("GET", "/api/v1/users", None), ("GET", ROLES, None), ("POST", ROLES, {"name": "x", "permissions": []})):
        problem(operator.call(method, path, body), 403)


def test_a_community_wants_the_right_to_credentials_and_reaches_no_further(place):
    """The right to write credentials, held everywhere, lends nothing to the right to write devices, held on some."""
    person = Person(place, place.admin)
    given = assign(place.admin, person, ["site=berlin"], builtin="operator")
    api = person.api()
    body = {"name": unique("device"), "tags": ["site=berlin"], "profiles": [{"protocol": "snmp", "address": "192.0.2.1", "community": "x"}]}
    problem(api.post(DEVICES, body), 403, "profiles", says="credential:write")
    assign(place.admin, person, role_id=make_role(place.admin, "credential:write"))
    assert api.post(DEVICES, body).status == 201
    problem(api.post(DEVICES, {**body, "name": unique("device"), "tags": ["site=munich"]}), 403, "tags")
    change = {"profiles": body["profiles"]}
    assert same_as_missing(api, "PATCH", DEVICES + "/{}", place.munich[0], change) == 404
    assert place.admin.call("DELETE", f"{person.path}/roles/{given}").status == 204
    problem(api.post(DEVICES, {**body, "name": unique("device")}), 403)
    problem(api.call("PATCH", f"{DEVICES}/{place.berlin[0]}", change), 403)


def test_selectors_add_up_and_all_tags_of_one_must_be_there(place):
    person = Person(place, place.admin)
    api = person.api()
    listed = lambda: {d["id"] for d in api.get(DEVICES).json()["items"]} & set(place.berlin + place.munich)  # noqa: E731
    both = assign(place.admin, person, ["site=berlin", "rack=1"], builtin="viewer")
    assert listed() == {place.berlin[0]}
    assign(place.admin, person, ["site=munich"], builtin="viewer")
    assert listed() == {place.berlin[0], place.munich[0]}
    assert place.admin.call("DELETE", f"{person.path}/roles/{both}").status == 204
    assert listed() == {place.munich[0]}
    problem(api.call("PATCH", f"{DEVICES}/{place.munich[0]}", {"description": "x"}), 403)
    # One that reads all and writes some.
    assign(place.admin, person, builtin="viewer")
    assign(place.admin, person, ["site=munich"], builtin="operator")
    assert listed() == set(place.berlin + place.munich)
    assert api.call("PATCH", f"{DEVICES}/{place.munich[0]}", {"description": "x"}).status == 200
    assert api.call("PATCH", f"{DEVICES}/{place.berlin[0]}", {"description": "x"}).status == 404


def test_a_device_that_moves_is_out_of_reach_with_its_jobs_at_once(place, operator):
    moving = device(place.admin, "site=berlin")
    job = submit(operator, moving, "echo", {"a": 1})
    ended(operator, job)
    assert place.admin.call("PATCH", f"{DEVICES}/{moving}", {"tags": ["site=munich"]}).status == 200
    assert operator.get(f"{DEVICES}/{moving}").status == 404 and operator.get(f"{JOBS}/{job}").status == 404
    assert job not in str(operator.get(f"{JOBS}?limit=1000").json())
    assert place.admin.call("PATCH", f"{DEVICES}/{moving}", {"tags": ["site=berlin"]}).status == 200
    assert operator.get(f"{JOBS}/{job}").status == 200


# ---- by SQL, with the application's password and the API key of such a user ----

@pytest.fixture
def sql(place, stack):
    connection = psycopg2.connect(stack.env["DRM_APP_DATABASE_URL"])
    connection.autocommit = False
    operator = place.person.api()
    key = operator.post("/api/v1/api-keys", {"label": "sql"}).json()["key"]
    yield connection, key
    connection.close()


def enter(connection, key, permission=0):
    connection.rollback()
    run(connection, "SELECT sec.enter_api_key(%s, %s, '127.0.0.1')", (key, permission))


def test_sql_sees_and_writes_no_more(place, sql):
    connection, key = sql
    bits = dict(ask(place.env, "SELECT name, bit FROM sec.permissions"))
    for permission in ("none", "device:read", "device:write", "job:read", "job:submit:read", "job:submit:write", "job:cancel"):
        for table in ("drm.device_tags", "drm.device_protocol_profiles", "drm.jobs", "drm.job_results"):
            enter(connection, key, bits[permission])
            assert {r[0] for r in run(connection, f"SELECT DISTINCT device_id::text FROM {table}")} & set(place.munich) == set(), table
        enter(connection, key, bits[permission])
        seen = {r[0] for r in run(connection, "SELECT id::text FROM drm.devices")}
        assert set(place.berlin) <= seen and not seen & set(place.munich), permission
        assert run(connection, "UPDATE drm.devices SET description = 'taken' WHERE id = ANY (%s::uuid[])", (place.munich,)) == 0
        assert run(connection, "DELETE FROM drm.jobs WHERE device_id = ANY (%s::uuid[])", (place.munich,)) == 0
        # What the function of the trigger says is said before the policy, which would refuse as well.
        refused(connection, "DR403", "UPDATE drm.devices SET tags = '{}' WHERE id = %s", (place.berlin[0],))
        enter(connection, key, bits[permission])
        refused(connection, "DR403", "INSERT INTO drm.devices (tenant_id, id, name) VALUES (sec.tenant(), gen_random_uuid(), 'mine')")
        enter(connection, key, bits[permission])
        refused(connection, "42501", "INSERT INTO drm.device_protocol_profiles (tenant_id, device_id, protocol) VALUES (sec.tenant(), %s, 'x')",
                (place.munich[0],), says="row-level security")


def test_sql_cannot_widen_itself(place, sql):
    connection, key = sql
    bits = dict(ask(place.env, "SELECT name, bit FROM sec.permissions"))
    for permission in ("credential:read", "credential:write", "user:read", "user:admin", "audit:read", "platform:tenant"):
        connection.rollback()
        refused(connection, "DR403", "SELECT sec.enter_api_key(%s, %s, '127.0.0.1')", (key, bits[permission]))
    connection.rollback()
    refused(connection, "DR403", "SELECT sec.enter_api_key(%s, 61, '127.0.0.1')", (key,))
    me = place.person.id
    for call in (f"adm.role_assign(gen_random_uuid(), '{me}', NULL, 'administrator', '{{}}')", f"adm.user_update('{me}', 0, NULL, 'administrator', NULL)",
                 "adm.role_create(gen_random_uuid(), 'x', '', '{device:read}')", f"adm.user_reset_password('{me}', 'x', NULL, 0)",
                 f"adm.user_logout('{me}')", f"adm.user_delete('{me}', 0)", "adm.user_create(gen_random_uuid(), 'a@b.c', 'none', true, 'x', NULL, 0)",
                 f"adm.role_withdraw(gen_random_uuid(), '{me}')", "adm.role_delete(gen_random_uuid(), 0)",
                 "adm.role_update(gen_random_uuid(), 0, NULL, NULL, '{device:read}')"):
        enter(connection, key)
        refused(connection, "DR403", "SELECT " + call)
    for statement in ("UPDATE drm.users SET role = 'administrator'", "UPDATE drm.users SET granted = -1", "DELETE FROM drm.user_roles",
                      "UPDATE drm.user_roles SET selector = '{}'", "INSERT INTO drm.user_roles DEFAULT VALUES", "UPDATE drm.rbac_roles SET mask = -1",
                      "SELECT password_hash FROM drm.users", "SELECT identity_id FROM drm.users", "SELECT token_hash FROM drm.user_invitations",
                      "SELECT sec.mint(sec.tenant(), 'x')", "SELECT sec.narrow(NULL, NULL, 0, -1, -1)", "SELECT sec.user_to_change(NULL, NULL, 0)",
                      "SELECT sec.manage_people()", "SELECT sec.audit_in(NULL, NULL, 'x', NULL, NULL, NULL, NULL)",
                      "SELECT adm.link_invitation(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"):
        enter(connection, key)
        refused(connection, "42501", statement)
    # The seal says what it is narrowed to; without the key no other can be made of it.
    enter(connection, key)
    seal = run(connection, "SELECT current_setting('drm.seal')")[0][0]
    parts = seal.split(".")
    for changed in (parts[1].split(":")[0], parts[1].rsplit(":", 1)[0] + ":", parts[1].replace(":1", ":3"), parts[1] + "0"):
        run(connection, "SELECT set_config('drm.seal', %s, true)", (".".join([parts[0], changed, *parts[2:]]),))
        refused(connection, "42501", "SELECT id FROM drm.devices")
        enter(connection, key)


def test_a_key_that_may_not_read_devices_sees_none(place, sql):
    """The scope of job:read shows the devices whose jobs these are; naming no permission shows none."""
    connection, key = sql
    ask(place.env, "UPDATE drm.api_keys SET scopes = (SELECT 1::bigint << bit FROM sec.permissions WHERE name = 'job:read') WHERE id = %s",
        (str(uuid.UUID(key[4:36])),))
    enter(connection, key)
    assert run(connection, "SELECT id FROM drm.devices") == []
    connection.rollback()
    api = Api(place.url, key=key)
    assert api.get(DEVICES).status == 403 and api.get(f"{JOBS}/{place.job_here}").status == 200
    assert api.get(f"{JOBS}/{place.job_there}").status == 404


# ---- batches ----

def test_a_batch_reaches_the_devices_of_the_selector_and_is_its_makers(place, operator):
    batches, order = "/api/v1/batches", {"protocol": "fake", "operation": "echo", "params": {}}
    mine = operator.post(batches, {**order, "selector": {}})
    assert mine.status == 202, mine
    told = operator.get(f"{batches}/{mine.json()['id']}/jobs").json()["items"]
    reach = {d["id"] for d in operator.get(f"{DEVICES}?limit=1000&protocols=fake").json()["items"]}
    assert {j["device_id"] for j in told} == reach and reach.isdisjoint(place.munich)
    problem(operator.post(batches, {**order, "device_ids": [place.berlin[0], place.munich[0]]}), 404)
    theirs = place.admin.post(batches, {**order, "device_ids": place.berlin + place.munich}).json()["id"]
    for path in ("", "/jobs", "/results"):
        assert same_as_missing(operator, "GET", batches + "/{}" + path, theirs) == 404
    for verb in ("cancel", "pause", "resume"):
        assert same_as_missing(operator, "POST", batches + "/{}/" + verb, theirs) == 404
    assert same_as_missing(operator, "POST", batches + "/{}/retry", theirs, {}) == 404
    assert theirs not in str(operator.get(f"{batches}?limit=1000").json())
