"""Thousands of jobs while everything around them is killed. Afterwards the database is asked: each job that was submitted has ended, and
once; what must not be repeated was not."""
import collections
import contextlib
import shutil
import signal
import threading
import time

import pytest
from fixture_support import running
from http_support import Api, wait_until
from job_support import ENDED, Tenant, ask, has_status, make_device, submit, unique
from stack.fleet import temporary_folder
from stack.process import wait_for
from stack.programs import Worker
from stack.stack import Stack

LEASE = 30  # seconds of silence after which a worker is given up


@pytest.fixture(scope="module")
def fragile(build):
    """A stack of this file's own: it does not survive these tests unharmed."""
    folder = temporary_folder()
    try:
        with running(Stack(folder, build, durable=False)) as made:
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def another_worker(stack, name):
    folder = stack.state.folder / name
    folder.mkdir()
    worker = Worker(stack.build, stack.state.log / f"{name}.log", stack.env, folder)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


class Submitter(threading.Thread):
    """Submits a list of (device, operation, params, protocol). A request whose answer is lost is repeated with the same key, so that
    what was submitted is known exactly."""

    def __init__(self, tenant, work, pause=0.0):
        super().__init__()
        self.work, self.pause = work, pause
        self.ids, self.failure, self.api = [], None, tenant.api()

    def run(self):
        try:
            for device, operation, params, protocol in self.work:
                self.ids.append(self.insist(device, operation, params, protocol))
                time.sleep(self.pause)
        except Exception as error:  # noqa: BLE001 - told by the test
            self.failure = error

    def insist(self, device, operation, params, protocol):
        key, end = unique("key"), time.monotonic() + 60
        body = {"device_id": device, "protocol": protocol, "operation": operation, "params": params}
        while True:
            with contextlib.suppress(OSError):
                answer = self.api.post("/api/v1/jobs", body, headers={"Idempotency-Key": key})
                if answer.status == 202:
                    return answer.json()["job_id"]
                assert answer.status in (409, 503, 504), answer
            assert time.monotonic() < end, "submitting does not work any more"
            time.sleep(0.1)


def results(stack, ids):
    """{id: (status, attempt, operation, worker)} of the results; each job once."""
    rows = ask(stack.env, "SELECT id::text, status, attempt, operation, worker_id::text FROM drm.job_results WHERE id = ANY (%s::uuid[])",
               (ids,))
    assert len(rows) == len({row[0] for row in rows}), "a job has two results"
    return {row[0]: row[1:] for row in rows}


def all_ended(stack, seconds):
    left = wait_for(lambda: ask(stack.env, "SELECT count(*) FROM drm.jobs") == [(0,)], seconds, 0.3)
    assert left, ask(stack.env, "SELECT status, operation, worker_id, attempt, count(*) FROM drm.jobs GROUP BY 1, 2, 3, 4")


def running_writes(stack, worker=None):
    return {row[0] for row in ask(stack.env, "SELECT j.id::text FROM drm.jobs j JOIN drm.workers w ON w.id = j.worker_id WHERE j.operation"
                                             " = 'write' AND j.status = 'running' AND (%s::int IS NULL OR w.pid = %s)", (worker, worker))}


