"""drmctl from outside: the command line, its output, log-ins, devices, the database's schema. Jobs are in test_drmctl_jobs.py."""
import concurrent.futures
import csv
import io
import json
import os
import re
import secrets
import shlex
import signal
import stat
import subprocess
import termios
import time
import uuid

import pytest

from drmctl_support import Ctl, Terminal, commands, nobody, options_of
from stack.process import clean_environment

ESC, BIDI = "\x1b[31m", "\u202e"


@pytest.fixture(scope="module")
def ctl(database, tmp_path_factory):
    """Logged in as the administrator of the tenant that is there."""
    made = Ctl(database, tmp_path_factory.mktemp("ctl"))
    made.ok("login", "--email", made.env["DRM_EMAIL"], "--password-file", "-", input=made.env["DRM_PASSWORD"])
    return made


@pytest.fixture(scope="module")
def other(database, tmp_path_factory):
    """Logged in to another tenant."""
    made = Ctl(database, tmp_path_factory.mktemp("other"))
    made.new_tenant()
    return made


@pytest.fixture
def bare(database, tmp_path):
    """Without a log-in, with a session file of its own."""
    return Ctl(database, tmp_path)


@pytest.fixture
def device(ctl):
    name = f"device-{secrets.token_hex(4)}"
    return ctl.json("device", "create", name, "--snmp", "192.0.2.7", "--community-file", "-", input="s3cret-community\n")


@pytest.fixture(scope="module")
def rows(ctl):
    return commands(ctl)


# ---- help, words, the table ----

def test_help_of_every_row(ctl, rows):
    assert len(rows) > 25
    for words in rows:
        done = ctl.ok(*words, "--help")
        assert f"Usage: drmctl {' '.join(words)}" in done.stdout
        assert "Examples:\n  " in done.stdout
        assert done.stdout == ctl.ok("help", *words).stdout
        assert max(map(len, done.stdout.splitlines())) <= 160


def test_help_of_every_noun(ctl, rows):
    for noun in {words[0] for words in rows}:
        text = ctl.ok(noun, "--help").stdout
        assert text.startswith(f"drmctl {noun}")
        assert all(" ".join(words) in text for words in rows if words[0] == noun)
    assert all(" ".join(words) in ctl.ok("--help").stdout for words in rows)


def test_examples_are_commands_with_options_that_exist(ctl, rows):
    """A format that does not exist is complained about only after everything else of the line was found good."""
    for words in rows:
        text = ctl.ok(*words, "--help").stdout
        lines = [line.strip() for line in text.split("Examples:\n", 1)[1].splitlines()]
        for line in lines:
            part = next(p for p in re.split(r" \| ", line) if p.startswith("drmctl"))
            argv = shlex.split(part.split(" > ")[0])[1:]
            done = ctl.run(*argv, "-o", "nonsense")
            assert done.returncode == 2, line
            expected = "table, json or csv" if "output" in options_of(text) else "--output: there is no such option here"
            assert expected in done.stderr, line


def test_an_option_has_one_shape_everywhere(ctl, rows):
    """Otherwise a value could be taken for a word before the command is known."""
    shapes = {}
    for words in rows:
        for name, value in options_of(ctl.ok(*words, "--help").stdout).items():
            assert shapes.setdefault(name, bool(value)) == bool(value), name


