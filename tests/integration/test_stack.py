"""scripts/run and scripts/stop from outside, without their installing and building: the one job, DIR/env, given servers, bad input. They
run the programs of the build under test."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import psycopg2
import pytest
from http_support import ROOT
from stack.fleet import Fleet, temporary_folder
from stack.process import clean_environment, start_time
from stack_support import PROMISED, Run, healthy, run, second  # noqa: F401  fixtures


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
