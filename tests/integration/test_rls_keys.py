"""Attacks on what migration 0014 brought, by one who holds the drm_app log-in and any SQL: seal keys, data keys, sealed columns, API keys.
Each has a control."""
import json
import secrets
import uuid

import pytest
from attack_support import DENIED, attacker, context, refused, run, siege, use_seal  # noqa: F401

KEYS = {"sec.kek_uses": "", "sec.kek_pick": "1, '00000000-0000-0000-0000-000000000000', 10",
        "sec.kek_put": "%(tenant)s, 1, '\\x00', '\\x01'", "sec.rekey_tenants": "NULL, '00000000-0000-0000-0000-000000000000', 10",
        "sec.rekey_start": "%(id)s, 2, '\\x00', %(id)s", "sec.rekey_next": "",
        "sec.rekey_pick": "%(tenant)s, 'snmp_credentials', 'community', '00000000-0000-0000-0000-000000000000', 10",
        "sec.rekey_put": "%(tenant)s, 'snmp_credentials', 'community', '{}', '{}', '{}'", "sec.rekey_finish": "%(tenant)s, 9, %(id)s"}


@pytest.mark.parametrize("function", KEYS)
def test_data_keys_are_changed_with_a_system_seal_only(siege, attacker, function):  # noqa: F811
    sql, args = f"SELECT * FROM {function}({KEYS[function]})", {"id": str(uuid.uuid4()), "tenant": siege.a.tenant}
    refused(attacker, DENIED, sql, args)
    for seal in (siege.seal_of(attacker, siege.a), siege.system_seal(attacker, "auth"), siege.system_seal(attacker, "worker")):
        use_seal(attacker, seal)
        refused(attacker, DENIED, sql, args)
    use_seal(attacker, siege.system_seal(attacker, "keys"))
    run(attacker, sql, args)


def test_only_sealed_columns_can_be_named(siege, attacker):  # noqa: F811
    """Table and column go into a statement that is put together: none but those of the list do."""
    for table, column in (("users", "password_hash"), ("snmp_credentials", "name"), ("tenant_keys", "wrapped"), ("drm.snmp_credentials", "community"),
                          ("snmp_credentials t; DROP TABLE drm.devices; --", "community"), ("snmp_credentials", "community, c.name"),
                          ("", ""), (None, None), ("SNMP_CREDENTIALS", "community")):
        use_seal(attacker, siege.system_seal(attacker, "keys"))
        refused(attacker, "22023", "SELECT * FROM sec.rekey_pick(%s, %s, %s, '00000000-0000-0000-0000-000000000000', 10)",
                (siege.a.tenant, table, column))
        use_seal(attacker, siege.system_seal(attacker, "keys"))
        refused(attacker, "22023", "SELECT sec.rekey_put(%s, %s, %s, '{}', '{}', '{}')", (siege.a.tenant, table, column))
    use_seal(attacker, siege.system_seal(attacker, "keys"))
    rows = run(attacker, "SELECT row_id::text FROM sec.rekey_pick(%s, 'snmp_credentials', 'community',"
               " '00000000-0000-0000-0000-000000000000', 10)", (siege.a.tenant,))
    assert rows == [(siege.a.credential,)]
    refused(attacker, DENIED, "SELECT * FROM sec.sealed_columns")
    refused(attacker, DENIED, "SELECT sec.install_sealed_columns('{users}', '{password_hash}', '{id}')")


HASHES = {("user_invitations", "token_hash"), ("users", "password_hash"), ("api_keys", "key_hash"), ("refresh_tokens", "token_hash"), ("recovery_codes", "code_hash"),
          ("audit_chain", "row_hashes"), ("audit_chain", "prev_hash"), ("audit_chain", "hash"),
          ("oidc_logins", "state_hash"), ("oidc_logins", "binding_hash")}
OTHER_BYTES = {("tenant_keys", "wrapped"), ("mib_modules", "source_sha256"), ("idempotency_keys", "request_hash"), ("idempotency_keys", "request_sha256")}


