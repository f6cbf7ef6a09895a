"""Tenants, as the platform's administrators manage them."""
from matrix_rows.row import Kind, Row, posted, unique


def tenant_body(person):
    return {"name": unique("tenant"), "email": unique("administrator") + "@example.net", "password": person.tenant.password}


KINDS = {
    "tenant": Kind(posted("/api/v1/tenants", tenant_body), names=("id", "name"), platform=True),
}

ROWS = {
    "POST /api/v1/auth/register": [Row(public="makes a tenant where that is switched on, and reads none: test_tenants.py")],
    "GET /api/v1/tenants": [Row(lists="tenant", filters={"name": "name", "status": "=active"})],
    "POST /api/v1/tenants": [Row(body=tenant_body)],
    "GET /api/v1/tenants/{id}": [Row("tenant", names=("id", "name"))],
    "PATCH /api/v1/tenants/{id}": [Row("tenant", body=lambda _: {"status": "active"})],
    "DELETE /api/v1/tenants/{id}": [Row("tenant", spends=True)],
}