@pytest.mark.parametrize("argv, said", [
    (["devcie", "list"], "did you mean device?"),
    (["device", "lst"], "did you mean device list?"),
    (["device", "cerate"], "did you mean device create?"),
    (["device"], "create, list, show, parameters, update, delete"),
    (["device", "xyzzy"], "there are create, list, show, parameters, update, delete"),
    (["zzzzzzzz"], "there is no such command"),
    (["device", "list", "--nmae", "x"], "did you mean --name?"),
    (["device", "list", "--wait"], "no such option here"),
    (["login", "--password", "x"], "did you mean --password-file?"),
    (["device", "list", "--pass"], "no such option here"),
    (["help", "xyzzy"], "there is no such command"),
    (["completion", "fish"], "bash only"),
    (["\x1b[31mred"], "\\x1b[31mred"),
    (["device", "show", BIDI + "x", "y"], "too many arguments"),
    (["device", "show"], "arguments are missing: DEVICE"),
    (["snmp", "get", "core-1"], "arguments are missing: DEVICE OID..."),
    (["device", "list", "--name"], "--name: a value is missing"),
    (["device", "list", "--all=yes"], "--all takes no value"),
    (["device", "delete", "-yx", "core-1"], "-yx: there is no such option"),
    (["device", "list", "-o", "xml"], "table, json or csv is wanted"),
    (["device", "list", "-o"], "a value is missing"),
    (["device", "list", "--limit", "0"], "a whole number from 1"),
    (["device", "list", "--limit", "99999999999999999999"], "a whole number from 1"),
    (["device", "list", "--limit", "7x"], "a whole number from 1"),
    (["device", "list", "--limit", "5", "--all"], "exclude each other"),
    (["device", "list", "--columns", "nmae"], "did you mean name"),
    (["device", "list", "--columns", "profiles"], "only show does"),
    (["device", "list", "--columns", ""], "names of fields are wanted"),
    (["device", "list", "--columns", "name", "-o", "json"], "JSON always has all fields"),
    (["device", "list", "--sort", "tags"], "cannot be sorted"),
    (["device", "list", "--cursor", "bm9uc2Vuc2U"], "cursor"),
    (["job", "list", "--device-id", "core-1"], "UUID"),
    (["device", "create"], "name"),
    (["device", "create", "x", "--snmp", "[2001:db8::1"], "[IPV6]:PORT"),
    (["device", "create", "x", "--snmp", "[2001:db8::1]x"], "[IPV6]:PORT"),
    (["device", "create", "x", "--snmp", "host:0"], "[IPV6]:PORT"),
    (["device", "create", "x", "--snmp", "host:65536"], "[IPV6]:PORT"),
    (["device", "create", "x", "--snmp", "host:+1"], "[IPV6]:PORT"),
    (["device", "create", "x", "--snmp", ":161"], "[IPV6]:PORT"),
    (["device", "create", "x", "--snmp", "a" * 300], "[IPV6]:PORT"),
    (["device", "create", "x", "--snmp-version", "2c"], "--snmp ADDRESS is missing"),
    (["device", "create", "x", "--snmp", "h", "--snmp-version", "9"], "version"),
    (["device", "create", "x", "--profile", "[]"], "a JSON object is wanted"),
    (["device", "create", "x", "--profile", "{"], "a JSON object is wanted"),
    (["device", "create", "x", "--profile", '{"protocol":"morse"}'], "there is no driver"),
    (["device", "create", "x", "--profile", '{"protocol":"snmp","address":"h","oops":1}'], "oops"),
    (["device", "create", "x" * 300], "name"),
    (["device", "create", ""], "name"),
    (["device", "create", "x", "--tag", "t" * 300], "tags"),
    (["job", "submit", "fake", "echo", "core-1", "--timeout", "5"], "--timeout goes with --wait"),
    (["snmp", "get", "core-1", "1.3", "--wait", "--timeout", "-1"], "seconds up to 86400"),
    (["snmp", "get", "core-1", "1.3", "--wait", "--timeout", "nan"], "seconds up to 86400"),
    (["snmp", "get", "core-1", "1.3", "--wait", "--timeout", "1e9"], "seconds up to 86400"),
    (["credential", "create", "x"], "--community-file FILE"),
    (["api-key", "create", ""], "label"),
])
def test_bad_input(ctl, argv, said):
    done = ctl.run(*argv)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert said in done.stderr
    assert done.stderr.startswith("drmctl: ") and done.stderr.count("\n") == 1, done.stderr
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", done.stderr)


def test_bytes_that_are_no_utf8(ctl):
    for argv in (["device", "create", b"\xff\xfe"], ["device", "create", "x", "--tag", b"\xc0\xaf"],
                 ["device", "create", "x", "--description", b"\xed\xa0\x80"]):
        done = ctl.run(*argv)
        assert done.returncode == 2 and "UTF-8" in done.stderr, done


def test_options_stand_anywhere(ctl, device):
    name = device["name"]
    for argv in (["-o", "json", "device", "show", name], ["device", "-ojson", "show", name], ["device", "show", name, "--output=json"],
                 ["device", "show", "-o", "json", "--", name]):
        assert json.loads(ctl.ok(*argv).stdout)["id"] == device["id"]
    assert "--help" not in ctl.run("device", "show", "--", "--help").stdout
    assert ctl.run("device", "show", "--", "--help").returncode == 4  # a name like any other
    assert ctl.ok("version").stdout == ctl.ok("--version").stdout
    assert ctl.run().returncode == 2


def test_drivers_need_no_database(ctl):
    env = {"PATH": os.environ["PATH"]}
    found = json.loads(ctl.run("driver", "list", "-o", "json", env=env, clean=True).stdout)
    by_name = {(row["protocol"], row["operation"]): row for row in found}
    assert by_name["snmp", "get"]["writes"] is False and by_name["snmp", "get"]["idempotent"] is True
    assert by_name["fake", "write"]["writes"] is True and by_name["fake", "write"]["timeout_ms"] > 0
    assert len(ctl.ok("driver", "list").stdout.splitlines()) == len(found) + 1