def test_every_column_of_bytes_is_sealed_or_a_hash(siege):  # noqa: F811
    """A new one that is a secret belongs into libdrm/key/sealed_columns.c: otherwise its values would be lost with the next data key."""
    columns = set(siege.ask("SELECT c.relname::text, a.attname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
                            " WHERE c.relnamespace = 'drm'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0"
                            " AND NOT a.attisdropped AND a.atttypid = 'bytea'::regtype"))
    sealed = set(siege.ask("SELECT table_name, column_name FROM sec.sealed_columns"))
    assert {("snmp_credentials", "community"), ("user_totp", "seed")} <= sealed <= columns
    assert columns - sealed - HASHES - OTHER_BYTES == set()
    # Each can be read and written by who seals anew, and its rows are named by what they are bound to.
    for table, column, row_id in siege.ask("SELECT table_name, column_name, row_id FROM sec.sealed_columns"):
        assert siege.ask(f"SET ROLE drm_sched; SELECT t.{row_id} FROM drm.{table} t WHERE t.{column} IS NULL FOR UPDATE") is not None
        assert siege.ask("SELECT has_column_privilege('drm_sched', %s, %s, 'UPDATE')", ("drm." + table, column)) == [(True,)]


def test_a_tenants_data_key_is_its_own(siege, attacker):  # noqa: F811
    assert run(attacker, "SELECT version FROM sec.data_key()") == [(None,)]
    with context(siege, attacker, siege.b):
        assert run(attacker, "SELECT version, wrapped = (SELECT wrapped FROM drm.tenant_keys) FROM sec.data_key()") == [(1, True)]
    for change in ("UPDATE drm.tenant_keys SET wrapped = '\\x00'", "DELETE FROM drm.tenant_keys",
                   "INSERT INTO drm.tenant_keys (tenant_id, version, wrapped) SELECT sec.tenant(), 2, '\\x00'",
                   "SELECT FROM drm.tenant_keys FOR KEY SHARE"):
        with context(siege, attacker, siege.b):
            refused(attacker, DENIED, change)


def test_the_seal_keys_cannot_be_replaced(siege, attacker):  # noqa: F811
    """REFRESH of the view would take keys from a setting that anybody can set: only its owner can refresh."""
    forged = json.dumps([{"id": 1, "ipad": "36" * 64, "opad": "5c" * 64, "installed_at": "2026-01-01"}])
    run(attacker, "SELECT set_config('drm.next_seal_keys', %s, false)", (forged,))
    for attack in ("REFRESH MATERIALIZED VIEW sec.seal_keys", "REFRESH MATERIALIZED VIEW CONCURRENTLY sec.seal_keys",
                   "SELECT * FROM sec.next_seal_keys()", "SELECT sec.write_seal_keys('[]')", "SELECT sec.other_seal_keys(1)",
                   "SELECT sec.remove_seal_key(1)", "SELECT sec.install_seal_key(9, '\\x00')", "DROP MATERIALIZED VIEW sec.seal_keys",
                   "ALTER MATERIALIZED VIEW sec.seal_keys RENAME TO x", "LOCK TABLE sec.seal_keys"):
        with pytest.raises(Exception, match="permission denied|must be owner|not supported"):
            run(attacker, attack)
        attacker.rollback()
    use_seal(attacker, siege.seal(attacker, siege.a.tenant, siege.a.user, key=b"\0" * 32))
    refused(attacker, DENIED, "SELECT name FROM drm.devices")
    run(attacker, "SELECT set_config('drm.next_seal_keys', '', false)")


def test_refreshing_by_hand_keeps_the_keys(siege, attacker):  # noqa: F811
    cursor = siege.admin.cursor()
    cursor.execute("SELECT array_agg(k ORDER BY id) FROM sec.seal_keys k")
    before = cursor.fetchone()
    cursor.execute("REFRESH MATERIALIZED VIEW sec.seal_keys")
    cursor.execute("SELECT array_agg(k ORDER BY id) FROM sec.seal_keys k")
    assert cursor.fetchone() == before and "1" in str(before)
    siege.admin.commit()
    run(attacker, "SELECT sec.enter(%s, 0)", (siege.seal_of(attacker, siege.b),))


# ---- API keys ----

