"""Jobs over REST: submit, list, cancel, the same key twice, other tenants, roles, people who are put out, and streams that leave the
database alone."""
import collections
import concurrent.futures
import datetime
import http.client
import json
import re
import time
import urllib.parse
import uuid

import psycopg2
import pytest
from http_support import Api, is_problem
from job_support import Tenant, ask, ended, get, has_status, make_device, submit, unique
from stack.client import parse_events
from stack.fleet import Fleet


@pytest.fixture(scope="module")
def foreign(stack):
    return Tenant(stack.build, stack.env, stack.url)


@pytest.fixture(scope="module")
def device(tenant):
    return make_device(tenant.api())


# ---- submit and read ----

def test_a_job_from_submission_to_its_result(api, device):
    answer = api.post("/api/v1/jobs", {"device_id": device, "protocol": "fake", "operation": "echo", "params": {"a": [1, "\N{SNOWMAN}"]}})
    assert answer.status == 202
    accepted = answer.json()
    assert answer.headers["location"] == "/api/v1/jobs/" + accepted["job_id"] and accepted["status"] == "queued"
    job = ended(api, accepted["job_id"])
    assert (job["status"], job["result"], job["error"], job["attempt"]) == ("completed", {"a": [1, "\N{SNOWMAN}"]}, None, 1)
    assert (job["device_id"], job["protocol"], job["operation"], job["priority"]) == (device, "fake", "echo", 5)
    created, started, finished = (datetime.datetime.fromisoformat(job[name]) for name in ("created_at", "started_at", "finished_at"))
    # drm-worker tells milliseconds, PostgreSQL microseconds.
    assert created - datetime.timedelta(milliseconds=1) <= finished and started - datetime.timedelta(milliseconds=1) <= finished


def test_the_older_path_does_the_same(api, device):
    answer = api.post("/api/v1/jobs/enqueue/fake/echo", {"device_id": device, "params": {"x": 1}, "priority": 0})
    assert answer.status == 202
    job = ended(api, answer.json()["job_id"])
    assert (job["status"], job["result"], job["priority"]) == ("completed", {"x": 1}, 0)


@pytest.mark.parametrize("change, status, field", [
    ({"protocol": "telnet"}, 422, "protocol"), ({"operation": "dance"}, 422, "operation"), ({"device_id": str(uuid.uuid4())}, 404, "device_id"),
    ({"device_id": "x"}, 400, "device_id"), ({"device_id": None}, 400, "device_id"), ({"params": []}, 400, "params"),
    ({"operation": "sleep"}, 400, "params.ms"), ({"operation": "sleep", "params": {"ms": "5"}}, 400, "params.ms"),
    ({"operation": "sleep", "params": {"ms": -1}}, 400, "params.ms"), ({"operation": "write", "params": {"value": 1, "x": 2}}, 400, "params.x"),
    ({"priority": 10}, 400, "priority"), ({"priority": -1}, 400, "priority"), ({"priority": "5"}, 400, "priority"),
    ({"timeout_ms": 0}, 400, "timeout_ms"), ({"timeout_ms": 86400001}, 400, "timeout_ms"), ({"timeout_ms": 2**40}, 400, "timeout_ms"),
    ({"max_attempts": 0}, 400, "max_attempts"), ({"max_attempts": 101}, 400, "max_attempts"), ({"surprise": 1}, 400, "surprise"),
    ({"status": "completed"}, 400, "status"), ({"attempt": 3}, 400, "attempt"), ({"protocol": "snmp", "operation": "get",
                                                                                  "params": {"oids": ["sysDescr.0"]}}, 400, "protocol")])
def test_a_bad_job_is_refused_with_its_field(api, device, change, status, field):
    body = {"device_id": device, "protocol": "fake", "operation": "echo", "params": {}, **change}
    before = api.get("/api/v1/jobs?limit=1").json()
    problem = is_problem(api.post("/api/v1/jobs", body), status)
    assert problem["field"] == field
    assert api.get("/api/v1/jobs?limit=1").json()["items"] == before["items"]


def test_what_the_database_cannot_hold_is_refused_first(api, device):
    """PostgreSQL's jsonb has no U+0000."""
    for params in ({"a": "x\0y"}, {"a\0": 1}):
        is_problem(api.post("/api/v1/jobs", {"device_id": device, "protocol": "fake", "operation": "echo", "params": params}), 400)
    deep = json.loads("[" * 40 + "]" * 40)
    is_problem(api.post("/api/v1/jobs", {"device_id": device, "protocol": "fake", "operation": "echo", "params": {"a": deep}}), 400)
    huge = {"device_id": device, "protocol": "fake", "operation": "echo", "params": {"a": "x" * 1_200_000}}
    is_problem(Api(api.url, api.headers["Authorization"].split()[1]).post("/api/v1/jobs", huge), 413)


