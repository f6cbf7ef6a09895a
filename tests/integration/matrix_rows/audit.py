"""The audit trail."""
from matrix_rows.row import Kind, Row, posted, unique


def of_a_device(person):
    """The row about a device made now; read by the administrator, who may."""
    made = posted("/api/v1/devices", lambda _: {"name": unique("device"), "profiles": []})(person)
    return person.get("/api/v1/audit-logs?object_id=" + made["id"])["items"][0]


KINDS = {"audit_log": Kind(of_a_device, names=("id", "object_id", "actor_id"))}

ROWS = {
    "GET /api/v1/audit-logs": [Row(lists="audit_log", filters={
        "since": "=2026-01-01", "until": "=2999-01-01", "actor_id": "actor_id", "action": "=device.create", "object_type": "=device",
        "object_id": "object_id", "request_id": "request_id"})],
    "GET /api/v1/audit-logs/export": [Row()],
    "GET /api/v1/audit-logs/verify": [Row()],
}
