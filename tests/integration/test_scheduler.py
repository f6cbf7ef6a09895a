"""The scheduler's functions (sched.claim, finish, reap) called as a worker calls them: every branch, two workers and a cancel at the same
moment, and how many blocks they touch when their plans were made for an empty queue. Calls attack_support.py for seals."""
import contextlib
import itertools
import json
import threading
import uuid

import psycopg2
import pytest
from attack_support import Siege, run, use_seal
from http_support import wait_until

JOBS = 5000
AT_A_TIME = 512
BLOCKS_A_JOB = 40  # 14 to 27 when this was written
BLOCKS_A_CLAIM = 1000  # one that finds nothing, or little, behind much; 200 to 350

_ids = itertools.count(1)


def next_id():
    """Ids in the order of their making, as UUIDv7 are."""
    return str(uuid.UUID(int=(0x01900000 << 96) | (0x7 << 76) | (0x8 << 60) | next(_ids)))


class Queue:
    """A lane of its own, with tenants of its own, filled by the superuser."""

    def __init__(self, siege):
        self.siege = siege
        self.lane = "lane-" + uuid.uuid4().hex[:12]

    def change(self, sql, args=None):
        cursor = self.siege.admin.cursor()
        cursor.execute(sql, args)
        rows = cursor.fetchall() if cursor.description else None
        self.siege.admin.commit()
        return rows

    def tenant(self, max_running=None):
        tenant = str(uuid.uuid4())
        self.change("INSERT INTO drm.tenants (tenant_id, name, max_running) VALUES (%s, %s, %s)", (tenant, tenant, max_running))
        return tenant

    def device(self, tenant):
        return self.devices(tenant, 1)[0]

    def devices(self, tenant, count):
        return [row[0] for row in self.change("INSERT INTO drm.devices (tenant_id, id, name) SELECT %s, gen_random_uuid(), gen_random_uuid()"
                                              " FROM generate_series(1, %s) RETURNING id::text", (tenant, count))]

    def add(self, tenant, device, writes=False, priority=5, max_attempts=1, idempotent=None):
        return self.fill(tenant, [device], 1, writes, priority, max_attempts, idempotent)[0]

    def fill(self, tenant, devices, count, writes=False, priority=5, max_attempts=1, idempotent=None):
        """Jobs, one device after the other; their ids from the oldest."""
        ids = [next_id() for _ in range(count)]
        self.change("INSERT INTO drm.jobs (tenant_id, id, device_id, lane, protocol, operation, priority, max_attempts, exclusive, idempotent,"
                    " timeout_ms) SELECT %s, i.id, (%s::uuid[])[(i.n - 1) %% %s + 1], %s, 'fake', 'echo', %s, %s, %s, %s, 1000"
                    " FROM unnest(%s::uuid[]) WITH ORDINALITY AS i (id, n)",
                    (tenant, devices, len(devices), self.lane, priority, max_attempts, writes,
                     not writes if idempotent is None else idempotent, ids))
        return ids

    def state(self, job):
        rows = self.siege.ask("SELECT status FROM drm.jobs WHERE id = %s UNION ALL SELECT status FROM drm.job_results WHERE id = %s",
                              (job, job))
        assert len(rows) <= 1, rows
        return rows[0][0] if rows else None

    def column(self, job, name):
        return self.siege.ask(f"SELECT {name} FROM drm.jobs WHERE id = %s", (job,))[0][0]

    def result(self, job, name):
        return self.siege.ask(f"SELECT {name} FROM drm.job_results WHERE id = %s", (job,))[0][0]


