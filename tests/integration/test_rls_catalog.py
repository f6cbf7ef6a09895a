"""The tenant boundary, read off the catalog: rules that every table, key, function and grant must keep. All are found by enumeration,
so that a new table or function which breaks one fails here."""
import re

import pytest
from attack_support import siege  # noqa: F401

SCHEMAS = "('drm', 'sec', 'app', 'sched', 'adm')"
# Not a tenant's, each for its own reason: the history of migrations says nothing of tenants; workers and the
# engines of trap listeners, and what is counted of all tenants together, are the scheduler's alone.
NO_POLICY = {"drm.schema_migrations"}
NO_TENANT = NO_POLICY | {"drm.workers", "drm.trap_engines", "drm.metrics", "drm.metric_sources", "drm.queue_depths", "drm.queue_counted"}
# drm_app cannot insert tenants, so that the uniqueness of their names tells it nothing.
GLOBAL_KEYS = {"tenants_name_key"}
# And all of schema adm, each of which asks who calls: see below.
CALLABLE = {"sec.open_seal", "sec.tenant", "sec.context", "sec.actor", "sec.enter", "sec.enter_api_key", "sec.enter_system", "sec.require_system",
            "sec.auth_user", "sec.scope", "sec.selectors", "sec.sees_device", "sec.tags_match", "sec.rights", "sec.mask_names", "sec.scoped_jobs", "app.current_tenant", "app.current_user_id",
            "sched.worker_register", "sched.worker_leave", "sched.worker_beat", "sched.worker_recover", "sched.claim", "sched.finish",
            "sched.reap", "sched.quotas", "sched.audit_link", "sec.throttle_admit", "sec.throttle_settle", "sec.may", "sched.purge"}
ASKS = r"sec\.(require|require_on_devices|require_system|require_mask|context|tenant|actor|tenant_make|second_factor\w*|audit_tenant|go_on_as|manage_people)\("
CALLABLE |= {"sched.retention", "sched.outbound_rules", "sched.batch_advance", "sched.cancels", "sched.progress", "sched.schedules_fire"}
CALLABLE |= {"sched.metrics_add", "sched.queue_count", "sched.metrics"}
CALLABLE |= {"sched.inventory_put"}
CALLABLE |= {"sec.data_key", "sec.kek_uses", "sec.kek_pick", "sec.kek_put", "sec.rekey_tenants", "sec.rekey_start", "sec.rekey_next",
             "sec.rekey_pick", "sec.rekey_put", "sec.rekey_finish", "sec.mask_names"}
CALLABLE |= {"sec.oidc_provider", "sec.oidc_key", "sec.oidc_begin", "sec.oidc_take", "sec.oidc_user"}
CALLABLE |= {"sec.address_of", "sec.scoped_events", "sched.trap_senders", "sched.trap_engine_start", "sched.events_store"}
# Functions that look across tenants, or write what programs may not: drm_sched's.
SCHEDULERS = r"sched\.(?!ensure)|adm\.|sec\.(enter|auth_user|oidc|rights|may|tenant_make|platform_administrator|require(?!_system)|apply_permissions|users_keep|user_roles|rbac_roles|audit_|scoped_jobs|scoped_events|kek_|rekey_|data_key|mask_names)"
SCOPE = "((( SELECT sec.scope() AS scope) IS NULL) OR %s)"
CODES = {"status", "lane", "protocol", "operation", "role", "kind", "snmp_version"}


@pytest.fixture
def names(siege):  # noqa: F811
    def ask(sql):
        return {row[0] if len(row) == 1 else row for row in siege.ask(sql)}
    return ask


def test_every_table_has_forced_row_level_security_and_a_policy(names):
    tables = names("SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'drm'::regnamespace AND relkind IN ('r', 'p')")
    assert len(tables) > 30
    good = names("SELECT c.oid::regclass::text FROM pg_class c WHERE relnamespace = 'drm'::regnamespace AND relrowsecurity"
                 " AND relforcerowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)")
    assert tables - good == NO_POLICY


def test_every_table_is_a_tenants(names):
    with_tenant = names("SELECT c.oid::regclass::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'"
                        " WHERE relnamespace = 'drm'::regnamespace AND relkind IN ('r', 'p') AND a.atttypid = 'uuid'::regtype")
    tables = names("SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'drm'::regnamespace AND relkind IN ('r', 'p')")
    assert tables - with_tenant == NO_TENANT


