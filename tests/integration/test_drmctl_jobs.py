"""drmctl's jobs from outside: submitted, watched, cancelled; over SNMP to a real agent, and over the driver "fake"."""
import concurrent.futures
import csv
import io
import json
import re
import secrets
import signal
import subprocess
import time
import uuid

import pytest

from drmctl_support import Ctl, Terminal
from stack.process import clean_environment

SYS_DESCR = "1.3.6.1.2.1.1.1.0"


@pytest.fixture(scope="module")
def idle(database, tmp_path_factory):
    """No worker runs and there is no Redis: jobs stay queued. .device has a fake profile."""
    made = Ctl(database, tmp_path_factory.mktemp("idle"))
    made.new_tenant()
    made.device = made.json("device", "create", "idle-1", "--profile", '{"protocol":"fake"}')["id"]
    return made


@pytest.fixture(scope="module")
def ctl(stack, tmp_path_factory):
    """With a worker, Redis and an agent. .device has a fake profile, .agent is the agent."""
    made = Ctl(stack, tmp_path_factory.mktemp("jobs"))
    made.ok("login", "--email", stack.email, "--password-file", "-", input=stack.password)
    made.device = made.json("device", "create", "fake-1", "--profile", '{"protocol":"fake"}')["id"]
    made.agent = stack.device
    return made


def submit(ctl, operation="echo", params="{}", *more):
    return ctl.json("job", "submit", "fake", operation, ctl.device, "--params", params, *more)


