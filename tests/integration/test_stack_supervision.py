"""`stack run` as a supervisor: what dies comes back, and each way to an end - asked for, broken off, killed - leaves nothing behind."""
import json
import os
import pathlib
import pty
import re
import signal
import subprocess

import pytest
from http_support import wait_until
from stack.process import clean_environment, start_time
from stack_support import gone, healthy, run  # noqa: F401  fixture


CALLED = {"WORKER": "drm-worker", "DRMD": "drmd", "POSTGRES": "PostgreSQL", "REDIS": "Redis", "SNMPD": "snmpd"}


def test_what_dies_is_started_again(run):
    run.detach()
    for name, called in CALLED.items():
        before, pids = run.env(), run.pids()
        os.kill(pids[name], signal.SIGKILL)
        wait_until(lambda: run.pids()[name] != pids[name], 60)
        said = run.said()
        assert re.search(rf"{called} was ended by SIGKILL; it is started again in [\d.]+ s", said)
        wait_until(lambda: f"{called} was started again as process {run.pids()[name]}" in run.said())
        after = run.env()
        assert {k: v for k, v in after.items() if k != f"DRM_PID_{name}"} == {k: v for k, v in before.items() if k != f"DRM_PID_{name}"}
        gone([pids[name]])
        # And all of it works: a job goes through.
        done = subprocess.run([run.build / "drmctl" / "drmctl", "-o", "json", "snmp", "get", "demo-agent", "sysDescr.0", "--wait"],
                              env=clean_environment(**after), text=True, capture_output=True, timeout=90, check=False)
        assert done.returncode == 0 and "drmgmt demo agent" in done.stdout, f"after {name}: {done.stdout + done.stderr}"


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


@pytest.mark.parametrize("after", ["PostgreSQL", "schema", "drmd", "registered"])
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