def test_completion(ctl, rows, tmp_path):
    script = tmp_path / "drmctl.bash"
    script.write_text(ctl.ok("completion", "bash").stdout)

    def complete(*words):
        code = f'. {script}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _drmctl; printf "%s\\n" "${{COMPREPLY[@]}}"'
        done = subprocess.run(["bash", "-uec", code, "bash", *words], capture_output=True, text=True, check=True, timeout=20)
        assert done.stderr == ""
        return set(done.stdout.split())

    assert complete("drmctl", "") == {words[0] for words in rows}
    assert complete("drmctl", "device", "") == {words[1] for words in rows if words[0] == "device"}
    assert complete("drmctl", "-o", "") == {"table", "json", "csv"}
    assert complete("drmctl", "-o", "json", "dev") == {"device"}
    assert complete("drmctl", "help", "dev") == {"device"}
    assert complete("drmctl", "device", "--limit", "list", "") == complete("drmctl", "device", "")  # a value is no word
    for words in rows:
        wanted = {f"--{name}" for name in options_of(ctl.ok(*words, "--help").stdout)} | {"--help"}
        assert complete("drmctl", *words, "--") == wanted, words


# ---- output ----

def test_a_name_cannot_play_tricks(ctl):
    name = f"{ESC}{BIDI}\r\nevil\u00a0\x9b\u200b日本{secrets.token_hex(3)}"
    assert ctl.json("device", "create", name, "--description", 'a,"b"')["name"] == name
    shown, listed = ctl.ok("device", "show", name).stdout, ctl.ok("device", "list", "--name", "*evil*").stdout
    for text in (shown, listed):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e]", text)
        assert "\\u202e" in text and "日本" in text
    rows = list(csv.DictReader(io.StringIO(ctl.ok("device", "list", "--name", "*evil*", "-o", "csv").stdout, newline="")))
    assert name in [row["name"] for row in rows]
    assert ctl.run("device", "show", name + ESC).returncode == 4


def test_columns_are_aligned_by_what_a_terminal_shows(ctl):
    tag = secrets.token_hex(4)
    for name in ("ascii", "日本語", "e\u0301te\u0301", "x" * 30):
        ctl.ok("device", "create", f"{name}-{tag}", "--tag", tag)
    lines = ctl.ok("device", "list", "--tag", tag, "--columns", "name,version").stdout.splitlines()
    wide = {"日": 2, "本": 2, "語": 2, "\u0301": 0}
    columns = {sum(wide.get(c, 1) for c in line[:re.search(r"(VERSION|\d+)$", line).start()]) for line in lines}
    assert len(lines) == 5 and len(columns) == 1, lines
    assert ctl.ok("device", "list", "--tag", tag, "--columns", "name,version", env={"LC_ALL": "C"}).stdout.splitlines() == lines


def test_formats_of_a_list(ctl, device):
    page = ctl.json("device", "list", "--name", device["name"])
    assert set(page) == {"items", "next"} and page["next"] is None
    item, = page["items"]
    assert item == {k: v for k, v in device.items() if k != "profiles"}
    text = ctl.ok("device", "list", "--name", device["name"], "-o", "csv").stdout
    assert text.count("\r\n") == 2
    row, = csv.DictReader(io.StringIO(text, newline=""))
    assert list(row) == list(item)
    assert (row["id"], json.loads(row["tags"]), row["updated_at"]) == (item["id"], item["tags"], item["updated_at"])
    head, line = ctl.ok("device", "list", "--name", device["name"]).stdout.splitlines()
    assert head.split() == ["NAME", "TAGS", "PROTOCOLS", "UPDATED_AT"] and line.startswith(device["name"])
    text = ctl.ok("device", "list", "--name", device["name"], "--columns", "version,name", "-o", "csv").stdout
    assert text == f"version,name\r\n1,{device['name']}\r\n"