class Worker:
    """A connection of drm_app's with the seal of a worker, in transactions that end with the call unless it is held."""

    def __init__(self, siege):
        self.siege = siege
        self.connection = siege.database.app()
        self.id = str(uuid.uuid4())
        with self.sealed():
            run(self.connection, "SELECT sched.worker_register(%s, 'h', 1, 'v', 'none', 9)", (self.id,))

    @contextlib.contextmanager
    def sealed(self, hold=False):
        use_seal(self.connection, self.siege.system_seal(self.connection, "worker"))
        yield
        if not hold:
            self.connection.commit()

    def call(self, sql, args, hold=False):
        with self.sealed(hold):
            return run(self.connection, sql, args)

    def blocks(self, sql, args):
        """Blocks touched by the call, with all that it calls in turn."""
        plan = self.call("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + sql, args)[0][0][0]["Plan"]
        return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]

    def claim(self, lane, limit=AT_A_TIME, hold=False):
        return [row[0] for row in self.call("SELECT id::text FROM sched.claim(%s, %s, %s)", (self.id, lane, limit), hold)]

    FINISH = ("SELECT id::text, status FROM sched.finish(%s, %s::uuid[], %s::uuid[], %s::integer[], %s::text[], %s::boolean[], %s::jsonb[],"
              " %s::jsonb[], %s::timestamptz[], %s::timestamptz[])")

    def finish_args(self, ends):
        columns = [list(c) for c in zip(*ends)] if ends else [[]] * 5
        count = len(ends)
        return (self.id, *columns, [json.dumps({"n": i}) for i in range(count)],
                [json.dumps({"code": o}) if o == "failed" else None for o in columns[3]],
                ["2026-01-01T00:00:00Z"] * count, [f"2026-01-01T00:00:00.{i % 1000:03}Z" for i in range(count)])

    def finish(self, *ends, hold=False):
        """Each end: tenant, id, attempt, outcome, retryable. What came back, as pairs."""
        return self.call(self.FINISH, self.finish_args(ends), hold)

    def reap(self, after="1 minute"):
        return self.call("SELECT kind, job_id::text, status FROM sched.reap(%s, %s)", (self.id, after))


@pytest.fixture(scope="module")
def siege(database):
    made = Siege(database)
    yield made
    made.admin.close()


@pytest.fixture
def queue(siege):
    made = Queue(siege)
    yield made
    siege.admin.rollback()
    # A lane that is left would be reaped by the next test.
    made.change("DELETE FROM drm.jobs WHERE lane = %s", (made.lane,))


@pytest.fixture
def workers(siege):
    """Makes workers."""
    made = []

    def make():
        made.append(Worker(siege))
        return made[-1]

    yield make
    for worker in made:
        worker.connection.close()


@pytest.fixture
def worker(workers):
    return workers()


class Meanwhile:
    """A call in a thread that is to wait for a lock until the other side's transaction ends."""

    def __init__(self, siege, connection, call):
        self.answer = self.error = None
        pid = connection.info.backend_pid

        def body():
            try:
                self.answer = call()
            except psycopg2.Error as error:
                self.error = error

        self.thread = threading.Thread(target=body)
        self.thread.start()
        wait_until(lambda: siege.ask("SELECT cardinality(pg_blocking_pids(%s)) > 0", (pid,))[0][0], 20)

    def join(self):
        self.thread.join(30)
        assert not self.thread.is_alive()
        if self.error:
            raise self.error
        return self.answer


# ---- blocks: plans made for an empty queue, used on a full one ----

@pytest.fixture
def planned(siege, queue, workers):
    """Two workers whose sessions have planned everything while drm.jobs was empty, and keep these plans: nobody analyzes it any more."""
    admin = siege.database.admin()
    admin.autocommit = True
    run(admin, "TRUNCATE drm.jobs, drm.job_results")
    run(admin, "ALTER SYSTEM SET autovacuum = off")  # of no table: on a busy machine it came by in the middle of a count
    run(admin, "SELECT pg_reload_conf()")
    run(admin, "VACUUM ANALYZE drm.jobs")
    pair = workers(), workers()
    tenant = queue.tenant()
    device = queue.device(tenant)
    for planner in pair:
        assert planner.claim(queue.lane) == []
        assert planner.finish((tenant, next_id(), 1, "completed", False)) == []
        assert planner.reap() == []
        # each branch once, and the table is empty again
        for outcome, retryable in (("release", False), ("failed", True), ("completed", False)):
            queue.fill(tenant, [device], 1, max_attempts=3)
            queue.fill(tenant, [device], 200, writes=True, max_attempts=3)  # more of a device than the front of a claim
            claimed = planner.claim(queue.lane, 2)
            assert len(planner.finish(*((tenant, job, 1, outcome, retryable) for job in claimed))) == 2
            queue.change("DELETE FROM drm.jobs; DELETE FROM drm.job_results")
    run(admin, "VACUUM ANALYZE drm.jobs")
    for planner in pair:
        assert planner.claim(queue.lane) == []
    yield pair
    run(admin, "ALTER SYSTEM RESET autovacuum")
    run(admin, "SELECT pg_reload_conf()")
    admin.close()


