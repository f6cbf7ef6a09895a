"""Limits over REST: quotas named in the answer, API requests of several drmd in one number, the client's address behind a proxy, and two
hundred log-ins at once, which take a set amount of memory and leave the others alone."""
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import subprocess
import threading
import time
import urllib.parse

import pytest
from http_support import Api, drmd_binary, is_problem, own_drmd, wait_until
from job_support import Tenant, ask, make_device, submit, unique
from stack import database as stack_database

HASH_BYTES = 33 << 20  # scrypt with N=2^15, r=8
CORES = len(os.sched_getaffinity(0))


@pytest.fixture
def own(stack):
    """A tenant of the test's own, without quotas yet."""
    return Tenant(stack.build, stack.env, stack.url)


def set_quota(tenant, **quotas):
    for name, value in quotas.items():
        ask(tenant.env, f"UPDATE drm.tenants SET max_{name} = %s WHERE tenant_id = %s RETURNING 1", (value, tenant.id))


def used_up(answer, status, quota, limit, used):
    problem = is_problem(answer, status)
    assert (problem["quota"], problem["limit"], problem["used"]) == (quota, limit, used)
    assert quota in problem["detail"] and problem["type"] == f"urn:drmgmt:problem:{'conflict' if status == 409 else 'limit'}"
    assert ("retry-after" in answer.headers) == (status == 429)
    return problem


# ---- devices and jobs ----

def test_a_device_too_many(own):
    api = own.api()
    set_quota(own, devices=2)
    first = make_device(api)
    make_device(api)
    used_up(api.post("/api/v1/devices", {"name": unique("device")}), 409, "devices", 2, 2)
    assert api.call("DELETE", f"/api/v1/devices/{first}").status == 204
    make_device(api)


def test_a_job_too_many(own):
    api = own.api()
    device = make_device(api)
    set_quota(own, queued=2)
    jobs = [submit(api, device, "sleep", {"ms": 20000}) for _ in range(2)]
    body = {"device_id": device, "protocol": "fake", "operation": "echo"}
    for path, more in (("/api/v1/jobs", {}), ("/api/v1/jobs/enqueue/fake/echo", {}), ("/api/v1/jobs", {"Idempotency-Key": "once"})):
        sent = body if path == "/api/v1/jobs" else {"device_id": device}
        answer = api.post(path, sent, headers=more)
        used_up(answer, 429, "queued_jobs", 2, 2)
        assert int(answer.headers["retry-after"]) >= 1
    for job in jobs:
        assert api.post(f"/api/v1/jobs/{job}/cancel").status == 200
    wait_until(lambda: api.post("/api/v1/jobs", body).status == 202)


def test_what_is_used(own):
    api = own.api()
    make_device(api)
    set_quota(own, devices=5, queued=100, running=10)
    answer = api.get("/api/v1/quota")
    assert answer.status == 200
    told = {item["quota"]: (item["limit"], item["used"]) for item in answer.json()["items"]}
    assert told == {"devices": (5, 1), "queued_jobs": (100, 0), "running_jobs": (10, 0), "api_requests": (None, told["api_requests"][1])}
    assert told["api_requests"][1] >= 1
    viewer = own.api(own.user("viewer"))
    assert viewer.get("/api/v1/quota").json()["items"][0] == {"quota": "devices", "limit": 5, "used": 1}
    is_problem(own.api(own.user("none")).get("/api/v1/quota"), 403)
    is_problem(Api(own.url).get("/api/v1/quota"), 401)


def test_drmctl_tells_them(own, tmp_path):
    make_device(own.api())
    set_quota(own, devices=5)
    env = {**own.env, "DRM_SESSION": str(tmp_path / "session")}
    stack_database.drmctl(own.build, "login", "--email", own.email, "--tenant", own.name, "--password-file", "-", env=env,
                          stdin=own.password + "\n")
    told = json.loads(stack_database.drmctl(own.build, "quota", "-o", "json", env=env).stdout)
    assert told[0] == {"quota": "devices", "limit": 5, "used": 1}
    assert told[3] == {"quota": "api_requests", "limit": None, "used": None}
    table = stack_database.drmctl(own.build, "quota", env=env).stdout.lower()
    assert "queued_jobs" in table and "devices" in table


# ---- API requests a minute ----

def calm_minute():
    """Not so near to the end of a minute of the clock that what follows would reach into the next."""
    wait_until(lambda: time.time() % 60 < 45, 20)


def header_numbers(answer):
    limit, remaining, reset = (int(answer.headers["ratelimit-" + name]) for name in ("limit", "remaining", "reset"))
    assert answer.headers["ratelimit-policy"] == f'"api_requests";q={limit};w=60'
    assert answer.headers["ratelimit"] == f'"api_requests";r={remaining};t={reset}'
    assert 1 <= reset <= 60
    return limit, remaining


