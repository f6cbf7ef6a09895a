"""The tenant boundary, attacked by one who holds the drm_app log-in, any SQL, and an API key of tenant b. Every attack has a control in
the same test - the same thing done rightly, or by somebody who may - so that none passes for a reason of its own."""
import io
import json
import secrets
import uuid

import psycopg2
import psycopg2.errors
import pytest
from attack_support import (CHECK, DENIED, NO_AUTH, NO_PARENT, UNIQUE, attacker, context, refused, run, siege,  # noqa: F401
                            tenants_seen, use_seal)

DEVICES = "SELECT name FROM drm.devices"
POLICY = "row-level security policy"


# ---- the context cannot be forged ----

def test_without_a_seal_no_table_shows_a_row(siege, attacker):
    for table in siege.tables:
        assert siege.ask(f"SELECT count(*) FROM {table} WHERE tenant_id IN (%s, %s)", (siege.a.tenant, siege.b.tenant))[0][0] >= 2
        assert run(attacker, f"SELECT tenant_id FROM {table}") == []
    with context(siege, attacker, siege.b):
        for table in siege.tables:
            assert tenants_seen(attacker, table) == {siege.b.tenant}, table


def test_a_plain_setting_is_no_context(siege, attacker):
    for name in ("app.tenant_id", "app.current_tenant", "drm.tenant", "drm.tenant_id", "sec.tenant", "role.tenant_id"):
        run(attacker, "SELECT set_config(%s, %s, true)", (name, siege.a.tenant))
        assert run(attacker, DEVICES) == []
    attacker.rollback()
    for value in (siege.a.tenant, f"{siege.a.tenant}.{siege.a.user}"):
        use_seal(attacker, value)
        refused(attacker, DENIED, DEVICES, says="the tenant context is not valid")
    use_seal(attacker, siege.seal_of(attacker, siege.a))
    assert tenants_seen(attacker) == {siege.a.tenant}


def test_a_forged_seal_is_refused(siege, attacker):
    good = siege.seal_of(attacker, siege.b)
    parts, mac = good.rsplit(".", 1)
    flipped = [f"{parts}.{mac[:i]}{'0' if mac[i] != '0' else '1'}{mac[i + 1:]}" for i in range(64)]
    macs = [parts + "." + m for m in ("0" * 64, mac.upper(), mac[:-1], mac + "0", mac[:32], "", mac[::-1])]
    moved = [good.replace(siege.b.tenant, siege.a.tenant), good.replace(siege.b.user, siege.a.user),
             good.replace(siege.b.tenant, "-"), good.replace(siege.b.tenant, siege.b.tenant.upper()),
             good + "." + mac, good + "." + "0" * 64, siege.a.tenant + "." + good, good.replace(".", "..", 1), good + ".",
             siege.seal_of(attacker, siege.a, key=secrets.token_bytes(32)), siege.seal_of(attacker, siege.a, key=b"\0" * 32)]
    late = parts.split(".")
    late[3] = str(int(late[3]) + 1)
    for seal in flipped + macs + moved + [".".join(late) + "." + mac]:
        if seal == good:
            continue
        use_seal(attacker, seal)
        refused(attacker, DENIED, DEVICES)
        refused(attacker, DENIED, "SELECT sec.enter(%s, 0)", (seal,))
    use_seal(attacker, good)
    assert tenants_seen(attacker) == {siege.b.tenant}


def test_garbage_is_refused(siege, attacker):
    tenant, user, pid = siege.a.tenant, siege.a.user, attacker.info.backend_pid
    mac = "0" * 64
    for seal in ("x", ".", ".....", "......", f"{tenant}.{user}.{pid}.9999999999.1", f"{tenant}.{user}.{pid}.9999999999.1.{mac}.x",
                 f"{tenant}.{user}.{pid}.x.1.{mac}", f"{tenant}.{user}.{pid}.9999999999.x.{mac}",
                 f"{tenant}.{user}.{pid}.{'9' * 400}.1.{mac}", f"{tenant}.{user}.{pid}.9999999999.{'9' * 400}.{mac}",
                 f"{tenant}.{user}.{pid}.-1.1.{mac}", f"{tenant}.{user}.{pid}.9999999999.-1.{mac}",
                 f"{tenant}.{user}.{pid}. 9999999999.1.{mac}", f"{tenant}.{user}.{pid}.1e12.1.{mac}",
                 f"'; DROP TABLE drm.devices; --.{user}.{pid}.9999999999.1.{mac}", "{" * 1000, "\\", "\N{SNOWMAN}" * 6,
                 ".".join("\N{FULLWIDTH DIGIT ONE}" * 6), f"{tenant}.{user}.{pid}.\N{ARABIC-INDIC DIGIT ONE}.1.{mac}", " ",
                 "." * 100_000, "9" * 1_000_000):
        use_seal(attacker, seal)
        refused(attacker, DENIED, DEVICES, says="the tenant context is not valid")
        refused(attacker, DENIED, "SELECT sec.enter(%s, 0)", (seal,))
    refused(attacker, DENIED, "SELECT sec.enter(NULL, 0)")
    refused(attacker, "54000", "SELECT set_config('drm.seal', %s || chr(0), true)", (tenant,))
    refused(attacker, "22021", r"SELECT set_config('drm.seal', E'\\000', true)".replace("\\\\", "\\"))
    use_seal(attacker, "")
    assert run(attacker, DEVICES) == []
    use_seal(attacker, siege.seal_of(attacker, siege.a))
    assert tenants_seen(attacker) == {siege.a.tenant}


def test_a_captured_seal_is_of_no_use_to_another_connection(siege, attacker):
    with context(siege, attacker, siege.a):
        captured = run(attacker, "SELECT current_setting('drm.seal')")[0][0]
        other = siege.database.app()
        try:
            use_seal(other, captured)
            refused(other, DENIED, DEVICES)
            refused(other, DENIED, "SELECT sec.enter(%s, 0)", (captured,))
        finally:
            other.close()
        assert tenants_seen(attacker) == {siege.a.tenant}


def test_an_expired_seal_is_refused(siege, attacker):
    for seconds in (-1, -60, -10**9):
        use_seal(attacker, siege.seal_of(attacker, siege.b, seconds=seconds))
        refused(attacker, DENIED, DEVICES)
    use_seal(attacker, siege.seal_of(attacker, siege.b, seconds=30))
    assert tenants_seen(attacker) == {siege.b.tenant}


