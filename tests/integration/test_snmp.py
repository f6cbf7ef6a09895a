"""SNMP from end to end: a real agent over REST and drmctl, and agents that are dead, refuse, or talk nonsense."""
import contextlib
import json
import pathlib
import socket
import threading
import time

import pytest
from http_support import is_problem
from job_support import ask, ended, make_device, submit, unique
from stack import database as stack_database
from stack.ports import free_port

SYS_DESCR, SYS_NAME, UPTIME = "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.1.3.0"


def profile(port, community, **settings):
    return {"protocol": "snmp", "address": "127.0.0.1", "port": port, "settings": {"version": "2c", **settings}, "community": community}


@pytest.fixture(scope="module")
def agent(stack, tenant):
    """The real agent as a device."""
    return make_device(tenant.api(), profile(stack.snmpd.port, stack.snmpd.community))


def ask_agent(api, device, *oids, seconds=15, **more):
    return ended(api, submit(api, device, "get", {"oids": list(oids)}, protocol="snmp", **more), seconds)


@contextlib.contextmanager
def udp_server(answer):
    """An agent of our own: answer(datagram) gives the datagrams to send back."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    got = []

    def serve():
        with contextlib.suppress(OSError):
            while True:
                data, peer = server.recvfrom(65535)
                if not data:
                    return
                got.append(data)
                for reply in answer(data):
                    server.sendto(reply, peer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1], got
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"", server.getsockname())
        thread.join(5)
        server.close()


# ---- the real agent ----

def test_get_over_rest(stack, api, agent):
    job = ask_agent(api, agent, "sysDescr.0")
    assert job["status"] == "completed", job
    varbind, = job["result"]["varbinds"]
    assert (varbind["oid"], varbind["name"], varbind["type"]) == (SYS_DESCR, "sysDescr.0", "OCTET STRING")
    assert varbind["value"] == stack.snmpd.description


def test_many_objects_come_in_the_order_asked_for(stack, api, agent):
    job = ask_agent(api, agent, UPTIME, "SNMPv2-MIB::sysName.0", "sysDescr.0", UPTIME)
    varbinds = job["result"]["varbinds"]
    assert [v["oid"] for v in varbinds] == [UPTIME, SYS_NAME, SYS_DESCR, UPTIME]
    assert [v["type"] for v in varbinds] == ["TimeTicks", "OCTET STRING", "OCTET STRING", "TimeTicks"]
    assert varbinds[1]["value"] == "drmgmt-demo" and isinstance(varbinds[0]["value"], int)


def test_an_unknown_object_is_an_answer_not_a_failure(api, agent):
    job = ask_agent(api, agent, "1.3.6.1.2.1.1.99.0", "1.3.6.1.2.1.1.1.7", SYS_NAME)
    assert job["status"] == "completed"
    assert [(v["type"], v["value"]) for v in job["result"]["varbinds"]] == [
        ("noSuchObject", None), ("noSuchInstance", None), ("OCTET STRING", "drmgmt-demo")]


def test_version_1_names_the_object_that_is_missing(stack, tenant, api):
    device = make_device(api, profile(stack.snmpd.port, stack.snmpd.community, version="1"))
    assert ask_agent(api, device, "sysName.0")["result"]["varbinds"][0]["value"] == "drmgmt-demo"
    job = ask_agent(api, device, "sysName.0", "1.3.6.1.2.1.1.99.0")
    assert (job["status"], job["error"]["code"], job["error"]["retryable"]) == ("failed", "noSuchName", False)
    assert "1.3.6.1.2.1.1.99.0" in job["error"]["message"]


def test_an_agent_by_name(stack, api):
    device = make_device(api, {**profile(stack.snmpd.port, stack.snmpd.community), "address": "localhost"})
    assert ask_agent(api, device, "sysName.0")["status"] == "completed"
    device = make_device(api, {**profile(stack.snmpd.port, "x"), "address": "no-such-host.invalid"})
    job = ask_agent(api, device, "sysName.0", seconds=30)
    assert (job["status"], job["error"]["code"]) == ("failed", "unknown-host")


@pytest.mark.parametrize("params, field", [
    ({}, "params.oids"), ({"oids": []}, "params.oids"), ({"oids": "sysDescr.0"}, "params.oids"), ({"oids": [5]}, "params.oids[0]"),
    ({"oids": ["sysDescr.0", "no.such.name"]}, "params.oids[1]"), ({"oids": ["1.3.6.1.4294967296"]}, "params.oids[0]"),
    ({"oids": ["1." * 128 + "1"]}, "params.oids[0]"), ({"oids": [""]}, "params.oids[0]"), ({"oids": ["sysDescr.0"] * 129}, "params.oids"),
    ({"oids": ["sysDescr.0"], "community": "x"}, "params.community")])
def test_bad_parameters_are_refused_at_submission(api, agent, params, field):
    answer = api.post("/api/v1/jobs", {"device_id": agent, "protocol": "snmp", "operation": "get", "params": params})
    assert is_problem(answer, 400)["field"] == field


def test_a_shared_credential_and_its_change(stack, api):
    made = api.post("/api/v1/snmp-credentials", {"name": unique("credential"), "snmp_version": "2c", "community": "wrong-one"})
    assert made.status == 201
    credential = made.json()["id"]
    plain = {"protocol": "snmp", "address": "127.0.0.1", "port": stack.snmpd.port, "settings": {"timeout_ms": 250, "retries": 0},
             "credential_id": credential}
    device = make_device(api, plain)
    assert ask_agent(api, device, "sysName.0")["error"]["code"] == "timeout"
    assert api.call("PATCH", "/api/v1/snmp-credentials/" + credential, {"community": stack.snmpd.community}).status == 200
    assert ask_agent(api, device, "sysName.0")["status"] == "completed"


def test_the_community_is_nowhere_in_plain(stack, api, agent):
    secret = stack.snmpd.community
    ask_agent(api, agent, "sysName.0")
    for path in ("/api/v1/devices/" + agent, "/api/v1/snmp-credentials?limit=1000", f"/api/v1/jobs?device_id={agent}"):
        answer = api.get(path)
        assert answer.status == 200 and secret.encode() not in answer.body
    rows = ask(stack.env, "SELECT community FROM drm.snmp_credentials")
    assert rows and all(secret.encode() not in bytes(row[0]) and secret.encode().hex().encode() not in bytes(row[0]) for row in rows)
    assert ask(stack.env, "SELECT 1 FROM drm.audit_logs WHERE audit_logs::text LIKE %s", (f"%{secret}%",)) == []
    logs = [path for path in pathlib.Path(stack.drmd.log).parent.glob("drm*.log") if path.name != "drmctl.log"]
    assert len(logs) >= 2
    for path in logs:
        assert secret not in path.read_text(errors="replace"), path


def test_a_broken_secret_fails_its_own_jobs_only(stack, api, agent):
    """The database holds bytes that do not open: a moved or damaged credential."""
    device = make_device(api, profile(stack.snmpd.port, "whatever"))
    ask(stack.env, "UPDATE drm.snmp_credentials c SET community = set_byte(community, octet_length(community) - 1,"
                   " get_byte(community, octet_length(community) - 1) # 1) FROM drm.device_protocol_profiles p"
                   " WHERE p.device_id = %s AND p.snmp_credential_id = c.id", (device,))
    broken, good = (submit(api, d, "get", {"oids": ["sysName.0"]}, protocol="snmp") for d in (device, agent))
    job = ended(api, broken)
    assert job["status"] == "failed" and not job["error"]["retryable"], job
    assert ended(api, good)["status"] == "completed"


# ---- agents that do not answer ----

def test_dead_agents_time_out_and_hold_nobody_up(api, agent):
    with udp_server(lambda data: ()) as (port, got):
        dead = make_device(api, profile(port, "public", timeout_ms=1500, retries=1))
        began = time.monotonic()
        lost = [submit(api, dead, "get", {"oids": ["sysDescr.0"]}, protocol="snmp", max_attempts=1) for _ in range(12)]  # fewer than an agent's window of 16
        jobs = [submit(api, agent, "get", {"oids": ["sysDescr.0"]}, protocol="snmp") for _ in range(200)]
        for job in jobs:
            assert ended(api, job)["status"] == "completed"
        all_there = time.monotonic() - began
        ends = [ended(api, job) for job in lost]
        took = time.monotonic() - began
        assert {(job["status"], job["error"]["code"], job["error"]["retryable"]) for job in ends} == {("failed", "timeout", True)}
        assert {data for data in got if b"public" not in data} == set() and len(got) == 24, "each is asked twice"
    slowest = max(get["finished_at"] for get in (ended(api, job) for job in jobs))
    assert slowest < min(job["finished_at"] for job in ends), f"{all_there:.1f} s for the others, {took:.1f} s for the dead"
    assert took < 12


def test_a_wrong_community_looks_like_a_dead_agent(stack, api):
    device = make_device(api, profile(stack.snmpd.port, "not-the-community", timeout_ms=300, retries=0))
    began = time.monotonic()
    job = ask_agent(api, device, "sysDescr.0", max_attempts=1)
    assert (job["status"], job["error"]["code"]) == ("failed", "timeout")
    assert "community" in job["error"]["message"] and "not-the-community" not in json.dumps(job)
    assert 0.3 <= time.monotonic() - began < 3


def test_a_closed_port_is_told_at_once(api):
    device = make_device(api, profile(free_port(kind=socket.SOCK_DGRAM), "public", timeout_ms=5000, retries=3))
    began = time.monotonic()
    job = ask_agent(api, device, "sysDescr.0", max_attempts=1)
    assert (job["status"], job["error"]["code"], job["error"]["retryable"]) == ("failed", "refused", True)
    assert time.monotonic() - began < 3


def test_a_device_without_community_says_so(stack, api):
    device = make_device(api, {"protocol": "snmp", "address": "127.0.0.1", "port": stack.snmpd.port})
    job = ask_agent(api, device, "sysDescr.0")
    assert job["status"] == "failed" and not job["error"]["retryable"] and job["error"]["message"]


NONSENSE = [b"\0", b"\x30", b"\x30\x84\xff\xff\xff\xff", b"\x30\x80\0\0", b"\xff" * 1400, b"\x30\x82\x05\x78" + b"\xa2" * 1400,
            b"GET / HTTP/1.1\r\n\r\n"]


def test_nonsense_is_not_an_answer(stack, api, agent):
    def reply(data):
        cut, longer = data[:-3], data + b"\0" * 5
        return [*NONSENSE, cut, longer, data]  # its own request back is no response either
    with udp_server(reply) as (port, got):
        device = make_device(api, profile(port, "public", timeout_ms=400, retries=1))
        job = ask_agent(api, device, "sysDescr.0", max_attempts=1)
        assert (job["status"], job["error"]["code"]) == ("failed", "timeout")
        assert len(got) == 2
    assert ask_agent(api, agent, "sysName.0")["status"] == "completed", "the worker lives"


def test_a_late_answer_belongs_to_nobody(stack, api, agent):
    """The answer to the first try comes after the job has ended; the next job must not take it."""
    held = []

    def reply(data):
        held.append(data)
        return held[:-1]
    with udp_server(reply) as (port, _):
        device = make_device(api, profile(port, "public", timeout_ms=300, retries=0))
        for _ in range(3):
            assert ask_agent(api, device, "sysDescr.0")["error"]["code"] == "timeout"


# ---- drmctl ----

def drmctl(stack, *words, stdin=None):
    return stack_database.drmctl(stack.build, *words, env={k: str(v) for k, v in stack.env.items()}, stdin=stdin, check=False)


def test_drmctl_gets(stack):
    done = drmctl(stack, "snmp", "get", "demo-agent", "sysDescr.0", "sysName.0", "--wait")
    assert done.returncode == 0, done.stderr
    assert stack.snmpd.description in done.stdout and "drmgmt-demo" in done.stdout
    done = drmctl(stack, "-o", "json", "snmp", "get", "demo-agent", "sysDescr.0", "--wait")
    job = json.loads(done.stdout)
    assert job["status"] == "completed" and job["result"]["varbinds"][0]["value"] == stack.snmpd.description
    done = drmctl(stack, "-o", "csv", "snmp", "get", "demo-agent", "sysName.0", "--wait")
    assert done.stdout.splitlines() == ["oid,name,type,value", f"{SYS_NAME},sysName.0,OCTET STRING,drmgmt-demo"]
    submitted = drmctl(stack, "-o", "json", "snmp", "get", "demo-agent", "sysDescr.0")
    assert submitted.returncode == 0 and json.loads(submitted.stdout)["id"]


def test_drmctl_tells_failures(stack):
    assert drmctl(stack, "snmp", "get", "no-such-device", "sysDescr.0").returncode == 4
    done = drmctl(stack, "snmp", "get", "demo-agent", "no.such.name")
    assert done.returncode == 2 and "no.such.name" in done.stderr
    name = unique("dead")
    made = drmctl(stack, "device", "create", name, "--snmp", f"127.0.0.1:{free_port(kind=socket.SOCK_DGRAM)}", "--community-file", "-",
                  stdin="public\n")
    assert made.returncode == 0, made.stderr
    done = drmctl(stack, "snmp", "get", name, "sysDescr.0", "--wait")
    assert done.returncode == 7 and "refused" in done.stderr and done.stdout == ""
