"""The proof, from three witnesses that know nothing of each other: what clients were told (load.py), what the database holds and its
triggers wrote down (history.sql), and what the devices received (device.py). Each check yields (what is wrong, (token, device), job)."""
import collections
import dataclasses
import datetime
import json
import re

from device import READ, WRITE

ENDED = {"completed", "failed", "cancelled", "dead", "uncertain"}
RECOVERY = re.compile(r"^(\S+ \S+) UTC .*not properly shut down", re.MULTILINE)
DISK = re.compile(r"No space left on device|File too large")
SERIAL = re.compile(r"serial=(\d+) token=(\d+) device=(\d+)")


@dataclasses.dataclass(frozen=True)
class Result:
    job: str
    batch: str
    what: tuple  # (token, number of the device)
    operation: str
    status: str
    attempt: int
    worker: str
    result: str
    error: str
    code: str


@dataclasses.dataclass(frozen=True)
class Receipt:
    serial: int
    at: float
    kind: int
    what: tuple
    process: int  # of the worker that asked; 0 when it was gone too soon to be seen

    def __str__(self):
        return f"{self.at:.3f}  the device received it (serial {self.serial}) from process {self.process}"


@dataclasses.dataclass(frozen=True)
class Batch:
    id: str
    token: int
    status: str
    total: int
    finished: bool
    tallies: dict


def token_of(operation, params):
    return int((params["varbinds"][0]["oid"] if operation == "set" else params["oids"][0]).split(".")[-2])


class Facts:
    """Read once all is quiet."""

    def __init__(self, world, load):
        self.submissions = {each.token: each for each in load.submissions()}
        rows = world.ask("SELECT r.id::text, r.batch_id::text, r.device_id::text, r.operation, coalesce(b.params, r.params), r.status, r.attempt,"
                         " r.worker_id::text, r.result::text, r.error FROM drm.job_results r LEFT JOIN drm.batches b ON b.tenant_id = r.tenant_id"
                         " AND b.id = r.batch_id ORDER BY r.id")
        self.results = [Result(job, batch, (token_of(operation, params), load.numbers[device]), operation, status, attempt, worker, result or "",
                               json.dumps(error), (error or {}).get("code"))
                        for job, batch, device, operation, params, status, attempt, worker, result, error in rows]
        self.left = world.ask("SELECT id::text, status, operation, attempt, worker_id::text, run_at::text FROM drm.jobs ORDER BY id")
        self.batches = [Batch(batch, token_of(operation, params), status, total, finished, {k: int(n) for k, n in (tallies or {}).items() if n})
                        for batch, operation, params, status, total, finished, tallies in world.ask(
                            "SELECT b.id::text, b.operation, b.params, b.status, b.total, b.finished_at IS NOT NULL, (SELECT jsonb_build_object("
                            "'completed', sum(t.completed), 'failed', sum(t.failed), 'cancelled', sum(t.cancelled), 'dead', sum(t.dead),"
                            " 'uncertain', sum(t.uncertain)) FROM drm.batch_tallies t WHERE t.tenant_id = b.tenant_id AND t.batch_id = b.id)"
                            " FROM drm.batches b")]
        self.history = collections.defaultdict(list)
        for row in world.ask("SELECT job::text, extract(epoch FROM at)::float8, event, status, worker::text, attempt, failures, losses"
                             " FROM chaos.history ORDER BY n"):
            self.history[row[0]].append(row[1:])
        self.workers = {worker: pid for worker, pid in world.ask("SELECT id::text, pid FROM chaos.workers")}
        self.given_up = world.ask("SELECT count(*) FROM chaos.workers WHERE given_up IS NOT NULL")[0][0]
        self.audited = dict(world.ask("SELECT object_id::text, count(*) FROM drm.audit_logs WHERE action IN ('job.submit', 'batch.create')"
                                      " GROUP BY 1"))
        self.receipts = self._receipts(world)
        log = world.postgres.log.read_text(encoding="utf-8", errors="replace")
        self.recoveries = [datetime.datetime.fromisoformat(when + "+00:00").timestamp() for when in RECOVERY.findall(log)]
        self.disk_refused = len(DISK.findall(log))
        self.by_serial = {each.serial: each for those in self.receipts.values() for each in those}
        self.by_what = collections.defaultdict(list)
        for each in self.results:
            self.by_what[each.what].append(each)

    @staticmethod
    def _receipts(world):
        owners = {int(ours): int(pid) for ours, _, pid in
                  (line.split() for line in world.proxies.clients.read_text(encoding="ascii").splitlines())}
        found = collections.defaultdict(list)
        for line in world.double.receipts.read_text(encoding="ascii").splitlines():
            fields = line.split()
            if len(fields) == 6:
                what = (int(fields[3]), int(fields[4]))
                found[what].append(Receipt(int(fields[0]), float(fields[1]), int(fields[2]), what, owners.get(int(fields[5]), 0)))
        return found

    def submission_of(self, result):
        return self.submissions.get(result.what[0])

    def claimed(self, job, worker, attempt):
        """When the database gave it away for this attempt: the last time it did. (A running job's row changes also when it is to stop.)"""
        last, before = None, None
        for at, event, status, *who in self.history[job]:
            now = (event, status, who[:2])
            if now == ("update", "running", [worker, attempt]) and now != before:
                last = at
            before = now
        return last

    def recovered(self, after, before):
        """Whether PostgreSQL came back from a crash then. A claim that it forgot is made once more, perhaps by the same worker under the same
        lease, whose first answer then comes of the claim that nobody remembers."""
        return any(after < at < before for at in self.recoveries)

    def story(self, what=None, job=None):
        """All that is known of one job, in order of time."""
        lines = []
        ended = [each for each in self.results if each.what == what or each.job == job]
        for each in {each.job for each in ended} | ({job} if job else set()):
            for at, event, status, worker, attempt, failures, losses in self.history[each]:
                who = f" worker {worker} (process {self.workers.get(worker)})" if worker else ""
                lines.append((at, f"{at:.3f}  {event} {status} attempt {attempt}{who} failures {failures} losses {losses}"))
        lines += [(each.at, str(each)) for each in self.receipts.get(what, ())]
        told = f"{self.submissions.get(what[0]) if what else None}"
        return "\n".join(f"    {line[:1500]}" for line in [told, *[text for _, text in sorted(lines)], *map(str, ended)])


