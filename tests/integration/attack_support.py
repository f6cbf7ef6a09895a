"""What test_rls_attack.py and test_rls_catalog.py share: two tenants with rows in every table, seals made by hand, and how an
attack is seen to fail. Tenants and keys are made by SQL as the superuser, whom row-level security does not bind."""
import base64
import contextlib
import hashlib
import hmac
import pathlib
import secrets
import time
import uuid

import psycopg2
import psycopg2.extensions
import pytest

DENIED, NO_AUTH, UNIQUE, NO_PARENT, CHECK = "42501", "DR401", "23505", "23503", "23514"

SEED = """
INSERT INTO drm.tenants (tenant_id, name) VALUES (%(tenant)s, %(word)s);
INSERT INTO drm.tenant_keys (tenant_id, version, wrapped) VALUES (%(tenant)s, 1, %(blob)s);
INSERT INTO drm.users (tenant_id, id, email, role) VALUES (%(tenant)s, %(user)s, %(word)s || '@example.net', 'operator');
INSERT INTO drm.rbac_roles (tenant_id, id, name) VALUES (%(tenant)s, %(role)s, %(word)s);
INSERT INTO drm.user_roles (tenant_id, id, user_id, role_id) VALUES (%(tenant)s, gen_random_uuid(), %(user)s, %(role)s);
INSERT INTO drm.api_keys (tenant_id, id, user_id, label, prefix, key_hash)
    VALUES (%(tenant)s, %(key_id)s, %(user)s, %(word)s, left(%(key)s, 12), sha256(convert_to(%(key)s, 'UTF8')));
INSERT INTO drm.refresh_tokens (tenant_id, id, family_id, user_id, token_hash, expires_at)
    VALUES (%(tenant)s, gen_random_uuid(), gen_random_uuid(), %(user)s, sha256('token'), now() + interval '1 day');
INSERT INTO drm.user_invitations (tenant_id, user_id, token_hash, expires_at)
    VALUES (%(tenant)s, %(user)s, sha256('invitation'), now() + interval '1 day');
INSERT INTO drm.revoked_families (tenant_id, user_id, family_id, until) VALUES (%(tenant)s, %(user)s, gen_random_uuid(), now());
INSERT INTO drm.user_totp (tenant_id, id, user_id, seed, confirmed_at) VALUES (%(tenant)s, gen_random_uuid(), %(user)s, %(blob)s, now());
INSERT INTO drm.recovery_codes (tenant_id, user_id, code_hash) VALUES (%(tenant)s, %(user)s, sha256('code'));
INSERT INTO drm.outbound_rules (tenant_id, id, cidr, note) VALUES (%(tenant)s, gen_random_uuid(), '10.0.0.0/8', %(word)s);
INSERT INTO drm.oidc_providers (tenant_id, id, name, issuer, client_id, client_secret, redirect_uri)
    VALUES (%(tenant)s, %(provider)s, %(word)s, 'https://' || %(word)s, %(word)s, %(blob)s, 'https://x');
INSERT INTO drm.user_subjects (tenant_id, issuer, sub, user_id) VALUES (%(tenant)s, 'https://' || %(word)s, %(word)s, %(user)s);
INSERT INTO drm.oidc_logins (tenant_id, id, provider_id, state_hash, binding_hash, nonce, verifier, redirect_uri, loopback, expires_at)
    VALUES (%(tenant)s, gen_random_uuid(), %(provider)s, sha256(convert_to(%(word)s, 'UTF8')), sha256('binding'), 'n', %(blob)s, 'https://x',
            false, now() + interval '1 day');
INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action) VALUES (%(tenant)s, gen_random_uuid(), %(user)s, %(word)s);
INSERT INTO drm.devices (tenant_id, id, name, tags)
    SELECT %(tenant)s, CASE WHEN i = 0 THEN %(device)s::uuid ELSE gen_random_uuid() END, %(word)s || '-' || i, ARRAY[%(word)s]
    FROM generate_series(0, 299) AS i;
INSERT INTO drm.snmp_credentials (tenant_id, id, name, community) VALUES (%(tenant)s, %(credential)s, %(word)s, %(blob)s);
INSERT INTO drm.device_protocol_profiles (tenant_id, device_id, protocol, address, snmp_credential_id)
    VALUES (%(tenant)s, %(device)s, 'snmp', %(word)s, %(credential)s);
INSERT INTO drm.webpa_endpoints (tenant_id, device_id, gateway_url, webpa_id) VALUES (%(tenant)s, %(device)s, %(word)s, %(word)s);
INSERT INTO drm.tr069_endpoints (tenant_id, device_id, oui, serial_number) VALUES (%(tenant)s, %(device)s, %(word)s, %(word)s);
INSERT INTO drm.usp_endpoints (tenant_id, device_id, endpoint_id, mtp) VALUES (%(tenant)s, %(device)s, %(word)s, 'mqtt');
INSERT INTO drm.device_parameters (tenant_id, device_id, path, value, type, read_at)
    VALUES (%(tenant)s, %(device)s, 'Device.X', %(word)s, 'string', now());
INSERT INTO drm.device_events (tenant_id, id, device_id, kind) VALUES (%(tenant)s, gen_random_uuid(), %(device)s, 'boot');
INSERT INTO drm.config_templates (tenant_id, id, name, body) VALUES (%(tenant)s, %(template)s, %(word)s, '{}');
INSERT INTO drm.device_config_versions (tenant_id, device_id, version, template_id, body)
    VALUES (%(tenant)s, %(device)s, 1, %(template)s, '{}');
INSERT INTO drm.batches (tenant_id, id, protocol, operation) VALUES (%(tenant)s, %(batch)s, 'fake', 'echo');
INSERT INTO drm.batch_tallies (tenant_id, batch_id, worker_id, completed) VALUES (%(tenant)s, %(batch)s, gen_random_uuid(), 1);
INSERT INTO drm.schedules (tenant_id, id, name, spec, cron) VALUES (%(tenant)s, gen_random_uuid(), %(word)s, '{}', '@daily');
INSERT INTO drm.jobs (tenant_id, id, device_id, batch_id, lane, protocol, operation, idempotent, exclusive, timeout_ms)
    VALUES (%(tenant)s, %(job)s, %(device)s, %(batch)s, %(word)s, 'fake', 'echo', true, false, 1000);
INSERT INTO drm.job_results (tenant_id, id, device_id, lane, protocol, operation, params, status, priority, timeout_ms,
                             max_attempts, attempt, created_at, finished_at)
    VALUES (%(tenant)s, gen_random_uuid(), %(device)s, %(word)s, 'fake', 'echo', '{}', 'completed', 5, 1000, 1, 1, now(), now());
INSERT INTO drm.idempotency_keys (tenant_id, key, request_hash, job_id) VALUES (%(tenant)s, %(word)s, sha256('x'), %(job)s);
INSERT INTO drm.quota_usage (tenant_id, quota, at_most) VALUES (%(tenant)s, 'devices', 5);
INSERT INTO drm.mib_modules (tenant_id, id, name) VALUES (%(tenant)s, %(module)s, %(word)s);
INSERT INTO drm.mib_oids (tenant_id, id, module_id, name, oid, kind)
    VALUES (%(tenant)s, gen_random_uuid(), %(module)s, %(word)s, '1.3', 'node');
INSERT INTO drm.tr181_parameters (tenant_id, id, model, path, kind) VALUES (%(tenant)s, gen_random_uuid(), 'x', %(word)s, 'object');
"""


