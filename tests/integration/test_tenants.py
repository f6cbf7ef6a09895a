"""Tenants made, suspended and deleted by the platform's administrators, over REST and by drmctl; and registration."""
import threading
import uuid

import pytest
from http_support import Api, is_problem, wait_until
from job_support import Tenant, ask, get, make_device, submit, unique
from stack import database
from stack.programs import Drmd

PASSWORD = "correct horse battery staple"


def platform_administrator(stack):
    email = unique("root") + "@operator.example"
    done = database.drmctl(stack.build, "-o", "json", "init", "--platform", "--email", email, "--password-file", "-", env=stack.env,
                           stdin=PASSWORD + "\n")
    assert done.returncode == 0, done.stderr
    return email


def log_in(stack, email, tenant=None, password=PASSWORD):
    return Api(stack.url).post("/api/v1/auth/login", {"email": email, "password": password, **({"tenant": tenant} if tenant else {})})


@pytest.fixture(scope="module")
def platform(stack):
    answer = log_in(stack, platform_administrator(stack), "platform")
    assert answer.status == 200, answer
    return Api(stack.url, answer.json()["access_token"])


@pytest.fixture
def made(stack, platform):
    """A tenant made by the platform, with its administrator's API."""
    name, email = unique("tenant"), unique("admin") + "@tenant.example"
    answer = platform.post("/api/v1/tenants", {"name": name, "email": email, "password": PASSWORD})
    assert answer.status == 201, answer
    record = answer.json()
    assert answer.headers["location"] == "/api/v1/tenants/" + record["id"] and record["status"] == "active"
    logged_in = log_in(stack, email, name)
    assert logged_in.status == 200, logged_in
    return record, Api(stack.url, logged_in.json()["access_token"]), email


def test_the_platform_makes_a_tenant_and_sees_nothing_of_it(stack, platform, made):
    record, api, email = made
    device = make_device(api, {"protocol": "fake"})
    assert api.get("/api/v1/devices/" + device).status == 200
    assert is_problem(platform.get("/api/v1/devices/" + device), 403)
    assert is_problem(platform.get("/api/v1/devices"), 403)
    assert is_problem(platform.get("/api/v1/jobs"), 403)
    assert is_problem(platform.post("/api/v1/devices", {"name": "x"}), 403)
    who = platform.get("/api/v1/auth/whoami").json()
    assert who["tenant"] == "platform" and "platform:tenant" in who["permissions"] and "device:read" not in who["permissions"]
    # And a tenant's administrator nothing of the platform.
    for call in (("GET", "/api/v1/tenants"), ("GET", "/api/v1/tenants/" + record["id"]), ("DELETE", "/api/v1/tenants/" + record["id"])):
        assert is_problem(api.call(*call), 403)
    assert is_problem(api.post("/api/v1/tenants", {"name": "mine", "email": "a@b.example", "password": PASSWORD}), 403)
    assert ask(stack.env, "SELECT count(*) FROM drm.audit_logs WHERE tenant_id = %s AND action = 'tenant.create'", (record["id"],)) == [(1,)]
    # Its address says nothing of the platform where nobody names it.
    assert log_in(stack, email).status == 200


def test_names_and_bad_input(stack, platform, made):
    record, _, _ = made
    good = {"name": unique("t"), "email": "a@b.example", "password": PASSWORD}
    for change, field in (({"name": ""}, "name"), ({"name": " x"}, "name"), ({"name": "x" * 101}, "name"), ({"name": str(uuid.uuid4())}, "name"),
                          ({"email": "nobody"}, "email"), ({"password": "short"}, "password"), ({"name": "a\u0000b"}, None)):
        answer = platform.post("/api/v1/tenants", {**good, **change})
        assert answer.status in (400, 422), answer
        assert field is None or field in str(answer.json()), answer
    taken = platform.post("/api/v1/tenants", {**good, "name": record["name"]})
    assert "already" in is_problem(taken, 409)["detail"]
    assert is_problem(platform.call("PATCH", "/api/v1/tenants/" + record["id"], {"name": "platform"}), 409)
    assert is_problem(platform.call("PATCH", "/api/v1/tenants/" + record["id"], {"status": "deleting"}), 400)
    assert is_problem(platform.get("/api/v1/tenants/" + str(uuid.uuid4())), 404)
    for path in ("/api/v1/tenants/00000000-0000-0000-0000-000000000000", "/api/v1/tenants/platform"):
        assert is_problem(platform.get(path), 404)
    nil = "/api/v1/tenants/00000000-0000-0000-0000-000000000000"
    assert platform.call("PATCH", nil, {"name": "other"}).status in (404, 409)
    assert platform.call("DELETE", nil).status in (404, 409)