def start(ctl, *argv):
    return subprocess.Popen([ctl.program, *argv], env=clean_environment(**ctl.env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


# ---- without a worker ----

def test_submit_show_list_cancel(idle):
    made = submit(idle, "echo", '{"n":1}', "--priority", "2", "--timeout-ms", "4000", "--max-attempts", "3")
    assert (made["status"], made["priority"], made["timeout_ms"], made["max_attempts"], made["params"]) == ("queued", 2, 4000, 3, {"n": 1})
    assert idle.json("job", "show", made["id"]) == made
    page = idle.json("job", "list", "--status", "queued", "--device-id", idle.device, "--all")
    assert made["id"] in [job["id"] for job in page["items"]]
    assert idle.json("job", "list", "--status", "completed")["items"] == []
    row = next(csv.DictReader(io.StringIO(idle.ok("job", "list", "-o", "csv").stdout, newline="")))
    assert row["id"] == made["id"] and json.loads(row["params"]) == {"n": 1} and row["finished_at"] == ""
    assert idle.json("job", "cancel", made["id"])["status"] == "cancelled"
    assert idle.run("job", "cancel", made["id"]).returncode == 5
    text = idle.run("job", "submit", "fake", "echo", idle.device)
    assert re.fullmatch(r"[0-9a-f-]{36}\n", text.stdout) and f"drmctl job watch {text.stdout.strip()}" in text.stderr


@pytest.mark.parametrize("argv, code, said", [
    (["job", "submit", "morse", "echo", "idle-1"], 2, "morse"), (["job", "submit", "fake", "dance", "idle-1"], 2, "dance"),
    (["job", "submit", "fake", "echo", "idle-1", "--params", "{"], 2, "params"),
    (["job", "submit", "fake", "echo", "idle-1", "--params", "[]"], 2, "params"),
    (["job", "submit", "fake", "sleep", "idle-1", "--params", '{"ms":-1}'], 2, "ms"),
    (["job", "submit", "fake", "echo", "idle-1", "--priority", "10"], 2, "priority"),
    (["job", "submit", "fake", "echo", "idle-1", "--priority", "high"], 2, "priority"),
    (["job", "submit", "fake", "echo", "idle-1", "--max-attempts", "0"], 2, "max_attempts"),
    (["job", "submit", "fake", "echo", "idle-1", "--timeout-ms", "99999999999"], 2, "timeout_ms"),
    (["job", "submit", "fake", "echo", "idle-1", "--idempotency-key", ""], 2, "dempotency"),
    (["job", "submit", "fake", "echo", "idle-1", "--idempotency-key", "k" * 300], 2, "dempotency"),
    (["job", "submit", "fake", "echo", "none-such"], 4, "device"), (["job", "submit", "snmp", "get", "idle-1"], 2, ""),
    (["snmp", "get", "idle-1", SYS_DESCR], 2, "snmp"), (["job", "show", str(uuid.uuid4())], 4, "job"),
    (["job", "show", "nonsense"], 4, "job"), (["job", "watch", str(uuid.uuid4())], 4, "job"), (["job", "cancel", str(uuid.uuid4())], 4, "job")])
def test_bad_jobs(idle, argv, code, said):
    done = idle.run(*argv)
    assert (done.returncode, done.stdout) == (code, "") and said in done.stderr and done.stderr.count("\n") == 1, done


def test_ended_jobs_are_requeued_by_id_and_by_status(idle):
    first, second = (submit(idle, "echo", '{"n":1}', "--run-at", "2099-01-01T00:00:00Z", "--unique-key", secrets.token_hex(8)) for _ in range(2))
    assert first["status"] == "waiting" and first["run_at"].startswith("2099-01-01")
    assert idle.run("job", "requeue", first["id"]).returncode == 5
    for job in (first, second):
        idle.ok("job", "cancel", job["id"])
    one = idle.json("job", "requeue", first["id"])
    assert [row["requeued"] for row in one if row["job"] != first["id"]] == [first["id"]]
    assert idle.run("job", "requeue", first["id"]).returncode == 5
    rest = {row["requeued"] for row in idle.json("job", "requeue", "--status", "cancelled", "--operation", "echo")}
    assert second["id"] in rest and first["id"] not in rest
    assert idle.json("job", "requeue", "--status", "cancelled") == []
    for argv in (["job", "requeue"], ["job", "requeue", "--status", "completed"], ["job", "requeue", first["id"], "--status", "dead"],
                 ["job", "requeue", "--status", "dead", "--limit", "10001"]):
        assert idle.run(*argv).returncode == 2, argv


def test_an_idempotency_key_gives_the_same_job(idle):
    key = secrets.token_hex(8)
    first = submit(idle, "echo", '{"n":1}', "--idempotency-key", key)
    assert submit(idle, "echo", '{"n":1}', "--idempotency-key", key)["id"] == first["id"]
    done = idle.run("job", "submit", "fake", "echo", idle.device, "--params", '{"n":2}', "--idempotency-key", key)
    assert done.returncode == 5 and "another request" in done.stderr


def test_another_tenants_jobs(idle, database, tmp_path):
    other = Ctl(database, tmp_path)
    other.new_tenant()
    job = submit(idle)["id"]
    for verb in ("show", "watch", "cancel"):
        assert other.run("job", verb, job).returncode == 4
    assert other.run("job", "submit", "fake", "echo", idle.device).returncode == 4
    assert other.json("job", "list")["items"] == []


def test_waiting_is_not_for_ever(idle):
    began = time.monotonic()
    done = idle.run("job", "submit", "fake", "echo", idle.device, "--wait", "--timeout", "0.5")
    assert done.returncode == 6 and "it goes on (drmctl job watch" in done.stderr and time.monotonic() - began < 10


@pytest.mark.parametrize("argv", [["job", "watch"], ["job", "submit", "fake", "echo", "idle-1", "--wait"]])
def test_ctrl_c_ends_the_watching_not_the_job(idle, argv):
    watched = argv + [submit(idle)["id"]] if argv[1] == "watch" else argv
    with Terminal(idle, *watched) as terminal:
        if argv[1] == "watch":
            terminal.until("queued")
        else:
            time.sleep(1)
        terminal.send("\x03")
        assert terminal.wait() == 130
    job = re.search(r"the job goes on \(drmctl job watch ([0-9a-f-]{36})", terminal.seen)[1]
    assert idle.json("job", "show", job)["status"] == "queued"


def test_watching_without_events(idle):
    """Nothing tells that the job was cancelled: the database is looked at once a second."""
    job = submit(idle)["id"]
    process = start(idle, "job", "watch", job)
    assert process.stdout.readline().split()[:2] == [job, "queued"]
    idle.ok("job", "cancel", job)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 7 and out.split()[:2] == [job, "cancelled"] and f"job {job}: cancelled" in err


def test_watching_through_a_signal(idle):
    process = start(idle, "job", "watch", submit(idle)["id"])
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130 and "the job goes on" in err


@pytest.mark.parametrize("columns", [1, 2, 20, 80, 300])
def test_the_live_line_fits(idle, columns):
    job = submit(idle)["id"]
    with Terminal(idle, "job", "watch", job, columns=columns) as terminal:
        terminal.until("\r\x1b[K" + job[:max(0, columns - 1)])
        time.sleep(0.7)
        idle.ok("job", "cancel", job)
        assert terminal.wait() == 7
    lines = terminal.seen.split("\r\n")[0].split("\r\x1b[K")
    assert len(lines) > 2 and all(len(line) <= max(0, columns - 1) for line in lines), lines


def test_a_dumb_terminal_gets_lines(idle):
    job = submit(idle)["id"]
    with Terminal(idle, "job", "watch", job, term="dumb") as terminal:
        terminal.until("queued")
        idle.ok("job", "cancel", job)
        assert terminal.wait() == 7
    assert "\x1b" not in terminal.seen and "cancelled" in terminal.seen


def test_a_watcher_that_loses_its_reader(idle):
    job = submit(idle)["id"]
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = idle.run("job", "watch", job, stdout=full)
    assert done.returncode == 1 and "standard output cannot be written" in done.stderr


# ---- with one ----

def test_a_real_agent_answers(ctl, stack):
    found = ctl.run("snmp", "get", ctl.agent, SYS_DESCR, "1.3.6.1.2.1.1.3.0", "--wait", "-o", "csv")
    assert found.returncode == 0, found
    rows = list(csv.DictReader(io.StringIO(found.stdout, newline="")))
    assert [row["oid"] for row in rows] == [SYS_DESCR, "1.3.6.1.2.1.1.3.0"]
    assert "drmgmt" in rows[0]["value"] and rows[0]["type"] and re.fullmatch(r"\d+:\d\d:\d\d\.\d\d", rows[1]["value"])
    table = ctl.ok("snmp", "get", ctl.agent, "sysDescr.0", "--wait").stdout.splitlines()
    assert table[0].split() == ["OID", "NAME", "TYPE", "VALUE"] and rows[0]["value"] in table[1]
    job = ctl.json("snmp", "get", ctl.agent, "sysDescr.0", "--wait")
    assert job["status"] == "completed" and job["result"]["varbinds"][0]["value"] == rows[0]["value"]


def test_a_dead_agent(ctl):
    name = f"dead-{secrets.token_hex(4)}"
    ctl.ok("device", "create", name, "--snmp", "127.0.0.1:9", "--community-file", "-", input="public\n")
    done = ctl.run("snmp", "get", name, "sysDescr.0", "--wait", "--timeout", "30")
    assert (done.returncode, done.stdout) == (7, "")
    assert re.match(r"drmctl: job [0-9a-f-]{36}: (failed|dead): \w+: ", done.stderr), done
    done = ctl.run("snmp", "get", name, "sysDescr.0", "--wait", "--timeout", "30", "-o", "json")
    job = json.loads(done.stdout)
    assert done.returncode == 7 and job["status"] in ("failed", "dead") and job["error"]["code"] in done.stderr


def test_without_waiting(ctl):
    done = ctl.ok("snmp", "get", ctl.agent, "sysDescr.0")
    job = done.stdout.strip()
    assert f"drmctl job watch {job}" in done.stderr
    assert ctl.run("job", "watch", job).returncode == 0
    assert ctl.json("job", "show", job)["status"] == "completed"


def test_waiting_for_any_operation(ctl):
    job = submit(ctl, "echo", '{"a":[1,"\\u001b[31m"]}', "--wait")
    assert job["status"] == "completed" and job["result"] == {"a": [1, "\x1b[31m"]}
    done = ctl.run("job", "submit", "fake", "fail", ctl.device, "--params", json.dumps({"code": "broken", "message": "line\n\x1b[31m"}), "--wait")
    assert done.returncode == 7 and "failed: broken: line\\n\\x1b[31m" in done.stderr and "status:" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr


def test_watching_a_job_progress(ctl):
    job = submit(ctl, "progress", '{"ms":3500,"steps":7}')["id"]
    process = start(ctl, "job", "watch", job, "-o", "json")
    out, err = process.communicate(timeout=40)
    states = [json.loads(line) for line in out.splitlines()]
    assert process.returncode == 0 and err == ""
    assert states[-1]["status"] == "completed" and states[0]["status"] in ("queued", "running")
    told = [state["progress"] for state in states if state.get("progress") is not None]
    assert len(told) >= 2 and told == sorted(told)
    assert len(out.splitlines()) == len(set(out.splitlines()))


def test_watching_on_a_terminal(ctl):
    job = submit(ctl, "progress", '{"ms":2500,"steps":5}')["id"]
    with Terminal(ctl, "job", "watch", job) as terminal:
        terminal.until("running")
        terminal.until("completed")
        assert terminal.wait() == 0
    assert "\r\x1b[K" in terminal.seen and re.search(r"\d+ %", terminal.seen) and terminal.seen.endswith("\r\n")
    assert terminal.seen.count("\n") == 1


def test_watching_one_that_has_ended(ctl):
    job = submit(ctl, "echo", "{}", "--wait")["id"]
    done = ctl.ok("job", "watch", job)
    assert len(done.stdout.splitlines()) == 1 and done.stdout.split()[1] == "completed"


def test_cancelling_one_that_runs(ctl):
    job = submit(ctl, "sleep", '{"ms":60000}')["id"]
    process = start(ctl, "job", "watch", job)
    assert any(" running " in line for line in iter(process.stdout.readline, ""))
    ctl.ok("job", "cancel", job)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 7 and "cancelled" in err


def test_many_watchers(ctl):
    """All of one job see its end at once, without asking for it in a loop."""
    job = submit(ctl, "sleep", '{"ms":2000}')["id"]
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda _: ctl.run("job", "watch", job), range(6)))
    assert [d.returncode for d in done] == [0] * 6 and time.monotonic() - began < 15


def test_an_agent_answers_an_api_key_without_keyring(ctl):
    key = ctl.json("api-key", "create", "no-keyring")["key"]
    job = ctl.json("snmp", "get", ctl.agent, "sysDescr.0", "--wait", env={"DRM_API_KEY": key, "DRM_KEYRING": ""})
    assert job["status"] == "completed"
