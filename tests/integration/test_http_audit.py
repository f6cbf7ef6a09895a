"""The audit trail over REST, with drmd and drm-worker running: who asked and from where, refusals, lists, the stream, the proof."""
import json
import subprocess
import threading

import pytest
from http_support import Api, Raw, is_problem, wait_until
from job_support import Tenant, ask, make_device, submit

LOGS = "/api/v1/audit-logs"


@pytest.fixture
def own(stack):
    """A tenant of this test's own."""
    return Tenant(stack.build, stack.env, stack.url)


def proved(client, pending=0):
    """The report, once everything is linked."""
    def look():
        answer = client.get(LOGS + "/verify")
        assert answer.status == 200, answer
        report = answer.json()
        return report if report["pending"] == pending or not report["intact"] else None
    return wait_until(look, 20, 0.2)


def test_a_row_tells_request_and_address(own):
    client = own.api()
    made = client.post("/api/v1/devices", {"name": "one", "profiles": [{"protocol": "fake"}]}, headers={"X-Request-Id": "audit-1"})
    row, = client.get(LOGS + "?request_id=audit-1").json()["items"]
    assert row["action"] == "device.create" and row["object_id"] == made.json()["id"] and row["address"] == "127.0.0.1"
    assert row["detail"]["after"]["name"] == "one" and row["at"].endswith("Z")
    page = client.get(LOGS + "?limit=1").json()
    assert len(page["items"]) == 1 and client.get(LOGS + "?limit=1&cursor=" + page["next"]).json()["items"][0]["id"] < page["items"][0]["id"]
    for query in ("since=tomorrow", "actor_id=x", "sort=at", "at=2026-01-01", "since=2026-01-01&since=2026-01-01", "nothing=1"):
        is_problem(client.get(f"{LOGS}?{query}"), 400)


def test_a_refusal_is_a_row(own):
    client, viewer = own.api(), own.api(own.user("viewer"))
    device = make_device(client)
    calls = [("GET", "/api/v1/snmp-credentials", None), ("GET", LOGS, None), ("GET", LOGS + "/export", None), ("GET", LOGS + "/verify", None),
             ("DELETE", "/api/v1/devices/" + device, None), ("PATCH", "/api/v1/devices/" + device, {"description": "x"}),
             ("POST", "/api/v1/jobs", {"device_id": device, "protocol": "fake", "operation": "echo"})]
    for n, (method, path, body) in enumerate(calls):
        is_problem(viewer.call(method, path, body, headers={"X-Request-Id": f"refused-{n}"}), 403)
    rows = client.get(LOGS + "?action=refused").json()["items"]
    assert [row["request_id"] for row in reversed(rows)] == [f"refused-{n}" for n in range(len(calls))]
    assert [row["object_id"] for row in reversed(rows)] == [None] * 4 + [device] * 3
    assert proved(client)["intact"]


def test_jobs_that_are_stored_together_have_a_row_each_and_a_refusal_too(own):
    client = own.api()
    email = own.user("viewer")
    own.api(email)
    device = make_device(client)
    codes = []

    def work(who, n):
        mine = own.api(who)
        answer = mine.post("/api/v1/jobs", {"device_id": device, "protocol": "fake", "operation": "echo"}, headers={"X-Request-Id": f"{'refused' if who else 'stored'}-{n}"})
        codes.append((who, answer.status))
        mine.close()
    threads = [threading.Thread(target=work, args=(who, n)) for n in range(12) for who in (None, email)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes, key=str) == sorted([(None, 202)] * 12 + [(email, 403)] * 12, key=str)
    rows = client.get(LOGS + "?limit=100").json()["items"]
    submitted = [row["request_id"] for row in rows if row["action"] == "job.submit"]
    refused = [row["request_id"] for row in rows if row["action"] == "refused"]
    assert sorted(submitted) == sorted(f"stored-{n}" for n in range(12))
    assert sorted(refused) == sorted(f"refused-{n}" for n in range(12))