def nothing_is_lost(facts):
    """What was accepted is there, once for each device; what was asked for twice is there once."""
    made = collections.defaultdict(set)  # token: ids of its jobs, or of its batches
    for each in facts.results:
        made[each.what[0]].add(each.batch or each.job)
    for token, each in facts.submissions.items():
        if each.id and made[token] != {each.id}:
            yield f"submission {token} was answered with {each.id} and made {made[token] or 'nothing'}", (token, each.devices[0]), None
        if len(made[token]) > 1:
            yield f"submission {token} made {len(made[token])} of what it asked for once", (token, each.devices[0]), None
        if not made[token]:
            continue
        for device in each.devices:
            if len(facts.by_what[token, device]) != 1:
                yield f"submission {token} has {len(facts.by_what[token, device])} results of device {device}", (token, device), None


def nothing_is_made_up(facts):
    for each in facts.results:
        submission = facts.submission_of(each)
        if not submission or each.what[1] not in submission.devices or (submission.batch is None) != (each.batch is None):
            yield f"job {each.job} was submitted by nobody", each.what, each.job
    for what, those in facts.receipts.items():
        if what not in facts.by_what:
            yield f"device {what[1]} was asked {what[0]} {len(those)} times, of which there is no job", what, None


def every_job_ended(facts):
    for row in facts.left:
        yield f"job {row[0]} has not ended: {row[1:]}", None, row[0]
    for each in facts.results:
        if each.status not in ENDED:
            yield f"job {each.job} ended as {each.status}", each.what, each.job
        stored = sum(1 for _, event, *_ in facts.history[each.job] if event == "result")
        if stored != 1:
            yield f"the result of job {each.job} was stored {stored} times", each.what, each.job


def batches_add_up(facts):
    found = collections.defaultdict(collections.Counter)
    for each in facts.results:
        found[each.batch][each.status] += 1
    for each in facts.batches:
        if each.tallies != dict(found[each.id]):
            yield f"batch {each.id} counts {each.tallies}; its jobs ended {dict(found[each.id])}", None, None
        if not each.finished or each.status not in ("completed", "cancelled") or each.total != sum(found[each.id].values()):
            yield f"batch {each.id} of {each.total} is {each.status}; {sum(found[each.id].values())} jobs ended", None, None


def each_is_audited_once(facts):
    for each in {(each.batch or each.job): each for each in facts.results}.values():
        if facts.audited.get(each.batch or each.job, 0) != 1:
            yield f"{each.batch or each.job} has {facts.audited.get(each.batch or each.job, 0)} audit rows of its submission", each.what, each.job


