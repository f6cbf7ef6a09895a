"""Batches over REST: one operation on many devices, told once; counts that add up, waves, failures that stop them, and what comes out."""
import concurrent.futures
import csv
import io
import json
import time
import uuid

import pytest
from http_support import is_problem
from job_support import Tenant, ask, make_device, unique

PATH = "/api/v1/batches"
COUNTS = ("completed", "failed", "cancelled", "dead", "uncertain")


@pytest.fixture(scope="module")
def foreign(stack):
    return Tenant(stack.build, stack.env, stack.url)


@pytest.fixture(scope="module")
def fleet(tenant):
    """A tag with 12 fake devices, and their ids in order."""
    return devices(tenant.api(), 12)


def devices(api, n, protocol="fake"):
    tag = unique("tag")
    ids = [api.post("/api/v1/devices", {"name": unique("device"), "tags": [tag], "profiles": [{"protocol": protocol}]}).json()["id"]
           for _ in range(n)]
    return tag, sorted(ids)


def start(api, operation="echo", params=None, **more):
    key = {"Idempotency-Key": more.pop("key")} if "key" in more else {}
    answer = api.call("POST", PATH, {"protocol": "fake", "operation": operation, "params": params or {}, **more}, headers=key)
    assert answer.status == 202, answer
    return answer.json()


def read(api, batch):
    answer = api.get(f"{PATH}/{batch['id']}")
    assert answer.status == 200, answer
    return answer.json()


def until(api, batch, good, seconds=60):
    end = time.monotonic() + seconds
    while True:
        now = read(api, batch)
        if good(now):
            return now
        assert time.monotonic() < end, now
        time.sleep(0.1)


def ended(api, batch):
    now = until(api, batch, lambda b: b["status"] in ("completed", "cancelled"))
    assert sum(now[c] for c in COUNTS) == now["total"] and (now["percent"], now["active"], now["held"]) == (100, 0, 0)
    return now


def steer(api, batch, verb, body=None):
    return api.post(f"{PATH}/{batch['id']}/{verb}", body)


def results(api, batch):
    answer = api.get(f"{PATH}/{batch['id']}/results")
    assert answer.status == 200 and answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.body.decode().splitlines()]


# ---- made, read, told ----

def test_a_selector_names_the_devices_and_one_row_holds_the_parameters(api, stack, fleet):
    tag, ids = fleet
    made = start(api, params={"a": 1}, selector={"tags": [tag]}, name="all of them")
    assert (made["total"], made["skipped"], made["status"], made["name"]) == (12, 0, "running", "all of them")
    now = ended(api, made)
    assert (now["status"], now["completed"]) == ("completed", 12) and now["finished_at"]
    told = results(api, made)
    assert [r["device_id"] for r in told] == ids and all(r["status"] == "completed" and r["result"] == {"a": 1} for r in told)
    assert ask(stack.env, "SELECT DISTINCT params::text FROM drm.job_results WHERE batch_id = %s", (made["id"],)) == [("{}",)]
    page = api.get(f"{PATH}/{made['id']}/jobs?limit=5").json()
    rest = api.get(f"{PATH}/{made['id']}/jobs?limit=50&cursor=" + page["next"]).json()
    assert [j["device_id"] for j in page["items"] + rest["items"]] == ids and rest["next"] is None
    assert api.get(f"{PATH}/{made['id']}/jobs?status=failed").json()["items"] == []
    assert made["id"] in [b["id"] for b in api.get(PATH + "?status=completed&protocol=fake").json()["items"]]


def test_a_list_keeps_its_order_and_takes_each_device_once(api, fleet):
    _, ids = fleet
    made = start(api, device_ids=[ids[3], ids[1], ids[3]])
    assert ended(api, made)["total"] == 2
    assert [r["device_id"] for r in results(api, made)] == [ids[3], ids[1]]


