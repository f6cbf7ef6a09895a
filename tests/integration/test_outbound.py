"""The outbound policy from end to end: real workers, real jobs, and devices at addresses that tenants may not reach. What counts is
whether a datagram arrived."""
import contextlib
import json
import pathlib
import socket
import subprocess
import time
import uuid

import pytest
from drmctl_support import Ctl
from http_support import Api, is_problem, wait_until
from job_support import Tenant, ask, ended, log_in, make_device, submit
from stack import database as stack_database
from stack.process import clean_environment
from stack.programs import NEEDED

PLATFORM = "00000000-0000-0000-0000-000000000000"
HOLDS_AFTER = 10  # a changed rule holds after 2 s; here it is only waited for


@pytest.fixture(scope="module")
def closed(stack):
    """A tenant without any rule."""
    return Tenant(stack.build, stack.env, stack.url, outbound=())


@pytest.fixture
def client(closed):
    made = closed.api()
    yield made
    made.close()


@pytest.fixture
def fresh(stack):
    """One of the test's own, for rules to come and go without waiting for another test's."""
    return Tenant(stack.build, stack.env, stack.url, outbound=())


@pytest.fixture(scope="module")
def platform(stack, closed):
    """A platform administrator's client, with the password of the tenant's."""
    email = f"platform-{uuid.uuid4().hex[:8]}@example.net"
    ask(stack.env, "INSERT INTO drm.users (tenant_id, id, email, password_hash, role) SELECT %s, gen_random_uuid(), %s, password_hash,"
        " 'administrator' FROM drm.users WHERE tenant_id = %s AND email = %s", (PLATFORM, email, closed.id, closed.email))
    made = Api(stack.url, log_in(stack.url, email, closed.password, "platform"))
    made.email, made.password = email, closed.password
    yield made
    made.close()


class Agent:
    """A UDP port that never answers, and knows whether anything came."""

    def __init__(self, family=socket.AF_INET, host="127.0.0.1"):
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]

    def heard(self):
        n = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                self.socket.recv(65535)
                n += 1
        return n


@pytest.fixture
def agent():
    made = Agent()
    yield made
    made.socket.close()


def device_at(api, address, port, **settings):
    return make_device(api, {"protocol": "snmp", "address": address, "port": port, "settings": {"version": "2c", **settings},
                             "community": "public"})


def get(api, device, **more):
    return submit(api, device, "get", {"oids": ["sysDescr.0"]}, protocol="snmp", **more)


def outcome(api, address, port):
    return ended(api, get(api, device_at(api, address, port, timeout_ms=200, retries=0)), 30)


def outcome_in_lane(stack, tenant, api, device, lane):
    """Jobs of a lane of the test's own are put there by hand."""
    job = str(uuid.uuid4())
    ask(stack.env, "INSERT INTO drm.jobs (lane, tenant_id, id, device_id, protocol, operation, params, idempotent, exclusive, timeout_ms,"
        " max_attempts) VALUES (%s, %s, %s, %s, 'snmp', 'get', '{\"oids\":[\"sysDescr.0\"]}', true, false, 30000, 1)",
        (lane, tenant.id, job, device))
    return ended(api, job, 30)


def is_refused(job, says=""):
    assert job["status"] == "failed" and job["error"]["code"] == "outbound-refused", job
    assert job["error"]["retryable"] is False and job["attempt"] == 1, job
    assert says in job["error"]["message"], job
    return job["error"]["message"]


def allow(platform, tenant, cidr, **more):
    made = platform.post(f"/api/v1/tenants/{tenant.name}/outbound-rules", {"cidr": cidr, **more})
    assert made.status == 201, made
    return made.json()["id"]


def remove(platform, tenant, rule):
    gone = platform.call("DELETE", f"/api/v1/tenants/{tenant.id}/outbound-rules/{rule}")
    assert gone.status == 204, gone


