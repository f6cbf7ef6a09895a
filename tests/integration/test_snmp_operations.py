"""set, getnext, walk, bulkwalk and table, over REST and by drmctl, against a real agent; net-snmp's own tools are the oracle."""
import json
import re
import shutil
import socket
import subprocess

import pytest
from http_support import is_problem
from job_support import ended, make_device, submit, unique
from stack import database as stack_database
from stack.fleet import temporary_folder
from stack.servers import Snmpd, write_private

COMMUNITY = "operations"


class WritableSnmpd(Snmpd):
    """The same agent, but it may be written, and serves both communities."""

    def start(self):
        super().start()
        self.stop()
        write_private(self.folder / "agent.conf", f"agentaddress udp:{self.address}\nrwcommunity {self.community} 127.0.0.1\n"
                      f"sysdescr {self.description}\ndontLogTCPWrappersConnects yes\n[snmp] persistentDir {self.folder}\n", self.user)
        super(Snmpd, self).start()


@pytest.fixture(scope="module")
def snmpd():
    folder = temporary_folder()
    agent = WritableSnmpd(folder / "agent", folder / "snmpd.log", COMMUNITY, "An agent to be written")
    agent.folder.mkdir(parents=True)
    agent.start()
    try:
        yield agent
    finally:
        agent.stop()
        shutil.rmtree(folder, ignore_errors=True)


def profile(port, community=COMMUNITY, **settings):
    return {"protocol": "snmp", "address": "127.0.0.1", "port": port, "settings": {"version": "2c", **settings}, "community": community}


@pytest.fixture(scope="module")
def device(snmpd, tenant):
    return make_device(tenant.api(), profile(snmpd.port))


def run(api, device, operation, params, seconds=30):
    return ended(api, submit(api, device, operation, params, protocol="snmp"), seconds)


def oracle(snmpd, tool, *words):
    """The lines of a tool of net-snmp, with OIDs and values as they are."""
    done = subprocess.run([tool, "-v2c", "-c", COMMUNITY, "-On", "-Oe", "-Ox", "-Ot", "-OU", f"127.0.0.1:{snmpd.port}", *words],
                          capture_output=True, text=True, timeout=60, check=True, env={"MIBS": "", "PATH": "/usr/bin:/bin"})
    whole = re.sub(r"\n(?!\.)", " ", done.stdout.strip())
    return [re.sub(r" +", " ", line).strip() for line in whole.splitlines()]


def as_net_snmp(varbind):
    """A varbind as net-snmp writes it with the switches above; octets are told by their bytes."""
    kind, value = varbind["type"], varbind["value"]
    if kind == "OCTET STRING":
        octets = bytes.fromhex(varbind["hex"]) if "hex" in varbind else value.encode()
        shown = "Hex-STRING: " + octets.hex(" ").upper() if octets else '""'
    elif kind == "OBJECT IDENTIFIER":
        shown = f"OID: .{value}"
    elif kind in ("INTEGER", "Counter32", "Gauge32", "Counter64", "IpAddress"):
        shown = f"{kind}: {value}"
    elif kind == "TimeTicks":
        shown = str(value)
    else:
        shown = kind
    return f".{varbind['oid']} = {shown}"


def moving(line):
    """Counters and times differ between two walks: only that they are there is compared."""
    return re.sub(r"(= (?:Counter32: |Counter64: |Gauge32: |))\d+$", r"\1#", line)


def lines(varbinds):
    return [moving(as_net_snmp(v)) for v in varbinds]


# ---- walks ----

