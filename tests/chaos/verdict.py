"""The proof, from three witnesses that know nothing of each other: what clients were told (load.py), what the database holds and its
triggers wrote down (history.sql), and what the device received (device.py). Each check yields what is wrong, with the job it is about."""
import collections
import dataclasses
import datetime
import json
import re

from device import READ, WRITE

ENDED = {"completed", "failed", "cancelled", "dead", "uncertain"}
RECOVERY = re.compile(r"^(\S+ \S+) UTC .*not properly shut down", re.MULTILINE)
DISK = re.compile(r"No space left on device|File too large")
SERIAL = re.compile(r"serial=(\d+) token=(\d+)")


@dataclasses.dataclass(frozen=True)
class Result:
    job: str
    tenant: str
    token: int
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
    token: int
    process: int  # of the worker that asked; 0 when it was gone too soon to be seen

    def __str__(self):
        return f"{self.at:.3f}  the device received it (serial {self.serial}) from process {self.process}"


def token_of(operation, params):
    return int((params["varbinds"][0]["oid"] if operation == "set" else params["oids"][0]).split(".")[-2])


class Facts:
    """Read once all is quiet."""

    def __init__(self, world, submissions):
        self.submissions = {each.token: each for each in submissions}
        rows = world.ask("SELECT id::text, tenant_id::text, operation, params, status, attempt, worker_id::text, result::text, error FROM"
                         " drm.job_results ORDER BY id")
        self.results = [Result(job, tenant, token_of(operation, params), operation, status, attempt, worker, result or "", json.dumps(error),
                               (error or {}).get("code"))
                        for job, tenant, operation, params, status, attempt, worker, result, error in rows]
        self.left = world.ask("SELECT id::text, status, operation, attempt, worker_id::text, run_at::text FROM drm.jobs ORDER BY id")
        self.history = collections.defaultdict(list)
        for row in world.ask("SELECT job::text, extract(epoch FROM at)::float8, event, status, worker::text, attempt, failures, losses"
                             " FROM chaos.history ORDER BY n"):
            self.history[row[0]].append(row[1:])
        self.workers = {worker: pid for worker, pid in world.ask("SELECT id::text, pid FROM chaos.workers")}
        self.given_up = world.ask("SELECT count(*) FROM chaos.workers WHERE given_up IS NOT NULL")[0][0]
        self.audited = dict(world.ask("SELECT object_id::text, count(*) FROM drm.audit_logs WHERE action = 'job.submit' AND object_type ="
                                      " 'job' GROUP BY 1"))
        self.receipts = self._receipts(world)
        log = world.postgres.log.read_text(encoding="utf-8", errors="replace")
        self.recoveries = [datetime.datetime.fromisoformat(when + "+00:00").timestamp() for when in RECOVERY.findall(log)]
        self.disk_refused = len(DISK.findall(log))
        self.by_serial = {each.serial: each for those in self.receipts.values() for each in those}

    @staticmethod
    def _receipts(world):
        owners = {int(ours): int(pid) for ours, _, pid in
                  (line.split() for line in world.proxies.clients.read_text(encoding="ascii").splitlines())}
        found = collections.defaultdict(list)
        for line in world.double.receipts.read_text(encoding="ascii").splitlines():
            fields = line.split()
            if len(fields) == 6:
                serial, at, kind, token, port, _ = fields
                found[int(token)].append(Receipt(int(serial), float(at), int(kind), int(token), owners.get(int(port), 0)))
        return found

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

    def story(self, token=None, job=None):
        """All that is known of one job, in order of time."""
        lines = []
        jobs = {each.job for each in self.results if each.token == token} | ({job} if job else set())
        for each in jobs:
            for at, event, status, worker, attempt, failures, losses in self.history[each]:
                who = f" worker {worker} (process {self.workers.get(worker)})" if worker else ""
                lines.append((at, f"{at:.3f}  {event} {status} attempt {attempt}{who} failures {failures} losses {losses}"))
        lines += [(each.at, str(each)) for each in self.receipts.get(token, ())]
        ended = [str(each) for each in self.results if each.token == token or each.job == job]
        return "\n".join(f"    {line}" for line in [str(self.submissions.get(token)), *[text for _, text in sorted(lines)], *ended])


def nothing_is_lost(facts):
    jobs = collections.Counter(each.job for each in facts.results)
    for each in facts.submissions.values():
        if each.job and jobs[each.job] != 1:
            yield f"submission {each.token} was accepted as job {each.job}, which has {jobs[each.job]} results", each.token, each.job


def every_job_ended(facts):
    for row in facts.left:
        yield f"job {row[0]} has not ended: {row[1:]}", None, row[0]
    for each in facts.results:
        if each.status not in ENDED:
            yield f"job {each.job} ended as {each.status}", each.token, each.job
        stored = sum(1 for _, event, *_ in facts.history[each.job] if event == "result")
        if stored != 1:
            yield f"the result of job {each.job} was stored {stored} times", each.token, each.job


