"""What holds jobs back and repeats them: times, unique keys, retries, requeueing by hand, cancelling in every state, progress that is kept."""
import datetime
import time
import uuid

import pytest
from http_support import is_problem, wait_until
from job_support import Tenant, admin, ask, ended, get, has_status, make_device, submit, unique


def at(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).isoformat()


def order(device, operation="echo", params=None, **more):
    return {"device_id": device, "protocol": "fake", "operation": operation, "params": params or {}, **more}


@pytest.fixture(scope="module")
def foreign(stack):
    return Tenant(stack.build, stack.env, stack.url)


@pytest.fixture(scope="module")
def device(tenant):
    return make_device(tenant.api())


# ---- times ----

def test_a_job_is_not_begun_before_its_time(api, device):
    moment = at(1.5)
    job = submit(api, device, "echo", run_at=moment)
    shown = get(api, job)
    assert shown["status"] == "waiting" and datetime.datetime.fromisoformat(shown["run_at"]) <= datetime.datetime.fromisoformat(moment)
    done = ended(api, job)
    assert done["status"] == "completed"
    assert datetime.datetime.fromisoformat(done["started_at"]) >= datetime.datetime.fromisoformat(moment) - datetime.timedelta(milliseconds=2)


def test_a_time_that_is_over_holds_nothing_back(api, device):
    assert ended(api, submit(api, device, "echo", run_at=at(-60)))["status"] == "completed"


@pytest.mark.parametrize("change, field", [
    ({"deadline": -5}, "deadline"), ({"run_at": 60, "deadline": 30}, "deadline"), ({"run_at": "tomorrow"}, "run_at"),
    ({"run_at": "infinity"}, "run_at"), ({"deadline": "2026-02-30T00:00:00Z"}, "deadline"), ({"deadline": 5.5}, "deadline"),
    ({"retry_ms": 9}, "retry_ms"), ({"retry_ms": 3600001}, "retry_ms"), ({"unique_key": ""}, "unique_key"),
    ({"unique_key": "x" * 256}, "unique_key"), ({"unique_conflict": "refuse"}, "unique_conflict"),
    ({"unique_key": "k", "unique_conflict": "maybe"}, "unique_conflict"), ({"progress": 5}, "progress"),
    ({"requeued_from": str(uuid.uuid4())}, "requeued_from"), ({"batch_id": str(uuid.uuid4())}, "batch_id")])
def test_what_cannot_be_is_refused_with_its_field(api, device, change, field):
    change = {name: at(value) if isinstance(value, int) and name in ("deadline", "run_at") else value for name, value in change.items()}
    problem = is_problem(api.post("/api/v1/jobs", order(device, **change)), 400)
    assert problem["field"] == field


def test_a_job_is_not_begun_after_its_deadline(stack, api, device):
    """It waits behind its own time until the deadline is over."""
    job = submit(api, device, "echo", run_at=at(1), deadline=at(1.2))
    with admin(stack.env) as cursor:
        cursor.execute("UPDATE drm.jobs SET run_at = deadline + interval '0.3 seconds' WHERE id = %s", (job,))
    done = ended(api, job)
    assert (done["status"], done["error"]["code"], done["result"]) == ("failed", "deadline", None)


def test_who_asks_again_after_the_deadline_is_answered_with_the_job(api, device):
    """Its first answer may have been lost: that the time is over by now does not mean that there is no job."""
    key, body = unique("key"), order(device, deadline=at(1))
    first = api.post("/api/v1/jobs", body, headers={"Idempotency-Key": key})
    assert first.status == 202, first
    time.sleep(1.2)
    again = api.post("/api/v1/jobs", body, headers={"Idempotency-Key": key})
    assert again.status == 202 and again.json()["job_id"] == first.json()["job_id"], again
    for headers in ({}, {"Idempotency-Key": unique("key")}):
        assert is_problem(api.post("/api/v1/jobs", body, headers=headers), 400)["field"] == "deadline"