def test_list_pages_and_filters(tenant, api):
    one, two = make_device(api), make_device(api)
    ids = [submit(api, one, "echo", {"n": n}) for n in range(7)]
    other = submit(api, two, "fail", {"code": "broken"})
    for job in ids + [other]:
        ended(api, job)
    seen, path = [], f"/api/v1/jobs?device_id={one}&limit=3"
    while path:
        page = api.get(path).json()
        seen += [job["id"] for job in page["items"]]
        assert len(page["items"]) <= 3
        path = page["next"] and f"/api/v1/jobs?device_id={one}&limit=3&cursor={urllib.parse.quote(page['next'])}"
    assert seen == ids[::-1]
    assert [job["id"] for job in api.get(f"/api/v1/jobs?device_id={two}&status=failed").json()["items"]] == [other]
    assert api.get(f"/api/v1/jobs?device_id={two}&status=completed").json()["items"] == []
    assert {job["operation"] for job in api.get("/api/v1/jobs?operation=fail").json()["items"]} == {"fail"}
    is_problem(api.get("/api/v1/jobs?cursor=AAAA"), 400)
    is_problem(api.get("/api/v1/jobs?status=odd&nonsense=1"), 400)


def test_unknown_jobs(api):
    for job in (str(uuid.uuid4()), "x", "0" * 36, "%C3%A4"):
        is_problem(api.get("/api/v1/jobs/" + job), 404)
        is_problem(api.post(f"/api/v1/jobs/{job}/cancel"), 404)
        is_problem(api.get(f"/api/v1/jobs/{job}/events"), 404)


# ---- how jobs end ----

def test_failures_and_repetitions(api, device):
    job = ended(api, submit(api, device, "fail", {"code": "odd", "message": "It is odd."}))
    assert job["status"] == "failed" and job["error"] == {"code": "odd", "message": "It is odd.", "retryable": False}
    job = ended(api, submit(api, device, "fail", {"code": "busy", "retryable": True}, max_attempts=1))
    assert (job["status"], job["attempt"]) == ("failed", 1)
    job = ended(api, submit(api, device, "fail", {"code": "busy", "retryable": True}, max_attempts=2))
    assert (job["status"], job["attempt"], job["error"]["code"]) == ("dead", 2, "busy")
    job = ended(api, submit(api, device, "fail", {"code": "odd"}, max_attempts=5))
    assert (job["status"], job["attempt"]) == ("failed", 1)


def test_a_job_does_not_take_longer_than_its_time(api, device):
    began = time.monotonic()
    job = ended(api, submit(api, device, "sleep", {"ms": 20000}, timeout_ms=400, max_attempts=1))
    assert (job["status"], job["error"]["code"]) == ("failed", "timeout")
    assert 0.4 <= time.monotonic() - began < 3


def test_writing_jobs_of_a_device_run_one_at_a_time_in_order(tenant, api):
    one, two = make_device(api), make_device(api)
    jobs = [submit(api, d, "write", {"value": n, "ms": 60}) for n in range(8) for d in (one, two)]
    for job in jobs:
        assert ended(api, job)["status"] == "completed"
    for d in (one, two):
        runs = ask(tenant.env, "SELECT started_at, finished_at, params->>'value', attempt FROM drm.job_results WHERE device_id = %s"
                               " ORDER BY started_at", (d,))
        assert [(int(row[2]), row[3]) for row in runs] == [(n, 1) for n in range(8)]
        assert all(before[1] <= after[0] for before, after in zip(runs, runs[1:]))


# ---- cancel ----