def one_job_a_submission(facts):
    jobs = collections.defaultdict(list)
    for each in facts.results:
        jobs[each.token].append(each.job)
        if each.token not in facts.submissions:
            yield f"job {each.job} was submitted by nobody", each.token, each.job
    for each in facts.submissions.values():
        found = jobs[each.token]
        if len(found) > 1:
            yield f"submission {each.token} made {len(found)} jobs", each.token, None
        elif each.job and found != [each.job]:
            yield f"submission {each.token} was answered with job {each.job} and made {found}", each.token, each.job


def each_is_audited_once(facts):
    for each in facts.results:
        if facts.audited.get(each.job, 0) != 1:
            yield f"job {each.job} has {facts.audited.get(each.job, 0)} audit rows of its submission", each.token, each.job


def writes_happen_once(facts):
    for token, those in facts.receipts.items():
        if those[0].kind == WRITE and len(those) > 1:
            yield f"the device carried out write {token} {len(those)} times", token, None
        if token not in facts.submissions:
            yield f"the device was asked {token}, which nobody submitted", token, None
    for each in facts.results:
        if each.operation != "set":
            continue
        received = len(facts.receipts.get(each.token, ()))
        if each.status == "completed" and received != 1:
            yield f"write {each.token} is told completed; the device received it {received} times", each.token, each.job
        if each.status in ("failed", "dead") and received:
            yield f"write {each.token} is told {each.status}, but the device carried it out", each.token, each.job
        if each.status == "cancelled" and facts.submissions[each.token].cancel is None:
            yield f"write {each.token} is told cancelled, but nobody cancelled it", each.token, each.job


def reads_are_answered(facts):
    for each in facts.results:
        if each.operation == "set" or each.status == "completed":
            continue
        if each.status == "cancelled" and facts.submissions[each.token].cancel is not None:
            continue
        if each.status != "dead" or each.code not in ("timeout", "worker-lost"):
            yield f"read {each.token} ended {each.status}, {each.error}", each.token, each.job


def old_leases_change_nothing(facts):
    """A result must come of the attempt that it is stored for: asked after that was claimed, and by the worker that claimed it."""
    for each in facts.results:
        if each.status != "completed":
            continue
        claimed = facts.claimed(each.job, each.worker, each.attempt)
        if claimed is None:
            yield f"job {each.job} has a result of attempt {each.attempt} by a worker that never claimed it", each.token, each.job
            continue
        receipt = receipt_of(facts, each)
        if receipt is None:
            yield f"the result of {each.operation} {each.token} is none the device gave", each.token, each.job
            continue
        if receipt.at < claimed and not facts.recovered(receipt.at, claimed):
            yield f"the result of job {each.job} was asked for {claimed - receipt.at:.3f} s before its attempt was claimed", each.token, each.job
        if receipt.process and receipt.process != facts.workers.get(each.worker):
            yield f"the result of job {each.job} is of process {receipt.process}, which had lost it", each.token, each.job


def receipt_of(facts, result):
    """The question whose answer this result is; a write has but one."""
    if result.operation == "set":
        return next(iter(facts.receipts.get(result.token, ())), None)
    found = SERIAL.search(result.result)
    receipt = facts.by_serial.get(int(found[1])) if found and int(found[2]) == result.token else None
    return receipt if receipt and (receipt.kind, receipt.token) == (READ, result.token) else None


CHECKS = (nothing_is_lost, every_job_ended, one_job_a_submission, each_is_audited_once, writes_happen_once, reads_are_answered,
          old_leases_change_nothing)


def summary(facts):
    """{what: how many}: a run in which nothing happened proves nothing."""
    status = collections.Counter((each.operation, each.status) for each in facts.results)
    rerun = sum(1 for each in facts.results if each.operation == "get" and len(facts.receipts.get(each.token, ())) > 1)
    lost = sum(1 for rows in facts.history.values() if any(row[6] for row in rows))
    return {
        "submissions": len(facts.submissions), "accepted": sum(1 for each in facts.submissions.values() if each.job),
        "jobs ended": len(facts.results), **{f"{operation} {how}": n for (operation, how), n in sorted(status.items())},
        "submissions asked more than once": sum(1 for each in facts.submissions.values() if each.tries > 1),
        "answered to nobody": sum(1 for each in facts.results if each.token in facts.submissions and not facts.submissions[each.token].job),
        "leases given up": facts.given_up, "jobs given to another worker": lost, "reads asked more than once": rerun,
        "requests the device received": len(facts.by_serial), "recoveries of PostgreSQL": len(facts.recoveries),
        "times the disk was full": facts.disk_refused,
    }


# What two minutes cannot be without.
WANTED = ("submissions asked more than once", "leases given up", "jobs given to another worker", "reads asked more than once",
          "recoveries of PostgreSQL", "times the disk was full", "set completed", "set uncertain", "get completed")