def test_a_list_follows_its_cursors(database, tmp_path):
    ctl = Ctl(database, tmp_path)
    ctl.new_tenant()
    tenant = ctl.json("whoami")["tenant_id"]
    connection = database.admin()
    with connection, connection.cursor() as sql:
        sql.execute("INSERT INTO drm.devices (tenant_id, id, name) SELECT %s, gen_random_uuid(), 'd-' || i"
                    " FROM generate_series(1, 2050) AS i", (tenant,))
    connection.close()
    names = {f"d-{i}" for i in range(1, 2051)}
    everything = ctl.json("device", "list", "--all")
    assert {d["name"] for d in everything["items"]} == names and everything["next"] is None
    assert len(ctl.ok("device", "list", "--all", "--columns", "name").stdout.splitlines()) == 2051
    assert len(ctl.ok("device", "list", "--all", "-o", "csv").stdout.splitlines()) == 2051
    assert len(ctl.json("device", "list", "--limit", "1500")["items"]) == 1500
    assert len(ctl.json("device", "list")["items"]) == 50
    first = ctl.json("device", "list", "--limit", "2000", "--sort", "-name")
    rest = ctl.json("device", "list", "--limit", "2000", "--sort", "-name", "--cursor", first["next"])
    assert {d["name"] for d in first["items"] + rest["items"]} == names and rest["next"] is None
    assert [d["name"] for d in first["items"]] == sorted((d["name"] for d in first["items"]), reverse=True)
    done = ctl.ok("device", "list", "--limit", "7")
    assert len(done.stdout.splitlines()) == 8 and "--cursor" in done.stderr
    assert ctl.run("device", "list", "--cursor", first["next"]).returncode == 2  # of another sort


def test_output_that_cannot_be_written(ctl, device):
    for argv in (["device", "list"], ["device", "list", "-o", "json"], ["device", "list", "-o", "csv", "--all"], ["device", "show", device["id"]],
                 ["help"], ["version"], ["db", "status"], ["driver", "list"], ["completion", "bash"]):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = ctl.run(*argv, stdout=full)
        assert done.returncode == 1 and done.stderr.startswith("drmctl: standard output cannot be written: No space"), done
        reader, writer = os.pipe()
        os.close(reader)
        done = ctl.run(*argv, stdout=writer)
        os.close(writer)
        assert done.returncode == 1 and "Broken pipe" in done.stderr, done


def test_closed_descriptors(ctl, device):
    show = f"exec {ctl.program} device show {device['name']}"
    assert ctl.shell(f"{show} <&-").stdout == ctl.ok("device", "show", device["name"]).stdout
    done = ctl.shell(f"{show} >&-")
    assert done.returncode == 1 and "standard output" in done.stderr
    assert ctl.shell(f"{show} 2>&-").returncode == 0
    assert ctl.shell(f"{show} <&- >&- 2>&-").returncode == 1
    assert ctl.shell(f"exec {ctl.program} device create x --snmp h --community-file - <&-").returncode != 0


# ---- connection ----

def test_no_database(ctl, bare, tmp_path):
    dead = f"postgresql://x@/x?host={tmp_path}"
    assert ctl.run("device", "list", env={"DRM_APP_DATABASE_URL": dead}).returncode == 6
    assert ctl.run("device", "list", "--database-url", dead).returncode == 6  # options win
    assert ctl.run("db", "status", "--owner-url", dead).returncode == 6
    for argv, name in ((["device", "list"], "DRM_APP_DATABASE_URL"), (["db", "status"], "DRM_DATABASE_URL"),
                       (["init", "--tenant", "x", "--email", "a@b.example"], "DRM_DATABASE_URL")):
        done = ctl.run(*argv, env={"DRM_APP_DATABASE_URL": "", "DRM_DATABASE_URL": ""})
        assert done.returncode == 2 and name in done.stderr
    done = bare.run("device", "list")
    assert done.returncode == 3 and "drmctl login" in done.stderr
    done = ctl.run("device", "list", "--keyring", "/nonexistent/keyring")
    assert done.returncode == 1 and "/nonexistent/keyring" in done.stderr
    done = ctl.run("device", "list", env={"DRM_KEYRING": ""})
    assert done.returncode == 2 and "DRM_KEYRING" in done.stderr


# ---- log-in ----

def login(ctl, password=None, *more):
    return ctl.run("login", "--email", ctl.env["DRM_EMAIL"], "--password-file", "-", *more, input=password or ctl.env["DRM_PASSWORD"])


def test_login_and_logout(bare):
    assert login(bare).returncode == 0
    mode = bare.session.stat()
    assert stat.S_IMODE(mode.st_mode) == 0o600 and stat.S_IMODE(bare.session.parent.stat().st_mode) == 0o700
    who = bare.json("whoami")
    assert (who["email"], who["role"], who["tenant"]) == (bare.env["DRM_EMAIL"], "administrator", bare.env["DRM_TENANT"])
    assert "administrator" in bare.ok("whoami").stdout and "administrator" in bare.ok("whoami", "-o", "csv").stdout
    kept = bare.session.read_bytes()
    assert bare.ok("logout").stdout == "Logged out.\n" and not bare.session.exists()
    assert bare.run("whoami").returncode == 3
    assert bare.ok("logout").stdout == "Not logged in.\n"
    bare.write_session(json.loads(kept), expires_at=0)  # a copy kept aside: its refresh token was revoked
    done = bare.run("whoami")
    assert done.returncode == 3 and "log in again: drmctl login" in done.stderr


