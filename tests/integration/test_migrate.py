"""drmctl db migrate and status, from outside: from nothing, again, at once, killed, and against a history that is not ours."""
import contextlib
import json
import pathlib
import secrets
import shutil
import signal
import subprocess

import psycopg2
import pytest
from http_support import ROOT, wait_until
from stack import database as stack_database
from stack.conninfo import variables
from stack.fleet import temporary_folder
from stack.process import clean_environment
from stack.servers import Postgres, postgres_binaries

MIGRATIONS = [path.stem for path in sorted((ROOT / "sql/migrations").glob("*.sql"))]
REFUSED, UNAVAILABLE, USAGE = 5, 6, 2


@contextlib.contextmanager
def cluster():
    """A cluster that has never heard of drmgmt."""
    folder = temporary_folder()
    server = Postgres(folder / "pg", folder / "postgres.log", secrets.token_hex(12), folder / "s", durable=False)
    try:
        server.start()
        yield server
    finally:
        server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def server():
    with cluster() as made:
        yield made


@pytest.fixture
def bare():
    with cluster() as made:
        yield made


class Database:
    def __init__(self, server, build, owner=None, name=None):
        self.server, self.build = server, build
        self.name = name or "m" + secrets.token_hex(4)
        if not name:
            with contextlib.closing(psycopg2.connect(server.url())) as admin:
                admin.autocommit = True
                admin.cursor().execute(f'CREATE DATABASE "{self.name}"' + (f' OWNER "{owner}"' if owner else ""))
        self.url = server.url(database=self.name)

    def connect(self, user=None, password=None):
        return psycopg2.connect(self.server.url(user, password, self.name) if user else self.url)

    def ask(self, sql):
        with contextlib.closing(self.connect()) as admin:
            admin.autocommit = True
            cursor = admin.cursor()
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else None

    def history(self):
        return self.ask("SELECT number, name, sha256, applied_at FROM drm.schema_migrations ORDER BY number")

    def drmctl(self, *words, url=None):
        return stack_database.drmctl(self.build, *words, env={"DRM_DATABASE_URL": url or self.url}, check=False)

    def start_migrate(self):
        return subprocess.Popen([pathlib.Path(self.build) / "drmctl" / "drmctl", "-o", "json", "db", "migrate"], text=True,
                                env=clean_environment(DRM_DATABASE_URL=self.url), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def dump(self):
        """The schema as pg_dump writes it, without the history, which only drmctl keeps."""
        done = subprocess.run([postgres_binaries() / "pg_dump", "-s", "--exclude-table=drm.schema_migrations"], text=True, check=True,
                              capture_output=True, env=clean_environment(**variables(self.url)))
        return [line for line in done.stdout.splitlines() if line and not line.startswith(("--", "\\"))]


@pytest.fixture
def fresh(server, build):
    return Database(server, build)


@pytest.fixture
def migrated(fresh):
    done = fresh.drmctl("db", "migrate")
    assert done.returncode == 0, done.stderr
    return fresh


def test_from_nothing_and_again(bare, build):
    fresh = Database(bare, build)
    before = fresh.drmctl("-o", "json", "db", "status")
    assert before.returncode == 1
    assert f"{len(MIGRATIONS)} of {len(MIGRATIONS)} migrations are missing" in before.stderr
    assert [(row["name"], row["applied"]) for row in json.loads(before.stdout)] == [(name, False) for name in MIGRATIONS]
    done = fresh.drmctl("db", "migrate")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == MIGRATIONS
    assert lines[-1] == f"{len(MIGRATIONS)} migrations applied."
    after = fresh.drmctl("-o", "json", "db", "status")
    assert after.returncode == 0 and after.stderr == ""
    rows = json.loads(after.stdout)
    assert [(row["number"], row["name"], row["applied"]) for row in rows] == [(int(n[:4]), n, True) for n in MIGRATIONS]
    assert all(len(row["sha256"]) == 64 and row["applied_at"].endswith("Z") and row["duration_ms"] >= 0 for row in rows)
    history = fresh.history()
    again = fresh.drmctl("db", "migrate")
    assert (again.returncode, again.stdout) == (0, "The schema is current.\n")
    assert fresh.history() == history
    second = Database(bare, build)
    assert second.drmctl("db", "migrate").returncode == 0, "a second database of a cluster that has the roles"
    assert second.ask("SELECT has_database_privilege('drm_app', current_database(), 'TEMP')") == [(False,)]


def test_status_as_a_table(migrated):
    done = migrated.drmctl("db", "status")
    assert done.returncode == 0
    for name in MIGRATIONS:
        assert name in done.stdout
    assert migrated.history()[0][2] not in done.stdout


def test_five_at_once(bare, build):
    """From a cluster without roles, so that these are not made twice either."""
    fresh = Database(bare, build)
    processes = [fresh.start_migrate() for _ in range(5)]
    answers = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * 5, answers
    applied = [row["name"] for out, _ in answers for row in json.loads(out)]
    assert sorted(applied) == MIGRATIONS
    assert [row[1] for row in fresh.history()] == MIGRATIONS


def refused(database, name, *words):
    """migrate and status both refuse, name what is wrong, and leave everything as it was."""
    history, dump = database.history(), database.dump()
    for verb in ("migrate", "status"):
        done = database.drmctl("db", verb)
        assert done.returncode == REFUSED, done
        for word in (name, *words):
            assert word in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert database.history() == history and database.dump() == dump


def test_a_changed_history_is_refused(migrated):
    migrated.ask("UPDATE drm.schema_migrations SET sha256 = repeat('0', 64) WHERE number = 3")
    refused(migrated, MIGRATIONS[2], "another text")


def test_a_newer_history_is_refused(migrated):
    migrated.ask("INSERT INTO drm.schema_migrations (number, name, sha256) VALUES (9999, '9999_tomorrow', repeat('0', 64))")
    refused(migrated, "9999_tomorrow", "newer version")


def test_a_gap_is_refused(migrated):
    migrated.ask("DELETE FROM drm.schema_migrations WHERE number = 2")
    refused(migrated, MIGRATIONS[1], "missing from the history")


def test_a_migration_that_fails_leaves_nothing(fresh):
    fresh.ask("CREATE SCHEMA sec")
    done = fresh.drmctl("db", "migrate")
    assert done.returncode not in (0, REFUSED)
    assert f"migration {MIGRATIONS[0]} failed" in done.stderr and '"sec"' in done.stderr
    assert fresh.history() == [] and fresh.ask("SELECT to_regnamespace('app')") == [(None,)]
    fresh.ask("DROP SCHEMA sec")
    assert fresh.drmctl("db", "migrate").returncode == 0


def test_killed_in_the_middle(server, build):
    """A lock on pg_trigger holds the migration that makes the first foreign keys; the process is killed while it waits."""
    Database(server, build).drmctl("db", "migrate")  # roles are there
    fresh = Database(server, build)
    with contextlib.closing(fresh.connect()) as holder:
        holder.cursor().execute("LOCK TABLE pg_catalog.pg_trigger IN ACCESS EXCLUSIVE MODE")
        process = fresh.start_migrate()
        wait_until(lambda: fresh.ask("SELECT pid FROM pg_locks WHERE relation = 'pg_trigger'::regclass AND NOT granted"), 20)
        assert [row[1] for row in fresh.history()] == MIGRATIONS[:1]
        process.send_signal(signal.SIGKILL)
        process.communicate()
        status = fresh.drmctl("db", "status")
        assert status.returncode == 1
        assert f"{len(MIGRATIONS) - 1} of {len(MIGRATIONS)} migrations are missing" in status.stderr
        second = fresh.start_migrate()
        holder.rollback()
    out, err = second.communicate(timeout=60)
    assert second.returncode == 0, err
    assert [row["name"] for row in json.loads(out)] == MIGRATIONS[1:]
    assert [row[1] for row in fresh.history()] == MIGRATIONS
    whole = Database(server, build)
    assert whole.drmctl("db", "migrate").returncode == 0
    assert fresh.dump() == whole.dump()


def psql(database, path, url=None, single=True):
    return subprocess.run([postgres_binaries() / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *(["-1"] if single else []), "-f", path],
                          text=True, capture_output=True, env=clean_environment(**variables(url or database.url)), check=False)


def test_one_by_one_with_psql_gives_the_same_schema(server, build, migrated):
    by_hand = Database(server, build)
    assert psql(by_hand, ROOT / "sql/roles.sql").returncode == 0
    assert psql(by_hand, ROOT / "sql/roles.sql").returncode == 0, "roles.sql can be run again"
    word = secrets.token_hex(8)
    by_hand.ask(f"ALTER ROLE drm_migrate PASSWORD '{word}'")
    owner = server.url("drm_migrate", word, by_hand.name)
    for path in sorted((ROOT / "sql/migrations").glob("*.sql")):
        done = psql(by_hand, path, owner)
        assert done.returncode == 0, (path.name, done.stderr)
    dump = by_hand.dump()
    assert len(dump) > 500
    assert dump == migrated.dump()


def test_as_the_migrating_role(migrated, server, build):
    """drm_migrate, which may create no roles, applies what a superuser has prepared."""
    word = secrets.token_hex(8)
    fresh = Database(server, build)
    assert psql(fresh, ROOT / "sql/roles.sql").returncode == 0
    fresh.ask(f"ALTER ROLE drm_migrate PASSWORD '{word}'")
    url = server.url("drm_migrate", word, fresh.name)
    assert fresh.drmctl("db", "migrate", url=url).returncode == 0
    assert fresh.drmctl("db", "status", url=url).returncode == 0
    assert fresh.dump() == migrated.dump()
    fresh.ask(f"ALTER ROLE drm_app PASSWORD '{word}'")
    denied = fresh.drmctl("db", "migrate", url=server.url("drm_app", word, fresh.name))
    assert denied.returncode != 0 and "permission denied" in denied.stderr


def test_a_log_in_that_may_not_create_roles(bare, build):
    word = secrets.token_hex(8)
    with contextlib.closing(psycopg2.connect(bare.url())) as admin:
        admin.autocommit = True
        for role, right in (("plain", "NOCREATEROLE"), ("maker", "CREATEROLE")):
            admin.cursor().execute(f"CREATE ROLE {role} LOGIN {right} PASSWORD '{word}'")
    fresh = Database(bare, build, owner="plain")
    url = bare.url("plain", word, fresh.name)
    done = fresh.drmctl("db", "migrate", url=url)
    assert done.returncode == REFUSED
    assert "drm_owner" in done.stderr and "sql/roles.sql" in done.stderr and "superuser" in done.stderr
    assert fresh.ask("SELECT 1 FROM pg_roles WHERE rolname LIKE 'drm\\_%'") == []
    assert fresh.drmctl("db", "status", url=url).returncode == 1
    # One that may create roles, but does not own the database, could not take TEMP away from drm_app.
    foreign = fresh.drmctl("db", "migrate", url=bare.url("maker", word, fresh.name))
    assert foreign.returncode != 0
    assert fresh.ask("SELECT 1 FROM pg_roles WHERE rolname LIKE 'drm\\_%'") == []
    own = Database(bare, build, owner="maker")
    done = own.drmctl("db", "migrate", url=bare.url("maker", word, own.name))
    assert done.returncode == 0, done.stderr
    assert [row[1] for row in own.history()] == MIGRATIONS


def test_roles_with_too_many_rights_are_refused(bare, build):
    fresh = Database(bare, build)
    fresh.ask("CREATE ROLE drm_app LOGIN BYPASSRLS")
    done = fresh.drmctl("db", "migrate")
    assert done.returncode != 0 and "role drm_app" in done.stderr
    fresh.ask("ALTER ROLE drm_app NOBYPASSRLS")
    assert fresh.drmctl("db", "migrate").returncode == 0


@pytest.mark.parametrize("verb", ["migrate", "status"])
def test_no_server_and_no_url(fresh, verb):
    done = fresh.drmctl("db", verb, url="postgresql://nobody@127.0.0.1:1/none")
    assert done.returncode == UNAVAILABLE and "PostgreSQL cannot be reached" in done.stderr
    secret = secrets.token_hex(8)
    wrong = fresh.drmctl("db", verb, url=fresh.server.url("postgres", secret, fresh.name))
    assert wrong.returncode == UNAVAILABLE and secret not in wrong.stderr
    done = stack_database.drmctl(fresh.build, "db", verb, check=False)
    assert done.returncode == USAGE and "DRM_DATABASE_URL" in done.stderr
