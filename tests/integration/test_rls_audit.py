"""The audit trail, attacked by one who holds the drm_app log-in, any SQL, and a seal of tenant b: it is added to, truthfully, and nothing
else. As test_rls_attack.py, each with a control."""
import uuid

import pytest
from attack_support import DENIED, attacker, context, refused, run, siege  # noqa: F401

POLICY = "row-level security policy"
AUDIT = "INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action{0}) VALUES (%s, gen_random_uuid(), %s, 'x'{1})"


def test_an_audit_row_tells_its_own_writer_and_time(siege, attacker):
    """Of the sealed tenant and actor, as of now, as part of this transaction; none of it can be chosen."""
    with context(siege, attacker, siege.b):
        run(attacker, AUDIT.format("", ""), (siege.b.tenant, siege.b.user))
        assert run(attacker, "SELECT xid = pg_current_xact_id(), at > now() - interval '1 minute' FROM drm.audit_logs WHERE action = 'x'") \
            == [(True, True)]
    for tenant, actor in ((siege.b.tenant, siege.a.user), (siege.b.tenant, str(uuid.uuid4())), (siege.b.tenant, None),
                          (siege.a.tenant, siege.b.user), (siege.a.tenant, siege.a.user)):
        with context(siege, attacker, siege.b):
            refused(attacker, DENIED, AUDIT.format("", ""), (tenant, actor), says=POLICY)
    for column, value in (("xid", "'1'"), ("at", "now()"), ("at", "'2020-01-01'")):
        with context(siege, attacker, siege.b):
            refused(attacker, DENIED, AUDIT.format(", " + column, ", " + value), (siege.b.tenant, siege.b.user), says="permission denied")


@pytest.mark.parametrize("sql", [
    "UPDATE drm.audit_logs SET action = 'x'", "UPDATE drm.audit_logs SET xid = '1'", "DELETE FROM drm.audit_logs",
    "TRUNCATE drm.audit_logs", "SELECT 1 FROM drm.audit_logs FOR UPDATE", "UPDATE drm.audit_chain SET hash = sha256('x')",
    "DELETE FROM drm.audit_chain", "TRUNCATE drm.audit_chain", "SELECT * FROM sec.audit_heads", "UPDATE sec.audit_state SET xid = '0'",
    "DELETE FROM sec.audit_refusals", "LOCK TABLE drm.audit_logs IN EXCLUSIVE MODE",
    "INSERT INTO drm.audit_chain (tenant_id, seq, at, size, ids, row_hashes, prev_hash, hash) SELECT tenant_id, seq + 1, at, size, ids,"
    " row_hashes, hash, hash FROM drm.audit_chain",
    "ALTER TABLE drm.audit_logs ALTER COLUMN xid DROP DEFAULT", "DROP POLICY tenant_insert ON drm.audit_logs",
    "CREATE RULE r AS ON INSERT TO drm.audit_logs DO INSTEAD NOTHING"])
def test_the_audit_trail_is_only_added_to(siege, attacker, sql):
    with context(siege, attacker, siege.b):
        assert run(attacker, "SELECT count(*) > 0 FROM drm.audit_logs") == run(attacker, "SELECT count(*) > 0 FROM drm.audit_chain") == [(True,)]
        refused(attacker, DENIED, sql)


@pytest.mark.parametrize("call", [
    "sec.audit_tenant(NULL)", "sec.audit_settle()", "sec.audit_admits(gen_random_uuid(), gen_random_uuid(), 'x')",
    "sec.audit_count(gen_random_uuid(), gen_random_uuid(), 'x', now(), 100)", "sec.audit_forget(gen_random_uuid(), 1)",
    "sec.audit_rebase()", "sec.audit_shift_rows(1)"])
def test_what_keeps_the_audit_trail_cannot_be_called(siege, attacker, call):
    with context(siege, attacker, siege.b):
        refused(attacker, DENIED, f"SELECT {call}", says="permission denied for function")


def test_the_chain_is_linked_and_failed_log_ins_are_told_with_a_system_seal_only(siege, attacker):
    failed = f"SELECT adm.audit_failed_login(gen_random_uuid(), '{siege.a.tenant}', '{siege.a.user}', 'x', NULL, NULL)"
    for sql, purpose in (("SELECT sched.audit_link(10)", "audit"), (failed, "auth")):
        refused(attacker, DENIED, sql)
        with context(siege, attacker, siege.b):
            refused(attacker, DENIED, sql)
        for other in {"audit", "auth", "worker"} - {purpose}:
            run(attacker, "SELECT sec.enter_system(%s)", (siege.system_seal(attacker, other),))
            refused(attacker, DENIED, sql)
        run(attacker, "SELECT sec.enter_system(%s)", (siege.system_seal(attacker, purpose),))
        run(attacker, sql)
        attacker.rollback()
    refused(attacker, DENIED, "SELECT adm.audit_refused(gen_random_uuid(), 'x', 'x', 'x', NULL, NULL, NULL)")


@pytest.mark.parametrize("call", ["adm.audit_head(%s)", "adm.audit_check(%s, 0, 100)", "adm.audit_ids(%s, gen_random_uuid(), '9', %s, %s)"])
def test_a_chain_is_proved_by_who_may_read_it(siege, attacker, call):
    """An operator may not, an administrator may for the own tenant, nobody of a tenant for another."""
    def ask(tenant):
        return f"SELECT * FROM {call}", [tenant] * call.count("%s")
    with context(siege, attacker, siege.b):
        refused(attacker, "DR403", *ask(siege.b.tenant))
    run(siege.admin, "UPDATE drm.users SET role = 'administrator' WHERE id = %s", (siege.b.user,))
    siege.admin.commit()
    try:
        with context(siege, attacker, siege.b):
            run(attacker, *ask(siege.b.tenant))
            refused(attacker, "DR403", *ask(siege.a.tenant))
        with context(siege, attacker, siege.b):
            refused(attacker, "DR403", "SELECT * FROM adm.audit_tenants(NULL)")
        with context(siege, attacker, siege.b):
            assert {row[0] for row in run(attacker, "SELECT tenant_id::text FROM adm.audit_pending('0', %s, %s)",
                                          (siege.a.tenant, siege.a.tenant))} <= {siege.b.tenant}
    finally:
        run(siege.admin, "UPDATE drm.users SET role = 'operator' WHERE id = %s", (siege.b.user,))
        siege.admin.commit()
