"""Event streams of a job: update and done, resumption, other clients, the end of the server, clients that leave."""
import json
import socket
import struct
import time
import uuid

import pytest
from http_support import Api, Raw, is_problem, own_drmd, wait_until


@pytest.fixture
def api(stack):
    return Api(stack.url, stack.login())


@pytest.fixture
def fake_device(api):
    return api.post("/api/v1/devices", {"name": f"sse-{uuid.uuid4().hex[:12]}", "profiles": [{"protocol": "fake"}]}).json()


def submit(api, device, operation, params):
    answer = api.post("/api/v1/jobs", {"device_id": device["id"], "protocol": "fake", "operation": operation, "params": params})
    assert answer.status == 202, answer
    return answer.json()["job_id"]


class Stream(Raw):
    """Follows a job as server-sent events."""

    def __init__(self, url, path, token, headers="", timeout=20):
        super().__init__(url, timeout)
        self.send(f"GET {path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\n{headers}\r\n".encode())
        self.status, _, self.headers = self.head()
        self.comments = 0

    def event(self):
        """The next event as (name, id, data); comments and retry lines are passed over."""
        while True:
            name, ident, data, retry = None, None, None, False
            for line in self.until(b"\n\n").decode().split("\n"):
                if line.startswith(":"):
                    self.comments += 1
                elif line:
                    field, value = line.split(": ", 1)
                    assert field in ("event", "id", "data", "retry"), line
                    name, ident = value if field == "event" else name, value if field == "id" else ident
                    data, retry = value if field == "data" else data, retry or field == "retry"
            if name:
                return name, ident, json.loads(data)

    def all(self):
        events = []
        while not events or events[-1][0] != "done":
            events.append(self.event())
        assert self.at_end()
        return events


def token_of(api):
    return api.headers["Authorization"].removeprefix("Bearer ")


@pytest.mark.parametrize("path", ["/api/v1/jobs/{}/events", "/jobs/events/{}"])
def test_update_then_done(stack, api, fake_device, path):
    job = submit(api, fake_device, "sleep", {"ms": 700})
    with Stream(stack.url, path.format(job), token_of(api)) as stream:
        assert stream.status == 200
        assert stream.headers["content-type"] == "text/event-stream"
        assert stream.headers["cache-control"] == "no-cache" and stream.headers["x-accel-buffering"] == "no"
        assert "content-length" not in stream.headers and "transfer-encoding" not in stream.headers
        events = stream.all()
    assert events[0][0] == "update" and events[0][2]["status"] in ("queued", "running")
    assert all(name == "update" for name, _, _ in events[:-1])
    last = events[-1][2]
    assert last["id"] == job and last["status"] == "completed" and last["result"] is not None
    assert last == api.get("/api/v1/jobs/" + job).json()


def test_a_job_that_has_ended_is_done_at_once(stack, api, fake_device):
    job = submit(api, fake_device, "echo", {"x": 1})
    wait_until(lambda: api.get("/api/v1/jobs/" + job).json()["status"] == "completed")
    begin = time.monotonic()
    with Stream(stack.url, f"/jobs/events/{job}", token_of(api)) as stream:
        events = stream.all()
    assert [name for name, _, _ in events] == ["done"] and time.monotonic() - begin < 2


def test_done_arrives_at_once(stack, api, fake_device):
    """Through Redis, not at the next look at the database."""
    job = submit(api, fake_device, "sleep", {"ms": 1500})
    with Stream(stack.url, f"/jobs/events/{job}", token_of(api)) as stream:
        events = stream.all()
        arrived = time.time()
    ended = events[-1][2]["finished_at"]
    from datetime import datetime
    assert arrived - datetime.fromisoformat(ended.replace("Z", "+00:00")).timestamp() < 1


def test_failure_is_an_end_too(stack, api, fake_device):
    job = submit(api, fake_device, "fail", {})
    with Stream(stack.url, f"/jobs/events/{job}", token_of(api)) as stream:
        last = stream.all()[-1][2]
    assert last["status"] == "failed" and last["error"]["code"]


def test_resume_after_the_last_event(stack, api, fake_device):
    job = submit(api, fake_device, "progress", {"ms": 4000, "steps": 20})  # tells of itself once a second
    with Stream(stack.url, f"/jobs/events/{job}", token_of(api)) as stream:
        seen = None
        while not seen:
            _, seen, data = stream.event()
            assert data.get("status") != "completed"
    with Stream(stack.url, f"/jobs/events/{job}", token_of(api), f"Last-Event-ID: {seen}\r\n") as stream:
        events = stream.all()
    assert events[-1][2]["status"] == "completed"
    with Stream(stack.url, f"/jobs/events/{job}?last_event_id={seen}", token_of(api)) as stream:
        assert stream.all()[-1][0] == "done"


@pytest.mark.parametrize("last", ["lost-epoch-0-1", "nonsense", "ü".encode().decode("latin1"), "a b"])
def test_an_unknown_last_event_does_no_harm(stack, api, fake_device, last):
    job = submit(api, fake_device, "sleep", {"ms": 500})
    with Stream(stack.url, f"/jobs/events/{job}", token_of(api), f"Last-Event-ID: {last}\r\n") as stream:
        assert stream.all()[-1][2]["status"] == "completed"


def test_cancel_ends_the_stream(stack, api, fake_device):
    job = submit(api, fake_device, "sleep", {"ms": 30000})
    with Stream(stack.url, f"/jobs/events/{job}", token_of(api)) as stream:
        stream.event()
        assert api.post(f"/api/v1/jobs/{job}/cancel").status == 200
        assert stream.all()[-1][2]["status"] == "cancelled"


