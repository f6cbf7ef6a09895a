"""Jobs and their events."""
from matrix_rows.row import Kind, Row, posted


def order(operation, **params):
    return lambda person: {"device_id": person.object("device")["id"], "protocol": "fake", "operation": operation, "params": params}


def enqueue(person):
    return {"device_id": person.object("device")["id"], "params": {"ms": 1}}


def job(person):
    return person.get("/api/v1/jobs/" + posted("/api/v1/jobs", order("sleep", ms=1), 202)(person)["job_id"])


KINDS = {"job": Kind(job, on_devices=True)}

ROWS = {
    "GET /api/v1/jobs": [Row(lists="job", filters={"device_id": "device_id", "protocol": "=fake", "operation": "=sleep",
                                                   "status": "=queued"})],
    "POST /api/v1/jobs": [Row(body=order("sleep", ms=1), refs={"device_id": "device"}),
                          Row(body=order("write", value=1), refs={"device_id": "device"}, needs="job:submit:write")],
    "POST /api/v1/jobs/enqueue/{protocol}/{operation}": [
        Row(path={"protocol": "fake", "operation": "sleep"}, body=enqueue, refs={"device_id": "device"})],
    "GET /api/v1/jobs/{id}": [Row("job")],
    "POST /api/v1/jobs/{id}/cancel": [Row("job", spends=True)],
    "GET /api/v1/jobs/{id}/events": [Row("job")],
    "GET /jobs/events/{id}": [Row("job")],
}