def fill_tenants(queue, tenants, writes=False):
    """Reads over ten devices a tenant, or writes, each of its own device."""
    for _ in range(tenants):
        tenant, count = queue.tenant(), JOBS // tenants
        queue.fill(tenant, queue.devices(tenant, count if writes else 10), count, writes, max_attempts=3)


def claim_all(queue, worker):
    """Blocks a job."""
    blocks = 0
    for _ in range(2 * JOBS // AT_A_TIME):
        blocks += worker.blocks("SELECT * FROM sched.claim(%s, %s, %s)", (worker.id, queue.lane, AT_A_TIME))
    assert queue.siege.ask("SELECT count(*) FROM drm.jobs WHERE worker_id = %s", (worker.id,)) == [(JOBS,)]
    return blocks / JOBS


@pytest.mark.parametrize("tenants", [1, 50])
@pytest.mark.parametrize("writes", [False, True])
@pytest.mark.parametrize("outcome, retryable, after", [("completed", False, None), ("failed", True, "waiting"), ("release", False, "queued")])
def test_a_full_queue_is_served_by_plans_of_an_empty_one(queue, planned, tenants, writes, outcome, retryable, after):
    worker = planned[0]
    fill_tenants(queue, tenants, writes)
    assert claim_all(queue, worker) < BLOCKS_A_JOB
    jobs = queue.siege.ask("SELECT tenant_id::text, id::text, attempt FROM drm.jobs WHERE worker_id = %s", (worker.id,))
    blocks = sum(worker.blocks(worker.FINISH, worker.finish_args([(*job, outcome, retryable) for job in jobs[i:i + AT_A_TIME]]))
                 for i in range(0, JOBS, AT_A_TIME))
    assert blocks / JOBS < BLOCKS_A_JOB
    left = queue.siege.ask("SELECT status, count(*) FROM drm.jobs GROUP BY 1")
    assert left == ([(after, JOBS)] if after else [])
    assert queue.siege.ask("SELECT count(*) FROM drm.job_results WHERE lane = %s", (queue.lane,)) == [(0 if after else JOBS,)]


def test_results_that_come_twice_are_found_by_plans_of_an_empty_queue(queue, planned):
    worker = planned[0]
    fill_tenants(queue, 1)
    claim_all(queue, worker)
    jobs = queue.siege.ask("SELECT tenant_id::text, id::text, attempt FROM drm.jobs WHERE worker_id = %s", (worker.id,))
    ends = [(*job, "completed", False) for job in jobs]
    assert len(worker.finish(*ends)) == JOBS
    assert worker.blocks(worker.FINISH, worker.finish_args(ends[:AT_A_TIME])) / AT_A_TIME < BLOCKS_A_JOB
    assert len(worker.finish(*ends[:AT_A_TIME])) == AT_A_TIME


def test_a_dead_workers_jobs_are_reaped_by_plans_of_an_empty_queue(queue, planned):
    dead, alive = planned
    fill_tenants(queue, 50)
    claim_all(queue, dead)
    queue.change("UPDATE drm.jobs SET idempotent = false WHERE id IN (SELECT id FROM drm.jobs LIMIT %s)", (JOBS // 2,))
    queue.change("UPDATE drm.workers SET beat_at = now() - interval '1 hour' WHERE id = %s", (dead.id,))
    assert alive.blocks("SELECT * FROM sched.reap(%s, '1 minute')", (alive.id,)) / JOBS < BLOCKS_A_JOB
    assert queue.siege.ask("SELECT status, worker_id, count(*) FROM drm.jobs GROUP BY 1, 2") == [("waiting", None, JOBS // 2)]
    assert queue.siege.ask("SELECT count(*) FROM drm.job_results WHERE status = 'uncertain'") == [(JOBS // 2,)]
    queue.change("UPDATE drm.jobs SET run_at = now() - interval '1 second'")
    assert alive.blocks("SELECT * FROM sched.reap(%s, NULL)", (alive.id,)) / (JOBS // 2) < BLOCKS_A_JOB
    assert queue.siege.ask("SELECT status, count(*) FROM drm.jobs GROUP BY 1") == [("queued", JOBS // 2)]


def test_writes_of_a_busy_device_are_not_read_through(queue, planned):
    worker, other = planned
    tenant = queue.tenant()
    busy = queue.device(tenant)
    first = queue.fill(tenant, [busy], 50000, writes=True)[0]
    assert worker.claim(queue.lane) == [first]
    for claimer in planned:
        assert claimer.blocks("SELECT * FROM sched.claim(%s, %s, %s)", (claimer.id, queue.lane, AT_A_TIME)) < BLOCKS_A_CLAIM
    idle = queue.devices(tenant, 20)
    behind = queue.fill(tenant, idle, 20, writes=True)
    assert worker.blocks("SELECT * FROM sched.claim(%s, %s, %s)", (worker.id, queue.lane, 10)) < BLOCKS_A_CLAIM
    assert len(other.claim(queue.lane)) == 10
    assert {queue.state(job) for job in behind} == {"running"}


# ---- claim ----

def test_a_claim_follows_priority_and_age_of_reads_and_writes_alike(queue, worker):
    tenant = queue.tenant()
    devices = queue.devices(tenant, 6)
    order = [(7, False), (5, True), (5, False), (0, True), (9, False), (0, False)]
    jobs = [(priority, queue.add(tenant, device, writes, priority)) for device, (priority, writes) in zip(devices, order)]
    wanted = [job for _, job in sorted(jobs)]
    assert worker.claim(queue.lane, 2) == wanted[:2]
    assert worker.claim(queue.lane, 3) == wanted[2:5]
    assert worker.claim(queue.lane) == wanted[5:]
    assert worker.claim(queue.lane) == []


def test_a_claim_tells_what_a_worker_needs(queue, worker):
    tenant = queue.tenant()
    device = queue.device(tenant)
    job = queue.add(tenant, device)
    row = worker.call("SELECT tenant_id::text, id::text, device_id::text, protocol, operation, params, attempt, timeout_ms, idempotent"
                      " FROM sched.claim(%s, %s, 1)", (worker.id, queue.lane))
    assert row == [(tenant, job, device, "fake", "echo", {}, 1, 1000, True)]
    assert queue.state(job) == "running" and queue.column(job, "worker_id::text") == worker.id


@pytest.mark.parametrize("writes", [False, True])
def test_tenants_share_a_claim(queue, worker, writes):
    tenants = [queue.tenant() for _ in range(3)]
    owner = {}
    for tenant, count in zip(tenants, (600, 10, 10)):
        owner.update((job, tenant) for job in queue.fill(tenant, queue.devices(tenant, count), count, writes))
    claimed = [owner[job] for job in worker.claim(queue.lane, 30)]
    assert sorted(claimed.count(tenant) for tenant in tenants) == [10, 10, 10]


def test_a_limit_below_the_number_of_tenants_reaches_all_in_time(queue, worker):
    tenants = [queue.tenant() for _ in range(3)]
    owner = {}
    for tenant in tenants:
        owner.update((job, tenant) for job in queue.fill(tenant, [queue.device(tenant)], 200))
    seen = set()
    for _ in range(40):
        claimed = worker.claim(queue.lane, 2)
        assert len({owner[job] for job in claimed}) == 2
        seen |= {owner[job] for job in claimed}
    assert seen == set(tenants)


def test_another_lane_and_a_dead_worker_get_nothing(queue, worker):
    tenant = queue.tenant()
    job = queue.add(tenant, queue.device(tenant))
    assert worker.claim(queue.lane + "x") == []
    queue.change("UPDATE drm.workers SET alive = false WHERE id = %s", (worker.id,))
    assert worker.claim(queue.lane) == []
    assert queue.state(job) == "queued"


def test_one_writing_job_of_a_device_runs_and_reads_beside_it(queue, worker):
    tenant = queue.tenant()
    a, b = queue.devices(tenant, 2)
    first = [queue.add(tenant, a, writes=True), queue.add(tenant, a, writes=True, priority=4), queue.add(tenant, b, writes=True)]
    reads = queue.fill(tenant, [a], 3)
    assert set(worker.claim(queue.lane)) == {first[1], first[2], *reads}
    assert worker.claim(queue.lane) == []
    assert worker.finish((tenant, first[1], 1, "completed", False)) == [(first[1], "completed")]
    assert worker.claim(queue.lane) == [first[0]]


def test_a_single_job_is_in_the_first_claim_beside_a_crowd(queue, worker):
    """However many another tenant has queued before it, and whether they read or write."""
    crowd, other = queue.tenant(), queue.tenant()
    queue.fill(crowd, queue.devices(crowd, 100), 50_000)
    queue.fill(crowd, queue.devices(crowd, 100), 1000, writes=True)
    assert len(worker.claim(queue.lane, 64)) == 64
    single = queue.add(other, queue.device(other))
    assert single in worker.claim(queue.lane, 64)


def test_a_write_that_waits_to_be_repeated_holds_up_those_after_it(queue, worker):
    tenant = queue.tenant()
    device, free = queue.device(tenant), queue.device(tenant)
    first, second, third = (queue.add(tenant, device, writes=True, max_attempts=3) for _ in range(3))
    assert worker.claim(queue.lane) == [first]
    assert worker.finish((tenant, first, 1, "failed", True)) == [(first, "waiting")]
    elsewhere = queue.add(tenant, free, writes=True)
    assert worker.claim(queue.lane) == [elsewhere]
    queue.change("UPDATE drm.jobs SET run_at = now() WHERE id = %s", (first,))
    assert ("queued", first, "queued") in worker.reap(None)
    done = []
    for attempt, job in ((2, first), (1, second), (1, third)):
        assert worker.claim(queue.lane) == [job]
        assert worker.finish((tenant, job, attempt, "completed", False)) == [(job, "completed")]
        done.append(job)
    assert done == [first, second, third] and worker.claim(queue.lane) == []


def test_two_workers_at_once_share_reads_and_leave_a_device_to_one(queue, workers):
    one, two = workers(), workers()
    tenant = queue.tenant()
    a, b = queue.devices(tenant, 2)
    writes = queue.fill(tenant, [a], 3, writes=True)
    reads = queue.fill(tenant, [b], 4)
    assert one.claim(queue.lane, 3, hold=True) == [writes[0], *reads[:2]]
    assert reads[3] in two.claim(queue.lane, 6)  # does not wait, and takes no other write of that device
    one.connection.commit()
    two.claim(queue.lane)
    assert [queue.state(job) for job in writes + reads] == ["running", "queued", "queued"] + ["running"] * 4


@pytest.mark.parametrize("commits", [True, False])
def test_a_write_that_overtakes_one_being_claimed_waits_for_it(queue, workers, commits):
    one, two = workers(), workers()
    tenant = queue.tenant()
    device = queue.device(tenant)
    late = queue.add(tenant, device, writes=True)
    assert one.claim(queue.lane, hold=True) == [late]
    urgent = queue.add(tenant, device, writes=True, priority=0)
    read = queue.add(tenant, device)
    second = Meanwhile(queue.siege, two.connection, lambda: two.claim(queue.lane))
    if commits:
        one.connection.commit()
    else:
        one.connection.rollback()
    assert second.join() == ([read] if commits else [urgent, read])
    assert (queue.state(late), queue.state(urgent)) == (("running", "queued") if commits else ("queued", "running"))


def make_busy(queue, worker, devices):
    """The first write of each device runs; the others are more than a claim looks at in order."""
    assert len(worker.claim(queue.lane)) == devices


def test_behind_a_busy_front_priority_holds_and_each_device_gives_one(queue, worker):
    tenant = queue.tenant()
    busy, idle = queue.devices(tenant, 3), queue.devices(tenant, 30)
    queue.fill(tenant, busy, 3000, writes=True, priority=1)
    make_busy(queue, worker, 3)
    low = queue.fill(tenant, idle, 90, writes=True, priority=8)
    high = queue.fill(tenant, idle[:5], 10, writes=True, priority=3)
    assert set(worker.claim(queue.lane, 5)) == set(high[:5])
    rest = worker.claim(queue.lane)
    assert set(rest) == set(low[5:30])
    assert worker.claim(queue.lane) == []


def test_behind_a_busy_front_no_device_is_always_the_last(queue, worker):
    tenant = queue.tenant()
    busy, idle = queue.device(tenant), queue.devices(tenant, 20)
    queue.fill(tenant, [busy], 200, writes=True)
    make_busy(queue, worker, 1)
    behind = queue.fill(tenant, idle, 20, writes=True)
    seen = set()
    for _ in range(60):
        seen |= set(worker.claim(queue.lane, 1, hold=True))
        worker.connection.rollback()
    assert len(seen) > 1 and seen <= set(behind)


def test_behind_a_busy_front_a_device_that_is_being_claimed_is_left_alone(queue, workers):
    one, two = workers(), workers()
    tenant = queue.tenant()
    busy, a, b = queue.devices(tenant, 3)
    queue.fill(tenant, [busy], 1000, writes=True)
    make_busy(queue, one, 1)
    first, then = queue.add(tenant, a, writes=True), queue.add(tenant, a, writes=True, priority=7)
    assert one.claim(queue.lane, hold=True) == [first]
    other = queue.add(tenant, b, writes=True)
    assert two.claim(queue.lane) == [other]
    one.connection.commit()
    assert (queue.state(first), queue.state(then)) == ("running", "queued")


def test_a_cap_on_running_jobs_holds(queue, worker):
    capped, free = queue.tenant(max_running=3), queue.tenant()
    mine = queue.fill(capped, queue.devices(capped, 5), 10)
    others = queue.fill(free, [queue.device(free)], 6)
    assert worker.claim(queue.lane, 4) == [*mine[:2], *others[:2]]
    assert sorted(worker.claim(queue.lane)) == sorted([mine[2], *others[2:]])
    assert worker.claim(queue.lane) == []
    assert worker.finish((capped, mine[0], 1, "completed", False)) == [(mine[0], "completed")]
    assert worker.claim(queue.lane) == [mine[3]]
    writes = queue.fill(capped, queue.devices(capped, 2), 2, writes=True, priority=0)
    worker.finish((capped, mine[1], 1, "completed", False))
    assert worker.claim(queue.lane) == writes[:1]


def test_a_cap_holds_for_two_workers_at_once(queue, workers):
    one, two = workers(), workers()
    capped, free = queue.tenant(max_running=3), queue.tenant()
    mine = queue.fill(capped, queue.devices(capped, 5), 10)
    assert one.claim(queue.lane, hold=True) == mine[:3]
    others = queue.fill(free, [queue.device(free)], 2)
    assert two.claim(queue.lane) == others
    one.connection.commit()
    assert two.claim(queue.lane) == []


# ---- finish ----

def test_every_way_a_job_can_end_in_one_call(queue, workers):
    worker, other = workers(), workers()
    tenant = queue.tenant()
    device = queue.device(tenant)
    words = ("completed", "failed", "repeated", "spent", "hopeless", "cancelled", "released", "unwanted", "uncertain", "attempt", "foreign",
             "before", "tenant")
    job = {word: queue.add(tenant, device, max_attempts=2) for word in words}
    foreign = job.pop("foreign")
    queue.change("UPDATE drm.jobs SET priority = 9 WHERE id = %s", (foreign,))
    assert len(worker.claim(queue.lane, len(words) - 1)) == len(words) - 1
    assert other.claim(queue.lane) == [foreign]
    queue.change("UPDATE drm.jobs SET failures = 1 WHERE id = %s", (job["spent"],))
    queue.change("UPDATE drm.jobs SET cancel_requested = true WHERE id = %s", (job["unwanted"],))
    assert worker.finish((tenant, job["before"], 1, "completed", False)) == [(job["before"], "completed")]
    answer = worker.finish(
        (tenant, job["completed"], 1, "completed", False), (tenant, job["failed"], 1, "failed", False),
        (tenant, job["attempt"], 2, "completed", False), (tenant, job["repeated"], 1, "failed", True),
        (tenant, next_id(), 1, "completed", False), (tenant, job["spent"], 1, "failed", True),
        (tenant, job["cancelled"], 1, "cancelled", False), (tenant, foreign, 1, "completed", False),
        (tenant, job["released"], 1, "release", False), (tenant, job["unwanted"], 1, "release", False),
        (tenant, job["before"], 1, "failed", False), (tenant, job["uncertain"], 1, "uncertain", False),
        (queue.tenant(), job["tenant"], 1, "completed", False))
    wanted = {"completed": "completed", "failed": "failed", "repeated": "waiting", "spent": "dead", "cancelled": "cancelled",
              "released": "queued", "unwanted": "cancelled", "uncertain": "uncertain", "before": "completed"}
    assert sorted(answer) == sorted((job[word], status) for word, status in wanted.items())
    assert {word: queue.state(job[word]) for word in wanted} == wanted
    # What the fence refused is as it was.
    assert [queue.state(j) for j in (job["attempt"], job["tenant"], job["hopeless"], foreign)] == ["running"] * 4
    # Each result lies with its own job.
    assert [queue.result(job[word], "result->>'n'") for word in ("completed", "failed", "spent", "uncertain")] == ["0", "1", "5", "11"]
    assert queue.result(job["failed"], "error->>'code'") == "failed" and queue.result(job["failed"], "worker_id::text") == worker.id
    assert queue.siege.ask("SELECT failures, worker_id, started_at, run_at > now(), error->>'code' FROM drm.jobs WHERE id = %s",
                           (job["repeated"],)) == [(1, None, None, True, "failed")]
    assert queue.siege.ask("SELECT failures, worker_id, started_at, run_at, attempt FROM drm.jobs WHERE id = %s",
                           (job["released"],)) == [(0, None, None, None, 1)]


@pytest.mark.parametrize("first, second, ends", [("completed", "completed", "completed"), ("completed", "failed", "completed"),
                                                 ("release", "completed", "queued"), ("completed", "release", "completed")])
def test_of_two_results_of_one_job_in_a_call_the_first_counts(queue, worker, first, second, ends):
    tenant = queue.tenant()
    job, beside = queue.fill(tenant, [queue.device(tenant)], 2)
    assert worker.claim(queue.lane) == [job, beside]
    answer = worker.finish((tenant, job, 1, first, False), (tenant, beside, 1, "completed", False), (tenant, job, 1, second, False))
    assert set(answer) == {(job, ends), (beside, "completed")}
    assert queue.state(job) == ends  # in one place only
    if ends != "queued":
        assert queue.result(job, "result->>'n'") == "0"


def test_an_empty_finish_does_nothing(worker):
    assert worker.finish() == []


# ---- a cancel and a finish at the same moment ----

@contextlib.contextmanager
def canceller(queue, tenant):
    """A connection in the tenant's context, that asks for a cancel as job_cancel_ask.sql does."""
    user = str(uuid.uuid4())
    queue.change("INSERT INTO drm.users (tenant_id, id, email, role) VALUES (%s, %s, %s, 'operator')", (tenant, user, user + "@example.net"))
    connection = queue.siege.database.app()
    try:
        run(connection, "SELECT sec.enter(%s, 1)", (queue.siege.seal(connection, tenant, user),))
        yield connection, lambda job: run(connection, "UPDATE drm.jobs j SET cancel_requested = true WHERE j.id = %s::uuid"
                                                      " RETURNING j.status", (job,))
    finally:
        connection.close()


@pytest.mark.parametrize("outcome, retryable, seen", [("completed", False, []), ("release", False, [("queued",)]),
                                                      ("failed", True, [("waiting",)])])
def test_a_cancel_waits_for_a_finish(queue, worker, outcome, retryable, seen):
    tenant = queue.tenant()
    job = queue.add(tenant, queue.device(tenant), max_attempts=2)
    assert worker.claim(queue.lane) == [job]
    with canceller(queue, tenant) as (connection, cancel):
        assert len(worker.finish((tenant, job, 1, outcome, retryable), hold=True)) == 1
        waits = Meanwhile(queue.siege, connection, lambda: cancel(job))
        worker.connection.commit()
        assert waits.join() == seen
        connection.commit()
    assert queue.state(job) == (seen[0][0] if seen else outcome)
    assert not seen or queue.column(job, "cancel_requested")


@pytest.mark.parametrize("outcome, retryable, ends", [("completed", False, {"completed"}), ("release", False, {"cancelled"}),
                                                      ("failed", True, {"failed", "dead", "cancelled"})])
@pytest.mark.parametrize("commits", [True, False])
def test_a_finish_waits_for_a_cancel_and_heeds_it(queue, worker, outcome, retryable, ends, commits):
    tenant = queue.tenant()
    job, beside = queue.fill(tenant, [queue.device(tenant)], 2, max_attempts=2)
    assert worker.claim(queue.lane) == [job, beside]
    with canceller(queue, tenant) as (connection, cancel):
        assert cancel(job) == [("running",)]
        waits = Meanwhile(queue.siege, worker.connection, lambda: worker.finish((tenant, beside, 1, "completed", False),
                                                                               (tenant, job, 1, outcome, retryable)))
        if commits:
            connection.commit()
        else:
            connection.rollback()
        answer = dict(waits.join())
    assert answer[beside] == "completed" and queue.state(beside) == "completed"
    assert queue.state(job) == answer[job]
    assert answer[job] in (ends if commits else {"completed", "queued", "waiting"})


# ---- reap ----

def test_due_jobs_are_queued_and_others_wait(queue, worker):
    tenant = queue.tenant()
    due, early = queue.fill(tenant, [queue.device(tenant)], 2)
    queue.change("UPDATE drm.jobs SET status = 'waiting', run_at = now() + CASE WHEN id = %s THEN -1 ELSE 1 END * interval '1 hour'"
                 " WHERE lane = %s", (due, queue.lane))
    assert worker.claim(queue.lane) == []
    assert worker.reap(None) == [("queued", due, "queued")]
    assert worker.claim(queue.lane) == [due] and queue.state(early) == "waiting"


def test_a_silent_workers_jobs_are_requeued_or_ended(queue, workers):
    silent, alive = workers(), workers()
    tenant = queue.tenant()
    device = queue.device(tenant)
    again, unwanted, lost = queue.fill(tenant, [device], 3)
    write = queue.add(tenant, device, writes=True, idempotent=False)
    assert len(silent.claim(queue.lane)) == 4
    kept = queue.add(tenant, device)
    assert alive.claim(queue.lane) == [kept]
    queue.change("UPDATE drm.jobs SET cancel_requested = true WHERE id = %s", (unwanted,))
    queue.change("UPDATE drm.jobs SET losses = 4 WHERE id = %s", (lost,))
    assert alive.reap() == []  # it has beaten a moment ago
    queue.change("UPDATE drm.workers SET beat_at = now() - interval '2 minutes' WHERE id IN (%s, %s)", (silent.id, alive.id))
    assert set(alive.reap()) == {("waiting", again, "waiting"), ("ended", unwanted, "cancelled"), ("ended", lost, "dead"),
                                 ("ended", write, "uncertain")}
    assert alive.reap() == []
    assert queue.state(kept) == "running"  # who reaps is not reaped by itself
    assert queue.column(again, "losses") == 1 and queue.result(write, "error->>'code'") == "worker-lost"
    # The silent one comes back: its results and its claims are refused.
    assert silent.finish((tenant, again, 1, "completed", False)) == []
    queue.add(tenant, device)
    assert silent.claim(queue.lane) == []
    # The device is free for the next writer.
    after = queue.add(tenant, device, writes=True)
    assert after in alive.claim(queue.lane)


def test_one_worker_reaps_at_a_time(queue, workers):
    one, two = workers(), workers()
    tenant = queue.tenant()
    job = queue.add(tenant, queue.device(tenant))
    queue.change("UPDATE drm.jobs SET status = 'waiting', run_at = now() WHERE id = %s", (job,))
    one.call("SELECT * FROM sched.reap(%s, NULL)", (one.id,), hold=True)
    assert two.reap(None) == []
    one.connection.rollback()
    assert two.reap(None) == [("queued", job, "queued")]


def test_a_reap_leaves_what_a_late_finish_holds(queue, workers):
    silent, alive = workers(), workers()
    tenant = queue.tenant()
    job, other = queue.fill(tenant, [queue.device(tenant)], 2)
    assert silent.claim(queue.lane) == [job, other]
    queue.change("UPDATE drm.workers SET beat_at = now() - interval '2 minutes' WHERE id = %s", (silent.id,))
    assert silent.finish((tenant, job, 1, "completed", False), hold=True) == [(job, "completed")]
    assert alive.reap() == [("waiting", other, "waiting")]
    silent.connection.commit()
    assert queue.state(job) == "completed"
    assert alive.reap() == []
