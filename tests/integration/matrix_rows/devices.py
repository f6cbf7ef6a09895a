"""Devices and their credentials."""
from matrix_rows.row import Kind, Row, posted, unique


def device_body(person):
    return {"name": unique("device"), "tags": [unique("tag"), *person.tags], "profiles": [{"protocol": "fake"}]}


def snmp_device_body(person):
    credential = person.object("snmp_credential")["id"]
    return {**device_body(person), "profiles": [{"protocol": "snmp", "address": "192.0.2.7", "credential_id": credential}]}


def credential_body(_person):
    return {"name": unique("credential"), "community": unique("community")}


KINDS = {
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

    "GET /api/v1/snmp-credentials": [Row(lists="snmp_credential", filters={"name": "name"})],
    "POST /api/v1/snmp-credentials": [Row(body=credential_body)],
    "GET /api/v1/snmp-credentials/{id}": [Row("snmp_credential")],
    "PATCH /api/v1/snmp-credentials/{id}": [Row("snmp_credential", body=lambda _: {"community": unique("community")})],
    "DELETE /api/v1/snmp-credentials/{id}": [Row("snmp_credential", spends=True)],
}
