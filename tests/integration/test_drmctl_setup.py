"""drmctl db and init against databases of their own; and the manual pages, held against the programs."""
import concurrent.futures
import json
import pathlib
import re
import secrets
import stat
import subprocess

import psycopg2
import pytest

from drmctl_support import Ctl, Terminal, commands, options_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ("drmctl.1", "drmd.8", "drm-worker.8")
TABLE = ROOT / "libdrm/core/error.c"


@pytest.fixture(scope="module")
def ctl(database, tmp_path_factory):
    return Ctl(database, tmp_path_factory.mktemp("setup"))


@pytest.fixture
def empty(database, tmp_path):
    """drmctl as the owner of a database with nothing in it, and a superuser's way into it."""
    name = f"empty_{secrets.token_hex(4)}"
    run_sql(database.env["DRM_ADMIN_DATABASE_URL"], f"CREATE DATABASE {name}")
    made = Ctl(database, tmp_path)
    for variable in ("DRM_DATABASE_URL", "DRM_APP_DATABASE_URL", "DRM_ADMIN_DATABASE_URL"):
        made.env[variable] = database.env[variable].replace("/drmgmt?", f"/{name}?")
        assert name in made.env[variable]
    run_sql(made.env["DRM_ADMIN_DATABASE_URL"], f"GRANT ALL ON DATABASE {name} TO drm_owner")
    made.env["DRM_KEYRING"] = str(tmp_path / "keyring")
    yield made
    run_sql(database.env["DRM_ADMIN_DATABASE_URL"], f"DROP DATABASE {name} WITH (FORCE)")


def run_sql(url, text):
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as sql:
        sql.execute(text)
    connection.close()


# ---- db ----

def test_migrations_from_nothing(empty):
    done = empty.run("db", "status", "-o", "json")
    rows = json.loads(done.stdout)
    assert done.returncode == 1 and "drmctl db migrate" in done.stderr
    assert rows and not any(row["applied"] for row in rows) and all(row["applied_at"] is None for row in rows)
    assert rows[0]["name"] in empty.run("db", "status").stdout
    lines = empty.ok("db", "migrate").stdout.splitlines()
    assert [re.fullmatch(r"(\S+)  \d+ ms", line)[1] for line in lines[:-1]] == [row["name"] for row in rows]
    assert lines[-1] == f"{len(rows)} migrations applied."
    assert all(row["applied"] and row["applied_at"] for row in empty.json("db", "status"))
    assert empty.ok("db", "migrate").stdout == "The schema is current.\n" and empty.json("db", "migrate") == []
    assert empty.ok("db", "status", "-o", "csv").stdout.splitlines()[0] == "number,name,applied,applied_at,duration_ms,sha256"


def test_migrating_twice_at_once(empty):
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: empty.run("db", "migrate", "-o", "json"), range(3)))
    assert [d.returncode for d in done] == [0, 0, 0], done
    assert sorted(len(json.loads(d.stdout)) for d in done)[:2] == [0, 0]
    assert empty.run("db", "status").returncode == 0


@pytest.mark.parametrize("change", [
    "UPDATE drm.schema_migrations SET sha256 = repeat('0', 64) WHERE number = 2",
    "INSERT INTO drm.schema_migrations (number, name, sha256) VALUES (9999, '9999_future', repeat('0', 64))",
    "DELETE FROM drm.schema_migrations WHERE number = 1"])
def test_a_history_that_does_not_fit(empty, change):
    empty.ok("db", "migrate")
    run_sql(empty.env["DRM_ADMIN_DATABASE_URL"], change)
    for verb in ("status", "migrate"):
        done = empty.run("db", verb)
        assert done.returncode == 5 and "migration" in done.stderr and done.stderr.count("\n") == 1, done


# ---- init ----

def test_init_wants_the_schema_first(empty):
    done = empty.run("init", "--tenant", "acme", "--email", "ops@acme.example")
    assert done.returncode == 5 and "drmctl db migrate" in done.stderr
    assert not pathlib.Path(empty.env["DRM_KEYRING"]).exists()


def test_init(empty):
    empty.ok("db", "migrate")
    made = empty.json("init", "--tenant", "acme", "--email", "ops@acme.example")
    keyring = pathlib.Path(empty.env["DRM_KEYRING"])
    assert set(made) == {"tenant_id", "tenant", "email", "keyring", "keyring_created", "password"}
    assert (made["tenant"], made["keyring"], made["keyring_created"]) == ("acme", str(keyring), True)
    assert len(made["password"]) == 24 and stat.S_IMODE(keyring.stat().st_mode) == 0o600
    empty.ok("login", "--email", "ops@acme.example", "--password-file", "-", input=made["password"])
    assert empty.json("whoami")["tenant_id"] == made["tenant_id"]

    before = keyring.read_bytes()
    done = empty.run("init", "--tenant", "acme", "--email", "new@acme.example")
    assert done.returncode == 5 and "--tenant" in done.stderr and done.stdout == ""
    second = empty.json("init", "--tenant", "beta", "--email", "ops@beta.example", "--password-file", "-", input="long enough 42")
    assert second["keyring_created"] is False and "password" not in second and keyring.read_bytes() == before
    text = empty.ok("init", "--tenant", "gamma", "--email", "ops@gamma.example").stdout
    assert re.search(r"^password: +[\w.]{24}$", text, re.M)