def test_policies_compare_with_the_sealed_tenant_once_a_statement(names):
    """The scalar subquery makes it an InitPlan; nothing else may decide, apart from the scheduler's and the global rows'."""
    rule = "(tenant_id = ( SELECT sec.tenant() AS tenant))"
    with_global = f"({rule} OR ((tenant_id IS NULL) AND (( SELECT sec.tenant() AS tenant) IS NOT NULL)))"
    audit_rule = "((tenant_id, actor_id) = ( SELECT c.tenant,\n    c.actor\n   FROM sec.context() c(tenant, actor)))"
    policies = names("SELECT polrelid::regclass::text, polname::text, polcmd::text, polpermissive, pg_get_expr(polqual, polrelid),"
                     " pg_get_expr(polwithcheck, polrelid), (SELECT string_agg(r::regrole::text, ',') FROM unnest(polroles) r) FROM pg_policy")
    assert len(policies) > 30
    for table, name, command, permissive, using, check, roles in policies:
        if name == "scope":
            assert not permissive and command == "*" and roles == "drm_app", table
            assert using == SCOPE % ("sec.tags_match(tags, ( SELECT sec.selectors() AS selectors))" if table == "drm.devices"
                                     else "sec.sees_device(tenant_id, device_id)"), (table, using)
            assert check is None
            continue
        if name == "own":  # a narrowed context sees the batches and schedules that its actor made
            assert table in ("drm.batches", "drm.batch_tallies", "drm.schedules") and not permissive and (command, roles, check) == ("*", "drm_app", None)
            assert using.startswith("((( SELECT sec.scope() AS scope) IS NULL) OR ")
            continue
        if name == "timely":  # what a program puts there itself is of now: it lies in the partition that is dropped with it
            assert table in ("drm.job_results", "drm.device_events") and not permissive and (command, roles, using) == ("a", "drm_app", None)
            assert "now() - '01:00:00'::interval" in check and "now() + '01:00:00'::interval" in check
            continue
        assert permissive, (table, name)
        if name == "platform":
            assert (table, command, roles) == ("drm.tenants", "r", "drm_app") and "sec.tenant()" in using and "platform:tenant" in using
            continue
        if name == "scheduler":
            assert (using, check, roles) == ("true", "true", "drm_sched"), (table, name)
            continue
        if table == "drm.audit_logs":  # who writes one is sealed too; on the host there may be nobody
            assert (name, command, using, check, roles) in (("tenant_read", "r", rule, None, "-"), ("tenant_insert", "a", None, audit_rule, "-"),
                                                            ("host", "a", None, rule, "drm_owner")), check
            continue
        assert roles == "-", (table, name)
        assert using in (rule, None) or (name == "tenant_read" and command == "r" and using == with_global), (table, name, using)
        assert check in (rule, None), (table, name, check)
        assert check == rule or command in "rd", (table, name)
    by_device = names("SELECT c.oid::regclass::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'device_id'"
                      " WHERE relnamespace = 'drm'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition")
    # A credential made with a device is the tenant's all the same.
    assert {table for table, name, *_ in policies if name == "scope"} == by_device - {"drm.snmp_credentials"} | {"drm.devices"}
    assert {table for table, name, command, *_ in policies if command == "r" and name != "platform"} == {"drm.mib_modules", "drm.mib_oids", "drm.tr181_parameters",
                                                                                    "drm.audit_logs"}


def test_every_key_starts_with_the_tenant(names):
    """Unique indexes and foreign keys look past row-level security: one that did not start with the tenant would be an oracle."""
    indexes = names("SELECT i.indexrelid::regclass::text, c.oid::regclass::text, a.attname::text FROM pg_index i"
                    " JOIN pg_class c ON c.oid = i.indrelid LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]"
                    " WHERE c.relnamespace = 'drm'::regnamespace AND (i.indisunique OR i.indisexclusion)")
    assert len(indexes) > 40
    wrong = {index.split(".")[-1] for index, table, first in indexes if table not in NO_TENANT and first != "tenant_id"}
    assert wrong == GLOBAL_KEYS


def test_every_foreign_key_starts_with_the_tenant(names):
    keys = names("SELECT k.conname::text, k.conrelid::regclass::text, a.attname::text, b.attname::text FROM pg_constraint k"
                 " JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]"
                 " JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1]"
                 " WHERE k.contype = 'f' AND k.connamespace = 'drm'::regnamespace")
    assert len(keys) > 25
    assert {key for key in keys if key[2:] != ("tenant_id", "tenant_id")} == set()