def test_a_seal_ends_in_the_middle_of_a_transaction(siege, attacker):
    use_seal(attacker, siege.seal_of(attacker, siege.b, seconds=2))
    assert tenants_seen(attacker) == {siege.b.tenant}
    run(attacker, "SELECT pg_sleep(3.1)")
    refused(attacker, DENIED, DEVICES)


def test_a_removed_key_opens_nothing(siege, attacker):
    key, number = secrets.token_bytes(32), 2
    cursor = siege.admin.cursor()
    cursor.execute("SET ROLE drm_owner")
    cursor.execute("SELECT sec.install_seal_key(%s, %s)", (number, key))
    cursor.execute("RESET ROLE")
    siege.admin.commit()
    use_seal(attacker, siege.seal_of(attacker, siege.b, key=key, number=number))
    assert tenants_seen(attacker) == {siege.b.tenant}
    attacker.rollback()
    cursor.execute("SET ROLE drm_owner; SELECT sec.remove_seal_key(%s)", (number,))
    assert cursor.fetchone() == (True,)
    cursor.execute("RESET ROLE")
    siege.admin.commit()
    use_seal(attacker, siege.seal_of(attacker, siege.b, key=key, number=number))
    refused(attacker, DENIED, DEVICES)
    use_seal(attacker, siege.seal_of(attacker, siege.b, number=99))
    refused(attacker, DENIED, DEVICES)


def test_an_installed_key_is_not_replaced(siege):
    cursor = siege.admin.cursor()
    cursor.execute("SET ROLE drm_owner")
    cursor.execute("SELECT sec.install_seal_key(1, %s)", (siege.seal_key,))
    refused(siege.admin, "DR409", "SET ROLE drm_owner; SELECT sec.install_seal_key(1, %s)", (secrets.token_bytes(32),))
    refused(siege.admin, "22023", "SET ROLE drm_owner; SELECT sec.install_seal_key(3, %s)", (secrets.token_bytes(31),))


# ---- entering by an API key, and what asks for a system seal ----

def test_an_api_key_opens_its_own_tenant_and_no_other(siege, attacker):
    run(attacker, "SELECT sec.enter_api_key(%s, 1)", (siege.b.key,))
    for table in siege.tables:
        assert tenants_seen(attacker, table) == {siege.b.tenant}, table
    seal = run(attacker, "SELECT current_setting('drm.seal')")[0][0]
    use_seal(attacker, seal.replace(siege.b.tenant, siege.a.tenant))
    refused(attacker, DENIED, DEVICES)
    assert run(attacker, DEVICES) == []


def test_keys_that_are_none_cannot_be_told_apart(siege, attacker):
    changed = siege.a.key[:-1] + ("A" if siege.a.key[-1] != "A" else "B")
    unknown = "drm_" + uuid.uuid4().hex + siege.a.key[36:]
    swapped = siege.a.key[:36] + siege.b.key[36:]
    said = {str(refused(attacker, NO_AUTH, "SELECT sec.enter_api_key(%s, 0)", (key,)))
            for key in (changed, unknown, swapped, siege.a.key + " ", siege.a.key.upper(), "", "drm_", "x" * 100_000, None,
                        siege.a.key.replace("_", "'", 1), siege.a.key + "\n")}
    assert len(said) == 1, said
    run(attacker, "SELECT sec.enter_api_key(%s, 0)", (siege.b.key,))


@pytest.mark.parametrize("change", ["UPDATE drm.api_keys SET revoked_at = now() WHERE id = %(key_id)s",
                                    "UPDATE drm.api_keys SET expires_at = now() WHERE id = %(key_id)s",
                                    "UPDATE drm.users SET active = false WHERE id = %(user)s",
                                    "UPDATE drm.tenants SET status = 'suspended' WHERE tenant_id = %(tenant)s"])
def test_a_withdrawn_actor_is_out_at_once(siege, attacker, change):
    tenant = type(siege.b)()
    tenant.seed(siege.admin)
    run(attacker, "SELECT sec.enter_api_key(%s, 1)", (tenant.key,))
    attacker.rollback()
    run(siege.admin, change, {**vars(tenant), "key_id": str(tenant.key_id)})
    siege.admin.commit()
    refused(attacker, NO_AUTH, "SELECT sec.enter_api_key(%s, 1)", (tenant.key,))
    if "api_keys" not in change:
        refused(attacker, NO_AUTH, "SELECT sec.enter(%s, 1)", (siege.seal_of(attacker, tenant),))


def test_the_role_is_checked_where_the_context_is_entered(siege, attacker):
    for enter, value in (("sec.enter", siege.seal_of(attacker, siege.b)), ("sec.enter_api_key", siege.b.key)):
        run(attacker, f"SELECT {enter}(%s, 3)", (value,))  # credential:read
        attacker.rollback()
        refused(attacker, "DR403", f"SELECT {enter}(%s, 4)", (value,))  # credential:write


def test_enter_does_not_tell_who_exists(siege, attacker):
    """Whoever cannot make a seal gets one answer, for users that exist and for users that do not."""
    said = set()
    for tenant, user in ((siege.a.tenant, siege.a.user), (siege.a.tenant, uuid.uuid4()), (uuid.uuid4(), uuid.uuid4())):
        forged = siege.seal(attacker, tenant, user, key=secrets.token_bytes(32))
        said.add(str(refused(attacker, DENIED, "SELECT sec.enter(%s, 0)", (forged,))))
        refused(attacker, DENIED, "SELECT * FROM sec.actor_rights(%s, %s, NULL)", (str(tenant), str(user)), says="permission denied")
    assert len(said) == 1
    # One who can is told, for its own tenant.
    refused(attacker, NO_AUTH, "SELECT sec.enter(%s, 0)", (siege.seal(attacker, siege.b.tenant, uuid.uuid4()),))
    refused(attacker, NO_AUTH, "SELECT sec.enter(%s, 0)", (siege.seal(attacker, siege.b.tenant, siege.a.user),))
    run(attacker, "SELECT sec.enter(%s, 0)", (siege.seal_of(attacker, siege.b),))