@pytest.mark.parametrize("operation, version", [("walk", "2c"), ("walk", "1"), ("bulkwalk", "2c"), ("bulkwalk", "1")])
@pytest.mark.parametrize("oid", ["1.3.6.1.2.1.1", "1.3.6.1.2.1.2", "1.3.6.1.2.1.4.20", "1.3.6.1.2.1.31"])
def test_a_walk_is_what_snmpwalk_finds(snmpd, api, operation, version, oid):
    device = make_device(api, profile(snmpd.port, version=version))
    wanted = [moving(line) for line in oracle(snmpd, "snmpwalk", oid)]
    if version == "1":  # it has no Counter64
        wanted = [line for line in wanted if "Counter64" not in line]
    job = run(api, device, operation, {"oid": oid})
    assert job["status"] == "completed", job
    assert job["result"]["complete"] is True
    assert len(wanted) > 5 and lines(job["result"]["varbinds"]) == wanted


def test_a_walk_of_everything_in_parts(snmpd, api, device):
    wanted = {line.split(" ", 1)[0] for line in oracle(snmpd, "snmpbulkwalk", "1.3.6.1.2.1.1")}
    found, start = [], {}
    for _ in range(100):
        job = run(api, device, "bulkwalk", {"oid": "system", "max_varbinds": 7, **start})
        assert job["status"] == "completed", job
        found += ["." + v["oid"] for v in job["result"]["varbinds"]]
        if job["result"]["complete"]:
            break
        assert len(job["result"]["varbinds"]) == 7 and job["result"]["limit"] == "max_varbinds"
        start = {"from": job["result"]["next"]}
    assert len(found) == len(set(found)) and set(found) == wanted


def test_getnext_is_what_snmpgetnext_finds(snmpd, api, device):
    words = ["1.3.6.1.2.1.1.1", "1.3.6.1.2.1.1.5", "1.3.6.1.2.1.2.2.1.2"]
    job = run(api, device, "getnext", {"oids": words})
    assert lines(job["result"]["varbinds"]) == [moving(line) for line in oracle(snmpd, "snmpgetnext", *words)]


def test_get_decodes(snmpd, api, device):
    job = run(api, device, "get", {"oids": ["ifType.1", "ifAdminStatus.1", "sysUpTime.0", "hrSystemDate.0", "sysDescr.0"]})
    kind, admin, ticks, date, description = job["result"]["varbinds"]
    assert (kind["value"], kind["text"]) == (24, "softwareLoopback")
    assert (admin["value"], admin["text"]) == (1, "up")
    assert re.fullmatch(r"(\d+ days?, )?\d+:\d\d:\d\d\.\d\d", ticks["text"])
    assert re.fullmatch(r"20\d\d-\d+-\d+,\d+:\d+:\d+\.\d,[+-]\d+:\d+", date["text"]), date
    assert description["value"] == snmpd.description and "text" not in description


# ---- tables ----

def test_a_table_has_rows(snmpd, api, device):
    job = run(api, device, "table", {"table": "ifTable"})
    assert job["status"] == "completed", job
    rows = job["result"]["rows"]
    indices = [line.rsplit(" ", 1)[1] for line in oracle(snmpd, "snmpwalk", "1.3.6.1.2.1.2.2.1.1")]
    assert [row["instance"] for row in rows] == indices
    loopback = next(row for row in rows if row["values"]["ifDescr"] == "lo")
    assert loopback["values"]["ifType"] == 24 and loopback["texts"]["ifType"] == "softwareLoopback"
    assert loopback["values"]["ifIndex"] == int(loopback["instance"])
    few = run(api, device, "table", {"table": "ifTable", "columns": ["ifDescr", "ifOperStatus"]})["result"]["rows"]
    assert [set(row["values"]) for row in few] == [{"ifIndex", "ifDescr", "ifOperStatus"}] * len(rows)


def test_an_index_of_an_address(api, device):
    rows = run(api, device, "table", {"table": "ipAddrTable"})["result"]["rows"]
    assert all(row["values"]["ipAdEntAddr"] == row["instance"] for row in rows)
    assert "127.0.0.1" in {row["instance"] for row in rows}


# ---- set ----

