"""A batch's counts add up, whoever ends its jobs: workers side by side, one that dies, and a cancel at the same moment. By the scheduler's
functions, as workers call them."""
import threading
import uuid

from test_scheduler import Queue, Worker, queue, siege  # noqa: F401

JOBS = 600


def make(queue, **more):  # noqa: F811
    tenant, batch = queue.tenant(), str(uuid.uuid4())
    queue.change("INSERT INTO drm.batches (tenant_id, id, protocol, operation, total, target, released) VALUES (%s, %s, 'fake', 'echo', %s, %s, %s)",
                 (tenant, batch, JOBS, JOBS, JOBS))
    jobs = queue.fill(tenant, queue.devices(tenant, 20), JOBS, **more)
    queue.change("UPDATE drm.jobs SET batch_id = %s WHERE tenant_id = %s", (batch, tenant))
    return tenant, batch, jobs


def counts(queue, batch):  # noqa: F811
    return queue.change("SELECT sum(completed)::int, sum(failed)::int, sum(cancelled)::int, sum(dead)::int, sum(uncertain)::int"
                        " FROM drm.batch_tallies WHERE batch_id = %s", (batch,))[0]


def status(queue, worker, batch):  # noqa: F811
    worker.call("SELECT * FROM sched.batch_advance()", ())
    return queue.change("SELECT status FROM drm.batches WHERE id = %s", (batch,))[0][0]


def work(worker, lane, tenant, outcome, size=32):
    """Until there is nothing left. Attempts are the first ones."""
    while True:
        ids = worker.claim(lane, size)
        if not ids:
            return
        worker.finish(*[(tenant, job, 1, outcome, False) for job in ids])


def test_workers_side_by_side(siege, queue):  # noqa: F811
    tenant, batch, _ = make(queue)
    workers = [Worker(siege) for _ in range(4)]
    threads = [threading.Thread(target=work, args=(w, queue.lane, tenant, o)) for w, o in zip(workers, ("completed", "failed") * 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = counts(queue, batch)
    assert sum(done) == JOBS == done[0] + done[1]
    rows = queue.change("SELECT count(*) FROM drm.job_results WHERE batch_id = %s AND status = 'failed'", (batch,))
    assert rows[0][0] == done[1] and status(queue, workers[0], batch) == "completed"


def test_a_worker_that_dies_with_writes_leaves_them_uncertain(siege, queue):  # noqa: F811
    tenant, batch, _ = make(queue, idempotent=False)
    dead, alive = Worker(siege), Worker(siege)
    taken = dead.claim(queue.lane, 100)
    queue.change("UPDATE drm.workers SET beat_at = now() - interval '1 hour' WHERE id = %s", (dead.id,))
    alive.reap()
    assert counts(queue, batch) == (0, 0, 0, 0, len(taken)) and len(taken) > 0
    dead.finish(*[(tenant, job, 1, "completed", False) for job in taken])
    work(alive, queue.lane, tenant, "completed")
    assert counts(queue, batch) == (JOBS - len(taken), 0, 0, 0, len(taken)) and status(queue, alive, batch) == "completed"


def test_a_cancel_in_the_midst_of_it(siege, queue):  # noqa: F811
    tenant, batch, _ = make(queue)
    worker, keeper = Worker(siege), Worker(siege)
    thread = threading.Thread(target=work, args=(worker, queue.lane, tenant, "completed", 8))
    thread.start()
    queue.change("UPDATE drm.batches SET status = 'cancelling' WHERE id = %s", (batch,))
    while status(queue, keeper, batch) == "cancelling":
        pass
    thread.join()
    done = counts(queue, batch)
    assert sum(done) == JOBS == done[0] + done[2] and status(queue, keeper, batch) == "cancelled"