def test_a_tenants_rows_may_not_be_without_tenant_except_where_global(names):
    nullable = names("SELECT c.oid::regclass::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'"
                     " WHERE relnamespace = 'drm'::regnamespace AND relkind IN ('r', 'p') AND NOT a.attnotnull")
    assert nullable == {"drm.mib_modules", "drm.mib_oids", "drm.tr181_parameters"}


def test_nobody_calls_what_was_not_granted(names):
    functions = "FROM pg_proc p WHERE p.pronamespace::regnamespace::text IN " + SCHEMAS
    assert len(names("SELECT p.oid " + functions)) > 20
    assert names(f"SELECT p.oid::regprocedure::text {functions} AND EXISTS (SELECT FROM aclexplode(COALESCE(p.proacl,"
                 " acldefault('f', p.proowner))) x WHERE x.grantee = 0)") == set()
    allowed = names(f"SELECT p.pronamespace::regnamespace::text || '.' || p.proname {functions}"
                    " AND has_function_privilege('drm_app', p.oid, 'EXECUTE')")
    assert {name for name in allowed if not name.startswith("adm.")} == CALLABLE
    bodies = {row[0]: row[1] for row in names("SELECT p.oid::regprocedure::text, p.prosrc FROM pg_proc p WHERE p.pronamespace = 'adm'::regnamespace")}
    assert len(bodies) > 5
    assert {name for name, body in bodies.items() if not re.search(ASKS, body)} == set(), "acts for whoever calls"
    assert {name for name in bodies if not names(f"SELECT has_function_privilege('drm_app', '{name}', 'EXECUTE')") == {True}} == set()


def test_a_new_function_is_nobodys_to_call(siege):  # noqa: F811
    row = siege.ask("SET ROLE drm_owner; CREATE FUNCTION sec.fresh() RETURNS int LANGUAGE sql AS 'SELECT 1';"
                    " SELECT has_function_privilege('drm_app', 'sec.fresh()', 'EXECUTE'),"
                    " has_function_privilege('drm_owner', 'sec.fresh()', 'EXECUTE')")
    assert row == [(False, True)]


def test_a_new_table_is_nobodys_to_read_and_protect_wants_its_keys_right(siege):  # noqa: F811
    made = "SET ROLE drm_owner; CREATE TABLE drm.fresh (tenant_id uuid NOT NULL, id uuid NOT NULL, note text, PRIMARY KEY (%s));"
    assert siege.ask(made % "tenant_id, id" + "SELECT has_any_column_privilege('drm_app', 'drm.fresh', 'SELECT, INSERT')") == [(False,)]
    row = siege.ask(made % "tenant_id, id" + "SELECT sec.protect('drm.fresh'); SELECT relrowsecurity, relforcerowsecurity,"
                    " (SELECT attstattarget FROM pg_attribute WHERE attrelid = c.oid AND attname = 'note')"
                    " FROM pg_class c WHERE oid = 'drm.fresh'::regclass")
    assert row == [(True, True, 0)]
    with pytest.raises(Exception, match="do not start with tenant_id"):
        siege.ask(made % "id, tenant_id" + "SELECT sec.protect('drm.fresh')")


def test_functions_with_rights_of_their_own_are_closed(names):
    """SECURITY DEFINER: of an owner meant for it, with a fixed search_path that ends in pg_temp."""
    functions = names("SELECT p.oid::regprocedure::text, p.proowner::regrole::text, array_to_string(p.proconfig, ';') FROM pg_proc p"
                      f" WHERE p.pronamespace::regnamespace::text IN {SCHEMAS} AND p.prosecdef")
    assert len(functions) > 20
    for name, owner, config in functions:
        assert config == "search_path=pg_catalog, pg_temp", name
        assert owner == ("drm_sched" if re.match(SCHEDULERS, name) else "drm_owner"), name
    # One whose body was parsed when it was made looks nothing up when it runs.
    paths = names("SELECT array_to_string(p.proconfig, ';') FROM pg_proc p"
                  f" WHERE p.pronamespace::regnamespace::text IN {SCHEMAS} AND p.prosqlbody IS NULL")
    assert paths == {"search_path=pg_catalog, pg_temp"}
    assert names(f"SELECT p.proname FROM pg_proc p WHERE p.pronamespace::regnamespace::text IN {SCHEMAS} AND p.proleakproof") == set()


