"""drm-worker from outside: flags, exit codes, signals, files, log lines, and what it does when the database is away. Each test has a lane of
its own, into which jobs are put as the superuser, so that the stack's worker and those of other tests leave them alone."""
import contextlib
import json
import pathlib
import re
import signal
import subprocess
import time
import urllib.parse
import uuid

import psycopg2
import pytest
from http_support import wait_until
from job_support import ask, unique
from stack.process import clean_environment
from stack.programs import NEEDED

ENDS_WITHIN = 20  # seconds, with sanitizers on a busy machine


class Lane:
    """Jobs of a lane of their own, on a device of their own."""

    def __init__(self, stack):
        self.env, self.name = stack.env, unique("lane")
        self.tenant, = ask(self.env, "SELECT tenant_id::text FROM drm.tenants WHERE name = %s", (stack.tenant,))[0]
        self.device = self._make_device()

    def _make_device(self):
        return ask(self.env, "INSERT INTO drm.devices (tenant_id, id, name) VALUES (%s, gen_random_uuid(), %s) RETURNING id::text",
                   (self.tenant, self.name))[0][0]

    def put(self, operation, params=None, count=1, protocol="fake", device=None):
        """Their ids."""
        write = operation == "write"
        return [row[0] for row in ask(self.env, """
            INSERT INTO drm.jobs (lane, tenant_id, id, device_id, protocol, operation, params, idempotent, exclusive, timeout_ms)
            SELECT %s, %s, gen_random_uuid(), %s, %s, %s, %s, %s, %s, 120000 FROM generate_series(1, %s) RETURNING id::text""",
            (self.name, self.tenant, device or self.device, protocol, operation, json.dumps(params or {}), not write, write, count))]

    def statuses(self, *jobs):
        found = dict(ask(self.env, "SELECT id::text, status FROM drm.jobs_all WHERE lane = %s", (self.name,)))
        return [found[job] for job in jobs]

    def wait(self, status, *jobs):
        wait_until(lambda: set(self.statuses(*jobs)) == {status}, ENDS_WITHIN)

    def wait_begun(self, *jobs):
        """A job is claimed a moment before it begins, and what has not begun is given back by a stop."""
        self.wait("running", *jobs)
        time.sleep(0.5)

    def results(self):
        return ask(self.env, "SELECT id::text, status, worker_id::text, attempt FROM drm.job_results WHERE lane = %s", (self.name,))

    def workers(self):
        """Whether each is alive, by id."""
        return dict(ask(self.env, "SELECT id::text, alive FROM drm.workers WHERE lane = %s", (self.name,)))


class Worker:
    def __init__(self, process, log, ready_file):
        self.process, self.log, self.ready_file = process, log, ready_file

    def lines(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def said(self, words):
        return any(words in line["message"] for line in self.lines())

    def wait_ready(self):
        """Its id."""
        wait_until(lambda: self.ready_file.exists() or self.process.poll() is not None, ENDS_WITHIN)
        assert self.process.poll() is None, self.log.read_text()
        return self.ready_file.read_text().strip()

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self, seconds=ENDS_WITHIN):
        return self.process.wait(seconds)


def argv(build, *flags):
    return [str(build / "drm-worker" / "drm-worker"), *map(str, flags)]


def environment(stack, **more):
    return clean_environment(**{**{name: str(stack.env[name]) for name in NEEDED}, **more})


def call(stack, *flags, **more):
    """A run that ends by itself."""
    return subprocess.run(argv(stack.build, *flags), env=environment(stack, **more), stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=ENDS_WITHIN, check=False)


@pytest.fixture
def lane(stack):
    return Lane(stack)