class Tenant:
    def __init__(self):
        self.word = "t" + secrets.token_hex(5)
        self.key_id = uuid.uuid4()
        secret = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        self.key = f"drm_{self.key_id.hex}_{secret}"
        for name in ("tenant", "user", "role", "device", "credential", "template", "batch", "job", "module", "provider"):
            setattr(self, name, str(uuid.uuid4()))

    def seed(self, admin):
        values = {**vars(self), "key_id": str(self.key_id), "blob": b"\1" + secrets.token_bytes(60)}
        admin.cursor().execute(SEED, values)
        admin.commit()


class Siege:
    """The database under attack: tenants a (the victim) and b (whose API key the attacker has)."""

    def __init__(self, database):
        self.database = database
        self.admin = database.admin()
        self.admin.autocommit = False
        self.a, self.b = Tenant(), Tenant()
        self.a.seed(self.admin)
        self.b.seed(self.admin)
        self.seal_key = self._seal_keys()[1]
        self.link()
        self.admin.cursor().execute("ANALYZE")
        self.admin.commit()
        self.tables = [row[0] for row in self.ask(
            "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE a.attname = 'tenant_id'"
            " AND c.relnamespace = 'drm'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1")]
        self.partitions = [row[0] for row in self.ask(
            "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'drm'::regnamespace AND relispartition AND relkind = 'r'")]

    def link(self):
        """Links audit rows to their chains, as the programs do."""
        cursor, linked = self.admin.cursor(), 1
        while linked > 0:
            cursor.execute("SELECT sec.enter_system(%s)", (self.system_seal(self.admin, "audit"),))
            cursor.execute("SELECT sched.audit_link(1000)")
            linked = cursor.fetchone()[0]
            self.admin.commit()

    def _seal_keys(self):
        lines = pathlib.Path(self.database.env["DRM_KEYRING"]).read_text().splitlines()
        return {int(n): bytes.fromhex(h) for kind, n, h, *_ in (x.split() for x in lines if x and x[0] != "#") if kind == "seal"}

    def ask(self, sql, args=None):
        """As the superuser, in a transaction that is rolled back."""
        cursor = self.admin.cursor()
        try:
            cursor.execute(sql, args)
            return cursor.fetchall() if cursor.description else None
        finally:
            self.admin.rollback()

    def seal(self, connection, tenant, user=None, seconds=60, key=None, number=1, pid=None):
        text = f"{tenant}.{user or '-'}.{pid or connection.info.backend_pid}.{int(time.time()) + seconds}.{number}"
        return text + "." + hmac.new(key or self.seal_key, text.encode(), hashlib.sha256).hexdigest()

    def seal_of(self, connection, tenant, **more):
        return self.seal(connection, tenant.tenant, tenant.user, **more)

    def system_seal(self, connection, purpose):
        return self.seal(connection, "-", purpose)