def test_cancel_a_queued_job_and_a_running_one(api):
    device = make_device(api)
    running, queued = submit(api, device, "write", {"value": 1, "ms": 30000}, timeout_ms=60000), submit(api, device, "write", {"value": 2})
    sleeping = submit(api, device, "sleep", {"ms": 30000})
    has_status(api, running, "running")
    has_status(api, sleeping, "running")
    assert get(api, queued)["status"] == "queued"
    answer = api.post(f"/api/v1/jobs/{queued}/cancel")
    assert answer.status == 200 and answer.json()["status"] == "cancelled"
    assert get(api, queued)["started_at"] is None
    began = time.monotonic()
    assert api.post(f"/api/v1/jobs/{sleeping}/cancel").status == 200
    assert ended(api, sleeping, 5)["status"] == "cancelled"
    assert time.monotonic() - began < 3
    assert api.post(f"/api/v1/jobs/{running}/cancel").status == 200
    assert ended(api, running, 8)["status"] in ("cancelled", "uncertain")
    for job in (queued, sleeping, running):
        is_problem(api.post(f"/api/v1/jobs/{job}/cancel"), 409)


def test_cancel_while_many_run_ends_each_job_once(tenant, api):
    """Cancelling at the moment of finishing: each job ends as one of the two, and is in the results once."""
    device = make_device(api)
    jobs = [submit(api, device, "sleep", {"ms": 20 * (n % 40)}) for n in range(80)]
    clients = [tenant.api() for _ in range(4)]

    def cancel(share):
        return [clients[share].post(f"/api/v1/jobs/{job}/cancel").status for job in jobs[share::8]]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = sum(pool.map(cancel, range(4)), [])
    assert set(answers) <= {200, 409}
    statuses = collections.Counter(ended(api, job)["status"] for job in jobs)
    assert set(statuses) <= {"completed", "cancelled"}
    rows = ask(tenant.env, "SELECT count(*), count(DISTINCT id) FROM drm.job_results WHERE device_id = %s", (device,))
    assert rows == [(80, 80)]


# ---- the same key ----

def test_the_same_key_gives_the_same_job(tenant, foreign, api, device):
    key = unique("key")
    first = submit(api, device, "echo", {"a": 1, "b": 2}, key=key)
    assert submit(api, device, "echo", {"b": 2, "a": 1}, key=key) == first, "the order of members does not matter"
    ended(api, first)
    assert submit(api, device, "echo", {"a": 1, "b": 2}, key=key) == first, "also when it has ended"
    other = {"device_id": device, "protocol": "fake", "operation": "echo", "params": {"a": 2}}
    problem = is_problem(api.post("/api/v1/jobs", other, headers={"Idempotency-Key": key}), 422)
    assert problem["type"] == "urn:drmgmt:problem:idempotency-key-reused"
    theirs = foreign.api()
    assert submit(theirs, make_device(theirs), "echo", {"a": 1, "b": 2}, key=key) != first
    for bad in ("", "x" * 256, "\t", "a\N{LATIN SMALL LETTER U WITH DIAERESIS}"):
        body = {"device_id": device, "protocol": "fake", "operation": "echo", "params": {}}
        assert api.post("/api/v1/jobs", body, headers={"Idempotency-Key": bad.encode("latin-1")}).status == 400, bad
    assert submit(api, device, "echo", key="x" * 255)


def test_a_refused_request_does_not_use_up_its_key(api, device):
    key = unique("key")
    body = {"device_id": str(uuid.uuid4()), "protocol": "fake", "operation": "echo", "params": {}}
    is_problem(api.post("/api/v1/jobs", body, headers={"Idempotency-Key": key}), 404)
    assert submit(api, device, "echo", key=key)


def test_one_key_at_the_same_moment_makes_one_job(tenant, device):
    key = unique("key")
    clients = [tenant.api() for _ in range(8)]
    body = {"device_id": device, "protocol": "fake", "operation": "echo", "params": {"k": key}}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda c: c.post("/api/v1/jobs", body, headers={"Idempotency-Key": key}), clients))
    assert {a.status for a in answers} <= {202, 409}
    ids = {a.json()["job_id"] for a in answers if a.status == 202}
    assert len(ids) == 1
    ended(clients[0], ids.pop())
    assert ask(tenant.env, "SELECT count(*) FROM drm.jobs_all WHERE params->>'k' = %s", (key,)) == [(1,)]


# ---- who may ----