def test_api_requests_of_one_minute(stack, own, tmp_path):
    with own_drmd(stack, tmp_path) as drmd:
        own.api()
        api = Api(drmd.url, own.tokens[own.email])
        set_quota(own, requests=10)
        calm_minute()
        for left in range(9, -1, -1):
            answer = api.get("/api/v1/auth/whoami")
            assert answer.status == 200 and header_numbers(answer) == (10, left)
        for _ in range(3):
            answer = api.get("/api/v1/auth/whoami")
            used_up(answer, 429, "api_requests", 10, 10)
            assert header_numbers(answer) == (10, 0) and 1 <= int(answer.headers["retry-after"]) <= 60
        # A refused body is not waited for, and the connection stays good.
        used_up(api.post("/api/v1/devices", {"name": "x" * 100000}), 429, "api_requests", 10, 10)
        # What is public, and other tenants, are not held up.
        assert api.get("/health").status == 200 and "ratelimit-limit" not in api.get("/health").headers
        other = Api(drmd.url, stack.login()).get("/api/v1/auth/whoami")
        assert other.status == 200 and "ratelimit-limit" not in other.headers
        # A quota that is lifted is lifted within seconds.
        set_quota(own, requests=None)
        wait_until(lambda: api.get("/api/v1/auth/whoami").status == 200, 15, 0.2)