def test_a_repetition_that_would_come_too_late_is_none(api, device):
    job = submit(api, device, "fail", {"code": "busy", "retryable": True}, max_attempts=50, retry_ms=60000, deadline=at(3))
    done = ended(api, job)
    assert (done["status"], done["attempt"], done["error"]["code"]) == ("dead", 1, "busy")


# ---- retries ----

def test_the_operation_says_how_often_it_is_tried(api, device):
    """Reads several times, writes once."""
    read = ended(api, submit(api, device, "fail", {"code": "busy", "retryable": True}, retry_ms=10))
    assert (read["status"], read["attempt"], read["max_attempts"]) == ("dead", 3, 3)
    assert ended(api, submit(api, device, "write", {"value": 1}))["max_attempts"] == 1


# ---- unique keys ----

def test_one_active_job_has_a_key(api, device):
    key = unique("refresh")
    first = submit(api, device, "sleep", {"ms": 600000}, unique_key=key)
    assert get(api, first)["unique_key"] == key
    assert submit(api, device, "echo", unique_key=key) == first
    assert submit(api, device, "echo", unique_key=key, unique_conflict="answer") == first
    problem = is_problem(api.post("/api/v1/jobs", order(device, unique_key=key, unique_conflict="refuse")), 409)
    assert problem["field"] == "unique_key" and first in problem["detail"]
    assert submit(api, device, "echo", unique_key=unique("other")) != first
    api.post(f"/api/v1/jobs/{first}/cancel")
    assert ended(api, first)["status"] == "cancelled"
    second = submit(api, device, "echo", unique_key=key)
    assert second != first and ended(api, second)["status"] == "completed"


def test_keys_are_a_tenants_own(api, device, foreign):
    key = unique("shared")
    mine = submit(api, device, "sleep", {"ms": 600000}, unique_key=key)
    theirs = submit(foreign.api(), make_device(foreign.api()), "echo", unique_key=key)
    assert theirs != mine and ended(foreign.api(), theirs)["status"] == "completed"
    api.post(f"/api/v1/jobs/{mine}/cancel")


def test_an_idempotency_key_stands_for_the_job_that_had_the_unique_key(api, device):
    key = unique("both")
    first = submit(api, device, "sleep", {"ms": 600000}, unique_key=key)
    assert submit(api, device, "echo", unique_key=key, key=key) == first
    api.post(f"/api/v1/jobs/{first}/cancel")
    ended(api, first)
    assert submit(api, device, "echo", unique_key=key, key=key) == first


# ---- requeueing ----

def requeue(api, job, **body):
    return api.post(f"/api/v1/jobs/{job}/requeue", body)


def test_a_dead_job_is_done_again_once(stack, tenant, api, device):
    dead = submit(api, device, "fail", {"code": "busy", "retryable": True}, max_attempts=2, retry_ms=10, priority=3, timeout_ms=4321)
    assert ended(api, dead)["status"] == "dead"
    assert dead in [item["id"] for item in api.get("/api/v1/jobs?status=dead&limit=1000").json()["items"]]
    answer = requeue(api, dead)
    assert answer.status == 202 and answer.headers["location"].endswith(answer.json()["job_id"])
    again = ended(api, answer.json()["job_id"])
    assert again["requeued_from"] == dead and again["id"] != dead
    for name in ("device_id", "protocol", "operation", "params", "priority", "timeout_ms", "max_attempts"):
        assert again[name] == get(api, dead)[name], name
    assert again["id"] in is_problem(requeue(api, dead), 409)["detail"]
    rows = ask(stack.env, "SELECT action, detail->>'requeued_from' FROM drm.audit_logs WHERE object_id = %s AND tenant_id = %s",
               (again["id"], tenant.id))
    assert rows == [("job.requeue", dead)]
    assert requeue(api, again["id"]).status == 202