def test_devices_of_another_protocol_are_left_out_and_counted_or_refuse_the_whole(api):
    tag, _ = devices(api, 2)
    for _ in range(3):
        assert api.post("/api/v1/devices", {"name": unique("device"), "tags": [tag]}).status == 201
    made = start(api, selector={"tags": [tag]})
    assert (made["total"], made["skipped"]) == (2, 3)
    is_problem(api.post(PATH, {"protocol": "fake", "operation": "echo", "selector": {"tags": [tag]}, "strict": True}), 400)


@pytest.mark.parametrize("change, status, field", [
    ({"selector": None}, 400, "selector"), ({"device_ids": []}, 400, "selector"), ({"selector": {"colour": "x"}}, 400, "selector.colour"),
    ({"selector": {"tags": []}}, 400, "selector.tags"), ({"selector": {"seen_since": "yesterday"}}, 400, "selector.seen_since"),
    ({"selector": {"tags": ["no such tag"]}}, 400, None), ({"wave": "0%"}, 400, None), ({"wave": "101%"}, 400, None),
    ({"canary": "many"}, 400, None), ({"protocol": "telnet"}, 422, "protocol"), ({"operation": "dance"}, 422, "operation"),
    ({"operation": "sleep"}, 400, "params.ms"), ({"deadline": "soon"}, 400, "deadline"), ({"priority": 10}, 400, "priority"),
    ({"selector": None, "device_ids": ["x"]}, 400, "device_ids[0]"), ({"selector": None, "device_ids": {}}, 400, "device_ids"),
    ({"selector": None, "device_ids": [str(uuid.uuid4())]}, 404, None), ({"surprise": 1}, 400, "surprise"),
])
def test_what_is_wrong_is_told_and_makes_nothing(api, stack, tenant, fleet, change, status, field):
    before = ask(stack.env, "SELECT count(*) FROM drm.batches WHERE tenant_id = %s", (tenant.id,))
    answer = api.post(PATH, {"protocol": "fake", "operation": "echo", "selector": {"tags": [fleet[0]]}, **change})
    problem = is_problem(answer, status)
    assert field is None or problem["field"] == field, problem
    assert ask(stack.env, "SELECT count(*) FROM drm.batches WHERE tenant_id = %s", (tenant.id,)) == before


def test_another_tenants_devices_and_batches_are_not_there(api, foreign, fleet):
    _, theirs = devices(foreign.api(), 1)
    is_problem(api.post(PATH, {"protocol": "fake", "operation": "echo", "device_ids": [fleet[1][0], theirs[0]]}), 404)
    made = start(foreign.api(), device_ids=theirs)
    for path in ("", "/jobs", "/results"):
        is_problem(api.get(f"{PATH}/{made['id']}{path}"), 404)
    for verb in ("cancel", "pause", "resume"):
        is_problem(steer(api, made, verb), 404)
    is_problem(steer(api, made, "retry", {}), 404)


def test_the_same_key_gives_the_same_batch(api, fleet):
    key = unique("key")
    first = start(api, selector={"tags": [fleet[0]]}, key=key)
    assert start(api, selector={"tags": [fleet[0]]}, key=key)["id"] == first["id"]
    is_problem(api.call("POST", PATH, {"protocol": "fake", "operation": "echo", "selector": {}}, headers={"Idempotency-Key": key}), 422)


def test_csv_holds_no_formulas(api):
    name = "=cmd|' /C calc'!A0 \"x\", " + unique("y")
    device = api.post("/api/v1/devices", {"name": name, "profiles": [{"protocol": "fake"}]}).json()["id"]
    made = start(api, device_ids=[device], params={"n": -1})
    ended(api, made)
    answer = api.call("GET", f"{PATH}/{made['id']}/results", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv"
    head, row = list(csv.reader(io.StringIO(answer.body.decode(), newline="")))
    assert head[:4] == ["id", "device_id", "device", "status"] and row[1:4] == [device, "'" + name, "completed"]
    assert json.loads(row[head.index("result")]) == {"n": -1}


# ---- steered ----

def test_counts_add_up_while_a_cancel_runs_against_the_workers(api, tenant, fleet):
    made = start(api, "sleep", {"ms": 300}, selector={"tags": [fleet[0]]})
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda one: steer(one, made, "cancel"), [tenant.api() for _ in range(4)]))
    assert {a.status for a in answers} <= {200, 409}
    assert ended(api, made)["status"] == "cancelled"
    is_problem(steer(api, made, "cancel"), 409)