@pytest.fixture
def start(stack, lane, tmp_path):
    """start(FLAGS...) begins a worker of this test's lane; whatever happens it is ended."""
    with contextlib.ExitStack() as all_of_them:
        def begin(*flags, env=None):
            number = uuid.uuid4().hex[:8]
            log, ready_file = tmp_path / f"{number}.log", tmp_path / f"{number}.ready"
            with open(log, "wb") as out:
                process = subprocess.Popen(argv(stack.build, "--lane", lane.name, "--ready-file", ready_file, *flags),
                                           env=environment(stack, **(env or {})), stdin=subprocess.DEVNULL, stdout=out, stderr=out)
            all_of_them.callback(process.wait)
            all_of_them.callback(process.kill)
            return Worker(process, log, ready_file)
        yield begin


def with_database(url, name):
    return urllib.parse.urlsplit(url)._replace(path="/" + name).geturl()


class Door:
    """A way to PostgreSQL that is closed at first: a folder in which the server's socket appears when it is opened."""

    def __init__(self, url, folder):
        parts = urllib.parse.urlsplit(url)
        query = dict(urllib.parse.parse_qsl(parts.query))
        self.real = pathlib.Path(query["host"]) / f".s.PGSQL.{query['port']}"
        self.link = folder / self.real.name
        self.url = parts._replace(query=urllib.parse.urlencode({**query, "host": str(folder)})).geturl()

    def open(self):
        self.link.symlink_to(self.real)


@pytest.fixture
def door(stack, tmp_path):
    folder = tmp_path / "s"
    folder.mkdir()
    return Door(stack.env["DRM_APP_DATABASE_URL"], folder)


# ---- flags ----

def test_help_and_version(stack):
    shown = call(stack, "--help")
    assert shown.returncode == 0 and shown.stderr == ""
    for flag in ("--database-url", "--redis-url", "--keyring", "--lane", "--slots", "--pool", "--grace", "--log-level", "--ready-file"):
        assert flag in shown.stdout
    version = call(stack, "--version")
    assert version.returncode == 0 and version.stderr == ""
    assert re.fullmatch(r"drm-worker \d+\.\d+\.\d+ \(libdrmgmt \d+\.\d+\.\d+\)\n", version.stdout), version.stdout


@pytest.mark.parametrize("flags, named", [
    (["--nonsense"], "nonsense"), (["--slots"], "slots"), (["argument"], "argument"),
    (["--slots", "0"], "--slots"), (["--slots", "100001"], "--slots"), (["--slots", "-1"], "--slots"), (["--slots", "ten"], "--slots"),
    (["--slots", "18446744073709551617"], "--slots"), (["--slots", ""], "--slots"),
    (["--pool", "1"], "--pool"), (["--pool", "1001"], "--pool"), (["--grace", "3601"], "--grace"), (["--grace", "1s"], "--grace"),
    (["--lane", ""], "--lane"), (["--lane", "x" * 65], "--lane"), (["--log-level", "loud"], "--log-level"),
    (["--keyring", ""], "keyring"), (["--database-url", ""], "database"),
])
def test_wrong_flags(stack, flags, named):
    done = call(stack, *flags)
    assert done.returncode == 2, done
    assert named in done.stderr and done.stdout == ""


@pytest.mark.parametrize("name, flag", [("DRM_APP_DATABASE_URL", "--database-url"), ("DRM_KEYRING", "--keyring")])
def test_what_is_needed_and_missing_is_named(stack, name, flag):
    done = call(stack, **{name: ""})
    assert done.returncode == 2
    assert name in done.stderr and flag in done.stderr


def test_a_redis_url_that_is_none(stack):
    done = call(stack, "--redis-url", "http://user:hunter2@localhost/")
    assert done.returncode == 2 and "redis://" in done.stderr
    assert "hunter2" not in done.stderr + done.stdout


def test_flags_win_over_the_environment(stack, lane, start):
    job, = lane.put("echo", {"n": 1})
    worker = start("--database-url", stack.env["DRM_APP_DATABASE_URL"], "--keyring", stack.env["DRM_KEYRING"],
                   "--redis-url", stack.env["DRM_REDIS_URL"],
                   env={"DRM_APP_DATABASE_URL": "postgresql://nobody@/none?host=/nonexistent", "DRM_KEYRING": "/nonexistent",
                        "DRM_REDIS_URL": "unix:///nonexistent"})
    lane.wait("completed", job)
    worker.signal()
    assert worker.wait() == 0