def test_refusals_are_problems_not_streams(stack, api):
    is_problem(api.get(f"/api/v1/jobs/{uuid.uuid4()}/events"), 404)
    assert api.get("/api/v1/jobs/nonsense/events").status in (400, 404)
    is_problem(Api(stack.url).get(f"/jobs/events/{uuid.uuid4()}"), 401)


def test_head_of_a_stream(stack, api, fake_device):
    job = submit(api, fake_device, "echo", {})
    head = api.call("HEAD", f"/jobs/events/{job}")
    assert head.status == 200 and head.headers["content-type"] == "text/event-stream" and head.body == b""


def streams_open(api):
    text = api.get("/metrics").body.decode()
    return next(float(line.split(" ")[1]) for line in text.splitlines() if line.startswith("drmd_sse_streams "))


@pytest.mark.parametrize("linger", [None, struct.pack("ii", 1, 0)], ids=["closes", "resets"])
def test_a_client_that_leaves_is_noticed(stack, api, fake_device, tmp_path, linger):
    with own_drmd(stack, tmp_path) as drmd:
        mine = Api(drmd.url, token_of(api))
        job = submit(api, fake_device, "sleep", {"ms": 20000})
        with Stream(drmd.url, f"/jobs/events/{job}", token_of(api)) as stream:
            stream.event()
            assert streams_open(mine) == 1
            time.sleep(1.5)  # it is known by now
            if linger:
                stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        wait_until(lambda: streams_open(mine) == 0, 4)
        api.post(f"/api/v1/jobs/{job}/cancel")


def test_heartbeat(stack, api, fake_device):
    job = submit(api, fake_device, "sleep", {"ms": 17500})
    with Stream(stack.url, f"/jobs/events/{job}", token_of(api), timeout=30) as stream:
        assert stream.all()[-1][2]["status"] == "completed"
        assert stream.comments >= 1


def test_streams_leave_room_for_requests(stack, api, fake_device, tmp_path):
    with own_drmd(stack, tmp_path, "--threads", "8") as drmd:
        job = submit(api, fake_device, "sleep", {"ms": 20000})
        streams = [Stream(drmd.url, f"/jobs/events/{job}", token_of(api)) for _ in range(6)]
        assert [s.status for s in streams] == [200] * 6
        refused = Api(drmd.url, token_of(api)).get(f"/jobs/events/{job}")
        is_problem(refused, 503)
        assert refused.headers["retry-after"]
        assert Api(drmd.url).get("/health").status == 200
        for stream in streams:
            stream.socket.close()
        api.post(f"/api/v1/jobs/{job}/cancel")


def test_stop_ends_streams(stack, api, fake_device, tmp_path):
    with own_drmd(stack, tmp_path) as drmd:
        job = submit(api, fake_device, "sleep", {"ms": 20000})
        with Stream(drmd.url, f"/jobs/events/{job}", token_of(api)) as stream:
            stream.event()
            begin = time.monotonic()
            assert drmd.stop() == 0
            assert time.monotonic() - begin < 3
            stream.buffer = b""
            while stream.socket.recv(65536):
                pass
        api.post(f"/api/v1/jobs/{job}/cancel")


def test_many_streams_at_once(stack, api, fake_device, tmp_path):
    """Hundreds of streams of one job: all get its end, and other requests do not wait for them."""
    n = 300
    with own_drmd(stack, tmp_path, "--threads", "500") as drmd:
        mine = Api(drmd.url, token_of(api))
        job = submit(api, fake_device, "sleep", {"ms": 30000})
        begin = time.monotonic()
        streams = [Stream(drmd.url, f"/jobs/events/{job}", token_of(api)) for _ in range(n)]
        assert [s.status for s in streams] == [200] * n
        assert time.monotonic() - begin < 15
        for stream in streams:
            assert stream.event()[0] == "update"
        assert streams_open(mine) == n
        begin = time.monotonic()
        for _ in range(20):
            assert mine.get("/api/v1/devices/" + stack.device).status == 200
        assert time.monotonic() - begin < 3
        api.post(f"/api/v1/jobs/{job}/cancel")
        begin = time.monotonic()
        assert {s.all()[-1][2]["status"] for s in streams} == {"cancelled"}
        assert time.monotonic() - begin < 10
        wait_until(lambda: streams_open(mine) == 0, 5)


def test_a_reader_that_stops_reading_does_not_hold_up_others(stack, api, fake_device):
    job = submit(api, fake_device, "progress", {"ms": 3000, "steps": 100})
    slow = Stream(stack.url, f"/jobs/events/{job}", token_of(api))
    with Stream(stack.url, f"/jobs/events/{job}", token_of(api)) as stream:
        events = stream.all()
    slow.socket.close()
    assert events[-1][2]["status"] == "completed"
    progress = [data["progress"] for name, ident, data in events if name == "update" and data.get("progress") is not None]
    assert progress and progress == sorted(progress)


def test_query_of_a_stream(stack, api):
    path = f"/api/v1/jobs/{uuid.uuid4()}/events"
    for query in ("x=1", "last_event_id=%zz", "last_event_id=" + "a" * 200):
        assert is_problem(api.get(f"{path}?{query}"), 400)["field"] == "query"
    is_problem(api.get(path + "?last_event_id=" + "0" * 16 + "-1-1"), 404)