def test_two_drmd_share_the_quota(stack, own, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with own_drmd(stack, tmp_path / "a") as a, own_drmd(stack, tmp_path / "b") as b:
        own.api()
        set_quota(own, requests=40)
        clients = [Api(drmd.url, own.tokens[own.email]) for drmd in (a, b)]
        calm_minute()
        statuses = []
        for i in range(60):
            statuses.append(clients[i % 2].get("/api/v1/auth/whoami").status)
            time.sleep(0.02)  # longer than they take to tell each other
        # Each may be behind by what the other lets in at that moment.
        assert 40 <= statuses.count(200) <= 44 and set(statuses) == {200, 429}
        assert {client.get("/api/v1/auth/whoami").status for client in clients} == {429}


def test_without_redis_each_drmd_counts_for_itself(stack, own, tmp_path):
    env = {**stack.env, "DRM_REDIS_URL": f"unix://{tmp_path}/nothing.sock"}
    with own_drmd(stack, tmp_path, env=env) as drmd:
        own.api()
        set_quota(own, requests=15)
        api = Api(drmd.url, own.tokens[own.email])
        calm_minute()
        assert [api.get("/api/v1/auth/whoami").status for _ in range(20)] == [200] * 15 + [429] * 5
        assert any("counts the API requests" in line["message"] for line in drmd.lines())


# ---- whose request it is ----

def log_in_from(drmd, own, *forwarded):
    parts = urllib.parse.urlsplit(drmd.url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    connection.putrequest("POST", "/api/v1/auth/login")
    body = json.dumps({"email": own.email, "password": own.password}).encode()
    for name, value in [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]:
        connection.putheader(name, value)
    for value in forwarded:
        connection.putheader("X-Forwarded-For", value)
    connection.endheaders(body)
    assert connection.getresponse().status == 200
    connection.close()
    return ask(own.env, "SELECT address FROM drm.audit_logs WHERE tenant_id = %s AND action = 'auth.login' ORDER BY id DESC LIMIT 1",
               (own.id,))[0][0]


def test_the_clients_address_behind_trusted_proxies(stack, own, tmp_path):
    with own_drmd(stack, tmp_path, "--trusted-proxy", "127.0.0.0/8", "--trusted-proxy", "192.0.2.7", "--trusted-proxy", "2001:db8:f::/48") as drmd:
        assert log_in_from(drmd, own, "198.51.100.1") == "198.51.100.1"
        assert log_in_from(drmd, own, "203.0.113.66, 198.51.100.1") == "198.51.100.1", "what the client wrote is not believed"
        assert log_in_from(drmd, own, "198.51.100.2, 192.0.2.7") == "198.51.100.2"
        assert log_in_from(drmd, own, "198.51.100.3", "192.0.2.7 ,127.0.0.9") == "198.51.100.3"
        assert log_in_from(drmd, own, "[2001:db8::5]:4711,2001:db8:f:1::1") == "2001:db8::5"
        assert log_in_from(drmd, own, "198.51.100.4:4711") == "198.51.100.4"
        assert log_in_from(drmd, own, "192.0.2.7") == "192.0.2.7"
        assert log_in_from(drmd, own, "198.51.100.5, nonsense") == "127.0.0.1"
        assert log_in_from(drmd, own, "") == "127.0.0.1"
        assert log_in_from(drmd, own, "x" * 3000) == "127.0.0.1"
        assert log_in_from(drmd, own) == "127.0.0.1"


def test_the_header_is_nothing_from_anybody_else(stack, own, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with own_drmd(stack, tmp_path / "a") as drmd:
        assert log_in_from(drmd, own, "198.51.100.1") == "127.0.0.1"
    with own_drmd(stack, tmp_path / "b", "--trusted-proxy", "192.0.2.0/24") as drmd:
        assert log_in_from(drmd, own, "198.51.100.1") == "127.0.0.1"


@pytest.mark.parametrize("text", ["", "x", "192.0.2.1/33", "192.0.2.1/", "2001:db8::/129", "192.0.2.1/-1", "proxy.example.net"])
def test_a_proxy_that_is_none(stack, text):
    refused = subprocess.run([drmd_binary(stack), "--trusted-proxy", text], capture_output=True, text=True, timeout=30, check=False,
                             env={**os.environ, **{k: str(v) for k, v in stack.env.items()}})
    assert refused.returncode == 2 and "--trusted-proxy" in refused.stderr


# ---- two hundred log-ins at once ----

def resident(pid, name="VmRSS"):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise AssertionError(name)


def within(build, more):
    """Whether a set amount of memory was enough: as many hashes at once as there are cores, and what two hundred connections need. Not to be
    told of a build with sanitizers, which keep what was freed."""
    cache = (pathlib.Path(build) / "CMakeCache.txt").read_text().splitlines()
    sanitized = any(line.startswith("DRMGMT_SANITIZE:") and not line.endswith("=") for line in cache)
    return sanitized or more < CORES * HASH_BYTES + (40 << 20)


@contextlib.contextmanager
def crowd(url, body, count):
    """count log-ins at the same time; yields the list that their statuses come into."""
    parts = urllib.parse.urlsplit(url)
    statuses, start = [], threading.Barrier(count)

    def one():
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=90)
        connection.connect()
        start.wait(60)
        connection.request("POST", "/api/v1/auth/login", body=body, headers={"Content-Type": "application/json"})
        answer = connection.getresponse()
        statuses.append((answer.status, answer.getheader("Retry-After")))
        answer.read()
        connection.close()

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        made = [pool.submit(one) for _ in range(count)]
        yield statuses
        for future in made:
            future.result()


@pytest.mark.parametrize("threads", [256, 240])
def test_two_hundred_log_ins_leave_the_others_alone(stack, own, tmp_path, threads):
    with own_drmd(stack, tmp_path, "--threads", str(threads)) as drmd:
        own.api()
        token = own.tokens[own.email]
        pid = drmd.process.pid
        others = [Api(drmd.url, token) for _ in range(4)]
        for api in others:
            assert api.get("/api/v1/devices").status == 200
        before, most, answered = resident(pid), 0, 0
        body = json.dumps({"email": own.email, "password": own.password, "tenant": own.name}).encode()
        with crowd(drmd.url, body, 200) as statuses:
            while len(statuses) < 200:
                for api in others:
                    assert api.get("/api/v1/devices").status == 200
                    answered += 1
                most = max(most, resident(pid))
        assert within(stack.build, most - before), f"{(most - before) >> 20} MiB more"
        assert within(stack.build, resident(pid, "VmHWM") - before)
        assert answered >= 4
        assert {status for status, _ in statuses} <= {200, 429}
        assert sum(status == 200 for status, _ in statuses) >= CORES
        assert all(int(wait) >= 1 for status, wait in statuses if status == 429)
        # It is over once it is over.
        assert Api(drmd.url).call("POST", "/api/v1/auth/login", data=body).status in (200, 429)
        assert wait_until(lambda: Api(drmd.url).call("POST", "/api/v1/auth/login", data=body).status == 200, 90, 1)


def test_a_small_server_keeps_threads_for_others(stack, own, tmp_path):
    """Were log-ins to wait on every thread, the others would wait for hashes too, or be told that there is no room."""
    with own_drmd(stack, tmp_path, "--threads", "16") as drmd:
        own.api()
        api = Api(drmd.url, own.tokens[own.email])
        assert api.get("/api/v1/devices").status == 200
        body = json.dumps({"email": own.email, "password": own.password, "tenant": own.name}).encode()
        with crowd(drmd.url, body, 12) as statuses:
            while len(statuses) < 12:
                assert api.get("/api/v1/devices").status == 200
        assert {status for status, _ in statuses} <= {200, 429}
        assert sum(status == 200 for status, _ in statuses) >= 1