@contextlib.contextmanager
def rule(platform, tenant, cidr, **more):
    made = allow(platform, tenant, cidr, **more)
    try:
        yield made
    finally:
        remove(platform, tenant, made)


# ---- what is closed ----

@pytest.mark.parametrize("address, codes", [
    ("127.0.0.1", {"outbound-refused"}), ("127.8.9.10", {"outbound-refused"}), ("::ffff:127.0.0.1", {"outbound-refused"}),
    ("[::ffff:7f00:1]", {"outbound-refused"}), ("::1", {"outbound-refused"}), ("::127.0.0.1", {"outbound-refused"}),
    ("64:ff9b::127.0.0.1", {"outbound-refused"}), ("64:ff9b:1::7f00:1", {"outbound-refused"}), ("2002:7f00:1::1", {"outbound-refused"}),
    ("localhost", {"outbound-refused"}), ("0.0.0.0", {"outbound-refused"}), ("::", {"outbound-refused"}),
    ("10.0.0.1", {"outbound-refused"}), ("192.168.1.1", {"outbound-refused"}), ("100.64.0.1", {"outbound-refused"}),
    ("fd00::1", {"outbound-refused"}), ("169.254.169.254", {"outbound-refused"}), ("fd00:ec2::254", {"outbound-refused"}),
    ("255.255.255.255", {"outbound-refused"}), ("224.0.0.1", {"outbound-refused"}), ("fe80::1", {"outbound-refused"}),
    # No literals: looked up, which some resolvers do as numbers, and then decided by what that gave.
    ("2130706433", {"outbound-refused", "unknown-host"}), ("0177.0.0.1", {"outbound-refused", "unknown-host"}),
    ("0x7f.1", {"outbound-refused", "unknown-host"}), ("127.1", {"outbound-refused", "unknown-host"}),
    ("fe80::1%lo", {"unknown-host"}), ("127.0.0.1%lo", {"unknown-host"}), ("[fe80::1%25lo]", {"unknown-host"}),
])
def test_nothing_is_sent_where_no_rule_allows_it(client, agent, address, codes):
    job = outcome(client, address, agent.port)
    assert job["status"] == "failed" and job["error"]["code"] in codes, job
    assert job["error"]["retryable"] is False and job["attempt"] == 1, job
    assert agent.heard() == 0


def test_the_refusal_says_what_can_be_done(client, agent):
    said = is_refused(outcome(client, "127.0.0.1", agent.port))
    assert said == (f"Nothing is sent to 127.0.0.1:{agent.port} (udp): it is a loopback address (127.0.0.0/8), and no outbound rule of this"
                    " tenant allows it. A platform administrator can: drmctl outbound allow 127.0.0.1/32 --tenant TENANT"
                    f" --port {agent.port} --transport udp")


def test_the_systems_own_servers_stay_closed(stack, fresh, platform):
    """PostgreSQL listens on loopback here, and loopback is open: to every other port."""
    client = fresh.api()
    with rule(platform, fresh, "127.0.0.0/8"), rule(platform, fresh, "::1"):
        wait_until(lambda: outcome(client, "127.0.0.1", 9)["error"]["code"] != "outbound-refused", HOLDS_AFTER)
        for address in ("127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1", "localhost"):
            said = is_refused(outcome(client, address, stack.postgres.port), "a server of this system itself")
            assert "allow" in said and "drmctl" not in said


# ---- rules ----