def test_the_stream_is_provable_and_complete(own, stack, tmp_path):
    client = own.api()
    device = make_device(client)
    for _ in range(20):
        submit(client, device, "echo")
    report = proved(client)
    assert report["intact"] and report["rows"] >= 22
    answer = client.get(LOGS + "/export")
    assert answer.status == 200 and answer.headers["content-type"] == "application/x-ndjson" and answer.headers["connection"] == "close"
    lines = [json.loads(line) for line in answer.body.decode().splitlines()]
    assert (lines[0]["kind"], lines[-1]["kind"]) == ("begin", "end") and lines[-1]["rows"] >= report["rows"]
    assert {line["kind"] for line in lines[1:-1]} == {"link", "row"}
    path = tmp_path / "export"
    path.write_bytes(answer.body)
    done = stack.drmctl("audit", "verify", "--file", str(path), "--head", report["head"], "-o", "json")
    assert done.returncode == 0 and json.loads(done.stdout)["intact"], done.stderr
    assert client.get(f"{LOGS}/verify?head={report['head']}").json()["intact"]
    rest = client.get(f"{LOGS}/export?after={report['links']}").body.decode().splitlines()
    assert all(json.loads(line).get("seq") is None or json.loads(line)["seq"] > report["links"] for line in rest)
    for path in ("/export?after=x", "/export?after=1&after=2", "/export?since=2026-01-01", "/verify?head=x", "/verify?x=y", "/export?after=%ff"):
        is_problem(client.get(LOGS + path), 400)
    is_problem(client.get(f"{LOGS}/verify?tenant_id={'0' * 8}-0000-0000-0000-{'0' * 12}"), 403)
    is_problem(client.get(f"{LOGS}/verify?tenant_id=x"), 404)
    head = client.call("HEAD", LOGS + "/export")
    assert head.status == 200 and head.body == b""


def test_another_tenants_rows_are_not_there(own, api, tenant):
    theirs = api.post("/api/v1/devices", {"name": "theirs", "profiles": []}).json()["id"]
    mine = own.api()
    assert mine.get(f"{LOGS}?object_id={theirs}").json()["items"] == []
    assert tenant.id not in mine.get(LOGS + "/export").body.decode() and theirs not in mine.get(LOGS + "/export").body.decode()
    assert len(api.get(f"{LOGS}?object_id={theirs}").json()["items"]) == 1


def test_a_client_that_leaves_ends_its_export(own, stack):
    client = own.api()
    ask(stack.env, "INSERT INTO drm.audit_logs (tenant_id, id, action, detail) SELECT %s, gen_random_uuid(), 'bulk', jsonb_build_object('x', repeat('y', 2000))"
        " FROM generate_series(1, 4000)", (own.id,))
    for _ in range(6):
        with Raw(stack.url) as raw:
            raw.send(f"GET {LOGS}/export HTTP/1.1\r\nHost: test\r\nAuthorization: {client.headers['Authorization']}\r\n\r\n".encode())
            assert raw.head()[0] == 200
    # All the places are free again.
    assert wait_until(lambda: client.get(LOGS + "/verify").status == 200, 20)
    assert client.get(LOGS + "/export").body.decode().splitlines()[-1].startswith('{"kind":"end"')


def test_the_worker_and_drmd_link_and_a_killed_one_does_no_harm(own, stack):
    """Killed under load, with rows on their way; whoever is left, or comes back, goes on."""
    client = own.api()
    device = make_device(client)
    over = threading.Event()

    def keep_submitting():
        mine = own.api()
        while not over.is_set():
            submit(mine, device, "echo")
        mine.close()
    threads = [threading.Thread(target=keep_submitting) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            wait_until(lambda: client.get(LOGS + "/verify").json()["rows"] > 20, 20)
            stack.kill("worker")
            stack.restart("worker")
    finally:
        over.set()
        for thread in threads:
            thread.join()
    report = proved(client)
    count = ask(stack.env, "SELECT count(*), count(DISTINCT id) FROM drm.audit_logs WHERE tenant_id = %s", (own.id,))[0]
    assert report["intact"] and report["rows"] == count[0] == count[1] > 60
    # Without a worker drmd does it by itself; without drmd the worker.
    stack.kill("worker")
    try:
        make_device(client)
        assert proved(client)["rows"] == count[0] + 1
    finally:
        stack.restart("worker")
    ask(stack.env, "INSERT INTO drm.audit_logs (tenant_id, id, action) VALUES (%s, gen_random_uuid(), 'by nobody')", (own.id,))
    wait_until(lambda: ask(stack.env, "SELECT size FROM sec.audit_heads WHERE tenant_id = %s", (own.id,))[0][0] == count[0] + 2, 20)


def test_what_a_dump_of_the_database_tells_is_proved_elsewhere(own, stack, tmp_path):
    """pg_dump, and its rows in the form of the book: the chain needs nothing that is not in the tables."""
    client = own.api()
    make_device(client)
    report = proved(client)
    done = subprocess.run(["pg_dump", "--data-only", "-t", "drm.audit_chain", stack.env["DRM_ADMIN_DATABASE_URL"]], capture_output=True, text=True,
                          timeout=60, check=True)
    assert report["head"].split(":")[1] in done.stdout


def test_a_viewer_sees_nothing_of_it(own, stack):
    viewer = own.api(own.user("operator"))
    for path in ("", "/export", "/verify"):
        is_problem(viewer.get(LOGS + path), 403)
        is_problem(Api(stack.url).get(LOGS + path), 401)