# ---- what it is started with ----

@pytest.mark.parametrize("make", [
    lambda path: None,
    lambda path: path.mkdir(),
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(b"\0" * 4096),
    lambda path: path.write_text("seal 1 c2VjcmV0LXdvcmQ\n"),
], ids=["missing", "folder", "empty", "zeros", "garbage"])
def test_an_unreadable_keyring(stack, tmp_path, make):
    path = tmp_path / "keyring"
    make(path)
    if path.is_file():
        path.chmod(0o600)
    done = call(stack, "--keyring", path)
    assert done.returncode not in (0, 2), done
    assert str(path) in done.stderr and "c2VjcmV0LXdvcmQ" not in done.stderr
    assert done.stdout == ""


def test_a_keyring_that_others_may_read(stack, tmp_path):
    path = tmp_path / "keyring"
    path.write_bytes(pathlib.Path(stack.env["DRM_KEYRING"]).read_bytes())
    path.chmod(0o644)
    done = call(stack, "--keyring", path)
    assert done.returncode not in (0, 2), done
    assert str(path) in done.stderr


def test_a_foreign_keyring_ends_with_3(stack, database, lane):
    done = call(stack, "--keyring", database.env["DRM_KEYRING"], "--lane", lane.name)
    assert done.returncode == 3, done
    assert "cannot run" in done.stderr
    assert lane.workers() == {}


def test_a_database_without_the_schema_ends_with_5(stack, lane):
    name = "empty_" + uuid.uuid4().hex[:12]
    with contextlib.closing(psycopg2.connect(stack.env["DRM_ADMIN_DATABASE_URL"])) as admin:
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
            try:
                done = call(stack, "--database-url", with_database(stack.env["DRM_APP_DATABASE_URL"], name), "--lane", lane.name)
            finally:
                cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    assert done.returncode == 5, done
    assert "drmctl db migrate" in done.stderr


# ---- the database is away ----

def test_without_a_database_it_waits_says_so_and_can_be_stopped(start, door):
    worker = start("--database-url", door.url)
    wait_until(lambda: worker.said("trying again"), ENDS_WITHIN)
    time.sleep(0.5)
    assert worker.process.poll() is None
    assert not worker.ready_file.exists()
    assert len([line for line in worker.lines() if "trying again" in line["message"]]) == 1, "it tells it once"
    began = time.monotonic()
    worker.signal()
    assert worker.wait() == 0
    assert time.monotonic() - began < 8


def test_it_begins_to_work_when_postgresql_comes(lane, start, door):
    job, = lane.put("echo", {"n": 1})
    worker = start("--database-url", door.url)
    wait_until(lambda: worker.said("trying again"), ENDS_WITHIN)
    assert lane.statuses(job) == ["queued"]
    door.open()
    lane.wait("completed", job)
    assert worker.wait_ready() in lane.workers()
    assert worker.said("the database is back")
    worker.signal()
    assert worker.wait() == 0


def test_without_redis_it_looks_by_itself(lane, start):
    worker = start("--pool", 2, env={"DRM_REDIS_URL": ""})
    worker.wait_ready()
    job, = lane.put("echo")
    lane.wait("completed", job)
    worker.signal()
    assert worker.wait() == 0


# ---- signals ----