def test_a_wrong_password_tells_nothing(bare):
    wrong = login(bare, "wrong password 1")
    unknown = bare.run("login", "--email", "nobody@example.net", "--password-file", "-", input=bare.env["DRM_PASSWORD"])
    assert wrong.returncode == unknown.returncode == 3
    assert wrong.stderr == unknown.stderr and "wrong password 1" not in wrong.stderr
    assert not bare.session.exists()
    assert login(bare, None, "--tenant", "no such tenant").stderr == wrong.stderr


def test_login_needs_what_it_needs(bare, tmp_path):
    done = bare.run("login", "--email", "a@b.example", "--password-file", "-", input="x", env={"DRM_KEYRING": ""})
    assert done.returncode == 2 and "keyring" in done.stderr and "drmctl login --api-key-file" in done.stderr
    done = bare.run("login", "--email", bare.env["DRM_EMAIL"])
    assert done.returncode == 2 and "--password-file" in done.stderr
    assert bare.run("login").returncode == 2
    for content, code in ((b"", 2), (b"\n", 2), (b"a\nb\n", 2), (b"a\0b", 2), (b"x" * 5000, 2)):
        path = tmp_path / "password"
        path.write_bytes(content)
        done = bare.run("login", "--email", bare.env["DRM_EMAIL"], "--password-file", str(path))
        assert done.returncode == code and str(path) in done.stderr, (content, done)
    assert bare.run("login", "--email", "a@b.example", "--password-file", str(tmp_path / "none")).returncode == 1
    assert bare.run("login", "--email", "a@b.example", "--password-file", str(tmp_path)).returncode == 1


def test_the_session_file_is_distrusted(bare, tmp_path):
    assert login(bare).returncode == 0
    bare.session.chmod(0o640)
    done = bare.run("whoami")
    assert done.returncode == 1 and "chmod 600" in done.stderr
    bare.session.chmod(0o600)
    good = bare.session.read_text()
    for content in ("", "{", "[]", "{}", '{"access_token":"x"}', '{"api_key":7}', good[:40], "\0", "x" * 100000):
        bare.session.write_text(content)
        done = bare.run("whoami")
        assert done.returncode in (1, 2) and str(bare.session) in done.stderr, (content[:50], done)
    bare.session.write_text(good)
    if os.geteuid() == 0:
        os.chown(bare.session, nobody(), -1)
        assert "another user" in bare.run("whoami").stderr
        os.chown(bare.session, 0, -1)
    assert bare.run("whoami").returncode == 0
    bare.session.unlink()
    bare.session.mkdir()
    assert bare.run("whoami").returncode == 1
    assert bare.run("whoami", "--session-file", str(tmp_path / "file" / "none")).returncode == 3
    forged = json.loads(good)
    bare.session.rmdir()
    head, body, tail = forged["access_token"].split(".")
    bare.write_session(forged, access_token=f"{head}.{body}.{tail[::-1]}", refresh_token="nonsense")
    assert bare.run("whoami").returncode == 3


def test_home_is_where_the_log_in_is_kept(bare, tmp_path):
    for env, path in (({"HOME": str(tmp_path / "h")}, "h/.config/drmgmt/session"),
                      ({"XDG_CONFIG_HOME": str(tmp_path / "x")}, "x/drmgmt/session")):
        done = bare.run("login", "--email", bare.env["DRM_EMAIL"], "--password-file", "-", input=bare.env["DRM_PASSWORD"],
                        env={**env, "DRM_SESSION": ""})
        assert done.returncode == 0 and stat.S_IMODE((tmp_path / path).stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / path).parent.stat().st_mode) == 0o700
    done = bare.run("whoami", env={"HOME": "", "XDG_CONFIG_HOME": "", "DRM_SESSION": ""})
    assert done.returncode == 2 and "--session-file" in done.stderr