def test_another_tenants_jobs_and_devices_are_not_there(foreign, api, device):
    mine, theirs = submit(api, device, "sleep", {"ms": 3000}), foreign.api()
    for method, path in (("GET", ""), ("POST", "/cancel"), ("GET", "/events")):
        answers = [theirs.call(method, f"/api/v1/jobs/{job}{path}") for job in (mine, str(uuid.uuid4()))]
        details = [is_problem(answer, 404)["detail"] for answer in answers]
        assert details[0] == details[1]
    assert mine not in [job["id"] for job in theirs.get("/api/v1/jobs?limit=1000").json()["items"]]
    assert theirs.get(f"/api/v1/jobs?device_id={device}").json()["items"] == []
    said = set()
    for target in (device, str(uuid.uuid4())):
        answer = theirs.post("/api/v1/jobs", {"device_id": target, "protocol": "fake", "operation": "echo", "params": {}})
        said.add(is_problem(answer, 404)["detail"].replace(target, "ID"))
    assert len(said) == 1
    is_problem(theirs.get("/api/v1/devices/" + device), 404)
    assert api.post(f"/api/v1/jobs/{mine}/cancel").status == 200


ROLES = {  # what each role gets for: read, submit, write, cancel, make a device, make a credential
    "viewer": (200, 403, 403, 403, 403, 403), "operator": (200, 202, 202, 200, 201, 403), "administrator": (200, 202, 202, 200, 201, 201)}


@pytest.mark.parametrize("role", ROLES)
def test_roles(tenant, api, role):
    person = tenant.api(tenant.user(role))
    assert person.get("/api/v1/auth/whoami").json()["role"] == role
    device = make_device(api)
    sleeping = submit(api, device, "sleep", {"ms": 20000})
    has_status(api, sleeping, "running")

    def job(operation, **params):
        return person.post("/api/v1/jobs", {"device_id": device, "protocol": "fake", "operation": operation, "params": params}).status
    got = (person.get("/api/v1/jobs/" + sleeping).status, job("echo"), job("write", value=1),
           person.post(f"/api/v1/jobs/{sleeping}/cancel").status, person.post("/api/v1/devices", {"name": unique("d")}).status,
           person.post("/api/v1/snmp-credentials", {"name": unique("c"), "community": "x"}).status)
    assert got == ROLES[role]
    assert person.get("/api/v1/jobs").status == 200
    api.post(f"/api/v1/jobs/{sleeping}/cancel")


def test_a_changed_role_holds_at_once(tenant, device):
    email = tenant.user("operator")
    person = tenant.api(email)
    submit(person, device, "echo")
    ask(tenant.env, "UPDATE drm.users SET role = 'viewer' WHERE email = %s", (email,))
    is_problem(person.post("/api/v1/jobs", {"device_id": device, "protocol": "fake", "operation": "echo", "params": {}}), 403)
    assert person.get("/api/v1/jobs").status == 200


def test_a_disabled_persons_token_and_keys_stop_working_at_once(tenant, device):
    email = tenant.user("operator")
    person = tenant.api(email)
    key = person.post("/api/v1/api-keys", {"label": "mine"}).json()["key"]
    by_key = Api(tenant.url, key=key)
    assert person.get("/api/v1/jobs").status == by_key.get("/api/v1/jobs").status == 200
    ask(tenant.env, "UPDATE drm.users SET active = false WHERE email = %s", (email,))
    for client in (person, by_key):
        is_problem(client.get("/api/v1/jobs"), 401)
        is_problem(client.post("/api/v1/jobs", {"device_id": device, "protocol": "fake", "operation": "echo", "params": {}}), 401)
    is_problem(Api(tenant.url).post("/api/v1/auth/login", {"email": email, "password": tenant.password, "tenant": tenant.name}), 401)
    ask(tenant.env, "UPDATE drm.users SET active = true WHERE email = %s", (email,))
    assert person.get("/api/v1/jobs").status == by_key.get("/api/v1/jobs").status == 200


def test_a_suspended_tenant_is_out(stack):
    tenant = Tenant(stack.build, stack.env, stack.url)
    api = tenant.api()
    assert api.get("/api/v1/jobs").status == 200
    ask(tenant.env, "UPDATE drm.tenants SET status = 'suspended' WHERE tenant_id = %s", (tenant.id,))
    is_problem(api.get("/api/v1/jobs"), 401)


def test_what_was_done_is_in_the_audit_log(tenant, api):
    device = make_device(api)
    mark = unique("request")
    body = {"device_id": device, "protocol": "fake", "operation": "sleep", "params": {"ms": 20000}}
    job = api.post("/api/v1/jobs", body, headers={"X-Request-Id": mark}).json()["job_id"]
    api.post(f"/api/v1/jobs/{job}/cancel", headers={"X-Request-Id": mark})
    rows = ask(tenant.env, "SELECT action, object_type, object_id::text, tenant_id::text FROM drm.audit_logs WHERE request_id = %s ORDER BY id",
               (mark,))
    assert rows == [("job.submit", "job", job, tenant.id), ("job.cancel", "job", job, tenant.id)]


