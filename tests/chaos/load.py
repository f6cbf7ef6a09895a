"""The load: threads that submit jobs over REST, as clients do that must not lose one. What each of them decides follows from the seed and
its number alone; what became of it is written down in Submission rows for verdict.py."""
import dataclasses
import http.client
import random
import threading
import time
import uuid

from device import BASE, READ, WRITE
from http_support import Api
from job_support import make_device

THREADS, DEVICES = 6, 60
PAUSE = 0.04  # between two submissions of a thread, seconds
TOKENS = 10_000_000  # for each thread
OBJECTS = ".".join(map(str, BASE))


@dataclasses.dataclass
class Submission:
    token: int  # tells the job at the device and in the database
    operation: str
    device: int
    ms: int  # how long the device takes
    key: str  # Idempotency-Key, or none: then an answer that is lost leaves open whether there is a job
    cancel: float  # so long after the answer, or None
    job: str = None  # as it was answered
    tries: int = 0
    troubles: list = dataclasses.field(default_factory=list)  # answers that no client should get

    def body(self, devices):
        body = {"device_id": devices[self.device], "protocol": "snmp", "operation": self.operation}
        if self.operation == "set":
            varbind = {"oid": f"{OBJECTS}.{WRITE}.{self.token}.{self.ms}", "type": "i", "value": self.token}
            return {**body, "timeout_ms": 8000, "params": {"varbinds": [varbind]}}
        return {**body, "max_attempts": 4, "timeout_ms": 20000, "params": {"oids": [f"{OBJECTS}.{READ}.{self.token}.{self.ms}"]}}


def decide(rng, token):
    operation = "set" if rng.random() < 0.4 else "get"
    slowest = 2500 if operation == "set" else 5000
    ms = rng.choices((0, rng.randint(20, 500), rng.randint(800, slowest)), (60, 28, 12))[0]
    return Submission(token, operation, rng.randrange(DEVICES), ms, str(uuid.UUID(int=rng.getrandbits(128))) if rng.random() < 0.8 else None,
                      rng.random() / 2 if rng.random() < 0.04 else None)


class Client(threading.Thread):
    def __init__(self, world, tenant, key, devices, seed, number, stop):
        super().__init__(name=f"client{number}", daemon=True)
        self.url, self.tenant, self.key, self.devices = world.url, tenant, key, devices
        self.rng = random.Random(f"{seed}/client/{number}")
        self.number, self.stop = number, stop
        self.done, self.failure, self.api = [], None, None

    def run(self):
        try:
            while not self.stop.is_set():
                submission = decide(self.rng, self.number * TOKENS + len(self.done) + 1)
                self.done.append(submission)
                self.submit(submission)
                if submission.cancel is not None and submission.job:
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
            answer = self.ask("/api/v1/jobs", body, headers)
            if answer is not None and answer.status == 202:
                submission.job = answer.json()["job_id"]
                return
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
        self.ask(f"/api/v1/jobs/{submission.job}/cancel", {})


class Load:
    def __init__(self, world, seed):
        self.stopping, self.clients = threading.Event(), []
        for n, tenant in enumerate(world.tenants):
            api = tenant.api()
            profile = {"protocol": "snmp", "address": "127.0.0.1", "port": world.ports["device"], "community": "chaos",
                       "settings": {"timeout_ms": 6000, "retries": 2}}
            devices = [make_device(api, profile) for _ in range(DEVICES)]
            made = api.post("/api/v1/api-keys", {"label": "chaos"})
            assert made.status == 201, made
            key = made.json()["key"]
            self.clients += [Client(world, tenant, key, devices, seed, number, self.stopping)
                             for number in range(n, THREADS, len(world.tenants))]

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