def test_an_access_token_is_refreshed_by_itself(bare):
    assert login(bare).returncode == 0
    before = bare.read_session()
    bare.run("whoami", check=True)
    assert bare.read_session() == before
    bare.write_session(before, expires_at=int(time.time()) + 20)
    bare.run("whoami", check=True)
    after = bare.read_session()
    assert after["refresh_token"] != before["refresh_token"] and after["expires_at"] > time.time() + 600
    assert stat.S_IMODE(bare.session.stat().st_mode) == 0o600
    bare.write_session(after, access_token="not.a.token")  # as after a change of the token key
    bare.run("whoami", check=True)
    assert bare.read_session()["refresh_token"] != after["refresh_token"]


def test_many_at_once_refresh_once(bare):
    """A refresh token used twice would revoke the whole log-in."""
    assert login(bare).returncode == 0
    for _ in range(3):
        bare.write_session(bare.read_session(), expires_at=0)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            done = list(pool.map(lambda _: bare.run("whoami"), range(8)))
        assert [d.returncode for d in done] == [0] * 8, done
    left = {p.name for p in bare.session.parent.iterdir()}
    assert left == {bare.session.name, bare.session.name + ".lock"}


def test_ctrl_c_never_costs_the_log_in(bare):
    """Between the use of a refresh token and the keeping of its successor nothing may end the program."""
    assert login(bare).returncode == 0
    for i in range(25):
        bare.write_session(bare.read_session(), expires_at=0)
        process = subprocess.Popen([bare.program, "whoami"], env=clean_environment(**bare.env), stdout=subprocess.DEVNULL)
        time.sleep(0.002 * i)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) in (0, 130, -signal.SIGINT)
        assert bare.run("whoami").returncode == 0


def test_a_session_that_cannot_be_kept(bare, tmp_path):
    if os.geteuid() == 0:
        target = "/proc/session"
    else:
        (tmp_path / "closed").mkdir(0o500)
        target = str(tmp_path / "closed" / "session")
    done = bare.run("login", "--email", bare.env["DRM_EMAIL"], "--password-file", "-", "--session-file", target,
                    input=bare.env["DRM_PASSWORD"])
    assert done.returncode == 1 and target in done.stderr


def test_password_on_a_terminal(bare):
    with Terminal(bare, "login", "--email", bare.env["DRM_EMAIL"]) as terminal:
        terminal.until("Password: ")
        assert not termios.tcgetattr(terminal.fd)[3] & termios.ECHO
        terminal.send(bare.env["DRM_PASSWORD"] + "\n")
        terminal.until("Logged in")
        assert terminal.wait() == 0
    assert bare.env["DRM_PASSWORD"] not in terminal.seen


def test_ctrl_c_at_the_password_restores_the_terminal(bare):
    with Terminal(bare, "login", "--email", bare.env["DRM_EMAIL"]) as terminal:
        before = termios.tcgetattr(terminal.fd)
        terminal.until("Password: ")
        terminal.send("\x03")
        assert terminal.wait() == 130
        after = termios.tcgetattr(terminal.fd)
    assert after[3] & termios.ECHO and after[:4] == [*before[:3], before[3] | termios.ECHO]


def test_api_keys(ctl, bare, tmp_path):
    made = ctl.json("api-key", "create", "host-7")
    assert made["label"] == "host-7" and made["key"].startswith("drm_")
    listed = ctl.ok("api-key", "list", "--all", "-o", "json").stdout
    assert made["id"] in listed and made["key"] not in listed
    key_file = tmp_path / "key"
    key_file.write_text(made["key"] + "\n")
    without = {"DRM_KEYRING": ""}
    assert bare.json("whoami", env={**without, "DRM_API_KEY": made["key"]})["email"] == ctl.env["DRM_EMAIL"]
    assert bare.json("whoami", "--api-key-file", str(key_file), env=without)["email"] == ctl.env["DRM_EMAIL"]
    assert bare.json("whoami", "--api-key-file", "-", input=made["key"], env=without)["email"] == ctl.env["DRM_EMAIL"]
    assert bare.run("whoami", "--api-key-file", str(key_file), env={**without, "DRM_API_KEY": "drm_bad_key"}).returncode == 0
    done = bare.run("login", "--api-key-file", str(key_file), env=without)
    assert done.returncode == 0 and bare.run("whoami", env=without).returncode == 0
    done = bare.run("login", "--api-key-file", str(key_file), "--email", "a@b.example")
    assert done.returncode == 2
    assert ctl.ok("api-key", "revoke", made["id"]).stdout.split() == ["REVOKED", made["id"]]
    done = bare.run("whoami", env=without)
    assert done.returncode == 3 and made["key"] not in done.stderr
    assert bare.run("login", "--api-key-file", str(key_file)).returncode == 3
    assert "stays valid" in bare.ok("logout").stdout
    assert bare.run("whoami", env={"DRM_API_KEY": "nonsense"}).returncode == 3
    assert ctl.run("api-key", "revoke", str(uuid.uuid4())).returncode == 4
    assert ctl.ok("api-key", "create", "x").stdout.count("drm_") == 1