def test_log_in_look_up_needs_a_system_seal(siege, attacker):
    look_up = "SELECT user_id::text FROM sec.auth_user(%s, NULL)"
    address = (siege.a.word + "@example.net",)
    refused(attacker, DENIED, look_up, address)
    for enter, value in (("enter", siege.seal_of(attacker, siege.b)), ("enter_system", siege.system_seal(attacker, "worker"))):
        run(attacker, f"SELECT sec.{enter}(%s{', 0' if enter == 'enter' else ''})", (value,))
        refused(attacker, DENIED, look_up, address)
    refused(attacker, DENIED, "SELECT sec.enter_system(%s)", (siege.seal_of(attacker, siege.b),), says="not a system seal")
    refused(attacker, DENIED, "SELECT sec.enter(%s, 0)", (siege.system_seal(attacker, "auth"),))
    run(attacker, "SELECT sec.enter_system(%s)", (siege.system_seal(attacker, "auth"),))
    assert run(attacker, look_up, address) == [(siege.a.user,)]


SCHEDULER = {"sched.worker_register": "%(id)s, 'h', 1, 'v', 'none', 1", "sched.worker_leave": "%(id)s",
             "sched.worker_beat": "%(id)s, 0", "sched.worker_recover": "%(id)s, '{}', now()", "sched.claim": "%(id)s, 'none', 1",
             "sched.reap": "%(id)s, NULL", "sched.finish": "%(id)s, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'"}


@pytest.mark.parametrize("function", SCHEDULER)
def test_the_scheduler_needs_a_system_seal(siege, attacker, function):
    sql, args = f"SELECT * FROM {function}({SCHEDULER[function]})", {"id": str(uuid.uuid4())}
    refused(attacker, DENIED, sql, args)
    use_seal(attacker, siege.seal_of(attacker, siege.b))
    refused(attacker, DENIED, sql, args)
    use_seal(attacker, siege.system_seal(attacker, "auth"))
    refused(attacker, DENIED, sql, args)
    use_seal(attacker, siege.system_seal(attacker, "worker"))
    run(attacker, sql, args)


def test_a_system_seal_opens_no_table(siege, attacker):
    run(attacker, "SELECT sec.enter_system(%s)", (siege.system_seal(attacker, "worker"),))
    for table in siege.tables:
        assert run(attacker, f"SELECT tenant_id FROM {table}") == [], table
    refused(attacker, DENIED, "SELECT * FROM drm.workers", says="permission denied")


def test_what_makes_seals_cannot_be_called(siege, attacker):
    for call in ("sec.mint(gen_random_uuid(), 'x')", "sec.install_seal_key(9, '\\x00')", "sec.seed_context('x')",
                 "sec.protect('drm.devices')", "sec.open_to_scheduler('drm.devices')", "sec.hide_statistics('drm.devices')",
                 "sched.pick('default', 1, true)", "sec.keep_ensure('job_results', 1)", "sched.backoff(1, 1000)", "sched.data_key(gen_random_uuid(), '\\x00')"):
        refused(attacker, DENIED, f"SELECT {call}", says="permission denied for function")
    assert siege.ask("SELECT sec.mint(gen_random_uuid(), 'x')")[0][0].count(".") == 5


# ---- roles, settings, objects ----

@pytest.mark.parametrize("sql", [
    "SET ROLE drm_owner", "SET ROLE drm_sched", "SET ROLE drm_migrate", "SET ROLE postgres", "SET SESSION AUTHORIZATION drm_owner",
    "SET SESSION AUTHORIZATION postgres", "SET session_replication_role = replica", "ALTER SYSTEM SET work_mem = '1MB'",
    "ALTER ROLE drm_app BYPASSRLS", "ALTER ROLE drm_app SUPERUSER", "ALTER ROLE drm_app CREATEROLE", "GRANT drm_owner TO drm_app",
    "GRANT drm_sched TO drm_app", "GRANT pg_read_all_data TO drm_app", "CREATE ROLE mallory", "CREATE DATABASE mallory",
    "SET log_statement = 'all'", "LOAD 'auto_explain'", "SET session_preload_libraries = 'x'"])
def test_no_other_role_and_no_more_rights(siege, attacker, sql):
    attacker.autocommit = siege.admin.autocommit = True
    try:
        refused(attacker, DENIED, sql)
        if not sql.startswith(("ALTER SYSTEM", "CREATE DATABASE", "CREATE ROLE")):
            siege.admin.autocommit = False
            siege.ask(sql)
        assert run(attacker, "SELECT current_user::text, session_user::text") == [("drm_app", "drm_app")]
        run(attacker, "SET ROLE drm_app")
    finally:
        siege.admin.autocommit = False


def test_row_security_cannot_be_switched_off(siege, attacker):
    with context(siege, attacker, siege.b):
        assert tenants_seen(attacker) == {siege.b.tenant}
        for table in siege.tables:
            run(attacker, "SAVEPOINT s")
            run(attacker, "SET LOCAL row_security = off")
            with pytest.raises(psycopg2.errors.InsufficientPrivilege, match=POLICY):
                run(attacker, f"SELECT tenant_id FROM {table}")
            run(attacker, "ROLLBACK TO s")
        assert tenants_seen(attacker) == {siege.b.tenant}


@pytest.mark.parametrize("sql", [
    "CREATE TEMP TABLE jobs (tenant_id uuid)", "CREATE TEMP VIEW v AS SELECT 1", "CREATE TEMP SEQUENCE s", "SELECT 1 INTO TEMP x",
    "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE TABLE public.t (i int)", "CREATE TABLE drm.t (i int)",
    "CREATE TABLE sec.t (i int)", "CREATE SCHEMA mallory", "CREATE VIEW drm.v AS SELECT * FROM drm.devices",
    "CREATE FUNCTION public.leak(text) RETURNS bool LANGUAGE sql COST 0.01 AS 'SELECT true'",
    "CREATE FUNCTION sec.tenant(int) RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()'",
    "CREATE OPERATOR public.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)", "CREATE TYPE drm.uuid AS ENUM ('x')",
    "CREATE DOMAIN public.uuid AS text", "CREATE AGGREGATE public.a (int) (SFUNC = int4pl, STYPE = int)", "CREATE SEQUENCE drm.s",
    "CREATE EXTENSION pg_stat_statements", "CREATE PUBLICATION p FOR ALL TABLES", "CREATE STATISTICS drm.x ON id, name FROM drm.devices",
    "CREATE INDEX mallory ON drm.devices (name)", "CREATE MATERIALIZED VIEW drm.m AS SELECT 1"])
def test_no_object_can_be_made(siege, attacker, sql):
    refused(attacker, DENIED, sql)
    siege.ask(sql)