def test_rename_with_a_version(stack, platform, made):
    record, api, email = made
    path = "/api/v1/tenants/" + record["id"]
    etag = platform.get(path).headers["etag"]
    name = unique("renamed")
    assert platform.call("PATCH", path, {"name": name}, headers={"If-Match": etag}).json()["name"] == name
    assert is_problem(platform.call("PATCH", path, {"name": unique("late")}, headers={"If-Match": etag}), 412)
    assert platform.get("/api/v1/tenants/" + name).json()["id"] == record["id"]
    assert log_in(stack, email, name).status == 200
    assert [t["id"] for t in platform.get("/api/v1/tenants?name=" + name).json()["items"]] == [record["id"]]


def test_a_suspended_tenant_is_shut_and_its_jobs_wait(stack, platform, made):
    record, api, email = made
    path = "/api/v1/tenants/" + record["id"]
    device = make_device(api, {"protocol": "fake"})
    key = api.post("/api/v1/api-keys", {"label": "x"}).json()["key"]
    assert platform.call("PATCH", path, {"status": "suspended"}).json()["status"] == "suspended"
    assert is_problem(api.get("/api/v1/devices"), 401)
    assert is_problem(Api(stack.url, key).get("/api/v1/devices"), 401)
    assert is_problem(log_in(stack, email, record["name"]), 401)
    ask(stack.env, "INSERT INTO drm.jobs (tenant_id, id, device_id, protocol, operation, idempotent, exclusive, timeout_ms)"
                   " VALUES (%s, gen_random_uuid(), %s, 'fake', 'echo', true, false, 1000) RETURNING id", (record["id"], device))
    other = Tenant(stack.build, stack.env, stack.url)
    theirs = other.api()
    done = submit(theirs, make_device(theirs, {"protocol": "fake"}), "echo", {"n": 1})
    assert wait_until(lambda: get(theirs, done)["status"] == "completed", 10)
    assert ask(stack.env, "SELECT status FROM drm.jobs WHERE tenant_id = %s", (record["id"],)) == [("queued",)]
    assert platform.call("PATCH", path, {"status": "active"}).status == 200
    assert wait_until(lambda: ask(stack.env, "SELECT count(*) FROM drm.jobs WHERE tenant_id = %s", (record["id"],)) == [(0,)], 10)
    assert log_in(stack, email, record["name"]).status == 200


def test_quotas_are_the_platforms_to_set(stack, platform, made):
    record, api, _ = made
    path = "/api/v1/tenants/" + record["id"]
    assert {record[name] for name in ("max_devices", "max_queued", "max_running", "max_requests")} == {None}
    changed = platform.call("PATCH", path, {"max_devices": 1, "max_requests": 6000})
    assert changed.status == 200 and (changed.json()["max_devices"], changed.json()["max_requests"]) == (1, 6000), changed
    make_device(api, {"protocol": "fake"})
    full = is_problem(api.post("/api/v1/devices", {"name": "one too many"}), 409)
    assert (full["quota"], full["limit"], full["used"]) == ("devices", 1, 1)
    used = {item["quota"]: (item["limit"], item["used"]) for item in api.get("/api/v1/quota").json()["items"]}
    assert used["devices"] == (1, 1)
    for wrong in (-1, "many", 2 ** 40, 1.5):
        assert is_problem(platform.call("PATCH", path, {"max_devices": wrong}), 400)
    assert is_problem(api.call("PATCH", path, {"max_devices": 5}), 403)
    assert platform.call("PATCH", path, {"max_devices": None}).json()["max_devices"] is None
    make_device(api, {"protocol": "fake"})
    detail = ask(stack.env, "SELECT detail FROM drm.audit_logs WHERE object_id = %s AND action = 'tenant.update' ORDER BY id DESC LIMIT 1",
                 (record["id"],))[0][0]
    assert detail == {"before": {"max_devices": 1}, "after": {"max_devices": None}}


def rows_left(stack, tenant):
    tables = ask(stack.env, "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'"
                            " WHERE c.relnamespace = 'drm'::regnamespace AND c.relkind = 'r'")
    assert len(tables) > 25
    counts = {table: ask(stack.env, f"SELECT count(*) FROM {table} WHERE tenant_id = %s", (tenant,))[0][0] for (table,) in tables}
    return {table: n for table, n in counts.items() if n}