def new_key(owner, scopes="NULL", extra=""):
    key = "drm_" + uuid.uuid4().hex + "_" + secrets.token_urlsafe(32)
    return (f"SELECT user_id::text, sec.mask_names(scopes) FROM adm.api_key_create('{key[4:36]}', 'made', left('{key}', 36),"
            f" sha256('{key}'), {scopes}, NULL, NULL, NULL, {extra or 'NULL'})", key)


def test_api_keys_are_written_by_their_functions_only(siege, attacker):  # noqa: F811
    """A row written by hand could act for anybody of the tenant."""
    for change in (f"INSERT INTO drm.api_keys (tenant_id, id, user_id, label, prefix, key_hash) VALUES ('{siege.b.tenant}', gen_random_uuid(),"
                   f" '{siege.b.user}', 'x', 'x', sha256('x'))", "UPDATE drm.api_keys SET scopes = NULL", "UPDATE drm.api_keys SET user_id = user_id",
                   "UPDATE drm.api_keys SET revoked_at = NULL", "UPDATE drm.api_keys SET addresses = NULL", "DELETE FROM drm.api_keys"):
        with context(siege, attacker, siege.b):
            refused(attacker, DENIED, change)
    with context(siege, attacker, siege.b):
        assert run(attacker, new_key(siege.b)[0]) == [(siege.b.user, None)]
    refused(attacker, "DR403", new_key(siege.b)[0])  # nobody's context


def test_a_narrow_context_makes_no_wider_key(siege, attacker):  # noqa: F811
    cursor = siege.admin.cursor()
    narrow, wide = new_key(siege.b)[1], new_key(siege.b)[1]
    for key, scopes in ((narrow, "1 << (SELECT bit FROM sec.permissions WHERE name = 'api-key:own')"), (wide, "NULL")):
        cursor.execute(f"INSERT INTO drm.api_keys (tenant_id, id, user_id, label, prefix, key_hash, scopes) VALUES (%s, %s, %s, 'k', 'k',"
                       f" sha256(%s), {scopes})", (siege.b.tenant, key[4:36], siege.b.user, key.encode()))
    siege.admin.commit()
    enter = "SELECT sec.enter_api_key(%s, (SELECT 9))"
    # Told by which key it entered, or keeping that to itself.
    for told in (f"'{narrow[4:36]}'", "NULL", f"'{wide[4:36]}'"):
        run(attacker, enter, (narrow,))
        assert run(attacker, new_key(siege.b, extra=told)[0]) == [(siege.b.user, ["api-key:own"])]
        attacker.rollback()
    run(attacker, enter, (narrow,))
    refused(attacker, "DR403", new_key(siege.b, "'{device:read}'")[0], says="device:read")
    run(attacker, enter, (wide,))
    assert run(attacker, new_key(siege.b, extra=f"'{wide[4:36]}'")[0]) == [(siege.b.user, None)]
    refused(attacker, "DR403", new_key(siege.b, "'{user:admin}'")[0], says="user:admin")
    attacker.rollback()
    cursor.execute("DELETE FROM drm.api_keys WHERE label = 'k'")
    siege.admin.commit()


def test_anothers_key_is_revoked_only_by_who_manages_users(siege, attacker):  # noqa: F811
    for owner, tenant in ((siege.a, siege.b), (siege.b, siege.a)):
        with context(siege, attacker, tenant):
            assert run(attacker, "SELECT * FROM adm.api_key_revoke(%s)", (str(owner.key_id),)) == []
    # A colleague, as an operator and as an administrator.
    colleague = str(uuid.uuid4())
    cursor = siege.admin.cursor()
    cursor.execute("INSERT INTO drm.users (tenant_id, id, email, role) VALUES (%s, %s, 'colleague@example.net', 'operator')",
                   (siege.b.tenant, colleague))
    siege.admin.commit()
    for role, found in (("operator", 0), ("administrator", 1)):
        cursor.execute("UPDATE drm.users SET role = %s WHERE id = %s", (role, colleague))
        siege.admin.commit()
        run(attacker, "SELECT sec.enter(%s, 0)", (siege.seal(attacker, siege.b.tenant, colleague),))
        assert len(run(attacker, "SELECT * FROM adm.api_key_revoke(%s)", (str(siege.b.key_id),))) == found, role
        attacker.rollback()
    cursor.execute("DELETE FROM drm.users WHERE id = %s", (colleague,))
    siege.admin.commit()
