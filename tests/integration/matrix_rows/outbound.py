"""Outbound rules: a tenant reads its own, the platform's administrators make them."""
import secrets

from matrix_rows.row import Kind, Row, posted, unique


def rule_body(_person):
    return {"cidr": f"fd{secrets.token_hex(1)}:{secrets.token_hex(2)}:{secrets.token_hex(2)}::/48", "note": unique("note")}


def rule_of(tenant):
    """A rule for a tenant, made by the platform's administrator."""
    return lambda person: posted(f"/api/v1/tenants/{tenant(person)}/outbound-rules", rule_body)(person.world.platform.administrator)


KINDS = {
    "outbound_rule": Kind(rule_of(lambda person: person.tenant.id), names=("id", "note")),
    "tenants_outbound_rule": Kind(rule_of(lambda person: person.object("tenant")["id"]), platform=True),
}

OF_TENANT = {"tenant": "tenant"}

ROWS = {
    "GET /api/v1/outbound-rules": [Row(lists="outbound_rule")],
    "GET /api/v1/tenants/{tenant}/outbound-rules": [Row(lists="tenants_outbound_rule", beside=OF_TENANT)],
    "POST /api/v1/tenants/{tenant}/outbound-rules": [Row(body=rule_body, beside=OF_TENANT)],
    "DELETE /api/v1/tenants/{tenant}/outbound-rules/{id}": [Row("tenants_outbound_rule", beside=OF_TENANT, spends=True)],
}