# ---- the database is left alone, and told nothing ----

class Stream:
    """An open event stream; events() yields (name, data)."""

    def __init__(self, api, job):
        parts = urllib.parse.urlsplit(api.url)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        self.connection.request("GET", f"/api/v1/jobs/{job}/events", headers=api.headers)
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200
        self.events = parse_events(self.answer)

    def close(self):
        self.connection.close()


def drmd_activity(stack):
    """When drmd's connections were last at work. Other tests' processes have servers of their own."""
    return ask(stack.env, "SELECT pid, state_change, query_start FROM pg_stat_activity WHERE application_name = 'drmd' ORDER BY pid")


def test_an_idle_stream_asks_the_database_nothing(stack, api, device):
    job = submit(api, device, "sleep", {"ms": 7000})
    has_status(api, job, "running")
    stream = Stream(api, job)
    try:
        name, data = next(stream.events)
        assert (name, data["status"]) == ("update", "running")
        time.sleep(1.5)  # the audit row of the submission is linked within a second
        before = drmd_activity(stack)
        assert before
        time.sleep(4)
        assert drmd_activity(stack) == before
        name, data = next(stream.events)
        arrived = time.time()
        assert (name, data["status"]) == ("done", "completed")
        finished = ask(stack.env, "SELECT extract(epoch FROM finished_at)::float8 FROM drm.job_results WHERE id = %s", (job,))[0][0]
        assert arrived - finished < 1, "told by Redis, not found by looking"
        assert drmd_activity(stack) != before
        assert next(stream.events, None) is None
    finally:
        stream.close()


def test_progress_comes_as_events(api, device):
    job = submit(api, device, "progress", {"ms": 4000, "steps": 8})
    stream = Stream(api, job)
    try:
        events = list(stream.events)
    finally:
        stream.close()
    assert events[-1][0] == "done" and events[-1][1]["status"] == "completed"
    progress = [data["progress"] for name, data in events if name == "update" and data.get("progress")]
    assert len(progress) >= 2 and progress == sorted(progress)


def test_no_seal_key_or_token_shows_in_the_servers_activity(stack, tenant, api, device):
    """drm_app sees the statements of its own role: they hold parameters' numbers, never their values."""
    key = api.post("/api/v1/api-keys", {"label": "seen"}).json()["key"]
    assert Api(tenant.url, key=key).get("/api/v1/jobs").status == 200
    ended(api, submit(api, device, "echo", {"secret": "sesame-open"}))
    with psycopg2.connect(stack.env["DRM_APP_DATABASE_URL"]) as attacker, attacker.cursor() as cursor:
        cursor.execute("SELECT application_name, query FROM pg_stat_activity WHERE usename = 'drm_app' AND pid <> pg_backend_pid()")
        rows = cursor.fetchall()
    assert {"drmd"} <= {name for name, _ in rows} and any("$1" in query for _, query in rows)
    for _, query in rows:
        assert not re.search(r"[0-9a-f]{64}|drm_[0-9a-f]{32}|sesame", query), query


def test_no_seal_shows_in_statement_statistics(build):
    """With pg_stat_statements, which shows drm_app the texts of its own role's statements."""
    with Fleet(build, redis=True, migrated=True) as fleet:
        with open(fleet.postgres.data / "postgresql.conf", "a", encoding="utf-8") as settings:
            settings.write("shared_preload_libraries = 'pg_stat_statements'\npg_stat_statements.track_utility = on\n")
        fleet.postgres.stop("fast")
        fleet.postgres.start()
        ask(fleet.env, "CREATE EXTENSION pg_stat_statements")
        fleet.drmctl("login", "--email", fleet.env["DRM_EMAIL"], "--password-file", "-", stdin=fleet.env["DRM_PASSWORD"] + "\n")
        fleet.drmctl("device", "create", "sesame-open")
        fleet.drmctl("device", "list")
        with psycopg2.connect(fleet.env["DRM_APP_DATABASE_URL"]) as attacker, attacker.cursor() as cursor:
            cursor.execute("SELECT query FROM pg_stat_statements WHERE userid = 'drm_app'::regrole")
            texts = [row[0] for row in cursor.fetchall()]
    assert any("sec.enter($1" in text for text in texts) and any("drm.devices" in text for text in texts)
    for text in texts:
        assert not re.search(r"[0-9a-f]{64}|sesame|scrypt\$", text), text
