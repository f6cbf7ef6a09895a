"""Schedules."""
from matrix_rows.row import Kind, Row, posted, unique

PATH = "/api/v1/schedules"


def daily(operation, **params):
    return lambda person: {"name": unique("schedule"), "cron": "@daily", "batch": {
        "device_ids": [person.object("device")["id"]], "protocol": "fake", "operation": operation, "params": params}}


def give(person, thing):
    """Who holds a permission on some devices only sees the schedules of its own making."""
    from job_support import ask

    user = person.get("/api/v1/auth/whoami")["user_id"]
    ask(person.world.env, "UPDATE drm.schedules SET created_by = %s, runs_as = %s WHERE id = %s", (user, user, thing["id"]))


KINDS = {"schedule": Kind(posted(PATH, daily("sleep", ms=1)), given=give)}

ROWS = {
    "GET /api/v1/schedules": [Row(lists="schedule", filters={"name": "name", "enabled": "=true"})],
    "POST /api/v1/schedules": [Row(body=daily("sleep", ms=1), refs={"batch.device_ids.0": "device"}),
                               Row(body=daily("write", value=1), refs={"batch.device_ids.0": "device"}, needs="job:submit:write")],
    "GET /api/v1/schedules/{id}": [Row("schedule")],
    "PATCH /api/v1/schedules/{id}": [Row("schedule", body=lambda _: {"cron": "@weekly"})],
    "DELETE /api/v1/schedules/{id}": [Row("schedule", spends=True)],
    "POST /api/v1/schedules/{id}/enable": [Row("schedule")],
    "POST /api/v1/schedules/{id}/disable": [Row("schedule", spends=True)],
    "POST /api/v1/schedules/{id}/run": [Row("schedule", spends=True)],
    "GET /api/v1/schedules/{id}/next": [Row("schedule")],
}