def test_a_rule_opens_and_its_removal_closes(stack, fresh, platform, agent):
    client = fresh.api()
    other = Tenant(stack.build, stack.env, stack.url, outbound=()).api()
    port = stack.snmpd.port

    def ask_agent():
        made = make_device(client, {"protocol": "snmp", "address": "127.0.0.1", "port": port, "settings": {"version": "2c"},
                                    "community": stack.snmpd.community})
        return ended(client, get(client, made))
    is_refused(ask_agent())
    with rule(platform, fresh, "127.0.0.0/8", port_first=port, transport="udp", note="the agent"):
        wait_until(lambda: ask_agent()["status"] == "completed", HOLDS_AFTER)
        is_refused(outcome(client, "127.0.0.1", agent.port), "no outbound rule")  # another port
        is_refused(outcome(other, "127.0.0.1", port), "no outbound rule")  # another tenant
        listed, = client.get("/api/v1/outbound-rules").json()["items"]
        assert (listed["cidr"], listed["port_first"], listed["port_last"], listed["transport"], listed["note"]) == \
            ("127.0.0.0/8", port, port, "udp", "the agent")
        assert other.get("/api/v1/outbound-rules").json()["items"] == []
    wait_until(lambda: ask_agent()["error"], HOLDS_AFTER)
    is_refused(ask_agent())
    assert agent.heard() == 0


def test_a_running_job_loses_a_rule_as_well(fresh, platform, agent):
    client, made = fresh.api(), allow(platform, fresh, "127.0.0.1")
    try:
        device = device_at(client, "127.0.0.1", agent.port, timeout_ms=300, retries=9)
        job = wait_until(lambda: _under_way(client, device, agent), HOLDS_AFTER)
    finally:
        remove(platform, fresh, made)
    is_refused(ended(client, job, 30))
    agent.heard()
    time.sleep(1)
    assert agent.heard() == 0


def _under_way(client, device, agent):
    """A job whose first datagram has come; None when it was refused, because the rule does not hold yet."""
    job = get(client, device, timeout_ms=30000)

    def began():
        return "heard" if agent.heard() else "refused" if client.get("/api/v1/jobs/" + job).json()["status"] == "failed" else None
    return job if wait_until(began, 10) == "heard" else None


# ---- names that move ----

@pytest.fixture
def worker_of_lane(stack, tmp_path):
    """start(FLAGS, env) begins a worker of a lane of this test's own."""
    lane = f"lane-{uuid.uuid4().hex[:8]}"
    with contextlib.ExitStack() as ends:
        def start(*flags, **env):
            ready = tmp_path / f"{uuid.uuid4().hex}.ready"
            log = open(tmp_path / "worker.log", "ab")
            ends.callback(log.close)
            process = subprocess.Popen([str(pathlib.Path(stack.build) / "drm-worker" / "drm-worker"), "--lane", lane, "--ready-file",
                                        str(ready), *flags], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       env=clean_environment(**{n: str(stack.env[n]) for n in NEEDED}, **env))
            ends.callback(process.wait)
            ends.callback(process.kill)
            assert wait_until(lambda: ready.exists() or process.poll() is not None, 30) and process.poll() is None, \
                (tmp_path / "worker.log").read_text()
            return process
        start.lane = lane
        yield start


def test_a_name_is_judged_by_what_it_is_now(stack, closed, client, agent, worker_of_lane, tmp_path):
    """DNS rebinding: public when it is looked at, loopback when it is sent to."""
    hosts, sent = tmp_path / "hosts", tmp_path / "sent"
    double = {"LD_PRELOAD": str(pathlib.Path(stack.build) / "tests" / "integration" / "net_double.so"), "DRM_TEST_HOSTS": str(hosts),
              "DRM_TEST_SENT": str(sent), "ASAN_OPTIONS": "verify_asan_link_order=0"}
    device = device_at(client, "moving.test", agent.port, timeout_ms=200, retries=0)

    def move_to(address):
        """The worker is a new one, because names are kept for 30 s; the device stays."""
        hosts.write_text(f"moving.test {address}\n")
        process = worker_of_lane(**double)
        job = outcome_in_lane(stack, closed, client, device, worker_of_lane.lane)
        process.terminate()
        process.wait(30)
        return job
    assert move_to("93.184.215.14")["error"]["code"] == "timeout"
    assert sent.read_text().split() == ["93.184.215.14"]
    is_refused(move_to("127.0.0.1"), "a loopback address")
    is_refused(move_to("::ffff:127.0.0.1"), "a loopback address")
    is_refused(move_to("64:ff9b::10.0.0.1"), "a private address")
    is_refused(move_to("169.254.169.254"), "which no rule can allow")
    assert sent.read_text().split() == ["93.184.215.14"]
    assert agent.heard() == 0