@pytest.mark.parametrize("sql", [
    "CREATE OR REPLACE FUNCTION sec.tenant() RETURNS uuid LANGUAGE sql STABLE AS 'SELECT gen_random_uuid()'",
    "ALTER FUNCTION sec.tenant() OWNER TO drm_app", "ALTER FUNCTION sec.tenant() RESET search_path", "DROP FUNCTION sec.tenant() CASCADE",
    "ALTER FUNCTION sec.open_seal(text) SECURITY INVOKER", "ALTER FUNCTION texteq(text, text) LEAKPROOF",
    "ALTER TABLE drm.devices DISABLE ROW LEVEL SECURITY", "ALTER TABLE drm.devices NO FORCE ROW LEVEL SECURITY",
    "CREATE POLICY p ON drm.devices USING (true)", "ALTER POLICY tenant ON drm.devices USING (true)", "DROP POLICY tenant ON drm.devices",
    "ALTER TABLE drm.devices DISABLE TRIGGER ALL", "ALTER TABLE drm.devices OWNER TO drm_app", "DROP TABLE drm.devices CASCADE",
    "TRUNCATE drm.idempotency_keys", "CREATE RULE r AS ON SELECT TO drm.workers DO INSTEAD SELECT 1",
    "CREATE TRIGGER t BEFORE INSERT ON drm.devices FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "ALTER TABLE drm.devices ALTER COLUMN name SET STATISTICS 100", "ALTER SCHEMA drm RENAME TO x", "COMMENT ON TABLE drm.devices IS 'x'",
    "UPDATE pg_class SET relrowsecurity = false WHERE relname = 'devices'", "DELETE FROM pg_policy", "SELECT * FROM pg_authid",
    "ALTER DEFAULT PRIVILEGES FOR ROLE drm_owner GRANT SELECT ON TABLES TO drm_app", "GRANT SELECT ON sec.seal_keys TO drm_app"])
def test_no_object_can_be_changed(siege, attacker, sql):
    refused(attacker, DENIED, sql)
    if "CREATE RULE" not in sql:
        siege.ask("SET LOCAL allow_system_table_mods = on;" + sql)


def test_names_cannot_be_shadowed_even_with_temporary_objects(siege, attacker):
    """TEMP is revoked; a database restored without its grants has it again. Then still nobody's type or table stands in for ours."""
    name = siege.ask("SELECT current_database()")[0][0]
    refused(attacker, DENIED, "CREATE TEMP TABLE devices (tenant_id uuid)")
    run(siege.admin, f'GRANT TEMP ON DATABASE "{name}" TO drm_app')
    siege.admin.commit()
    try:
        run(attacker, """
            CREATE FUNCTION pg_temp.trap(anyelement) RETURNS boolean LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'trapped %', current_user USING ERRCODE = 'TRAP0'; END $$;
            CREATE DOMAIN pg_temp.uuid AS pg_catalog.uuid CHECK (pg_temp.trap(VALUE));
            CREATE DOMAIN pg_temp.jsonb AS pg_catalog.jsonb CHECK (pg_temp.trap(VALUE));
            CREATE DOMAIN pg_temp.text AS pg_catalog.text CHECK (pg_temp.trap(VALUE));
            CREATE DOMAIN pg_temp.bytea AS pg_catalog.bytea CHECK (pg_temp.trap(VALUE));
            CREATE TABLE pg_temp.pg_class (oid oid); CREATE TABLE pg_temp.seal_keys (id int);""")
        attacker.commit()
        refused(attacker, "TRAP0", "SELECT 'x'::pg_temp.text")
        for path in ("pg_temp, pg_catalog", "pg_temp", "pg_catalog, pg_temp", "drm, sec, pg_temp, pg_catalog"):
            run(attacker, f"SET search_path = {path}")
            run(attacker, "SELECT sec.enter(%s, 0)", (siege.seal_of(attacker, siege.b),))
            seen = run(attacker, "SELECT sec.tenant()::pg_catalog.text, sec.actor()::pg_catalog.text, app.current_tenant()::pg_catalog.text")
            assert seen == [(siege.b.tenant, siege.b.user, siege.b.tenant)]
            run(attacker, "UPDATE drm.devices SET tags = '{x}' WHERE id = %s::pg_catalog.uuid", (siege.b.device,))
            attacker.rollback()
            for function, arguments in SCHEDULER.items():
                use_seal(attacker, siege.system_seal(attacker, "worker"))
                run(attacker, f"SELECT * FROM {function}({arguments})".replace("%(id)s", f"'{uuid.uuid4()}'"))
                attacker.rollback()
            run(attacker, "SELECT sec.enter_api_key(%s, 0)", (siege.b.key,))
            attacker.rollback()
    finally:
        run(siege.admin, f'REVOKE TEMP ON DATABASE "{name}" FROM drm_app')
        siege.admin.commit()


# ---- where jobs may connect to ----

def test_nobody_opens_a_network_for_oneself(siege, attacker):
    mine, other = siege.b.tenant, siege.a.tenant
    with context(siege, attacker, siege.b):
        assert tenants_seen(attacker, "drm.outbound_rules") == {mine}
    for sql in ("INSERT INTO drm.outbound_rules (tenant_id, id, cidr) VALUES (%s, gen_random_uuid(), '127.0.0.0/8')",
                "UPDATE drm.outbound_rules SET cidr = '0.0.0.0/0' WHERE tenant_id = %s", "DELETE FROM drm.outbound_rules WHERE tenant_id = %s"):
        for tenant in (mine, other):
            with context(siege, attacker, siege.b):
                refused(attacker, DENIED, sql, (tenant,), says="permission denied")
    for tenant in (mine, other, str(uuid.uuid4())):  # told apart by nobody who may not
        for call in ("adm.outbound_rules_of(%s)", "adm.outbound_remove(%s, gen_random_uuid())",
                     "adm.outbound_allow(%s, gen_random_uuid(), '127.0.0.0/8', 0, 65535, 'any', NULL)"):
            with context(siege, attacker, siege.b):
                refused(attacker, "DR403", f"SELECT * FROM {call}", (tenant,))
            refused(attacker, "DR403", f"SELECT * FROM {call}", (tenant,))
    with context(siege, attacker, siege.b):
        refused(attacker, DENIED, "SELECT * FROM sched.outbound_rules(%s::uuid[])", ([other],), says="system context")
    refused(attacker, DENIED, "SELECT * FROM sched.outbound_rules(%s::uuid[])", ([other],), says="system context")
    refused(attacker, DENIED, "SELECT sec.outbound_tenant(%s)", (other,), says="permission denied")
    use_seal(attacker, siege.system_seal(attacker, "worker"))
    assert {row[0] for row in run(attacker, "SELECT tenant_id::text FROM sched.outbound_rules(%s::uuid[])", ([mine],))} == {mine}
    assert run(attacker, "SELECT * FROM drm.outbound_rules") == []
    attacker.rollback()


