"""Where jobs may connect to: rules of tenants, which the platform's administrators make."""
import secrets
import uuid

from matrix_rows.row import Kind, Row, unique


def block():
    return "10.{}.{}.{}/30".format(secrets.randbelow(256), secrets.randbelow(256), 4 * secrets.randbelow(64))


def add_rule(world, tenant):
    made = {"id": str(uuid.uuid4())}
    world.sql("INSERT INTO drm.outbound_rules (tenant_id, id, cidr) VALUES (%s, %s, %s)", tenant, made["id"], block())
    return made


def ruled_tenant(person):
    """A tenant that nobody logs in to."""
    made = {"id": str(uuid.uuid4())}
    person.world.sql("INSERT INTO drm.tenants (tenant_id, name) VALUES (%s, %s)", made["id"], unique("ruled"))
    return made


KINDS = {
    "outbound_rule": Kind(lambda person: add_rule(person.world, person.tenant.id)),
    "ruled_tenant": Kind(ruled_tenant, platform=True),
    "rule_of_tenant": Kind(lambda person: add_rule(person.world, person.object("ruled_tenant")["id"]), platform=True),
}

OF_TENANT = {"tenant": "ruled_tenant"}

ROWS = {
    "GET /api/v1/outbound-rules": [Row(lists="outbound_rule")],
    "GET /api/v1/tenants/{tenant}/outbound-rules": [Row(lists="rule_of_tenant", beside=OF_TENANT)],
    "POST /api/v1/tenants/{tenant}/outbound-rules": [Row(body=lambda _: {"cidr": block()}, beside=OF_TENANT)],
    "DELETE /api/v1/tenants/{tenant}/outbound-rules/{id}": [Row("rule_of_tenant", spends=True, beside=OF_TENANT)],
}