def test_what_may_have_been_done_is_done_again_only_on_purpose(stack, tenant, api, device):
    job = str(uuid.uuid4())
    with admin(stack.env) as cursor:
        cursor.execute("INSERT INTO drm.job_results (tenant_id, id, device_id, lane, protocol, operation, params, status, priority, timeout_ms,"
                       " max_attempts, attempt, created_at, finished_at) VALUES (%s, %s, %s, 'default', 'fake', 'write', '{\"value\": 1}',"
                       " 'uncertain', 5, 1000, 1, 1, now(), now())", (tenant.id, job, device))
    assert is_problem(requeue(api, job), 409)["field"] == "acknowledge_uncertain"
    assert is_problem(requeue(api, job, acknowledge_uncertain="yes"), 400)["field"] == "acknowledge_uncertain"
    assert is_problem(requeue(api, job, surprise=True), 400)["field"] == "surprise"
    viewer = tenant.api(tenant.user("viewer"))
    is_problem(requeue(viewer, job, acknowledge_uncertain=True), 403)
    answer = requeue(api, job, acknowledge_uncertain=True)
    assert answer.status == 202
    assert ended(api, answer.json()["job_id"])["result"] == {"written": 1}


def test_what_is_not_requeued(api, device, foreign):
    done = submit(api, device, "echo")
    ended(api, done)
    assert "completed" in is_problem(requeue(api, done), 409)["detail"]
    waits = submit(api, device, "echo", run_at=at(600))
    assert "waiting" in is_problem(requeue(api, waits), 409)["detail"]
    api.post(f"/api/v1/jobs/{waits}/cancel")
    is_problem(requeue(foreign.api(), waits), 404)
    is_problem(requeue(api, str(uuid.uuid4())), 404)
    is_problem(requeue(api, "x"), 404)


# ---- cancelling ----

def test_cancelling_in_every_state(stack, tenant, api, device):
    """One that waits for its time, one that waits to be repeated, one that is held for ever, one that runs."""
    later = submit(api, device, "echo", run_at=at(600))
    repeats = submit(api, device, "fail", {"code": "busy", "retryable": True}, max_attempts=9, retry_ms=600000)
    held = submit(api, device, "echo", run_at=at(600))
    with admin(stack.env) as cursor:
        cursor.execute("UPDATE drm.jobs SET run_at = 'infinity' WHERE id = %s", (held,))
    runs = submit(api, device, "sleep", {"ms": 600000})
    has_status(api, runs, "running")
    wait_until(lambda: get(api, repeats)["status"] == "waiting" and get(api, repeats)["attempt"] == 1, 10)
    for job in (later, repeats, held):
        answer = api.post(f"/api/v1/jobs/{job}/cancel")
        assert answer.status == 200 and answer.json()["status"] == "cancelled", answer
    api.post(f"/api/v1/jobs/{runs}/cancel")
    assert ended(api, runs)["status"] == "cancelled"


def test_a_running_job_is_cancelled_without_a_hint(stack, api, device):
    """Redis told nothing: the worker looks by itself."""
    runs = submit(api, device, "sleep", {"ms": 600000})
    has_status(api, runs, "running")
    with admin(stack.env) as cursor:
        cursor.execute("UPDATE drm.jobs SET cancel_requested = true WHERE id = %s", (runs,))
    assert ended(api, runs)["status"] == "cancelled"


# ---- progress ----

def test_progress_is_kept_with_the_job(api, device):
    job = submit(api, device, "progress", {"ms": 8000, "steps": 80})
    seen = []

    def look():
        found = get(api, job)
        if found["progress"] is not None and found["progress"] not in seen:
            seen.append(found["progress"])
        return found["status"] == "completed"
    wait_until(look, 30, 0.1)
    assert len(seen) >= 2 and seen == sorted(seen) and seen[-1] < 100
    assert get(api, job)["progress"] is None
