"""Events of devices, and the stream of all events."""
from matrix_rows.row import Kind, Row


def event(person):
    """Devices make them, no call does: one of the person's device, put where the trap listener puts them."""
    device = person.object("device")["id"]
    made, = person.world.sql("INSERT INTO drm.device_events (tenant_id, id, device_id, kind) SELECT tenant_id, sec.uuid_v7(), id, 'snmp.trap'"
                             " FROM drm.devices WHERE id = %s RETURNING id::text", device)
    return {"id": made[0], "device_id": device, "kind": "snmp.trap"}


KINDS = {"event": Kind(event, on_devices=True)}

ROWS = {
    "GET /api/v1/events": [Row(lists="event", filters={"since": "=2026-01-01", "until": "=2999-01-01", "device_id": "device_id",
                                                       "kind": "=snmp.trap"})],
    "GET /api/v1/events/stream": [Row()],
}