# ---- devices and credentials ----

def test_device_life(ctl, device):
    assert device["protocols"] == ["snmp"] and device["version"] == 1
    profile, = device["profiles"]
    assert profile["address"] == "192.0.2.7" and profile["credential_id"]
    assert ctl.run("device", "create", device["name"]).returncode == 5
    assert "s3cret" not in json.dumps(device) + ctl.ok("credential", "list", "--all", "-o", "csv").stdout
    changed = ctl.json("device", "update", device["name"], "--description", "moved", "--tag", "a", "--tag", "b", "--if-version", "1")
    assert (changed["description"], changed["tags"], changed["version"]) == ("moved", ["a", "b"], 2)
    assert changed["profiles"] == device["profiles"]
    done = ctl.run("device", "update", device["id"], "--description", "late", "--if-version", "1")
    assert done.returncode == 5 and "changed" in done.stderr
    assert ctl.json("device", "update", device["id"], "--tag", "")["tags"] == []
    renamed = ctl.json("device", "update", device["id"], "--name", device["name"] + "-b")
    assert ctl.run("device", "show", device["name"]).returncode == 4
    assert ctl.run("device", "update", renamed["name"]).returncode == 2
    assert f"name:         {renamed['name']}" in ctl.ok("device", "show", device["id"]).stdout
    assert ctl.run("device", "delete", device["id"], "--if-version", "1").returncode == 5
    assert ctl.ok("device", "delete", renamed["name"]).stdout.split() == ["DELETED", renamed["name"]]
    assert ctl.run("device", "delete", device["id"]).returncode == 4


def test_a_change_of_the_snmp_profile_keeps_the_others(ctl, device):
    both = ctl.json("device", "update", device["id"], "--profile", '{"protocol":"fake"}', "--profile",
                    json.dumps({"protocol": "snmp", "address": "192.0.2.9", "credential_id": device["profiles"][0]["credential_id"]}))
    assert both["protocols"] == ["fake", "snmp"]
    moved = ctl.json("device", "update", device["id"], "--snmp", "[2001:db8::7]:1161", "--snmp-version", "1")
    snmp, = [p for p in moved["profiles"] if p["protocol"] == "snmp"]
    assert (snmp["address"], snmp["port"], snmp["settings"]["version"]) == ("2001:db8::7", 1161, "1")
    assert moved["protocols"] == ["fake", "snmp"]
    assert snmp["credential_id"] == device["profiles"][0]["credential_id"]
    again = ctl.json("device", "update", device["id"], "--community-file", "-", input="another\n")
    assert again["protocols"] == ["fake", "snmp"]


@pytest.mark.parametrize("text, address, port", [
    ("192.0.2.7", "192.0.2.7", None), ("192.0.2.7:1161", "192.0.2.7", 1161), ("switch.example.net:161", "switch.example.net", 161),
    ("2001:db8::7", "2001:db8::7", None), ("[2001:db8::7]", "2001:db8::7", None), ("[2001:db8::7]:65535", "2001:db8::7", 65535)])
def test_addresses(ctl, text, address, port):
    profile, = ctl.json("device", "create", f"a-{secrets.token_hex(5)}", "--snmp", text)["profiles"]
    assert profile["address"] == address and (profile.get("port") or None) in (port, 161 if port is None else port)


def test_a_device_from_json(ctl, tmp_path):
    name = f"json-{secrets.token_hex(4)}"
    draft = {"name": name, "tags": ["x"], "description": "from a file", "profiles": [{"protocol": "fake"}]}
    path = tmp_path / "device.json"
    path.write_text(json.dumps(draft))
    made = ctl.json("device", "create", "--json", str(path), "--tag", "y")
    assert (made["name"], made["tags"], made["protocols"], made["description"]) == (name, ["y"], ["fake"], "from a file")
    assert ctl.json("device", "update", name, "--json", "-", input='{"description":"piped"}')["description"] == "piped"
    for text, said in (("", "JSON"), ("{", "JSON"), ("[]", "object"), ('{"name":"a","name":"b"}', "JSON"), ('{"id":"x"}', "id"),
                       ('{"nmae":"x"}', "nmae"), ('{"name":7}', "name"), ("[" * 3000, "JSON"), ('{"profiles":' + "[" * 40 + "]" * 40 + "}", "nested"),
                       (" " * (1 << 20) + "{}", "more than")):
        done = ctl.run("device", "create", "--json", "-", input=text)
        assert done.returncode == 2 and said in done.stderr, (text[:60], done)


