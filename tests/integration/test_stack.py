"""scripts/run and scripts/stop from outside, without their installing and building: one job, supervision, every way to an end. They run
the programs of the build under test."""
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import subprocess
import time
import urllib.request

import psycopg2
import pytest
from http_support import ROOT, wait_until
from stack.fleet import Fleet, temporary_folder
from stack.process import clean_environment, start_time

NAMES = ("POSTGRES", "REDIS", "SNMPD", "DRMD", "WORKER")
PROMISED = {"DRM_URL", "DRM_EMAIL", "DRM_PASSWORD", "DRM_TENANT", "DRM_DATABASE_URL", "DRM_ADMIN_DATABASE_URL", "DRM_APP_DATABASE_URL",
            "DRM_REDIS_URL", "DRM_SNMP_ADDRESS", "DRM_SNMP_COMMUNITY", "DRM_DEVICE", *(f"DRM_PID_{name}" for name in NAMES)}


class Run:
    """One state folder and the commands on it."""

    def __init__(self, build, folder):
        self.build, self.folder = build, folder

    def argv(self, verb, *flags):
        build = ["--build", str(self.build)] if verb == "run" else []
        return ["/usr/bin/python3", "-P", "-m", "stack", verb, "--state", str(self.folder), *build, *flags]

    def environment(self, **more):
        return clean_environment(PYTHONPATH=str(ROOT / "scripts"), PYTHONDONTWRITEBYTECODE="1", **more)

    def call(self, verb, *flags, timeout=120, **more):
        return subprocess.run(self.argv(verb, *flags), env=self.environment(**more), text=True, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=timeout, check=False)

    def begin(self, *flags, output=subprocess.PIPE, **more):
        return subprocess.Popen(self.argv("run", *flags), env=self.environment(), text=True, stdin=subprocess.DEVNULL, stdout=output,
                                stderr=subprocess.STDOUT, **more)

    def detach(self, *flags, **more):
        done = self.call("run", "--detach", *flags, **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def env(self):
        """DIR/env as a plain POSIX shell sees it."""
        shown = subprocess.run(["dash", "-eu", "-c", '. "$1"; env', "sh", str(self.folder / "env")], env={}, text=True, capture_output=True,
                               check=True).stdout
        return {k: v for k, _, v in (line.partition("=") for line in shown.splitlines()) if k.startswith("DRM_")}

    def pids(self):
        return {name: int(self.env()[f"DRM_PID_{name}"]) for name in NAMES}

    def supervisor(self):
        return json.loads((self.folder / "pids.json").read_text())["supervisor"][0]

    def said(self):
        return (self.folder / "log" / "supervisor.log").read_text()


def gone(pids):
    wait_until(lambda: not [pid for pid in pids if start_time(pid)], 30)


def healthy(url):
    with urllib.request.urlopen(url + "/readyz", timeout=10) as answer:
        return answer.status == 200


@pytest.fixture
def run(build):
    """A run of this test's own; whatever happens it is ended."""
    made = Run(build, temporary_folder())
    yield made
    made.call("stop")
    shutil.rmtree(made.folder, ignore_errors=True)


@pytest.fixture
def second(build):
    made = Run(build, temporary_folder())
    yield made
    made.call("stop")
    shutil.rmtree(made.folder, ignore_errors=True)


def test_once_ends_with_the_job_and_keeps_its_state(run):
    first = run.call("run", "--once")
    assert first.returncode == 0, first.stdout + first.stderr
    job = json.loads(first.stdout.splitlines()[-1])
    told = re.search(r"^sysdescr (.*)$", (run.folder / "snmpd" / "agent.conf").read_text(), re.M)[1]
    assert job["status"] == "completed" and job["result"]["varbinds"][0]["value"] == told
    assert re.search(r"^\[ *\d+\.\d s\] ", first.stdout, re.M) and "done " in first.stdout
    before = run.env()
    assert not [name for name in before if name.startswith("DRM_PID_")]
    assert not (run.folder / "pids.json").exists()

    assert run.call("run", "--once").returncode == 0
    after = run.env()
    assert {k: after[k] for k in ("DRM_PASSWORD", "DRM_TENANT", "DRM_DEVICE")} == {k: before[k] for k in ("DRM_PASSWORD", "DRM_TENANT",
                                                                                                       "DRM_DEVICE")}
    run.detach()
    connection = psycopg2.connect(run.env()["DRM_ADMIN_DATABASE_URL"])
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(*) FILTER (WHERE id = %s) FROM drm.job_results", (job["id"],))
        assert cursor.fetchone() == (3, 1)
    connection.close()


def test_env_is_private_complete_and_usable(run):
    shown = run.detach()
    path = run.folder / "env"
    assert path.stat().st_mode & 0o777 == 0o600
    env = run.env()
    assert set(env) >= PROMISED
    assert env["DRM_PASSWORD"] in shown, "the new password is shown once"
    for name in PROMISED - {"DRM_DEVICE"}:
        assert env[name]
    for name, pid in run.pids().items():
        assert start_time(pid), name
    # A shell that sourced it can use drmctl at once.
    listed = subprocess.run(["dash", "-euc", '. "$1"; "$2" -o json device list', "sh", str(path), str(run.build / "drmctl" / "drmctl")],
                            env={"PATH": os.environ["PATH"]}, text=True, capture_output=True, timeout=60, check=False)
    assert listed.returncode == 0 and env["DRM_DEVICE"] in listed.stdout, listed.stderr
    # The owner may migrate and nothing else may: the application's role sees no tenant.
    for name, expected in (("DRM_APP_DATABASE_URL", "drm_app"), ("DRM_DATABASE_URL", "drm_migrate"), ("DRM_ADMIN_DATABASE_URL", "postgres")):
        connection = psycopg2.connect(env[name])
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone()[0] == expected
        connection.close()
    assert run.call("stop").returncode == 0
    assert env["DRM_PASSWORD"] not in run.detach(), "and not again"


def test_secrets_lie_in_files_of_their_owner_only(run):
    run.call("run", "--once")
    secrets = [value for name, value in run.env().items() if name in ("DRM_PASSWORD", "DRM_SNMP_COMMUNITY")]
    secrets += re.findall(r"://[a-z_]+:([^@\n]+)@", (run.folder / "env").read_text())
    assert len(secrets) == 5
    for path in run.folder.rglob("*"):
        if path.is_file() and path.stat().st_mode & 0o077:
            text = path.read_text(errors="replace")
            assert not [s for s in secrets if s in text], path


def test_passwords_are_not_in_anybodys_arguments(run):
    process = run.begin("--once", output=subprocess.DEVNULL)
    seen = set()
    while process.poll() is None:
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen.add(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
            except OSError:
                continue
    assert process.returncode == 0
    state = json.loads((run.folder / "state.json").read_text())
    place = state["databases"]["private"]
    for secret in (state["superuser_password"], state["community"], place["password"], *place["passwords"].values()):
        assert not [line for line in seen if secret in line]


def test_two_side_by_side(run, second):
    run.detach()
    second.detach()
    one, two = run.env(), second.env()
    assert healthy(one["DRM_URL"]) and healthy(two["DRM_URL"])
    for name in ("DRM_URL", "DRM_APP_DATABASE_URL", "DRM_REDIS_URL", "DRM_SNMP_ADDRESS", "DRM_PASSWORD", "DRM_DEVICE"):
        assert one[name] != two[name]
    assert run.call("stop").returncode == 0
    assert healthy(two["DRM_URL"])


@pytest.mark.parametrize("name, called", [("WORKER", "drm-worker"), ("DRMD", "drmd"), ("POSTGRES", "PostgreSQL"), ("REDIS", "Redis"),
                                          ("SNMPD", "snmpd")])
def test_what_dies_is_started_again(run, name, called):
    run.detach()
    before, pids = run.env(), run.pids()
    os.kill(pids[name], signal.SIGKILL)
    wait_until(lambda: run.pids()[name] != pids[name], 60)
    said = run.said()
    assert re.search(rf"{called} was ended by SIGKILL; it is started again in [\d.]+ s", said)
    assert re.search(rf"{called} was started again as process {run.pids()[name]}", said)
    after = run.env()
    assert {k: v for k, v in after.items() if k != f"DRM_PID_{name}"} == {k: v for k, v in before.items() if k != f"DRM_PID_{name}"}
    # And all of it works: a job goes through.
    done = subprocess.run([run.build / "drmctl" / "drmctl", "-o", "json", "snmp", "get", "demo-agent", "sysDescr.0", "--wait"],
                          env={**clean_environment(), **after}, text=True, capture_output=True, timeout=90, check=False)
    assert done.returncode == 0 and "drmgmt demo agent" in done.stdout, done.stdout + done.stderr
    gone([pids[name]])


def test_a_program_that_cannot_start_is_tried_less_and_less(run):
    """The keyring is taken away and the worker ended: it fails again and again, and works once the keyring is back."""
    run.detach()
    keyring, aside = run.folder / "keyring", run.folder / "keyring.aside"
    keyring.rename(aside)
    first = run.pids()["WORKER"]
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: "tried again in 2 s" in run.said(), 60)
    pauses = [float(x) for x in re.findall(r"(?:again|tried again) in ([\d.]+) s", run.said())]
    assert pauses == sorted(pauses) and pauses[0] < pauses[-1]
    assert healthy(run.env()["DRM_URL"])
    aside.rename(keyring)
    wait_until(lambda: "drm-worker was started again" in run.said(), 60)


def test_supervisor_killed_then_stop(run):
    run.detach()
    pids = run.pids()
    os.kill(run.supervisor(), signal.SIGKILL)
    stopped = run.call("stop")
    assert stopped.returncode == 0 and "had been killed" in stopped.stdout
    gone(pids.values())
    again = run.call("stop")
    assert again.returncode == 0 and "nothing runs" in again.stdout


def test_supervisor_killed_then_started(run):
    run.detach()
    pids = run.pids()
    os.kill(run.supervisor(), signal.SIGKILL)
    run.detach()
    gone(pids.values())
    assert healthy(run.env()["DRM_URL"])


def test_stop_leaves_a_reused_process_id_alone(run):
    """Ids that are written down but belong to a process begun at another time are somebody else's."""
    bystander = subprocess.Popen(["sleep", "300"])
    try:
        (run.folder / "lock").touch()
        boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        for record in ({"boot": boot, "children": {"drmd": [bystander.pid, start_time(bystander.pid) - 1, 15]}},
                       {"boot": "another", "children": {"drmd": [bystander.pid, start_time(bystander.pid), 15]}}):
            (run.folder / "pids.json").write_text(json.dumps({"supervisor": [bystander.pid, 1], **record}))
            assert run.call("stop").returncode == 0
            assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_stop_where_nothing_is(run):
    done = run.call("stop")
    assert done.returncode == 0 and "nothing runs" in done.stdout
    assert not list(run.folder.iterdir())


def test_second_run_on_the_same_state_is_refused(run):
    run.detach()
    pids = run.pids()
    for flags in ((), ("--once",), ("--detach",)):
        refused = run.call("run", *flags)
        assert refused.returncode == 1
        assert "a stack runs with its state in" in refused.stderr and "scripts/stop" in refused.stderr
    assert run.pids() == pids and healthy(run.env()["DRM_URL"])


def read_until(process, word):
    lines = []
    for line in process.stdout:
        lines.append(line)
        if word in line:
            return "".join(lines)
    raise AssertionError(f"no {word!r} in {''.join(lines)}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all_of_it(run, number):
    process = run.begin()
    shown = read_until(process, "stop  ")
    assert "Ctrl-C" in shown
    pids = run.pids()
    process.send_signal(number)
    rest = process.stdout.read()
    assert process.wait(60) == 0
    assert "stopped everything" in rest and "SIGKILL" not in rest
    gone(pids.values())


@pytest.mark.parametrize("after", ["PostgreSQL", "Redis", "roles", "schema", "tenant", "drmd", "registered"])
def test_interrupted_start_leaves_nothing_and_can_be_repeated(run, after):
    process = run.begin()
    read_until(process, after)
    pids = json.loads((run.folder / "pids.json").read_text())["children"]
    process.send_signal(signal.SIGINT)
    process.stdout.read()
    assert process.wait(60) == 128 + signal.SIGINT
    gone([pid for pid, _, _ in pids.values()])
    done = run.call("run", "--once")
    assert done.returncode == 0, done.stdout + done.stderr


def test_ctrl_c_at_the_terminal(run):
    """The terminal sends it to the whole foreground group: servers must not take it as their own."""
    master, slave = pty.openpty()
    process = subprocess.Popen(["setsid", "--ctty", "--wait", *run.argv("run")], env=run.environment(), stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    shown = b""
    while b"Ctrl-C" not in shown:
        shown += os.read(master, 65536)
    pids = run.pids()
    os.write(master, b"\x03")
    try:
        while True:
            shown += os.read(master, 65536)
    except OSError:
        pass  # the other side is closed
    os.close(master)
    assert process.wait(60) == 0
    assert b"stopped everything" in shown
    gone(pids.values())
    assert "shut down" in (run.folder / "log" / "postgres.log").read_text().splitlines()[-1]


def test_terminal_closed(run):
    master, slave = pty.openpty()
    process = subprocess.Popen(["setsid", "--ctty", "--wait", *run.argv("run")], env=run.environment(), stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    shown = b""
    while b"Ctrl-C" not in shown:
        shown += os.read(master, 65536)
    pids = run.pids()
    os.close(master)
    process.wait(60)
    gone(pids.values())
    assert not (run.folder / "pids.json").exists()


def test_output_nobody_reads(run):
    """`scripts/run | head -1` must not bring it down half way."""
    reader, writer = os.pipe()
    process = run.begin(output=writer)
    os.close(writer)
    os.close(reader)
    wait_until(lambda: (run.folder / "env").exists(), 90)
    assert healthy(run.env()["DRM_URL"])
    pids = run.pids()
    assert run.call("stop").returncode == 0
    process.wait(60)
    gone(pids.values())


def test_address_in_use_names_step_log_and_remedy(run, second):
    run.detach()
    taken = run.env()["DRM_URL"].removeprefix("http://")
    for flags in (("--once",), ("--detach",)):
        failed = second.call("run", "--listen", taken, *flags)
        assert failed.returncode == 1
        assert "failed at the step: started drmd" in failed.stderr and taken in failed.stderr
        assert "drmd.log" in failed.stderr and "--listen" in failed.stderr
        assert not (second.folder / "pids.json").exists()


def test_listen_is_kept(run):
    run.detach()
    url = run.env()["DRM_URL"]
    run.call("stop")
    run.detach("--listen", url.removeprefix("http://"))
    assert run.env()["DRM_URL"] == url and healthy(url)


def test_state_that_cannot_be_kept(build, tmp_path):
    place = tmp_path / "file"
    place.write_text("")
    failed = Run(build, place).call("run", "--once")
    assert failed.returncode == 1 and "--state" in failed.stderr and "Traceback" not in failed.stderr


def test_damaged_state(run):
    run.call("run", "--once")
    (run.folder / "state.json").write_text('{"ports": ')
    failed = run.call("run", "--once")
    assert failed.returncode == 1 and "state.json" in failed.stderr and "Traceback" not in failed.stderr


def test_programs_that_are_not_built(run, tmp_path):
    run.build = tmp_path
    failed = run.call("run", "--once")
    assert failed.returncode == 1 and "drmctl is missing" in failed.stderr and "cmake --build" in failed.stderr


def test_deep_state_folder(build):
    """A Unix socket's path has room for 107 characters."""
    top = temporary_folder()
    deep = Run(build, top / ("d" * 100) / "state")
    deep.folder.mkdir(parents=True)
    try:
        done = deep.call("run", "--once")
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        shutil.rmtree(top)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers as another user")
def test_state_folder_closed_to_the_servers_user(run):
    run.folder.chmod(0o700)
    shown = run.detach()
    assert "may not enter" in shown
    outside = (run.folder / "postgres").resolve()
    assert not outside.is_relative_to(run.folder) and healthy(run.env()["DRM_URL"])
    run.call("stop")
    shutil.rmtree(outside.parent)


def test_servers_given_in_the_environment(run, build):
    with Fleet(build, postgres=True, redis=True) as fleet:
        given = {name: fleet.env[name] for name in ("DRM_APP_DATABASE_URL", "DRM_REDIS_URL")}
        given["DRM_DATABASE_URL"] = fleet.env["DRM_ADMIN_DATABASE_URL"]
        for _ in range(2):
            done = run.call("run", "--once", **given)
            assert done.returncode == 0, done.stdout + done.stderr
        assert not (run.folder / "postgres").exists() and not (run.folder / "redis").exists()
        env = run.env()
        assert {k: env[k] for k in given} == given
        assert "DRM_ADMIN_DATABASE_URL" not in env

        wrong = run.call("run", "--once", **{**given, "DRM_DATABASE_URL": given["DRM_DATABASE_URL"].replace("/drmgmt?", "/nothere?")})
        assert wrong.returncode == 1 and '"nothere" does not exist' in wrong.stderr
        unknown = run.call("run", "--once", DRM_DATABASE_URL=given["DRM_DATABASE_URL"])
        assert unknown.returncode == 1 and "DRM_APP_DATABASE_URL" in unknown.stderr, "a role that exists keeps its password"


def test_a_sourced_env_is_no_wish_for_its_servers(run):
    """`. .run/env` exports DRM_DATABASE_URL; the next scripts/run in that shell means the private servers all the same."""
    run.call("run", "--once")
    done = run.call("run", "--once", **run.env())
    assert done.returncode == 0 and "not used" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("command", [
    ("run", "--nonsense"), ("run", "extra"), ("run", "--state"), ("run", "--once", "--detach"), ("run", "--listen", "8080"),
    ("run", "--listen", "127.0.0.1:99999"), ("stop", "--now"), ("exec",), ("dance",), (),
])
def test_wrong_words(command):
    done = subprocess.run(["/usr/bin/python3", "-P", "-m", "stack", *command], text=True, capture_output=True, timeout=30, check=False,
                          env=clean_environment(PYTHONPATH=str(ROOT / "scripts"), PYTHONDONTWRITEBYTECODE="1"))
    assert done.returncode == 2 and "usage:" in done.stderr


@pytest.mark.parametrize("command", [("run", "--nonsense"), ("run", "--state"), ("stop", "--nonsense"), ("test", "--nonsense")])
def test_wrong_words_to_the_scripts(command):
    done = subprocess.run([ROOT / "scripts" / command[0], *command[1:]], text=True, capture_output=True, timeout=30, check=False)
    assert done.returncode in (1, 2) and done.stderr and not done.stdout