@pytest.fixture(scope="module")
def siege(database):
    besieged = Siege(database)
    yield besieged
    besieged.admin.close()


@pytest.fixture
def attacker(siege):
    """A connection as drm_app; every statement in a transaction of its own choosing."""
    connection = siege.database.app()
    connection.autocommit = False
    yield connection
    connection.close()


def run(connection, sql, args=None):
    cursor = connection.cursor()
    cursor.execute(sql, args)
    return cursor.fetchall() if cursor.description else cursor.rowcount


def refused(connection, state, sql, args=None, says=None):
    """The statement fails with this SQLSTATE (and these words); the transaction is given up."""
    with pytest.raises(psycopg2.Error) as caught:
        run(connection, sql, args)
    connection.rollback()
    assert caught.value.pgcode == state, f"{sql}: {caught.value.pgcode} {caught.value}"
    if says:
        assert says in str(caught.value), str(caught.value)
    return caught.value


def use_seal(connection, seal, local=True):
    run(connection, "SELECT set_config('drm.seal', %s, %s)", (seal, local))


@contextlib.contextmanager
def context(siege, connection, tenant):
    """A transaction of the tenant's, as the library opens it; rolled back."""
    connection.rollback()
    run(connection, "SELECT sec.enter(%s, 0)", (siege.seal_of(connection, tenant),))
    try:
        yield connection
    finally:
        connection.rollback()


def tenants_seen(connection, table="drm.devices"):
    """Whose rows show."""
    return {row[0] for row in run(connection, f"SELECT DISTINCT tenant_id::text FROM {table} WHERE tenant_id IS NOT NULL")}