# ---- keys and seals cannot be read ----

def test_keys_cannot_be_read(siege, attacker):
    ipad = bytes(b ^ 0x36 for b in siege.seal_key.ljust(64, b"\0")).hex()
    assert siege.ask("SELECT encode(ipad, 'hex') FROM sec.seal_keys WHERE id = 1") == [(ipad,)]
    refused(attacker, DENIED, "SELECT * FROM sec.seal_keys")
    refused(attacker, DENIED, "SELECT ctid FROM sec.seal_keys")
    refused(attacker, DENIED, "COPY sec.seal_keys TO STDOUT")
    refused(attacker, DENIED, "SELECT stavalues1 FROM pg_statistic")
    for sql in ("SELECT pg_get_functiondef(p.oid) FROM pg_proc p WHERE pronamespace::regnamespace::text IN ('sec', 'app', 'sched', 'drm')",
                "SELECT prosrc FROM pg_proc WHERE prosrc <> ''", "SELECT s::text FROM pg_settings s", "SELECT s::text FROM pg_stats s"):
        text = "\n".join(row[0] for row in run(attacker, sql))
        assert len(text) > 1000
        assert ipad[:64] not in text and siege.seal_key.hex() not in text.lower()


def test_password_hashes_are_not_for_programs(siege, attacker):
    with context(siege, attacker, siege.b):
        assert run(attacker, "SELECT email FROM drm.users")
        refused(attacker, DENIED, "SELECT password_hash FROM drm.users")
    with context(siege, attacker, siege.b):
        refused(attacker, DENIED, "SELECT * FROM drm.users")
    with context(siege, attacker, siege.b):
        refused(attacker, DENIED, "SELECT u::text FROM drm.users u")
    with context(siege, attacker, siege.b):
        refused(attacker, DENIED, "UPDATE drm.users SET role = 'administrator'")


def test_statistics_views_show_no_values(siege, attacker):
    assert siege.ask("SELECT count(*) FROM pg_stats WHERE schemaname IN ('drm', 'sec') AND tablename = 'devices'")[0][0] > 0
    for sql in ("SELECT count(*) FROM pg_stats WHERE schemaname IN ('drm', 'sec') AND tablename <> 'schema_migrations'",
                "SELECT count(*) FROM pg_stats_ext WHERE schemaname = 'drm'", "SELECT count(*) FROM pg_stats_ext_exprs"):
        assert run(attacker, sql) == [(0,)]


def test_estimates_say_nothing_of_texts(siege, attacker):
    """The planner looks at all tenants' rows: with a histogram of names, EXPLAIN of name < 'x' would find them letter by letter."""
    def estimate(connection, value):
        plan = run(connection, "EXPLAIN (FORMAT json) SELECT FROM drm.devices WHERE name < %s", (value,))[0][0][0]["Plan"]
        return plan["Plan Rows"]

    values = ("", siege.a.word, siege.a.word + "-15", siege.a.word + "-29", "u", "~")
    assert len({estimate(attacker, value) for value in values}) == 1
    run(siege.admin, "ALTER TABLE drm.devices ALTER COLUMN name SET STATISTICS 100; ANALYZE drm.devices")
    assert len({estimate(siege.admin, value) for value in values}) > 2
    siege.admin.rollback()


def test_explain_analyze_counts_only_own_rows(siege, attacker):
    sql = "EXPLAIN (ANALYZE, TIMING off, FORMAT json) SELECT name FROM drm.devices"
    with context(siege, attacker, siege.b):
        assert run(attacker, sql)[0][0][0]["Plan"]["Actual Rows"] == 300
    assert run(attacker, sql)[0][0][0]["Plan"]["Actual Rows"] == 0


# ---- reading by side doors ----

def test_a_leaky_condition_sees_own_rows_only(siege, attacker):
    """A failing expression is run on a row only after the policy let it through: else its error would tell of the row."""
    attacks = [("22012", "SELECT 1 FROM drm.devices WHERE 1 / (CASE WHEN name = %s THEN 0 ELSE 1 END) = 1"),
               ("22P02", "SELECT 1 FROM drm.devices WHERE (CASE WHEN name = %s THEN name ELSE '1' END)::int = 1"),
               ("22012", "SELECT 1 FROM drm.jobs_all WHERE 1 / (CASE WHEN lane = split_part(%s, '-', 1) THEN 0 ELSE 1 END) = 1"),
               ("22P02", "SELECT max(name::int) FROM drm.devices WHERE name = %s"),
               ("22012", "SELECT 1 FROM drm.devices ORDER BY 1 / (CASE WHEN name = %s THEN 0 ELSE 1 END)")]
    for state, sql in attacks:
        assert run(attacker, sql, (siege.a.word + "-0",)) is not None
        with context(siege, attacker, siege.b):
            run(attacker, sql, (siege.a.word + "-0",))
        with context(siege, attacker, siege.b):
            refused(attacker, state, sql, (siege.b.word + "-0",))


def test_functions_that_run_sql_run_it_as_the_caller(siege, attacker):
    attacks = ["SELECT query_to_xml('SELECT name FROM drm.devices', true, false, '')::text",
               "SELECT table_to_xml('drm.devices', true, false, '')::text", "SELECT schema_to_xml('drm', true, false, '')::text",
               "SELECT string_agg(word, ' ') FROM ts_stat('SELECT to_tsvector(''simple'', address) FROM drm.device_protocol_profiles')"]
    for sql in attacks:
        assert siege.a.word not in str(run(attacker, sql))
        with context(siege, attacker, siege.b):
            text = str(run(attacker, sql))
            assert siege.b.word in text and siege.a.word not in text
        assert siege.a.word in str(siege.ask(sql))


def test_partitions_are_closed(siege, attacker):
    assert len(siege.partitions) >= 5
    with context(siege, attacker, siege.b):
        assert run(attacker, "SELECT id FROM drm.job_results")
    for table in siege.partitions:
        for sql in (f"SELECT * FROM {table}", f"SELECT ctid FROM ONLY {table}", f"INSERT INTO {table} DEFAULT VALUES", f"DELETE FROM {table}",
                    f"COPY {table} TO STDOUT"):
            run(attacker, "SELECT sec.enter(%s, 0)", (siege.seal_of(attacker, siege.b),))
            refused(attacker, DENIED, sql, says="permission denied for table")


