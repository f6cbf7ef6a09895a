"""Jobs and their events."""
import datetime

from matrix_rows.row import Kind, Row, posted


def order(operation, **params):
    return lambda person: {"device_id": person.object("device")["id"], "protocol": "fake", "operation": operation, "params": params}


def enqueue(person):
    return {"device_id": person.object("device")["id"], "params": {"ms": 1}}


def job(person):
    return person.get("/api/v1/jobs/" + posted("/api/v1/jobs", order("sleep", ms=1), 202)(person)["job_id"])


def cancelled(person):
    """One that nobody began: it waits for tomorrow."""
    tomorrow = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)).isoformat()
    made = posted("/api/v1/jobs", lambda p: {**order("sleep", ms=1)(p), "run_at": tomorrow}, 202)(person)
    answer = person.post(f"/api/v1/jobs/{made['job_id']}/cancel", None)
    assert answer.status == 200 and answer.json()["status"] == "cancelled", answer
    return answer.json()


KINDS = {"job": Kind(job, on_devices=True), "cancelled job": Kind(cancelled, on_devices=True)}

ROWS = {
    "GET /api/v1/jobs": [Row(lists="job", filters={"device_id": "device_id", "protocol": "=fake", "operation": "=sleep",
                                                   "status": "=queued"})],
    "POST /api/v1/jobs": [Row(body=order("sleep", ms=1), refs={"device_id": "device"}),
                          Row(body=order("write", value=1), refs={"device_id": "device"}, needs="job:submit:write")],
    "POST /api/v1/jobs/enqueue/{protocol}/{operation}": [
        Row(path={"protocol": "fake", "operation": "sleep"}, body=enqueue, refs={"device_id": "device"})],
    "GET /api/v1/jobs/{id}": [Row("job")],
    "POST /api/v1/jobs/{id}/cancel": [Row("job", spends=True)],
    "POST /api/v1/jobs/{id}/requeue": [Row("cancelled job", body=lambda person: {}, spends=True)],
    "GET /api/v1/jobs/{id}/events": [Row("job")],
    "GET /jobs/events/{id}": [Row("job")],
}
