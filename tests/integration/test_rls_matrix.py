"""The matrix of the database: every table, column and function that the catalog shows, tried on tenant a's rows with the application's
password in each context that is not a's. Nothing is listed here, so that what a migration adds is tried at once. test_rls_attack.py
holds the attacks that need thought."""
import contextlib
import re
import secrets
import uuid

import psycopg2
import pytest
from attack_support import DENIED, run, siege, use_seal  # noqa: F401

# By row-level security and rights, or by a trigger that comes before them.
REFUSED = (DENIED, "DR403")
PLATFORM = "00000000-0000-0000-0000-000000000000"


@contextlib.contextmanager
def as_app(siege, enter):  # noqa: F811
    """A superuser's connection in the application's role, in a context; rolled back. What was done can be looked at in the same
    transaction, by owner()."""
    connection = siege.database.admin()
    run(connection, "UPDATE drm.users SET role = 'administrator' WHERE id IN (%s, %s)", (siege.a.user, siege.b.user))
    run(connection, "INSERT INTO drm.users (tenant_id, id, email, role) VALUES (%s, %s, 'siege@example.net', 'administrator')",
        (PLATFORM, siege.a.template))
    run(connection, "SET LOCAL SESSION AUTHORIZATION drm_app")
    assert run(connection, "SELECT session_user::text, row_security_active('drm.devices')") == [("drm_app", True)]
    enter(connection)
    try:
        yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def owner(connection):
    run(connection, "SET LOCAL SESSION AUTHORIZATION DEFAULT")
    try:
        yield
    finally:
        run(connection, "SET LOCAL SESSION AUTHORIZATION drm_app")


def attempt(connection, sql, args=None):
    """What comes of it: rows or a number, or the SQLSTATE and what was said; the transaction goes on as if it had not been."""
    run(connection, "SAVEPOINT attempt")
    try:
        return run(connection, sql, args)
    except psycopg2.Error as error:
        run(connection, "ROLLBACK TO attempt")
        return error.pgcode, error.diag.message_primary, error.diag.message_detail, error.diag.message_hint


def state(siege, connection, tenant):  # noqa: F811
    with owner(connection):
        one = "SELECT '{0}', md5(COALESCE(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {0} t WHERE tenant_id = '{1}'"
        return dict(run(connection, " UNION ALL ".join(one.format(table, tenant.tenant) for table in siege.tables)))


def contexts(siege):  # noqa: F811
    """Everybody's but a's."""
    def enter(tenant, user, narrowed=""):
        return lambda c: run(c, "SELECT sec.enter(%s, 0)", (siege.seal(c, tenant, user + narrowed),))

    return {
        "no seal": lambda c: None,
        "b": enter(siege.b.tenant, siege.b.user),
        "b by API key": lambda c: run(c, "SELECT sec.enter_api_key(%s, 1)", (siege.b.key,)),
        "b narrowed": lambda c: use_seal(c, siege.seal(c, siege.b.tenant, siege.b.user + ":-1:1")),
        "the platform": enter(PLATFORM, siege.a.template),
        "log-in": lambda c: use_seal(c, siege.system_seal(c, "auth")),
        "a worker": lambda c: use_seal(c, siege.system_seal(c, "worker")),
    }


CONTEXTS = ["no seal", "b", "b by API key", "b narrowed", "the platform", "log-in", "a worker"]


@pytest.fixture(params=CONTEXTS)
def attack(siege, request):  # noqa: F811
    with as_app(siege, contexts(siege)[request.param]) as connection:
        yield connection


def test_these_are_all_contexts(siege):  # noqa: F811
    assert list(contexts(siege)) == CONTEXTS


def relations(siege):  # noqa: F811
    """Tables and views with a tenant."""
    return siege.tables + [row[0] for row in siege.ask(
        "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE a.attname = 'tenant_id'"
        " AND c.relnamespace = 'drm'::regnamespace AND c.relkind IN ('v', 'm') ORDER BY 1")]


@pytest.fixture(scope="module")
def columns(siege):  # noqa: F811
    """{(table, right): [column, ...]} as drm_app holds them."""
    found = {}
    for table, right, column in siege.ask(
            "SELECT c.oid::regclass::text, r, a.attname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
            " AND NOT a.attisdropped, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) r WHERE c.relnamespace = 'drm'::regnamespace"
            " AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition AND has_column_privilege('drm_app', c.oid, a.attnum, r)"):
        found.setdefault((table, right), []).append(column)
    return found


@pytest.fixture(scope="module")
def rows(siege):  # noqa: F811
    """{table: a row of a's as JSON}; a table without one cannot be tried: SEED in attack_support.py makes them."""
    found = {table: siege.ask(f"SELECT to_jsonb(t)::text FROM {table} t WHERE tenant_id = %s LIMIT 1", (siege.a.tenant,)) for table in siege.tables}
    assert [table for table, row in found.items() if not row] == [], "add a row to SEED in attack_support.py"
    return {table: row[0][0] for table, row in found.items()}


# What the platform's administrators manage: that a tenant is there, not what it has.
OF_PLATFORM = {"drm.tenants"}