def test_the_view_of_all_jobs_has_the_readers_policies(siege, attacker):
    assert run(attacker, "SELECT id FROM drm.jobs_all") == []
    with context(siege, attacker, siege.b):
        assert len(run(attacker, "SELECT id FROM drm.jobs_all")) == 2
        assert tenants_seen(attacker, "drm.jobs_all") == {siege.b.tenant}


def test_files_and_programs_are_out_of_reach(siege, attacker):
    for sql in ("COPY drm.devices TO PROGRAM 'cat'", "COPY drm.devices TO '/tmp/x'", "COPY drm.devices FROM PROGRAM 'true'",
                "COPY drm.devices FROM '/etc/passwd'", "SELECT lo_import('/etc/passwd')", "SELECT lo_export(1, '/tmp/x')",
                "SELECT pg_read_file('PG_VERSION')", "SELECT pg_read_binary_file('PG_VERSION')", "SELECT pg_ls_dir('.')",
                "SELECT pg_stat_file('PG_VERSION')", "SELECT * FROM pg_hba_file_rules", "SELECT pg_ls_logdir()"):
        refused(attacker, DENIED, sql)
    assert siege.ask("SELECT pg_read_file('PG_VERSION')")


def test_copy_obeys_the_policies(siege, attacker):
    def copied():
        out = io.StringIO()
        attacker.cursor().copy_expert("COPY drm.devices (tenant_id) TO STDOUT", out)
        return set(out.getvalue().split())

    assert copied() == set()
    with context(siege, attacker, siege.b):
        assert copied() == {siege.b.tenant}
        with pytest.raises(psycopg2.errors.FeatureNotSupported, match="row-level security"):
            attacker.cursor().copy_expert("COPY drm.device_tags (tenant_id, tag, device_id) FROM STDIN",
                                          io.StringIO(f"{siege.a.tenant}\tx\t{siege.a.device}\n"))


# ---- writing to another tenant ----

def granted_columns(siege, table, right):
    return [row[0] for row in siege.ask(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        " AND has_column_privilege('drm_app', attrelid, attnum, %s)", (table, right))]


def copy_of_row(siege, table, tenant, **changes):
    """An INSERT of a row like the tenant's own, with the columns that drm_app may write."""
    columns = granted_columns(siege, table, "INSERT")
    if not columns:
        return None, None
    row = siege.ask(f"SELECT to_jsonb(t) FROM {table} t WHERE tenant_id = %s LIMIT 1", (tenant.tenant,))[0][0]
    row.update(changes)
    names = ", ".join(columns)
    return f"INSERT INTO {table} ({names}) SELECT {names} FROM jsonb_populate_record(NULL::{table}, %s)", (json.dumps(row),)


def test_no_row_for_another_tenant_and_no_duplicate_key_oracle(siege, attacker):
    """A copy of the victim's row is refused by the policy before any key is looked at; a copy of one's own meets the key."""
    tried = 0
    for table in siege.tables:
        sql, args = copy_of_row(siege, table, siege.a)
        if not sql:
            refused(attacker, DENIED, f"INSERT INTO {table} (tenant_id) VALUES (%s)", (siege.a.tenant,), says="permission denied for table")
            continue
        tried += 1
        refused(attacker, DENIED, sql, args, says=POLICY)
        with context(siege, attacker, siege.b):
            refused(attacker, DENIED, sql, args, says=POLICY)
        with context(siege, attacker, siege.b):
            refused(attacker, DENIED, sql + " ON CONFLICT DO NOTHING", args, says=POLICY)
        with context(siege, attacker, siege.b):
            refused(attacker, UNIQUE, *copy_of_row(siege, table, siege.b))
    assert tried > 15


def test_a_victims_keys_are_free_for_others(siege, attacker):
    """The same ids and names in another tenant meet no unique index and no foreign key of the victim's."""
    for table in siege.tables:
        sql, args = copy_of_row(siege, table, siege.a, tenant_id=siege.b.tenant, actor_id=siege.b.user)
        if not sql:
            continue
        with context(siege, attacker, siege.b):
            try:
                assert run(attacker, sql, args) == 1
            except psycopg2.errors.ForeignKeyViolation:
                pass  # it points at the victim's device, which is not there for b: the next test


def test_no_foreign_key_reaches_another_tenant(siege, attacker):
    points = [("drm.device_tags", "tag, device_id", "'x', %s", "device"),
              ("drm.device_events", "id, kind, device_id", "gen_random_uuid(), 'x', %s", "device"),
              ("drm.device_protocol_profiles", "protocol, device_id", "'fake', %s", "device"),
              ("drm.device_protocol_profiles", "protocol, device_id, snmp_credential_id", f"'fake', '{siege.b.device}', %s", "credential"),
              ("drm.device_config_versions", "version, body, device_id", "7, '{}', %s", "device"),
              ("drm.device_config_versions", "version, body, device_id, template_id", f"7, '{{}}', '{siege.b.device}', %s", "template"),
              ("drm.jobs", "id, protocol, operation, idempotent, exclusive, timeout_ms, device_id",
               "gen_random_uuid(), 'fake', 'echo', true, false, 1, %s", "device"),
              ("drm.jobs", "id, protocol, operation, idempotent, exclusive, timeout_ms, device_id, batch_id",
               f"gen_random_uuid(), 'fake', 'echo', true, false, 1, '{siege.b.device}', %s", "batch"),
              ("drm.refresh_tokens", "id, family_id, token_hash, expires_at, user_id",
               "gen_random_uuid(), gen_random_uuid(), sha256('x'), now(), %s", "user"),
              ("drm.mib_oids", "id, name, oid, kind, module_id", "gen_random_uuid(), 'x', '1', 'x', %s", "module")]
    for table, columns, values, target in points:
        sql = f"INSERT INTO {table} (tenant_id, {columns}) VALUES ('{siege.b.tenant}', {values})"
        victim, nobody = getattr(siege.a, target), str(uuid.uuid4())
        said = set()
        for value in (victim, nobody):
            with context(siege, attacker, siege.b):
                said.add(str(refused(attacker, NO_PARENT, sql, (value,))).replace(value, "ID"))
        assert len(said) == 1, "an oracle of what exists"
        with context(siege, attacker, siege.b):
            assert run(attacker, sql, (getattr(siege.b, target),)) == 1