def test_set_writes_all_or_nothing(snmpd, api, device):
    name, place = unique("core"), unique("room")
    job = run(api, device, "set", {"varbinds": [{"oid": "sysName.0", "type": "s", "value": name},
                                                {"oid": "sysLocation.0", "value": place}]})
    assert job["status"] == "completed", job
    assert [v["value"] for v in job["result"]["varbinds"]] == [name, place]
    assert name in oracle_text(snmpd, "1.3.6.1.2.1.1.5.0") and place in oracle_text(snmpd, "1.3.6.1.2.1.1.6.0")
    job = run(api, device, "set", {"varbinds": [{"oid": "sysName.0", "type": "s", "value": "other"},
                                                {"oid": "sysDescr.0", "type": "s", "value": "no"}]})
    assert (job["status"], job["error"]["code"], job["error"]["retryable"]) == ("failed", "notWritable", False)
    assert (job["error"]["error_status"], job["error"]["error_index"], job["error"]["oid"]) == (17, 2, "1.3.6.1.2.1.1.1.0")
    assert name in oracle_text(snmpd, "1.3.6.1.2.1.1.5.0"), "the first one is not changed either"


def oracle_text(snmpd, oid):
    return subprocess.run(["snmpget", "-v2c", "-c", COMMUNITY, "-On", f"127.0.0.1:{snmpd.port}", oid], capture_output=True, text=True,
                          timeout=30, check=True, env={"MIBS": "", "PATH": "/usr/bin:/bin"}).stdout


def test_a_wrong_type_is_the_agents_to_refuse(api, device):
    job = run(api, device, "set", {"varbinds": [{"oid": "sysName.0", "type": "i", "value": 5}]})
    assert (job["status"], job["error"]["code"], job["error"]["error_status"]) == ("failed", "wrongType", 7)


def test_a_read_only_community_writes_nothing(stack, api):
    device = make_device(api, profile(stack.snmpd.port, stack.snmpd.community))
    job = run(api, device, "set", {"varbinds": [{"oid": "sysName.0", "type": "s", "value": "x"}]})
    assert job["status"] == "failed" and job["error"]["code"] in ("noAccess", "notWritable", "authorizationError"), job


def test_a_silent_agent_leaves_a_set_uncertain(api):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        device = make_device(api, profile(silent.getsockname()[1], timeout_ms=200, retries=3))
        job = run(api, device, "set", {"varbinds": [{"oid": "sysName.0", "value": "x"}]})
        assert (job["status"], job["error"]["code"]) == ("uncertain", "timeout"), job
        silent.setblocking(False)
        silent.recv(2000)
        with pytest.raises(BlockingIOError):
            silent.recv(2000)


@pytest.mark.parametrize("operation, params, field", [
    ("set", {"varbinds": [{"oid": "sysName.0", "type": "q", "value": "x"}]}, "params.varbinds[0].type"),
    ("set", {}, "params.varbinds"), ("table", {"table": "sysDescr"}, "params.table"), ("table", {}, "params.table"),
    ("walk", {"oid": "nosuch"}, "params.oid"), ("bulkwalk", {"max_repetitions": 0}, "params.max_repetitions"),
    ("getnext", {"oids": []}, "params.oids")])
def test_bad_parameters_are_refused_at_submission(api, device, operation, params, field):
    answer = api.post("/api/v1/jobs", {"device_id": device, "protocol": "snmp", "operation": operation, "params": params})
    assert is_problem(answer, 400)["field"] == field


# ---- drmctl ----

@pytest.fixture(scope="module")
def named(stack, snmpd):
    """The agent as a device of the stack's own tenant, by name, and drmctl."""
    name = unique("agent")

    def drmctl(*words, stdin=None):
        return stack_database.drmctl(stack.build, *words, env={k: str(v) for k, v in stack.env.items()}, stdin=stdin, check=False)

    made = drmctl("device", "create", name, "--snmp", f"127.0.0.1:{snmpd.port}", "--community-file", "-", stdin=COMMUNITY + "\n")
    assert made.returncode == 0, made.stderr
    return lambda verb, *words: drmctl(*[w for w in words if w in ("-o", "json", "csv")], "snmp", verb, name,
                                       *[w for w in words if w not in ("-o", "json", "csv")])