def asked_for(facts, result):
    """Whether a client wanted it to end that way: by its cancel, or by a deadline."""
    submission = facts.submission_of(result)
    return submission and (result.status == "cancelled" and submission.cancel is not None or
                           (result.status, result.code) == ("failed", "deadline") and submission.within is not None)


def writes_happen_once(facts):
    for what, those in facts.receipts.items():
        if those[0].kind == WRITE and len(those) > 1:
            yield f"device {what[1]} carried out write {what[0]} {len(those)} times", what, None
    for each in facts.results:
        if each.operation != "set":
            continue
        received = len(facts.receipts.get(each.what, ()))
        if each.status == "completed" and received != 1:
            yield f"write {each.what} is told completed; the device received it {received} times", each.what, each.job
        if each.status in ("failed", "dead") and received:
            yield f"write {each.what} is told {each.status}, but the device carried it out", each.what, each.job
        if each.status not in ("completed", "uncertain") and not asked_for(facts, each):
            yield f"write {each.what} ended {each.status}, {each.error}", each.what, each.job


def reads_are_answered(facts):
    for each in facts.results:
        if each.operation == "set" or each.status == "completed" or asked_for(facts, each):
            continue
        if each.status != "dead" or each.code not in ("timeout", "worker-lost"):
            yield f"read {each.what} ended {each.status}, {each.error}", each.what, each.job


def old_leases_change_nothing(facts):
    """A result must come of the attempt that it is stored for: asked after that was claimed, and by the worker that claimed it."""
    for each in facts.results:
        if each.status != "completed":
            continue
        claimed = facts.claimed(each.job, each.worker, each.attempt)
        if claimed is None:
            yield f"job {each.job} has a result of attempt {each.attempt} by a worker that never claimed it", each.what, each.job
            continue
        receipt = receipt_of(facts, each)
        if receipt is None:
            yield f"the result of {each.operation} {each.what} is none the device gave", each.what, each.job
            continue
        if receipt.at < claimed and not facts.recovered(receipt.at, claimed):
            yield f"the result of job {each.job} was asked for {claimed - receipt.at:.3f} s before its attempt was claimed", each.what, each.job
        if receipt.process and receipt.process != facts.workers.get(each.worker):
            yield f"the result of job {each.job} is of process {receipt.process}, which had lost it", each.what, each.job


def receipt_of(facts, result):
    """The question whose answer this result is; a write has but one."""
    if result.operation == "set":
        return next(iter(facts.receipts.get(result.what, ())), None)
    found = SERIAL.search(result.result)
    receipt = facts.by_serial.get(int(found[1])) if found and (int(found[2]), int(found[3])) == result.what else None
    return receipt if receipt and (receipt.kind, receipt.what) == (READ, result.what) else None


CHECKS = (nothing_is_lost, nothing_is_made_up, every_job_ended, batches_add_up, each_is_audited_once, writes_happen_once, reads_are_answered,
          old_leases_change_nothing)


def summary(facts):
    """{what: how many}: a run in which nothing happened proves nothing."""
    status = collections.Counter((each.operation, each.status) for each in facts.results)
    told = facts.submissions.values()
    rerun = sum(1 for those in facts.receipts.values() if those[0].kind == READ and len(those) > 1)
    lost = sum(1 for rows in facts.history.values() if any(row[6] for row in rows))
    known = {each.token for each in told if each.id}
    return {
        "submissions": len(told), "accepted": len(known), "batches": len(facts.batches), "jobs ended": len(facts.results),
        **{f"{operation} {how}": n for (operation, how), n in sorted(status.items())},
        "deadlines passed": sum(1 for each in facts.results if each.code == "deadline"),
        "submissions asked more than once": sum(1 for each in told if each.tries > 1),
        "made, and answered to nobody": len({each.what[0] for each in facts.results} - known),
        "leases given up": facts.given_up, "jobs given to another worker": lost, "reads asked more than once": rerun,
        "requests the device received": len(facts.by_serial), "recoveries of PostgreSQL": len(facts.recoveries),
        "times the disk was full": facts.disk_refused,
    }


# What two minutes cannot be without.
WANTED = ("submissions asked more than once", "batches", "leases given up", "jobs given to another worker", "reads asked more than once",
          "recoveries of PostgreSQL", "times the disk was full", "set completed", "set uncertain", "get completed")