def test_no_row_is_read(siege, attack, columns, request):  # noqa: F811
    """By each column: a right to one is enough for a look."""
    platform = request.node.callspec.params["attack"] == "the platform"
    for table in set(relations(siege)) - (OF_PLATFORM if platform else set()):
        readable = columns.get((table, "SELECT"), [])
        for column in readable if "tenant_id" in readable else []:
            assert attempt(attack, f"SELECT {column} FROM {table} WHERE tenant_id = %s", (siege.a.tenant,)) == [], (table, column)
            # A count is a read as well.
            assert attempt(attack, f"SELECT count({column}) FROM {table} WHERE tenant_id = %s", (siege.a.tenant,)) == [(0,)], (table, column)
        if "tenant_id" not in readable:
            assert attempt(attack, f"SELECT 1 FROM {table} WHERE tenant_id = %s", (siege.a.tenant,))[0] == DENIED, table


def test_no_row_is_written(siege, attack, columns, rows):  # noqa: F811
    before = state(siege, attack, siege.a)
    for table in siege.tables:
        for column in columns.get((table, "UPDATE"), []):
            done = attempt(attack, f"UPDATE {table} SET {column} = {column} WHERE tenant_id = %s", (siege.a.tenant,))
            assert done == 0 or done[0] == DENIED, (table, column, done)
        done = attempt(attack, f"DELETE FROM {table} WHERE tenant_id = %s", (siege.a.tenant,))
        assert done == 0 or done[0] == DENIED, (table, done)
        names = ", ".join(columns.get((table, "INSERT"), [])) or "tenant_id"
        done = attempt(attack, f"INSERT INTO {table} ({names}) SELECT {names} FROM jsonb_populate_record(NULL::{table}, %s)", (rows[table],))
        assert done[0] in REFUSED, (table, done)
        done = attempt(attack, f"SELECT 1 FROM {table} WHERE tenant_id = %s FOR UPDATE", (siege.a.tenant,))
        assert done == [] or done[0] == DENIED, (table, done)
    assert state(siege, attack, siege.a) == before


def test_the_same_is_open_to_the_tenant_itself(siege, columns):  # noqa: F811
    """What was tried above is not refused for another reason."""
    with as_app(siege, lambda c: run(c, "SELECT sec.enter(%s, 0)", (siege.seal_of(c, siege.a),))) as connection:
        read = written = 0
        for table in relations(siege):
            if "tenant_id" in columns.get((table, "SELECT"), []):
                read += 1
                assert attempt(connection, f"SELECT tenant_id FROM {table} WHERE tenant_id = %s", (siege.a.tenant,)), table
                for column in columns.get((table, "UPDATE"), []):
                    written += 1
                    assert attempt(connection, f"UPDATE {table} SET {column} = {column} WHERE tenant_id = %s", (siege.a.tenant,)) > 0, table
        assert read > 25 and written > 30


# ---- functions ----

VALUES = {"text": "%(text)s", "integer": "1", "bigint": "1", "smallint": "1::smallint", "boolean": "true", "bytea": "'\\x00'",
          "jsonb": "'{}'", "interval": "'1 minute'", "timestamp with time zone": "now()", "double precision": "1", "inet": "'127.0.0.1'",
          "uuid": "%(id)s", "uuid[]": "ARRAY[%(id)s]::uuid[]", "text[]": "ARRAY[%(text)s]"}


def value_of(kind):
    if kind in VALUES:
        return f"{VALUES[kind]}::{kind}"
    if kind.endswith("[]"):
        return f"ARRAY[{VALUES[kind[:-2]]}]::{kind}"
    raise AssertionError(f"VALUES: give a value of the type {kind}, which a function takes")


def functions(siege):  # noqa: F811
    """[(name, call)] of all that drm_app may call and that take something."""
    found = siege.ask("SELECT p.oid::regprocedure::text, p.pronamespace::regnamespace::text || '.' || p.proname,"
                      " ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) t) FROM pg_proc p"
                      " WHERE p.pronamespace::regnamespace::text IN ('drm', 'sec', 'app', 'sched', 'adm') AND p.prorettype <> 'trigger'::regtype"
                      " AND has_function_privilege('drm_app', p.oid, 'EXECUTE') ORDER BY 1")
    return [(name, f"SELECT * FROM {call}({', '.join(value_of(kind) for kind in kinds)})") for name, call, kinds in found if kinds]


def told(outcome, *own):
    text = repr(outcome)
    for each in own:
        text = text.replace(each, "...")
    # Ids, times and numbers that a call makes anew.
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|datetime\.\w+\([^)]*\)|\d+", "N", text)


@pytest.mark.parametrize("who", ["no seal", "b", "b by API key"])
def test_no_function_reaches_another_tenants_objects(siege, who):  # noqa: F811
    """Called with a's ids as with ids of nothing: the same comes of it, and a's rows stay as they are."""
    called = functions(siege)
    assert len(called) > 12
    kinds = ("tenant", "user", "role", "device", "credential", "template", "batch", "job", "module", "key_id")
    with as_app(siege, contexts(siege)[who]) as connection:
        before = state(siege, connection, siege.a)
        for name, call in called:
            for kind in kinds if "%(id)s" in call else kinds[:1]:
                values = {"id": str(getattr(siege.a, kind)), "text": siege.a.word}
                nothing = {"id": str(uuid.uuid4()), "text": "t" + secrets.token_hex(5)}
                said = []
                for each in (values, nothing):
                    run(connection, "SAVEPOINT call")
                    said.append(told(attempt(connection, call, each), *each.values()))
                    after = state(siege, connection, siege.a)
                    assert {table for table in before if after[table] != before[table]} == set(), (name, kind)
                    run(connection, "ROLLBACK TO call")
                assert said[0] == said[1], (name, kind)