# ---- the worker's own allowance ----

def test_a_worker_can_allow_for_all_tenants(stack, closed, client, agent, worker_of_lane):
    worker_of_lane("--outbound-allow", f"127.0.0.1:{agent.port}/udp")

    def at(port):
        device = device_at(client, "127.0.0.1", port, timeout_ms=200, retries=0)
        return outcome_in_lane(stack, closed, client, device, worker_of_lane.lane)
    assert at(agent.port)["error"]["code"] == "timeout"
    assert agent.heard() > 0
    is_refused(at(9), "no outbound rule")


@pytest.mark.parametrize("program", ["drm-worker", "drmd"])
@pytest.mark.parametrize("text", ["", "x", "10.0.0.1/8", "10.0.0.0/8:0x1", "10.0.0.0/8/icmp", "::ffff:10.0.0.0/104"])
def test_a_malformed_allowance_is_told(stack, program, text):
    done = subprocess.run([pathlib.Path(stack.build) / program / program, "--outbound-allow", text], capture_output=True, text=True,
                          env=clean_environment(**{n: str(stack.env[n]) for n in NEEDED}), timeout=30, check=False)
    assert done.returncode == 2 and "--outbound-allow" in done.stderr and "10.0.0.0/8" in done.stderr, done


# ---- who may ----

def test_only_the_platform_makes_rules(stack, closed, platform, client):
    path = f"/api/v1/tenants/{closed.name}/outbound-rules"
    for asking in (client, closed.api(closed.user("operator"))):
        is_problem(asking.post(path, {"cidr": "10.0.0.0/8"}), 403)
        is_problem(asking.get(path), 403)
        is_problem(asking.call("DELETE", f"{path}/{uuid.uuid4()}"), 403)
        assert asking.get("/api/v1/outbound-rules").status == 200
    is_problem(closed.api(closed.user("viewer")).get("/api/v1/outbound-rules"), 403)
    is_problem(platform.get("/api/v1/outbound-rules"), 403)  # of no tenant
    is_problem(Api(stack.url).get("/api/v1/outbound-rules"), 401)
    is_problem(Api(stack.url).post(path, {"cidr": "10.0.0.0/8"}), 401)


@pytest.mark.parametrize("body, field", [
    ({}, "cidr"), ({"cidr": ""}, "cidr"), ({"cidr": "example.net"}, "cidr"), ({"cidr": "10.0.0.1/8"}, "cidr"), ({"cidr": "010.0.0.0/8"}, "cidr"),
    ({"cidr": "::ffff:10.0.0.0/104"}, "cidr"), ({"cidr": "169.254.0.0/16"}, "cidr"), ({"cidr": "169.254.169.254"}, "cidr"),
    ({"cidr": "fe80::/64"}, "cidr"), ({"cidr": "fe80::1%lo"}, "cidr"), ({"cidr": "224.0.0.0/8"}, "cidr"),
    ({"cidr": "10.0.0.0/8", "port_first": -1}, "port_first"), ({"cidr": "10.0.0.0/8", "port_first": 65536}, "port_first"),
    ({"cidr": "10.0.0.0/8", "port_first": 2, "port_last": 1}, "port_last"), ({"cidr": "10.0.0.0/8", "transport": "icmp"}, "transport"),
    ({"cidr": "10.0.0.0/8", "note": "x" * 201}, "note"), ({"cidr": "10.0.0.0/8", "tenant_id": PLATFORM}, "tenant_id"),
])
def test_bad_rules_are_refused(closed, platform, body, field):
    problem = is_problem(platform.post(f"/api/v1/tenants/{closed.name}/outbound-rules", body), 400)
    assert problem["field"] == field, problem


