"""Devices and their credentials."""
from matrix_rows.row import Kind, Row, posted, unique


def device_body(person):
    return {"name": unique("device"), "tags": [unique("tag"), *person.tags], "profiles": [{"protocol": "fake"}]}


def snmp_device_body(person):
    credential = person.object("snmp_credential")["id"]
    return {**device_body(person), "profiles": [{"protocol": "snmp", "address": "192.0.2.7", "credential_id": credential}]}


def credential_body(_person):
    return {"name": unique("credential"), "community": unique("community")}


def parameter(person):
    """Workers make them, no call does: one of the person's device, put where the worker puts them."""
    device, path, value = person.object("device")["id"], unique("Device.X"), unique("value")
    person.world.sql("INSERT INTO drm.device_parameters (tenant_id, device_id, path, value, type, read_at) SELECT tenant_id, id, %s, %s, 'OCTET STRING',"
                     " now() FROM drm.devices WHERE id = %s ON CONFLICT (tenant_id, device_id, path) DO UPDATE SET value = EXCLUDED.value RETURNING 1",
                     path, value, device)
    return {"id": f"{device}/{path}", "device_id": device, "path": path, "value": value}


PARAMETER_FILTERS = {"device_id": "device_id", "path": "path", "value": "value", "search": "value", "since": "=2026-01-01", "until": "=2999-01-01"}

KINDS = {
    "parameter": Kind(parameter, on_devices=True),
    "device": Kind(posted("/api/v1/devices", device_body), names=("id", "name"), on_devices=True),
    "snmp_credential": Kind(posted("/api/v1/snmp-credentials", credential_body)),
}

ROWS = {
    "GET /api/v1/devices": [Row(lists="device", filters={"name": "name", "tags": "tags.0", "protocols": "=fake"})],
    "POST /api/v1/devices": [Row(body=device_body), Row(body=snmp_device_body, refs={"profiles.0.credential_id": "snmp_credential"})],
    "GET /api/v1/devices/{id}": [Row("device", names=("id", "name"))],
    "PATCH /api/v1/devices/{id}": [
        Row("device", body=lambda _: {"description": unique("text")}),
        Row("device", body=lambda p: {"profiles": snmp_device_body(p)["profiles"]}, refs={"profiles.0.credential_id": "snmp_credential"},
            spends=True)],
    "DELETE /api/v1/devices/{id}": [Row("device", spends=True)],

    "GET /api/v1/devices/{id}/parameters": [Row("device", lists="parameter", filters=PARAMETER_FILTERS)],
    "GET /api/v1/parameters": [Row(lists="parameter", filters=PARAMETER_FILTERS)],

    "GET /api/v1/snmp-credentials": [Row(lists="snmp_credential", filters={"name": "name"})],
    "POST /api/v1/snmp-credentials": [Row(body=credential_body)],
    "GET /api/v1/snmp-credentials/{id}": [Row("snmp_credential")],
    "PATCH /api/v1/snmp-credentials/{id}": [Row("snmp_credential", body=lambda _: {"community": unique("community")})],
    "DELETE /api/v1/snmp-credentials/{id}": [Row("snmp_credential", spends=True)],
}
