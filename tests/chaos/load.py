"""The load: threads that submit jobs and batches over REST, as clients do that must not lose one. What each of them decides follows from the seed and
its number alone; what became of it is written down in Submission rows for verdict.py."""
import dataclasses
import datetime
import http.client
import random
import threading
import time
import uuid

from device import BASE, READ, WRITE
from http_support import Api
from job_support import make_device

THREADS, DEVICES = 6, 200  # devices of each tenant
BATCHES = 0.005  # of all submissions
PAUSE = 0.04  # between two submissions of a thread, seconds
TOKENS = 10_000_000  # for each thread
OBJECTS = ".".join(map(str, BASE))


@dataclasses.dataclass
class Submission:
    """One job, or a batch with a job for each of its devices."""

    token: int  # with the device's number it tells the job, at the device and in the database
    operation: str
    devices: list  # their numbers
    ms: int  # how long a device takes
    key: str  # Idempotency-Key, or none: then an answer that is lost leaves open whether there is a job
    cancel: float = None  # so long after the answer
    after: float = None  # not begun before: seconds from now
    within: float = None  # not begun later
    batch: dict = None  # its waves
    id: str = None  # of the job or batch, as it was answered
    tries: int = 0
    troubles: list = dataclasses.field(default_factory=list)  # answers that no client should get

    @property
    def path(self):
        return "/api/v1/jobs" if self.batch is None else "/api/v1/batches"

    def body(self, devices):
        body = {"protocol": "snmp", "operation": self.operation}
        if self.operation == "set":
            varbind = {"oid": f"{OBJECTS}.{WRITE}.{self.token}.{self.ms}", "type": "i", "value": self.token}
            body.update(timeout_ms=8000, params={"varbinds": [varbind]})
        else:
            body.update(timeout_ms=20000, max_attempts=4, params={"oids": [f"{OBJECTS}.{READ}.{self.token}.{self.ms}"]})
        ids = [devices[number] for number in self.devices]
        body.update({"device_id": ids[0]} if self.batch is None else {"device_ids": ids, **self.batch})
        now = datetime.datetime.now(datetime.timezone.utc)
        for field, seconds in (("run_at", self.after), ("deadline", self.within)):
            if seconds is not None:
                body[field] = (now + datetime.timedelta(seconds=seconds)).isoformat()  # the same whenever it is repeated
        return body


def maybe(rng, chance, value):
    return value if rng.random() < chance else None


def decide(rng, token, numbers):
    """numbers: of the devices there are. The same numbers are drawn whatever is decided, so that one decision does not change the next."""
    operation = "set" if rng.random() < 0.4 else "get"
    slowest = 2500 if operation == "set" else 5000
    ms = rng.choices((0, rng.randint(20, 500), rng.randint(800, slowest)), (60, 28, 12))[0]
    made = Submission(token, operation, [rng.choice(numbers)], ms, maybe(rng, 0.8, str(uuid.UUID(int=rng.getrandbits(128)))),
                      maybe(rng, 0.04, rng.random() / 2), maybe(rng, 0.04, rng.uniform(0.2, 4)), maybe(rng, 0.03, rng.uniform(0.5, 10)))
    if made.after and made.within:
        made.within += made.after
    waves = maybe(rng, 0.5, {"canary": str(rng.randint(1, 20)), "wave": rng.choice(("50", "30%"))})
    slow = rng.randrange(2000)  # so that a worker that dies has some of it in its hands
    if rng.random() < BATCHES:
        made.batch, made.devices, made.ms = waves or {}, rng.sample(numbers, rng.randint(100, len(numbers))), slow
        made.cancel = maybe(rng, 0.2, rng.random() * 3)
    return made


class Client(threading.Thread):
    def __init__(self, world, tenant, key, devices, seed, number, stop):
        super().__init__(name=f"client{number}", daemon=True)
        self.url, self.tenant, self.key, self.devices = world.url, tenant, key, devices  # {number: id}
        self.rng = random.Random(f"{seed}/client/{number}")
        self.number, self.stop = number, stop
        self.done, self.failure, self.api = [], None, None

    def run(self):
        try:
            while not self.stop.is_set():
                submission = decide(self.rng, self.number * TOKENS + len(self.done) + 1, list(self.devices))
                self.done.append(submission)
                self.submit(submission)
                if submission.cancel is not None and submission.id:
                    time.sleep(submission.cancel)
                    self.cancel(submission)
                time.sleep(PAUSE)
        except Exception as error:  # noqa: BLE001 - told by the verdict
            self.failure = error

    def ask(self, path, body=None, headers=None):
        """The answer, or None when there is none."""
        try:
            self.api = self.api or Api(self.url, key=self.key)
            self.api.connection.timeout = 15
            return self.api.post(path, body, headers=headers)
        except (OSError, http.client.HTTPException):
            if self.api:
                self.api.close()
            self.api = None
            return None

    def submit(self, submission):
        """With a key until it is answered, also after the end; without one, once. 503 and 504 do not say that there is no job."""
        headers = {"Idempotency-Key": submission.key} if submission.key else {}
        body, end = submission.body(self.devices), time.monotonic() + 120
        while True:
            submission.tries += 1
            answer = self.ask(submission.path, body, headers)
            if answer is not None and answer.status == 202:
                submission.id = answer.json()["job_id" if submission.batch is None else "id"]
                return
            if answer is not None and answer.status == 400 and submission.within and answer.json().get("field") == "deadline":
                return  # too late: had an earlier try made the job, this one would have been answered with it
            if answer is not None and answer.status not in (409, 429, 500, 502, 503, 504):
                raise AssertionError(f"a good submission was refused: {answer} {submission}")
            if answer is not None and answer.status == 500:
                submission.troubles.append(answer.body.decode(errors="replace"))
            if not submission.key:
                return
            if time.monotonic() > end:
                raise AssertionError(f"submitting has not worked for two minutes; the last answer is {answer} for {submission}")
            time.sleep(0.1)

    def cancel(self, submission):
        self.ask(f"{submission.path}/{submission.id}/cancel", {})


class Load:
    def __init__(self, world, seed):
        self.stopping, self.clients, self.numbers = threading.Event(), [], {}
        for n, tenant in enumerate(world.tenants):
            api = tenant.api()
            devices = {number: make_device(api, self.profile(world, number)) for number in range(n * DEVICES, (n + 1) * DEVICES)}
            self.numbers.update({device: number for number, device in devices.items()})
            made = api.post("/api/v1/api-keys", {"label": "chaos"})
            assert made.status == 201, made
            key = made.json()["key"]
            self.clients += [Client(world, tenant, key, devices, seed, number, self.stopping)
                             for number in range(n, THREADS, len(world.tenants))]

    @staticmethod
    def profile(world, number):
        """All devices are one double, which tells them apart by their community."""
        return {"protocol": "snmp", "address": "127.0.0.1", "port": world.ports["device"], "community": f"chaos-{number}",
                "settings": {"timeout_ms": 6000, "retries": 2}}

    def start(self):
        for client in self.clients:
            client.start()

    def stop(self):
        self.stopping.set()
        for client in self.clients:
            client.join(200)

    def submissions(self):
        return [submission for client in self.clients for submission in client.done]

    def failures(self):
        stuck = [f"{client.name} does not end" for client in self.clients if client.is_alive()]
        return stuck + [f"{client.name}: {client.failure!r}" for client in self.clients if client.failure]