def test_no_row_moves_to_or_from_another_tenant(siege, attacker):
    moved = 0
    for table in siege.tables:
        columns = granted_columns(siege, table, "UPDATE")
        column = "tenant_id" if "tenant_id" in columns else columns[0] if columns else None
        with context(siege, attacker, siege.b):
            if "tenant_id" in columns:
                moved += 1
                assert run(attacker, f"UPDATE {table} SET tenant_id = tenant_id") >= 1
                refused(attacker, DENIED, f"UPDATE {table} SET tenant_id = %s", (siege.a.tenant,), says=POLICY)
            else:
                refused(attacker, DENIED, f"UPDATE {table} SET tenant_id = %s", (siege.a.tenant,), says="permission denied")
        if column:
            with context(siege, attacker, siege.b):
                assert run(attacker, f"UPDATE {table} SET {column} = {column} WHERE tenant_id = %s", (siege.a.tenant,)) == 0
    assert moved > 10


def test_no_row_of_another_tenant_can_be_deleted_or_locked(siege, attacker):
    deleted = 0
    for table in siege.tables:
        if not siege.ask("SELECT has_table_privilege('drm_app', %s, 'DELETE')", (table,))[0][0]:
            refused(attacker, DENIED, f"DELETE FROM {table}", says="permission denied")
            continue
        with context(siege, attacker, siege.b):
            assert run(attacker, f"DELETE FROM {table} WHERE tenant_id = %s", (siege.a.tenant,)) == 0
            assert run(attacker, f"SELECT 1 FROM {table} WHERE tenant_id = %s FOR UPDATE", (siege.a.tenant,)) == []
            assert run(attacker, f"SELECT 1 FROM {table} WHERE tenant_id = %s FOR UPDATE", (siege.b.tenant,))
        deleted += 1
    with context(siege, attacker, siege.b):
        assert run(attacker, "DELETE FROM drm.idempotency_keys") == 1
    assert deleted > 10


def test_an_upsert_does_not_touch_another_tenants_row(siege, attacker):
    sql = ("INSERT INTO drm.devices (tenant_id, id, name) VALUES (%s, %s, 'x') ON CONFLICT (tenant_id, id)"
           " DO UPDATE SET name = 'owned' RETURNING name")
    with context(siege, attacker, siege.b):
        refused(attacker, DENIED, sql, (siege.a.tenant, siege.a.device), says=POLICY)
    with context(siege, attacker, siege.b):
        assert run(attacker, sql, (siege.b.tenant, siege.a.device)) == [("x",)]
        assert run(attacker, sql, (siege.b.tenant, siege.b.device)) == [("owned",)]


def test_global_rows_are_read_only(siege, attacker):
    name = "global-" + secrets.token_hex(4)
    run(siege.admin, "INSERT INTO drm.mib_modules (id, name) VALUES (gen_random_uuid(), %s)", (name,))
    siege.admin.commit()
    find = "SELECT 1 FROM drm.mib_modules WHERE name = %s"
    assert run(attacker, find, (name,)) == []
    with context(siege, attacker, siege.b):
        assert run(attacker, find, (name,)) == [(1,)]
        assert run(attacker, "UPDATE drm.mib_modules SET name = 'x' WHERE name = %s", (name,)) == 0
        assert run(attacker, "DELETE FROM drm.mib_modules WHERE name = %s", (name,)) == 0
        assert run(attacker, "UPDATE drm.mib_modules SET name = 'x' WHERE name = %s", (siege.b.word,)) == 1
        refused(attacker, DENIED, "INSERT INTO drm.mib_modules (id, name) VALUES (gen_random_uuid(), 'x')", says=POLICY)
    with context(siege, attacker, siege.b):
        refused(attacker, DENIED, "UPDATE drm.mib_modules SET tenant_id = NULL", says=POLICY)


# ---- what a pooled connection keeps ----

def test_the_next_transaction_has_no_context(siege, attacker):
    def enter():
        run(attacker, "SELECT sec.enter(%s, 0)", (siege.seal_of(attacker, siege.a),))
        assert tenants_seen(attacker) == {siege.a.tenant}

    enter()
    attacker.commit()
    assert run(attacker, DEVICES) == [] and run(attacker, "SELECT current_setting('drm.seal', true)") == [("",)]
    enter()
    attacker.rollback()
    assert run(attacker, DEVICES) == []
    enter()
    refused(attacker, "22012", "SELECT 1 / 0")
    assert run(attacker, DEVICES) == []
    run(attacker, "SAVEPOINT s")
    enter()
    run(attacker, "ROLLBACK TO s")
    assert run(attacker, DEVICES) == []
    attacker.rollback()
    enter()
    run(attacker, "SAVEPOINT s")
    use_seal(attacker, siege.seal_of(attacker, siege.b))
    assert tenants_seen(attacker) == {siege.b.tenant}
    run(attacker, "ROLLBACK TO s")
    assert tenants_seen(attacker) == {siege.a.tenant}
    attacker.commit()
    attacker.autocommit = True
    for sql in ("DISCARD ALL", "RESET ALL"):
        run(attacker, sql)
        assert run(attacker, DEVICES) == []


def test_a_context_set_for_the_session_does_not_reach_the_next_tenant(siege, attacker):
    """An injected set_config(.., false) leaves the attacker's own seal behind; the next transaction enters over it."""
    use_seal(attacker, siege.seal_of(attacker, siege.b), local=False)
    attacker.commit()
    assert tenants_seen(attacker) == {siege.b.tenant}
    with context(siege, attacker, siege.a):
        assert tenants_seen(attacker) == {siege.a.tenant}
    use_seal(attacker, "garbage", local=False)
    attacker.commit()
    refused(attacker, DENIED, DEVICES)
    with context(siege, attacker, siege.a):
        assert tenants_seen(attacker) == {siege.a.tenant}


@pytest.mark.parametrize("mode", ["auto", "force_generic_plan", "force_custom_plan"])
def test_a_prepared_statement_follows_the_context(siege, attacker, mode):
    run(attacker, f"SET plan_cache_mode = {mode}")
    run(attacker, "SELECT sec.enter(%s, 0)", (siege.seal_of(attacker, siege.b),))
    run(attacker, "PREPARE q AS SELECT DISTINCT tenant_id::text FROM drm.devices")
    for _ in range(7):
        assert run(attacker, "EXECUTE q") == [(siege.b.tenant,)]
    attacker.commit()
    assert run(attacker, "EXECUTE q") == []
    with context(siege, attacker, siege.a):
        assert run(attacker, "EXECUTE q") == [(siege.a.tenant,)]
    assert run(attacker, "EXECUTE q") == []