def test_a_paused_batch_holds_and_goes_on(api, fleet):
    made = start(api, selector={"tags": [fleet[0]]}, run_at="2999-01-01T00:00:00Z")
    assert steer(api, made, "pause").json()["held"] == 12
    is_problem(steer(api, made, "pause"), 409)
    assert steer(api, made, "resume").json()["status"] == "running"
    until(api, made, lambda b: b["held"] == 0)
    assert steer(api, made, "cancel").status == 200
    assert ended(api, made)["cancelled"] == 12


def test_waves_follow_each_other(api, stack, fleet):
    made = start(api, "sleep", {"ms": 50}, selector={"tags": [fleet[0]]}, canary="1", wave="50%")
    assert (made["canary"], made["wave"], made["held"]) == ("1", "6", 11)
    assert ended(api, made)["completed"] == 12
    times = ask(stack.env, "SELECT started_at, finished_at FROM drm.job_results WHERE batch_id = %s ORDER BY id", (made["id"],))
    waves = [times[:1], times[1:7], times[7:]]
    for before, after in zip(waves, waves[1:]):
        assert max(end for _, end in before) <= min(begin for begin, _ in after)


def test_a_canary_that_fails_stops_the_batch_until_it_is_resumed(api, fleet):
    made = start(api, "fail", {"code": "broken"}, selector={"tags": [fleet[0]]}, canary="2", max_failures="1")
    now = until(api, made, lambda b: b["status"] == "stopped")
    assert (now["failed"] + now["dead"], now["held"]) == (2, 10)
    is_problem(steer(api, made, "retry", {}), 409)
    assert steer(api, made, "resume").json()["status"] == "running"
    until(api, made, lambda b: b["failed"] + b["dead"] > 2)
    until(api, made, lambda b: b["status"] != "running")


def test_what_failed_is_repeated_as_a_batch_of_its_own(api, stack, fleet):
    made = start(api, "fail", {"code": "broken"}, selector={"tags": [fleet[0]]}, priority=2)
    first = ended(api, made)
    again = steer(api, made, "retry", {"acknowledge_uncertain": True})
    assert again.status == 202 and again.headers["location"] == f"{PATH}/{again.json()['id']}"
    second = ended(api, again.json())
    assert (second["retry_of"], second["total"], second["priority"]) == (made["id"], 12, 2)
    assert read(api, made) == first
    good = start(api, selector={"tags": [fleet[0]]})
    ended(api, good)
    is_problem(steer(api, good, "retry", {}), 409)
    is_problem(steer(api, made, "retry", {"acknowledge_uncertain": 1}), 400)


def test_quotas_hold_for_a_batch_as_a_whole(stack, foreign):
    api = foreign.api()
    tag, _ = devices(api, 5)
    ask(stack.env, "UPDATE drm.tenants SET max_queued = 4 WHERE tenant_id = %s", (foreign.id,))
    is_problem(api.post(PATH, {"protocol": "fake", "operation": "sleep", "params": {"ms": 1}, "selector": {"tags": [tag]}}), 429)
    ask(stack.env, "UPDATE drm.tenants SET max_queued = NULL WHERE tenant_id = %s", (foreign.id,))


def test_a_hundred_thousand_ids_are_one_call_and_one_too_many_is_refused(api):
    ids = [str(uuid.UUID(int=i)) for i in range(100001)]
    assert is_problem(api.post(PATH, {"protocol": "fake", "operation": "echo", "device_ids": ids}), 400)["field"] == "device_ids"
    is_problem(api.post(PATH, {"protocol": "fake", "operation": "echo", "device_ids": ids[:100000]}), 404)