def test_sigterm_lets_finish_within_the_grace_and_gives_back_the_rest(lane, start):
    worker = start("--grace", 4)
    id = worker.wait_ready()
    brief, = lane.put("sleep", {"ms": 2500})
    lasting = lane.put("sleep", {"ms": 100000}, 3)
    write, = lane.put("write", {"value": 1, "ms": 100000})
    lane.wait_begun(brief, write, *lasting)
    began = time.monotonic()
    worker.signal()
    late, = lane.put("echo")
    assert worker.wait() == 0
    assert 3.5 < time.monotonic() - began < 15
    assert lane.statuses(brief) == ["completed"]
    assert set(lane.statuses(late, *lasting)) == {"queued"}
    assert lane.statuses(write) == ["uncertain"], "whether it reached the device is not known: it is not repeated"
    assert lane.workers() == {id: False}, "it took its leave: nobody waits for its lease"
    assert worker.said("stopping") and worker.said("worker stopped")


@pytest.mark.parametrize("numbers", [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM), (signal.SIGINT, signal.SIGINT)])
def test_a_second_signal_ends_the_grace(lane, start, numbers):
    worker = start("--grace", 3600)
    worker.wait_ready()
    lasting = lane.put("sleep", {"ms": 100000}, 5)
    lane.wait_begun(*lasting)
    worker.signal(numbers[0])
    time.sleep(0.5)
    assert worker.process.poll() is None
    began = time.monotonic()
    worker.signal(numbers[1])
    assert worker.wait() == 0
    assert time.monotonic() - began < 8
    assert set(lane.statuses(*lasting)) == {"queued"}


def test_what_a_stopped_worker_leaves_goes_to_the_next_at_once(lane, start):
    """And not after a lease: what ran has ended, what waited is claimed anew, nothing was begun twice that must not be."""
    jobs = [job for n in range(100) for job in lane.put("sleep", {"ms": 50 + n}, 3)]
    writes = lane.put("write", {"value": 1, "ms": 20}, 20)
    first = start()
    wait_until(lane.results, ENDS_WITHIN)
    first.signal()
    assert first.wait() == 0
    start()
    lane.wait("completed", *jobs, *writes)
    assert len(lane.results()) == len(jobs) + len(writes)


def test_other_signals_do_no_harm(lane, start):
    worker = start()
    worker.wait_ready()
    for _ in range(20):
        worker.signal(signal.SIGUSR1)
    job, = lane.put("echo")
    lane.wait("completed", job)
    worker.signal()
    assert worker.wait() == 0


# ---- files and log lines ----

def test_the_ready_file_names_the_worker_and_is_never_of_an_earlier_life(lane, start, door, tmp_path):
    worker = start()
    id = worker.wait_ready()
    assert worker.ready_file.read_text() == id + "\n"
    assert lane.workers() == {id: True}
    assert [path.name for path in tmp_path.glob("*.ready*")] == [worker.ready_file.name], "nothing is left beside it"
    worker.signal()
    assert worker.wait() == 0
    again = start("--ready-file", worker.ready_file, "--database-url", door.url)
    wait_until(lambda: not worker.ready_file.exists(), ENDS_WITHIN)
    door.open()
    wait_until(worker.ready_file.exists, ENDS_WITHIN)
    assert worker.ready_file.read_text().strip() not in ("", id)
    again.signal()
    assert again.wait() == 0


def test_a_ready_file_that_cannot_be_written_is_told(stack, lane, tmp_path):
    done = call(stack, "--lane", lane.name, "--ready-file", tmp_path / "nowhere" / "ready")
    assert done.returncode not in (0, 2), done
    assert "--ready-file" in done.stderr and "nowhere" in done.stderr
    assert set(lane.workers().values()) == {False}


def secrets_of(stack):
    """What must not show anywhere."""
    found = {stack.env["DRM_SNMP_COMMUNITY"], urllib.parse.urlsplit(stack.env["DRM_APP_DATABASE_URL"]).password, stack.password}
    for line in pathlib.Path(stack.env["DRM_KEYRING"]).read_text().splitlines():
        found.update(word for word in re.split(r"[\s:=,\"]+", line) if len(word) > 20)
    assert len(found) > 4
    return found


