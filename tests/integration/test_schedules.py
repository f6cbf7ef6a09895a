"""Schedules over REST, started by the worker: one run a tick however many look, what becomes of runs that overlap or were missed, whose
rights they have, and what is refused. Times are moved in the database: no test waits for a clock."""
import concurrent.futures
import time
import uuid

import pytest
from attack_support import Siege
from http_support import is_problem
from job_support import Tenant, ask, unique

PATH = "/api/v1/schedules"


@pytest.fixture(scope="module")
def foreign(stack):
    return Tenant(stack.build, stack.env, stack.url)


@pytest.fixture(scope="module")
def device(tenant):
    return tenant.api().post("/api/v1/devices", {"name": unique("device"), "profiles": [{"protocol": "fake"}]}).json()["id"]


def body(device, operation="echo", params=None, **more):
    batch = {"protocol": "fake", "operation": operation, "params": params or {}, "device_ids": [device]}
    return {"name": unique("schedule"), "cron": "0 0 1 1 *", "batch": batch, **more}


def make(api, device, *args, **more):
    answer = api.post(PATH, body(device, *args, **more))
    assert answer.status == 201, answer
    return answer.json()


def read(api, made):
    answer = api.get(f"{PATH}/{made['id']}")
    assert answer.status == 200, answer
    return answer.json()


def due(stack, made, ago="1 hour"):
    ask(stack.env, "UPDATE drm.schedules SET next_run_at = now() - %s::interval WHERE id = %s", (ago, made["id"]))


def batches(stack, made):
    return ask(stack.env, "SELECT id::text, status, total FROM drm.batches WHERE schedule_id = %s ORDER BY id", (made["id"],))


def until(api, made, good, seconds=60):
    end = time.monotonic() + seconds
    while True:
        now = read(api, made)
        if good(now):
            return now
        assert time.monotonic() < end, now
        time.sleep(0.1)


def test_it_runs_and_tells_its_batch(api, stack, device):
    made = make(api, device, "echo", {"a": 1})
    assert made["next_runs"][0] == made["next_run_at"] and len(made["next_runs"]) == 5 and made["batch"]["params"] == {"a": 1}
    due(stack, made)
    now = until(api, made, lambda s: s["last_batch_id"])
    batch = api.get(f"/api/v1/batches/{now['last_batch_id']}").json()
    assert (batch["schedule_id"], batch["total"], now["last_error"]) == (made["id"], 1, None)
    assert now["next_run_at"] == made["next_run_at"]  # what was missed was one run
    assert len(batches(stack, made)) == 1


@pytest.mark.parametrize("change, status, field", [
    ({"cron": None}, 400, None), ({"every_ms": 5000}, 400, None), ({"cron": "61 * * * *"}, 400, None), ({"cron": "0 0 30 2 *"}, 400, None),
    ({"cron": "1" * 201}, 400, "cron"), ({"cron": "x" * 500000}, 400, "cron"), ({"time_zone": "Mars/Base"}, 400, None),
    ({"cron": None, "every_ms": 999}, 400, "every_ms"), ({"cron": None, "start_at": "2001-01-01T00:00:00Z"}, 400, None),
    ({"start_at": "soon"}, 400, "start_at"), ({"overlap": "maybe"}, 400, "overlap"), ({"name": " x"}, 400, "name"), ({"name": ""}, 400, "name"),
    ({"batch": {}}, 400, "batch.protocol"), ({"batch": []}, 400, "batch"), ({"batch": None}, 400, "batch"), ({"surprise": 1}, 400, "surprise"),
])
def test_what_is_wrong_is_told(api, device, change, status, field):
    problem = is_problem(api.post(PATH, {**body(device), **change}), status)
    assert field is None or problem["field"] == field, problem