def test_a_cursor_left_behind_is_not_filled_by_the_next_tenant(siege, attacker):
    held = "DECLARE c CURSOR WITH HOLD FOR SELECT DISTINCT tenant_id::text FROM drm.devices"
    run(attacker, held)
    attacker.commit()
    run(attacker, "SELECT sec.enter(%s, 0)", (siege.seal_of(attacker, siege.a),))
    assert run(attacker, "FETCH ALL FROM c") == []
    run(attacker, "CLOSE c")
    attacker.rollback()
    run(attacker, "SELECT sec.enter(%s, 0)", (siege.seal_of(attacker, siege.b),))
    run(attacker, held)
    attacker.commit()
    with context(siege, attacker, siege.a):
        assert run(attacker, "FETCH ALL FROM c") == [(siege.b.tenant,)]
    run(attacker, "CLOSE c")
    attacker.commit()
    run(attacker, "SELECT sec.enter(%s, 0)", (siege.seal_of(attacker, siege.b),))
    run(attacker, held.replace("WITH HOLD ", ""))
    attacker.commit()
    refused(attacker, "34000", "FETCH ALL FROM c")


# ---- one tenant must not stop the others ----

def test_the_schedulers_counters_are_not_a_tenants_to_write(siege, attacker):
    with context(siege, attacker, siege.b):
        assert run(attacker, "UPDATE drm.jobs SET cancel_requested = false") == 1
        for column, value in (("attempt", 2**31 - 1), ("status", "'running'"), ("failures", 32767), ("losses", 32767),
                              ("worker_id", f"'{uuid.uuid4()}'")):
            run(attacker, "SAVEPOINT s")
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                run(attacker, f"UPDATE drm.jobs SET {column} = {value}")
            run(attacker, "ROLLBACK TO s")
            # A job may be submitted to wait, but none that runs: it would have no worker.
            with pytest.raises(psycopg2.errors.CheckViolation if column == "status" else psycopg2.errors.InsufficientPrivilege):
                run(attacker, "INSERT INTO drm.jobs (tenant_id, id, device_id, protocol, operation, idempotent, exclusive, timeout_ms,"
                    f" {column}) VALUES (%s, gen_random_uuid(), %s, 'fake', 'echo', true, false, 1, {value})",
                    (siege.b.tenant, siege.b.device))
            run(attacker, "ROLLBACK TO s")


def worker_context(siege, connection):
    worker = str(uuid.uuid4())
    use_seal(connection, siege.system_seal(connection, "worker"))
    run(connection, "SELECT sched.worker_register(%s, 'h', 1, 'v', 'siege', 9)", (worker,))
    return worker


def test_a_broken_credential_does_not_stop_the_claims(siege, attacker):
    """The claim reads the key's version out of the sealed bytes: a value too short for it must not be there."""
    with context(siege, attacker, siege.b):
        for length in (0, 1, 4, 32):
            run(attacker, "SAVEPOINT s")
            with pytest.raises(psycopg2.errors.CheckViolation):
                run(attacker, "UPDATE drm.snmp_credentials SET community = %s", (b"\1" * length,))
            run(attacker, "ROLLBACK TO s")
        run(attacker, "UPDATE drm.snmp_credentials SET community = %s", (b"\xff" * 33,))
        worker = worker_context(siege, attacker)
        for tenant in (siege.a, siege.b):
            claimed = run(attacker, "SELECT tenant_id::text FROM sched.claim(%s, %s, 10)", (worker, tenant.word))
            assert claimed == [(tenant.tenant,)]


def test_a_result_put_there_by_hand_does_not_fail_the_results_of_others(siege, attacker):
    ended = "2026-01-01T00:00:00Z"
    with context(siege, attacker, siege.b):
        run(attacker, "INSERT INTO drm.job_results (tenant_id, id, device_id, lane, protocol, operation, params, status, priority, timeout_ms,"
            " max_attempts, attempt, created_at, finished_at) VALUES (%s, %s, %s, 'x', 'fake', 'echo', '{}', 'completed', 5, 1, 1, 1, now(), now())",
            (siege.b.tenant, siege.b.job, siege.b.device))
        worker = worker_context(siege, attacker)
        for tenant in (siege.a, siege.b):
            assert len(run(attacker, "SELECT * FROM sched.claim(%s, %s, 10)", (worker, tenant.word))) == 1
        done = run(attacker, "SELECT id::text, status FROM sched.finish(%s, %s::uuid[], %s::uuid[], '{1,1}', '{completed,completed}', '{f,f}',"
                   " '{null,null}', '{null,null}', %s::timestamptz[], %s::timestamptz[])",
                   (worker, [siege.a.tenant, siege.b.tenant], [siege.a.job, siege.b.job], [ended] * 2, [ended] * 2))
        # A result ends when it is stored, not when somebody says so in advance: the two do not meet.
        assert set(done) == {(siege.a.job, "completed"), (siege.b.job, "completed")}


def test_results_of_another_time_are_refused(siege, attacker):
    with context(siege, attacker, siege.b):
        for ended in ("2 months 3 days", "2 hours", "-2 hours", "-30 years"):
            refused(attacker, DENIED, "INSERT INTO drm.job_results (tenant_id, id, device_id, lane, protocol, operation, params, status, priority,"
                    " timeout_ms, max_attempts, attempt, created_at, finished_at) VALUES (%s, gen_random_uuid(), %s, 'x', 'fake', 'echo', '{}',"
                    " 'completed', 5, 1, 1, 1, now(), now() + %s::interval)", (siege.b.tenant, siege.b.device, ended))


def test_a_claim_carries_no_giant(siege, attacker):
    with context(siege, attacker, siege.b):
        job = ("INSERT INTO drm.jobs (tenant_id, id, device_id, protocol, operation, idempotent, exclusive, timeout_ms, params)"
               " VALUES (%s, gen_random_uuid(), %s, 'fake', 'echo', true, false, 1, jsonb_build_object('x', repeat('y', %s)))")
        assert run(attacker, job, (siege.b.tenant, siege.b.device, 1_000_000)) == 1
        refused(attacker, CHECK, job, (siege.b.tenant, siege.b.device, 9_000_000))