def test_credentials(ctl, device):
    name = f"cred-{secrets.token_hex(4)}"
    made = ctl.json("credential", "create", name, "--community-file", "-", input="hush-hush\n")
    assert made["community"] == {"set": True} and made["snmp_version"] == "2c"
    assert "(set)" in ctl.ok("credential", "show", made["id"]).stdout
    row, = csv.DictReader(io.StringIO(ctl.ok("credential", "list", "--name", name, "-o", "csv").stdout, newline=""))
    assert row["community"] == '{"set":true}'
    changed = ctl.json("credential", "update", made["id"], "--name", name + "-b", "--snmp-version", "1", "--if-version", "1")
    assert (changed["name"], changed["snmp_version"], changed["version"]) == (name + "-b", "1", 2)
    assert ctl.run("credential", "update", made["id"], "--community-file", "-", "--if-version", "1", input="x\n").returncode == 5
    assert ctl.run("credential", "update", made["id"]).returncode == 2
    user = ctl.json("device", "create", name, "--snmp", "192.0.2.7", "--credential", made["id"])
    assert user["profiles"][0]["credential_id"] == made["id"]
    assert ctl.run("credential", "delete", made["id"]).returncode == 5
    ctl.ok("device", "delete", user["id"])
    ctl.ok("credential", "delete", made["id"])
    assert ctl.run("credential", "show", made["id"]).returncode == 4
    done = ctl.run("device", "create", "x", "--snmp", "h", "--credential", made["id"], "--community-file", "-", input="x\n")
    assert done.returncode == 2 and "exclude" in done.stderr


def test_deleting_several(ctl):
    names = [f"several-{i}-{secrets.token_hex(4)}" for i in range(3)]
    for name in names:
        ctl.ok("device", "create", name)
    assert ctl.run("device", "delete", *names, "--if-version", "1").returncode == 2
    done = ctl.run("device", "delete", names[0], "none such", names[1], "-o", "json")
    assert done.returncode == 4 and json.loads(done.stdout) == [{"deleted": names[0]}, {"deleted": names[1]}]
    with Terminal(ctl, "device", "delete", names[2]) as terminal:
        terminal.until("[y/N] ")
        terminal.send("n\n")
        assert terminal.wait() == 1
    assert ctl.run("device", "show", names[2]).returncode == 0
    with Terminal(ctl, "device", "delete", names[2]) as terminal:
        terminal.until("[y/N] ")
        terminal.send("y\n")
        assert terminal.wait() == 0
    assert ctl.run("device", "show", names[2]).returncode == 4


def test_another_tenant_finds_nothing(ctl, other, device):
    credential = device["profiles"][0]["credential_id"]
    key = ctl.json("api-key", "create", "mine")["id"]
    for argv in (["device", "show", device["id"]], ["device", "show", device["name"]], ["device", "delete", device["id"]],
                 ["device", "update", device["id"], "--description", "x"], ["credential", "show", credential],
                 ["credential", "delete", credential], ["credential", "update", credential, "--name", "x"],
                 ["api-key", "revoke", key], ["snmp", "get", device["name"], "1.3.6.1"],
                 ["job", "submit", "snmp", "get", device["id"], "--params", '{"oids":["1.3.6.1"]}']):
        done = other.run(*argv)
        assert (done.returncode, done.stdout) == (4, ""), (argv, done)
    assert other.json("device", "list", "--all")["items"] == []
    assert ctl.json("device", "show", device["id"]) == device
    done = other.run("device", "create", "x", "--snmp", "192.0.2.7", "--credential", credential)
    assert done.returncode in (2, 4)


def test_a_viewer_may_look_only(ctl, database, tmp_path):
    viewer = Ctl(database, tmp_path)
    viewer.new_tenant()
    connection = database.admin()
    with connection, connection.cursor() as sql:
        sql.execute("INSERT INTO drm.users (tenant_id, id, email, password_hash, role) SELECT tenant_id, gen_random_uuid(), 'spare@x.example',"
                    " 'none', 'administrator' FROM drm.users WHERE email = %s", (viewer.env["DRM_EMAIL"],))
        sql.execute("UPDATE drm.users SET role = 'viewer' WHERE email = %s", (viewer.env["DRM_EMAIL"],))
    connection.close()
    assert viewer.json("whoami")["role"] == "viewer"
    assert viewer.run("device", "list").returncode == 0
    done = viewer.run("device", "create", "x")
    assert done.returncode == 3 and "drmctl whoami" in done.stderr