def test_what_a_batch_of_a_schedule_may_not_say(api, device):
    for more, field in (({"run_at": "2999-01-01T00:00:00Z"}, "batch.run_at"), ({"canary": "0%"}, None), ({"operation": "sleep"}, "batch.params.ms")):
        wrong = body(device)
        wrong["batch"].update(more)
        problem = is_problem(api.post(PATH, wrong), 400)
        assert field is None or problem["field"] == field
    is_problem(api.post(PATH, body(str(uuid.uuid4()))), 404)


def test_the_ends_of_time(api, device):
    once = make(api, device, cron=None, start_at="9999-12-31T23:59:59Z")
    assert once["next_runs"] == ["9999-12-31T23:59:59Z"]
    assert make(api, device, start_at="9999-12-31T23:00:00Z", cron="* * * * *")["next_run_at"].startswith("9999-12-31T23:00:00")
    leap = make(api, device, cron="0 12 29 2 *", time_zone="Europe/Berlin")
    assert all(r[4:] == "-02-29T11:00:00Z" for r in leap["next_runs"])
    runs = api.get(f"{PATH}/{leap['id']}/next").json()["items"]
    assert len(runs) == 20 and all(r["local"][4:] == "-02-29 12:00:00" for r in runs)


def test_another_tenants_are_not_there(api, foreign, device):
    made = make(api, device)
    theirs = foreign.api()
    for path in ("", "/next"):
        is_problem(theirs.get(f"{PATH}/{made['id']}{path}"), 404)
    for verb in ("enable", "disable", "run"):
        is_problem(theirs.post(f"{PATH}/{made['id']}/{verb}"), 404)
    is_problem(theirs.call("PATCH", f"{PATH}/{made['id']}", {"name": "x"}), 404)
    is_problem(theirs.call("DELETE", f"{PATH}/{made['id']}"), 404)
    is_problem(theirs.post(PATH, body(device)), 404)  # a device of ours
    assert made["id"] not in [s["id"] for s in theirs.get(PATH).json()["items"]]
    assert read(api, made) == made


@pytest.mark.parametrize("overlap", ["skip", "queue", "replace"])
def test_a_run_whose_forerunner_has_not_ended(api, stack, device, overlap):
    made = make(api, device, "sleep", {"ms": 600000}, overlap=overlap)
    first = api.post(f"{PATH}/{made['id']}/run")
    assert first.status == 202
    first = first.json()["id"]
    if overlap != "replace":
        is_problem(api.post(f"{PATH}/{made['id']}/run"), 409)
    for n in range(2):
        due(stack, made)
        now = until(api, made, lambda s: s["next_run_at"] == made["next_run_at"])
    if overlap == "replace":
        assert now["last_batch_id"] != first and len(batches(stack, made)) == 3
    else:
        assert (now["skipped"], now["waiting"], len(batches(stack, made))) == ((2, False, 1) if overlap == "skip" else (1, True, 1))
    assert api.post(f"/api/v1/batches/{now['last_batch_id']}/cancel").status == 200
    if overlap == "queue":  # the one that waited has its turn
        now = until(api, made, lambda s: s["last_batch_id"] != first)
        assert not now["waiting"] and len(batches(stack, made)) == 2
    assert api.post(f"{PATH}/{made['id']}/disable").json()["next_run_at"] is None
    for batch, status, _ in batches(stack, made):
        if status == "running":
            assert api.post(f"/api/v1/batches/{batch}/cancel").status in (200, 409)


def test_a_user_that_is_gone_or_may_no_more_disables_it_and_others_run(api, stack, device, tenant):
    bad, good = make(api, device), make(api, device)
    ask(stack.env, "UPDATE drm.schedules SET runs_as = %s WHERE id = %s", (str(uuid.uuid4()), bad["id"]))
    due(stack, bad, "2 hours")
    due(stack, good)
    assert until(api, good, lambda s: s["last_batch_id"])["enabled"]
    now = until(api, bad, lambda s: not s["enabled"])
    assert "is gone" in now["disabled_reason"] and now["last_error"] == now["disabled_reason"] and now["next_run_at"] is None
    assert ask(stack.env, "SELECT action, actor_id FROM drm.audit_logs WHERE object_id = %s ORDER BY id DESC LIMIT 1", (bad["id"],)) \
        == [("schedule.disable", None)]
    again = api.post(f"{PATH}/{bad['id']}/enable").json()
    assert (again["enabled"], again["disabled_reason"]) == (True, None) and again["runs_as"] == good["runs_as"]
    due(stack, bad)
    assert until(api, bad, lambda s: s["last_batch_id"])["last_error"] is None