@pytest.mark.parametrize("argv, password, said", [
    (["--email", "a@b.example"], None, "--tenant"), (["--tenant", "x"], None, "--email"),
    (["--tenant", "", "--email", "a@b.example"], None, "tenant"), (["--tenant", "x" * 101, "--email", "a@b.example"], None, "tenant"),
    (["--tenant", "x", "--email", "nonsense"], None, "email"), (["--tenant", "x", "--email", "a@b.example"], "short", "password"),
    (["--tenant", "x", "--email", "a@b.example", "--keyring", ""], None, "")])
def test_init_with_bad_input(ctl, argv, password, said):
    more = ["--password-file", "-"] if password else []
    done = ctl.run("init", *argv, *more, input=password)
    assert done.returncode in (1, 2) and said in done.stderr and done.stdout == "", done


def test_init_with_another_keyring(ctl, tmp_path):
    """The database knows the keys of the first one: a second file would open nothing."""
    done = ctl.run("init", "--tenant", secrets.token_hex(4), "--email", "a@b.example", "--keyring", str(tmp_path / "other"))
    assert done.returncode == 5 and "keyring" in done.stderr


def test_init_asks_on_a_terminal(ctl):
    name = secrets.token_hex(5)
    argv = ("init", "--tenant", name, "--email", f"{name}@example.net")
    with Terminal(ctl, *argv) as terminal:
        terminal.until("make one): ")
        terminal.send("a good password\n")
        terminal.until("Once more: ")
        terminal.send("another password\n")
        assert terminal.wait() == 2
    with Terminal(ctl, *argv) as terminal:
        terminal.until("make one): ")
        terminal.send("a good password\n")
        terminal.until("Once more: ")
        terminal.send("a good password\n")
        assert terminal.wait() == 0
    assert "a good password" not in terminal.seen and "password:" not in terminal.seen
    ctl.ok("login", "--email", f"{name}@example.net", "--password-file", "-", input="a good password")


# ---- the manual ----

def rendered(page):
    done = subprocess.run(["groff", "-ww", "-mdoc", "-Tutf8", "-P-cbou", str(ROOT / "docs/man" / page)], capture_output=True,
                          text=True, check=True, timeout=60)
    assert done.stderr == ""
    return re.sub(r"\s+", " ", done.stdout.replace("\u2010\n", "").replace("\u2010", "-").replace("\u2212", "-"))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_well_formed(page):
    text = rendered(page)
    for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "ENVIRONMENT", "FILES", "EXIT STATUS", "EXAMPLES", "SEE ALSO"):
        assert f" {section} " in text, section


def test_the_page_of_drmctl_has_every_command_option_variable_and_exit_code(ctl):
    text, source = rendered("drmctl.1"), (ROOT / "docs/man/drmctl.1").read_text()
    for words in commands(ctl):
        assert re.search(rf"^\.It Cm {' '.join(words)}\b", source, re.M), words
        shown = ctl.ok(*words, "--help").stdout
        for option in options_of(shown):
            assert f"--{option}" in text, option
        for variable in re.findall(r"\((DRM_\w+)\)$", shown, re.M):
            assert variable in text, variable
    status = text.split(" EXIT STATUS ")[1].split(" EXAMPLES ")[0]
    codes = {int(code) for code in re.findall(r'", \d+, (\d+) \};', TABLE.read_text())} | {130}
    assert len(codes) > 7
    for code in codes:
        assert re.search(rf"(?:^| ){code} [A-Z]", status), code


@pytest.mark.parametrize("page, program", [("drmd.8", "drmd/drmd"), ("drm-worker.8", "drm-worker/drm-worker")])
def test_the_page_of_a_server_has_every_option(ctl, page, program):
    path = ctl.program.parents[1] / program
    shown = subprocess.run([path, "--help"], capture_output=True, text=True, check=True, timeout=20).stdout
    text = rendered(page)
    options = set(re.findall(r"--[a-z-]+", shown))
    assert len(options) > 5
    assert {o for o in options if o not in text} == set()
    assert {o for o in re.findall(r"--[a-z-]+", text) if o not in options and program.endswith("drmd")} == set()
    for variable in set(re.findall(r"DRM_\w+", shown)):
        assert variable in text
    status = text.split(" EXIT STATUS ")[1]
    for code in re.findall(r"(?:^|\W)(\d) ", shown.split("Exit codes:")[1].split("\n")[0]) if "Exit codes:" in shown else []:
        assert f"{code} " in status