def test_rules_are_a_tenants(stack, closed, platform):
    other = Tenant(stack.build, stack.env, stack.url, outbound=())
    with rule(platform, closed, "10.0.0.0/8") as made:
        is_problem(platform.post(f"/api/v1/tenants/{closed.name}/outbound-rules", {"cidr": "10.0.0.0/8"}), 409)
        is_problem(platform.call("DELETE", f"/api/v1/tenants/{other.name}/outbound-rules/{made}"), 404)
        is_problem(platform.call("DELETE", f"/api/v1/tenants/{closed.name}/outbound-rules/{uuid.uuid4()}"), 404)
        is_problem(platform.call("DELETE", f"/api/v1/tenants/{closed.name}/outbound-rules/x"), 404)
        is_problem(platform.get(f"/api/v1/tenants/{uuid.uuid4()}/outbound-rules"), 404)
        is_problem(platform.post("/api/v1/tenants/no-such-tenant/outbound-rules", {"cidr": "10.0.0.0/8"}), 404)
        assert platform.get(f"/api/v1/tenants/{other.id}/outbound-rules").json()["items"] == []
        assert [r["id"] for r in platform.get(f"/api/v1/tenants/{closed.id}/outbound-rules").json()["items"]] == [made]
    written = ask(stack.env, "SELECT action, object_type FROM drm.audit_logs WHERE tenant_id = %s AND object_id = %s ORDER BY id",
                  (PLATFORM, made))
    assert written == [("outbound.allow", "outbound_rule"), ("outbound.remove", "outbound_rule")]


def test_a_list_goes_on_where_it_ended(closed, platform):
    with contextlib.ExitStack() as rules:
        made = [rules.enter_context(rule(platform, closed, f"10.{i}.0.0/16")) for i in range(5)]
        path, seen = f"/api/v1/tenants/{closed.name}/outbound-rules", []
        cursor = ""
        while cursor is not None:
            page = platform.get(f"{path}?limit=2{cursor and '&cursor=' + cursor}").json()
            seen += [r["id"] for r in page["items"]]
            cursor = page["next"]
        assert seen == made


def test_a_tenant_has_a_bounded_number_of_rules(stack, platform):
    full = Tenant(stack.build, stack.env, stack.url, outbound=())
    ask(stack.env, "INSERT INTO drm.outbound_rules (tenant_id, id, cidr) SELECT %s, gen_random_uuid(), ('10.0.' || i || '.0/24')::cidr"
        " FROM generate_series(0, 255) i", (full.id,))
    problem = is_problem(platform.post(f"/api/v1/tenants/{full.name}/outbound-rules", {"cidr": "10.1.0.0/24"}), 409)
    assert "256" in problem["detail"]


# ---- drmctl ----

@pytest.fixture
def ctl(stack, closed, tmp_path):
    made = Ctl(stack, tmp_path)
    made.ok("login", "--email", closed.email, "--tenant", closed.name, "--password-file", "-", input=closed.password)
    return made


@pytest.fixture
def platform_ctl(stack, platform, tmp_path_factory):
    made = Ctl(stack, tmp_path_factory.mktemp("platform"))
    made.ok("login", "--email", platform.email, "--tenant", "platform", "--password-file", "-", input=platform.password)
    return made