def test_what_cannot_be_started_is_told_and_tried_at_the_next_time(api, stack):
    gone = api.post("/api/v1/devices", {"name": unique("device"), "profiles": [{"protocol": "fake"}]}).json()["id"]
    made = make(api, gone)
    assert api.call("DELETE", f"/api/v1/devices/{gone}").status == 204
    due(stack, made)
    now = until(api, made, lambda s: s["last_error"])
    assert gone in now["last_error"] and now["enabled"] and now["next_run_at"] == made["next_run_at"] and not batches(stack, made)


def test_changes_have_versions_and_an_audit_trail(api, stack, device):
    made = make(api, device)
    answer = api.call("PATCH", f"{PATH}/{made['id']}", {"cron": None, "every_ms": 60000}, headers={"If-Match": '"1"'})
    assert answer.status == 200 and answer.headers["etag"] == '"2"' and answer.json()["start_at"] == answer.json()["next_run_at"]
    is_problem(api.call("PATCH", f"{PATH}/{made['id']}", {"name": "x"}, headers={"If-Match": '"1"'}), 412)
    is_problem(api.post(PATH, {**body(device), "name": made["name"]}), 409)
    assert api.call("DELETE", f"{PATH}/{made['id']}").status == 204
    assert [a for a, in ask(stack.env, "SELECT action FROM drm.audit_logs WHERE object_id = %s AND action LIKE 'schedule%%' ORDER BY id",
                            (made["id"],))] == ["schedule.create", "schedule.update", "schedule.delete"]


# ---- many who look at once: no worker but these ----

def test_one_run_a_tick_however_many_look(database):
    siege = Siege(database)
    tenant = siege.a
    cursor = siege.admin.cursor()
    cursor.execute("INSERT INTO drm.device_protocol_profiles (tenant_id, device_id, protocol) VALUES (%s, %s, 'fake')",
                   (tenant.tenant, tenant.device))
    cursor.execute("DELETE FROM drm.schedules")
    spec = ('{"protocol":"fake","operation":"echo","exclusive":false,"idempotent":true,"timeout_ms":1000,"device_ids":["%s"]}' % tenant.device)
    cursor.execute("INSERT INTO drm.schedules (tenant_id, id, name, spec, cron, overlap, next_run_at, runs_as)"
                   " SELECT %s, gen_random_uuid(), 'n' || n, %s, '@daily', 'replace', now() - interval '9 days', %s FROM generate_series(1, 40) n",
                   (tenant.tenant, spec, tenant.user))
    siege.admin.commit()

    def look(_):
        connection, fired = database.app(), []
        connection.autocommit = False
        with connection.cursor() as c:
            while True:
                c.execute("SELECT sec.enter_system(%s)", (siege.system_seal(connection, "worker"),))
                c.execute("SELECT schedule_id::text, what FROM sched.schedules_fire()")
                row = c.fetchone()
                connection.commit()
                if not row:
                    break
                fired.append(row)
        connection.close()
        return fired

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        fired = [row for rows in pool.map(look, range(8)) for row in rows]
    assert {what for _, what in fired} == {"started"} and len(fired) == len({i for i, _ in fired}) == 40
    assert siege.ask("SELECT count(*), count(DISTINCT schedule_id) FROM drm.batches WHERE schedule_id IS NOT NULL") == [(40, 40)]
    siege.admin.close()