def test_nothing_is_lost_and_nothing_done_twice(fragile):
    stack = fragile
    tenant = Tenant(stack.build, stack.env, stack.url)
    api = tenant.api()
    agent = {"protocol": "snmp", "address": "127.0.0.1", "port": stack.snmpd.port, "community": stack.snmpd.community,
             "settings": {"timeout_ms": 2000, "retries": 3}}
    devices = [make_device(api, {"protocol": "fake"}, agent) for _ in range(20)]
    writes = Submitter(tenant, [(device, "write", {"value": n, "ms": 1500}, "fake") for n in range(2) for device in devices])
    mixed = []
    for n in range(1100):
        device = devices[n % len(devices)]
        mixed += [(device, "echo", {"n": n}, "fake"), (device, "get", {"oids": ["sysName.0"]}, "snmp")]
        if n % 2:
            mixed.append((device, "sleep", {"ms": 100 + n % 900}, "fake"))
    submitters = [writes] + [Submitter(tenant, mixed[part::4], 0.005) for part in range(4)]
    for thread in submitters:
        thread.start()
    wait_until(lambda: len(running_writes(stack)) >= 10, 20)
    # What the dead worker leaves must hold something to repeat: none of the short jobs may be in its hands when it dies.
    long_ids = [submit(api, device, "sleep", {"ms": 8000}) for device in devices[:3]]
    wait_until(lambda: all(has_status(api, job, "running") for job in long_ids), 20)

    stack.kill("worker")
    orphans = running_writes(stack)
    assert len(orphans) >= 5, "nothing was running that could be lost"
    with another_worker(stack, "second") as second:
        time.sleep(1)
        stack.redis.command("FLUSHALL")
        time.sleep(1)
        stack.kill("redis")
        time.sleep(1)
        stack.redis.start()
        time.sleep(1)
        assert any(thread.is_alive() for thread in submitters[1:]), "PostgreSQL is to go while jobs are submitted"
        stack.kill("postgres", "immediate")
        time.sleep(0.5)
        stack.postgres.start()
        for thread in submitters:
            thread.join(90)
            assert thread.failure is None, thread.failure
        all_ended(stack, 120)
        assert second.alive()

    ids = long_ids + [job for thread in submitters for job in thread.ids]
    assert len(set(ids)) == len(ids) == len(long_ids) + len(mixed) + len(writes.work)
    found = results(stack, ids)
    assert set(found) == set(ids)
    assert {row[0] for row in found.values()} <= ENDED
    repeatable = collections.Counter((row[2], row[0]) for row in found.values() if row[2] != "write")
    assert set(repeatable) == {("echo", "completed"), ("sleep", "completed"), ("get", "completed")}, repeatable
    assert {found[job][0] for job in orphans} == {"uncertain"}
    written = [found[job] for job in writes.ids]
    assert {row[1] for row in written} == {1}, "a write was begun twice"
    assert collections.Counter(row[0] for row in written)["uncertain"] == len(orphans)
    assert {row[0] for row in written} <= {"completed", "uncertain"}
    assert all(found[job][1] > 1 for job in long_ids), "jobs of the dead worker were done by the other"
    assert ask(stack.env, "SELECT count(*) FROM drm.job_results WHERE tenant_id = %s", (tenant.id,)) == [(len(ids),)]


def test_a_worker_that_wakes_up_after_its_lease_changes_nothing(fragile):
    """Stopped past its lease it takes up its jobs again; by then they are another's, and what it finishes is refused."""
    stack = fragile
    if not stack.worker.alive():
        stack.worker.start()
    tenant = Tenant(stack.build, stack.env, stack.url)
    api = tenant.api()
    devices = [make_device(api) for _ in range(4)]
    sleepy = stack.worker
    asleep = [submit(api, device, "sleep", {"ms": 4000}) for device in devices for _ in range(10)]
    writes = [submit(api, device, "write", {"value": 1, "ms": 4000}) for device in devices]
    for job in asleep + writes:
        has_status(api, job, "running")
    sleepy.child.send_signal(signal.SIGSTOP)
    try:
        with another_worker(stack, "third") as third:
            more = [submit(api, devices[0], "echo", {"n": n}) for n in range(50)]
            wait_until(lambda: len(results(stack, more)) == 50, 10)
            all_ended(stack, LEASE + 60)
            before = results(stack, asleep + writes + more)
            assert {before[job][:2] for job in asleep} == {("completed", 2)}
            assert {before[job][:2] for job in writes} == {("uncertain", 1)}
            sleepy.child.send_signal(signal.SIGCONT)
            time.sleep(6)
            assert results(stack, asleep + writes + more) == before
            assert ask(stack.env, "SELECT count(*) FROM drm.job_results WHERE tenant_id = %s", (tenant.id,)) == [(len(before),)]
            assert third.alive()
    finally:
        if sleepy.alive():
            sleepy.child.send_signal(signal.SIGCONT)
    if sleepy.alive():
        late = submit(tenant.api(), devices[0], "echo", {})
        wait_until(lambda: results(stack, [late]), 15)


def test_a_worker_told_to_stop_leaves_nothing_behind(fragile):
    """SIGTERM: what runs is finished, what waits goes to the next worker at once and not after a lease."""
    stack = fragile
    tenant = Tenant(stack.build, stack.env, stack.url)
    api = tenant.api()
    device = make_device(api)
    if not stack.worker.alive():
        stack.worker.start()
    jobs = [submit(api, device, "sleep", {"ms": 50 + n}) for n in range(300)] + [submit(api, device, "write", {"value": n, "ms": 20})
                                                                              for n in range(20)]
    assert stack.worker.stop(), "it ended by itself"
    began = time.monotonic()
    with another_worker(stack, "fourth"):
        all_ended(stack, 15)
        assert time.monotonic() - began < 15
    found = results(stack, jobs)
    assert {row[0] for row in found.values()} == {"completed"} and len(found) == len(jobs)
    assert {row[1] for row in found.values() if row[2] == "write"} == {1}
    assert Api(stack.url).get("/readyz").status == 200