def test_a_deleted_tenant_loses_its_key_at_once_and_then_everything(stack, platform, made):
    record, api, email = made
    path = "/api/v1/tenants/" + record["id"]
    neighbour = Tenant(stack.build, stack.env, stack.url)
    make_device(neighbour.api(), {"protocol": "fake"})
    # Its trail is linked a second later: then nothing of its own changes any more.
    wait_until(lambda: "drm.audit_chain" in rows_left(stack, neighbour.id), 15)
    before = rows_left(stack, neighbour.id)
    devices = [make_device(api, {"protocol": "fake"}, {"protocol": "snmp", "address": "192.0.2.1", "community": unique("secret")})
               for _ in range(30)]
    for device in devices:
        submit(api, device, "echo", {"n": 1})
    running = submit(api, devices[0], "sleep", {"ms": 60000})
    assert wait_until(lambda: get(api, running)["status"] == "running", 10)
    ask(stack.env, "INSERT INTO drm.device_events (tenant_id, id, device_id, kind) SELECT %s, gen_random_uuid(), %s, 'boot' FROM"
                   " generate_series(1, 5000) RETURNING 1", (record["id"], devices[0]))
    answer = platform.call("DELETE", path)
    assert answer.status == 202 and answer.json()["status"] == "deleting", answer
    assert ask(stack.env, "SELECT count(*) FROM drm.tenant_keys WHERE tenant_id = %s", (record["id"],)) == [(0,)]
    assert is_problem(api.get("/api/v1/devices"), 401)
    assert is_problem(log_in(stack, email, record["name"]), 401)
    again = platform.call("DELETE", path)
    assert again.status in (202, 404), again
    changed = platform.call("PATCH", path, {"status": "active"})
    assert changed.status in (409, 404), changed
    assert wait_until(lambda: platform.get(path).status == 404, 60)
    assert rows_left(stack, record["id"]) == {}
    assert rows_left(stack, neighbour.id) == before
    assert ask(stack.env, "SELECT (detail->>'rows')::int > 5000 FROM drm.audit_logs WHERE object_id = %s AND action = 'tenant.purge'",
               (record["id"],)) == [(True,)]
    # The name is free again.
    assert platform.post("/api/v1/tenants", {"name": record["name"], "email": email, "password": PASSWORD}).status == 201


def test_drmctl_manages_tenants(stack, tmp_path):
    email = platform_administrator(stack)
    env = {**stack.env, "DRM_SESSION": str(tmp_path / "session")}

    def drmctl(*words, code=0, stdin=None):
        done = database.drmctl(stack.build, *words, env=env, stdin=stdin, check=False)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    drmctl("login", "--email", email, "--tenant", "platform", "--password-file", "-", stdin=PASSWORD + "\n")
    name = unique("by drmctl")
    assert name in drmctl("tenant", "create", name, "--email", "a@b.example", "--password-file", "-", stdin=PASSWORD + "\n")
    assert "suspended" in drmctl("tenant", "suspend", name)
    assert name in drmctl("tenant", "list", "--status", "suspended")
    assert "active" in drmctl("tenant", "resume", name)
    assert "no such tenant" in drmctl("tenant", "show", "nobody", code=4)
    assert "17" in drmctl("tenant", "quota", name, "--devices", "17", "--running-jobs", "none", "-o", "csv")
    drmctl("tenant", "quota", name, code=2)
    drmctl("tenant", "quota", name, "--devices", "many", code=2)
    drmctl("tenant", "rename", name, name + " 2")
    assert "rows removed" in drmctl("tenant", "delete", name + " 2", "--wait", "--yes")
    drmctl("tenant", "show", name + " 2", code=4)


def test_registration_is_off_unless_told(stack):
    body = {"tenant": unique("self made"), "email": unique("me") + "@x.example", "password": PASSWORD}
    assert "switched off" in is_problem(Api(stack.url).post("/api/v1/auth/register", body), 403)["detail"]


def test_registration(stack, tmp_path):
    drmd = Drmd(stack.build, tmp_path / "drmd.log", stack.env, tmp_path, more=["--allow-registration"])
    drmd.start()
    try:
        anybody = Api(drmd.url)
        body = {"tenant": unique("self made"), "email": unique("me") + "@x.example", "password": PASSWORD}
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(Api(drmd.url).post("/api/v1/auth/register", body))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(a.status for a in answers) == [201, 409, 409, 409]
        token = next(a for a in answers if a.status == 201).json()["access_token"]
        who = Api(drmd.url, token).get("/api/v1/auth/whoami").json()
        assert (who["tenant"], who["role"], who["email"]) == (body["tenant"], "administrator", body["email"])
        assert is_problem(anybody.post("/api/v1/auth/register", {**body, "tenant": "platform"}), 409)
        assert anybody.post("/api/v1/auth/register", {**body, "tenant": unique("x"), "password": "short"}).status in (400, 422)
    finally:
        drmd.stop()