def test_log_lines_are_json_without_secrets(stack, lane, start):
    worker = start("--log-level", "debug")
    worker.wait_ready()
    get = {"oids": ["sysDescr.0"]}
    good, = lane.put("get", get, protocol="snmp", device=stack.device)
    missing, = lane.put("get", {"oids": ["1.3.6.1.4.1.99999.1.0"]}, protocol="snmp", device=stack.device)
    lacking, = lane.put("get", get, protocol="snmp")
    wait_until(lambda: len(lane.results()) == 3, ENDS_WITHIN)
    assert lane.statuses(good, missing, lacking) == ["completed", "completed", "failed"]
    assert ask(stack.env, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'drm-worker'"
                          " AND backend_type = 'client backend'")
    lane.wait("completed", *lane.put("echo"))
    worker.signal()
    assert worker.wait() == 0
    stored = str(ask(stack.env, "SELECT result::text, error::text, params::text FROM drm.job_results WHERE lane = %s", (lane.name,)))
    text = worker.log.read_text()
    for secret in secrets_of(stack):
        assert secret not in text and secret not in stored
    for line in worker.lines():
        assert {"time", "level", "program", "message"} <= set(line) and all(isinstance(value, str) for value in line.values())
        assert line["program"] == "drm-worker" and line["level"] in ("error", "warning", "info", "debug")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert worker.said("claimed") and worker.said("worker started")


def test_the_log_level_is_kept(lane, start):
    worker = start("--log-level", "error")
    worker.wait_ready()
    lane.wait("completed", *lane.put("echo"))
    worker.signal()
    assert worker.wait() == 0
    assert [line for line in worker.lines() if line["level"] != "error" and line["message"] != "stopping"] == []


# ---- many of them ----

def test_two_workers_share_a_queue(lane, start):
    workers = [start("--slots", 20), start("--slots", 20)]
    ids = {worker.wait_ready() for worker in workers}
    jobs = lane.put("sleep", {"ms": 30}, 400)
    wait_until(lambda: len(lane.results()) == len(jobs), 3 * ENDS_WITHIN)
    results = lane.results()
    assert {row[0] for row in results} == set(jobs) and {row[1] for row in results} == {"completed"}
    assert {row[3] for row in results} == {1}, "none was done twice"
    assert {row[2] for row in results} == ids, "both had a part in it"
    for worker in workers:
        worker.signal()
    assert [worker.wait() for worker in workers] == [0, 0]
    assert set(lane.workers().values()) == {False}


def test_a_crowd_of_workers_runs_writes_of_a_device_one_by_one(lane, start):
    workers = [start("--slots", 5) for _ in range(3)]
    jobs = lane.put("write", {"value": 1, "ms": 20}, 30)
    wait_until(lambda: len(lane.results()) == len(jobs), 3 * ENDS_WITHIN)
    results = lane.results()
    assert {row[1] for row in results} == {"completed"} and {row[3] for row in results} == {1}
    overlaps = ask(lane.env, "SELECT count(*) FROM drm.job_results a JOIN drm.job_results b ON b.lane = a.lane AND b.id > a.id"
                             " WHERE a.lane = %s AND a.started_at < b.finished_at AND b.started_at < a.finished_at", (lane.name,))[0][0]
    assert overlaps == 0
    for worker in workers:
        worker.signal()
    assert [worker.wait() for worker in workers] == [0, 0, 0]


def limit(worker, descriptors):
    """The soft limit alone: it can be raised again."""
    subprocess.run(["prlimit", "--pid", str(worker.process.pid), f"--nofile={descriptors}:"], check=True)


def test_few_descriptors_do_not_end_it(stack, lane, start):
    """EMFILE when it connects: it goes on when there are some again."""
    worker = start()
    worker.wait_ready()
    limit(worker, 3)
    ask(stack.env, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'drm-worker'")
    job, = lane.put("echo")
    time.sleep(1)
    assert worker.process.poll() is None and lane.statuses(job) == ["queued"]
    limit(worker, 256)
    lane.wait("completed", job)
    worker.signal()
    assert worker.wait() == 0
