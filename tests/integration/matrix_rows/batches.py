"""Batches."""
from matrix_rows.row import Kind, Row, posted

PATH = "/api/v1/batches"


def many(operation, **params):
    return lambda person: {"device_ids": [person.object("device")["id"]], "protocol": "fake", "operation": operation, "params": params}


def batch(person):
    """Of two devices: its jobs are more than one page."""
    def two(person):
        return {**many("sleep", ms=1)(person), "device_ids": [person.object("device")["id"], person.make("device")["id"]]}
    return posted(PATH, two, 202)(person)


def give(person, thing):
    """Who holds a permission on some devices only sees the batches of its own making."""
    from job_support import ask

    ask(person.world.env, "UPDATE drm.batches SET created_by = %s WHERE id = %s",
        (person.get("/api/v1/auth/whoami")["user_id"], thing["id"]))


def paused(person):
    made = batch(person)
    assert person.call("POST", f"{PATH}/{made['id']}/pause").status == 200
    return made


def job_of_batch(person):
    made = person.object("batch")
    return person.get(f"{PATH}/{made['id']}/jobs")["items"][0]


def failed(person):
    """One that has ended, with something to repeat. No worker is there: the database's superuser plays it."""
    from job_support import ask

    made = batch(person)
    assert person.call("POST", f"{PATH}/{made['id']}/cancel").status == 200
    ask(person.world.env, "UPDATE drm.job_results SET status = 'failed' WHERE batch_id = %s", (made["id"],))
    ask(person.world.env, "UPDATE drm.batches SET status = 'completed', finished_at = now() WHERE id = %s", (made["id"],))
    return made


KINDS = {"batch": Kind(batch, given=give), "paused_batch": Kind(paused, given=give), "failed_batch": Kind(failed, given=give),
         "batch_job": Kind(job_of_batch)}

ROWS = {
    "GET /api/v1/batches": [Row(lists="batch", filters={"protocol": "=fake", "operation": "=sleep", "status": "=running"})],
    "POST /api/v1/batches": [Row(body=many("sleep", ms=1), refs={"device_ids.0": "device"}),
                             Row(body=many("write", value=1), refs={"device_ids.0": "device"}, needs="job:submit:write")],
    "GET /api/v1/batches/{id}": [Row("batch")],
    "GET /api/v1/batches/{id}/jobs": [Row("batch", lists="batch_job", filters={"device_id": "device_id", "protocol": "=fake",
                                                             "operation": "=sleep", "status": "=queued"})],
    "GET /api/v1/batches/{id}/results": [Row("batch")],
    "POST /api/v1/batches/{id}/cancel": [Row("batch", spends=True)],
    "POST /api/v1/batches/{id}/pause": [Row("batch", spends=True)],
    "POST /api/v1/batches/{id}/resume": [Row("paused_batch", spends=True)],
    "POST /api/v1/batches/{id}/retry": [Row("failed_batch", body=lambda _: {"acknowledge_uncertain": True})],
}