def test_drmctl_allows_lists_checks_and_removes(stack, closed, ctl, platform_ctl):
    made = platform_ctl.json("outbound", "allow", "10.7.0.0/16", "--tenant", closed.name, "--port", "161-162", "--transport", "udp", "--note", "lab")
    assert (made["cidr"], made["port_first"], made["port_last"], made["transport"], made["note"]) == ("10.7.0.0/16", 161, 162, "udp", "lab")
    assert [r["id"] for r in ctl.json("outbound", "list")["items"]] == [made["id"]]
    assert [r["id"] for r in platform_ctl.json("outbound", "list", "--tenant", closed.name)["items"]] == [made["id"]]
    good, = ctl.json("outbound", "check", "10.7.1.2")
    assert good["allowed"] is True and good["rule"] == made["id"] and "private address" in good["explanation"]
    for words, says in ((["10.7.1.2", "--port", "443", "--transport", "tcp"], "no outbound rule"), (["10.8.0.1"], "no outbound rule"),
                        (["169.254.169.254"], "no rule can allow"), (["64:ff9b::a9fe:a9fe"], "carries 169.254.169.254"),
                        (["127.0.0.1", "--port", str(stack.postgres.port)], "a server of this system itself")):
        for who, more in ((ctl, []), (platform_ctl, ["--tenant", closed.name])):
            done = who.run("outbound", "check", *words, *more, "-o", "json")
            assert done.returncode == 1, done
            verdict, = json.loads(done.stdout)
            assert verdict["allowed"] is False and says in verdict["explanation"], verdict
    assert all("loopback" in each["explanation"] for each in json.loads(ctl.run("outbound", "check", "localhost", "-o", "json").stdout))
    assert ctl.ok("outbound", "check", "8.8.8.8").stdout.count("public") == 1
    platform_ctl.ok("outbound", "remove", made["id"], "--tenant", closed.name, "--yes")
    assert ctl.json("outbound", "list")["items"] == []


def test_drmctl_tells_what_is_wrong(closed, ctl, platform_ctl):
    for words, code, says in ((["allow", "10.0.0.0/8"], 2, "--tenant"), (["remove", str(uuid.uuid4()), "--yes"], 2, "--tenant"),
                              (["allow", "10.0.0.1/8", "--tenant", closed.name], 2, "bits set"),
                              (["allow", "10.0.0.0/8", "--tenant", closed.name, "--port", "1-x"], 2, "--port"),
                              (["allow", "10.0.0.0/8", "--tenant", closed.name, "--port", "70000"], 2, "port_first"),
                              (["allow", "10.0.0.0/8", "--tenant", "nobody-has-this-name"], 4, "no such tenant"),
                              (["check", "10.0.0.1", "--port", "0"], 2, "--port"), (["check", "10.0.0.1", "--transport", "any"], 2, "transport"),
                              (["check", "no-such-host.invalid", "--tenant", closed.name], 4, "not found")):
        done = platform_ctl.run("outbound", *words)
        assert done.returncode == code and says in done.stderr, (words, done)
    assert ctl.run("outbound", "allow", "10.0.0.0/8", "--tenant", closed.name).returncode == 3


def test_init_can_give_a_tenant_its_first_rules(stack, tmp_path):
    ctl = Ctl(stack, tmp_path)
    name = f"init-{uuid.uuid4().hex[:8]}"

    def init(*flags):
        return ctl.run("init", "--tenant", name, "--email", "a@example.net", "--password-file", "-", *flags, input="a long password")
    done = init("--outbound-allow", "127.0.0.0/8:161/udp", "--outbound-allow", "[fd00::/8]:443")
    assert done.returncode == 0, done
    assert ask(stack.env, "SELECT r.cidr::text, r.port_first, r.port_last, r.transport FROM drm.outbound_rules r JOIN drm.tenants t"
               " USING (tenant_id) WHERE t.name = %s ORDER BY r.id", (name,)) == \
        [("127.0.0.0/8", 161, 161, "udp"), ("fd00::/8", 443, 443, "any")]


def test_the_demo_tenant_alone_may_reach_loopback(stack):
    rules = stack_database.drmctl(stack.build, "-o", "json", "outbound", "list", env=stack.env)
    assert [r["cidr"] for r in json.loads(rules.stdout)["items"]] == ["127.0.0.0/8"]