def test_drmctl_walks_as_snmpwalk_does(snmpd, named):
    done = named("bulkwalk", "1.3.6.1.2.1.2.2.1", "--wait", "--plain", "--numeric", "--raw")
    assert done.returncode == 0, done.stderr
    wanted = subprocess.run(["snmpwalk", "-v2c", "-c", COMMUNITY, "-On", f"127.0.0.1:{snmpd.port}", "1.3.6.1.2.1.2.2.1"],
                            capture_output=True, text=True, timeout=60, check=True, env={"MIBS": "", "PATH": "/usr/bin:/bin"}).stdout
    simple = re.compile(r"= (INTEGER|OID|Counter32|Gauge32): ")
    mine = [moving(line) for line in done.stdout.splitlines() if simple.search(line)]
    assert mine == [moving(line) for line in wanted.splitlines() if simple.search(line)] and len(mine) > 15
    done = named("walk", "ifDescr", "--wait", "--plain")
    assert 'ifDescr.1 = STRING: "lo"' in done.stdout.splitlines()
    done = named("get", "ifAdminStatus.1", "1.3.6.1.2.1.1.99.0", "--wait", "--plain")
    assert done.stdout.splitlines() == ["ifAdminStatus.1 = INTEGER: up(1)",
                                        ".1.3.6.1.2.1.1.99.0 = No Such Object available on this agent at this OID"]


def test_drmctl_shows_rows_and_goes_on(named):
    done = named("walk", "system", "--wait", "-o", "csv")
    rows = done.stdout.splitlines()
    assert rows[0] == "oid,name,type,value" and rows[1].startswith("1.3.6.1.2.1.1.1.0,sysDescr.0,OCTET STRING,")
    first = named("walk", "system", "--max-varbinds", "3", "--wait", "-o", "csv")
    assert first.stdout.splitlines()[1:] != [] and len(first.stdout.splitlines()) == 4 and "--from 1.3.6.1.2.1.1.3.0" in first.stderr
    rest = named("walk", "system", "--from", "1.3.6.1.2.1.1.3.0", "--wait", "-o", "csv")
    assert [row.split(",")[0] for row in first.stdout.splitlines()[1:] + rest.stdout.splitlines()[1:]] == [
        row.split(",")[0] for row in rows[1:]]
    job = json.loads(named("walk", "system", "--wait", "-o", "json").stdout)
    assert job["status"] == "completed" and job["result"]["complete"] is True


def test_drmctl_sets_and_shows_tables(snmpd, named):
    contact = unique("contact")
    done = named("set", "sysContact.0", "s", contact, "sysLocation.0", "=", "here", "--wait", "--plain")
    assert done.stdout.splitlines() == [f'sysContact.0 = STRING: "{contact}"', 'sysLocation.0 = STRING: "here"'], done.stderr
    assert contact in oracle_text(snmpd, "1.3.6.1.2.1.1.4.0")
    assert named("set", "sysContact.0", "s").returncode == 2
    done = named("set", "sysContact.0", "q", "x", "--wait")
    assert done.returncode == 2 and "i or INTEGER" in done.stderr
    done = named("table", "ifTable", "--column", "ifDescr", "--column", "ifType", "--wait", "-o", "csv")
    assert done.stdout.splitlines()[0] == "instance,ifIndex,ifDescr,ifType" and "1,1,lo,softwareLoopback" in done.stdout.splitlines()
    done = named("getnext", "sysContact", "--wait", "-o", "csv")
    assert done.stdout.splitlines()[1].startswith("1.3.6.1.2.1.1.4.0,sysContact.0,OCTET STRING,")