def test_owners_and_roles(names):
    assert names("SELECT oid FROM pg_class WHERE relowner = 'drm_app'::regrole UNION ALL SELECT oid FROM pg_proc WHERE proowner ="
                 " 'drm_app'::regrole UNION ALL SELECT oid FROM pg_namespace WHERE nspowner = 'drm_app'::regrole UNION ALL"
                 " SELECT oid FROM pg_database WHERE datdba = 'drm_app'::regrole UNION ALL"
                 " SELECT oid FROM pg_type WHERE typowner = 'drm_app'::regrole") == set()
    assert names(f"SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relnamespace::regnamespace::text IN {SCHEMAS}") == {"drm_owner"}
    assert names(f"SELECT DISTINCT nspowner::regrole::text FROM pg_namespace WHERE nspname IN {SCHEMAS}") == {"drm_owner"}
    roles = names("SELECT rolname::text, rolcanlogin, rolinherit, rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication"
                  " FROM pg_roles WHERE rolname LIKE 'drm\\_%'")
    assert roles == {("drm_owner", False, False, False), ("drm_sched", False, False, False), ("drm_app", True, False, False),
                     ("drm_migrate", True, False, False)}
    assert names("SELECT roleid::regrole::text, member::regrole::text FROM pg_auth_members WHERE member::regrole::text LIKE 'drm\\_%'") \
        == {("drm_sched", "drm_owner"), ("drm_owner", "drm_migrate")}


def test_drm_app_holds_no_right_that_it_does_not_need(names):
    databases = names("SELECT p FROM unnest(ARRAY['CONNECT', 'CREATE', 'TEMP']) p WHERE has_database_privilege('drm_app', current_database(), p)")
    assert databases == {"CONNECT"}
    assert names("SELECT nspname::text FROM pg_namespace WHERE has_schema_privilege('drm_app', oid, 'CREATE')") == set()
    assert names("SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm') AND relnamespace::regnamespace::text IN "
                 f"{SCHEMAS} AND has_table_privilege('drm_app', oid, 'TRUNCATE, REFERENCES, TRIGGER')") == set()
    assert names("SELECT oid::regclass::text FROM pg_class WHERE relispartition AND relkind IN ('r', 'p') AND (has_any_column_privilege('drm_app',"
                 " oid, 'SELECT, INSERT, UPDATE, REFERENCES') OR has_table_privilege('drm_app', oid, 'DELETE'))") == set()
    assert names("SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'sec'::regnamespace AND relkind = 'r'"
                 " AND has_any_column_privilege('drm_app', oid, 'SELECT, INSERT, UPDATE, REFERENCES')") == set()
    assert names("SELECT c.oid::regclass::text FROM pg_class c, aclexplode(c.relacl) x WHERE x.grantee = 0 AND"
                 f" c.relnamespace::regnamespace::text IN {SCHEMAS}") == set()
    assert names("SELECT oid::regclass::text FROM pg_class WHERE relkind = 'S' AND relnamespace::regnamespace::text IN " + SCHEMAS) == set()
    assert names("SELECT privilege_type::text FROM pg_parameter_acl, aclexplode(paracl) WHERE grantee = 'drm_app'::regrole") == set()
    assert names("SELECT d.defaclobjtype::text FROM pg_default_acl d, aclexplode(d.defaclacl) x WHERE x.grantee IN (0, 'drm_app'::regrole)") \
        == set()


def test_views_ask_as_their_reader(names):
    """A materialized view cannot: the one there is, is nobody's to read."""
    assert names("SELECT oid::regclass::text FROM pg_class WHERE relkind = 'm'") == {"sec.seal_keys"}
    assert names("SELECT r FROM unnest(ARRAY['drm_app', 'drm_sched', 'public']) r WHERE has_any_column_privilege(r, 'sec.seal_keys', 'SELECT')") \
        == set()
    views = names("SELECT oid::regclass::text FROM pg_class WHERE relkind = 'v' AND relnamespace::regnamespace::text IN " + SCHEMAS)
    safe = names("SELECT oid::regclass::text FROM pg_class WHERE relkind = 'v' AND 'security_invoker=true' = ANY (reloptions)")
    assert views - safe == set()


def test_texts_have_no_statistics(names):
    columns = names("SELECT c.oid::regclass::text, a.attname::text, a.attstattarget FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
                    " WHERE c.relnamespace = 'drm'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped"
                    " AND (a.attcollation <> 0 OR a.atttypid IN ('bytea'::regtype, 'inet'::regtype))")
    assert len(columns) > 60
    assert {(table, column) for table, column, target in columns if table not in NO_TENANT and column not in CODES and target != 0} == set()
