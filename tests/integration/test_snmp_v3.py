"""SNMP version 3 from the credential to the value, against real agents: every protocol, wrong secrets, two tenants with the same user name
at one agent, agents that begin anew or are replaced, and one that is silent."""
import secrets
import shutil
import socket

import pytest
from http_support import is_problem
from job_support import Tenant, ended, make_credential, make_device, submit
from stack.fleet import temporary_folder
from stack.servers import Snmpd, write_private

SYS_DESCR = "1.3.6.1.2.1.1.1.0"
AUTHS = ["MD5", "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512"]
PRIVS = ["DES", "AES-128", "AES-192", "AES-256", "AES-192-C", "AES-256-C"]
IN_AGENT = {"AES-128": "AES"}


class UserSnmpd(Snmpd):
    """An agent with users; words of createUser by name."""
    users, engine = {}, None

    def start(self):
        super().start()
        self.begin_anew()

    def begin_anew(self, forget=True):
        self.stop()
        if forget:
            for old in self.folder.glob("snmpd.conf*"):
                old.unlink()
        lines = [f"agentaddress udp:{self.address}", f"rocommunity {self.community} 127.0.0.1", f"sysdescr {self.description}",
                 "dontLogTCPWrappersConnects yes", f"[snmp] persistentDir {self.folder}", "[snmpd]"]
        if self.engine:
            lines.append(f"exactEngineID {self.engine}")
        for name, (level, words) in self.users.items():
            lines += [f"createUser {name} {words}", f"rouser {name} {level}"]
        write_private(self.folder / "agent.conf", "\n".join(lines) + "\n", self.user)
        super(Snmpd, self).start()


def make_agent(users, engine=None):
    folder = temporary_folder()
    agent = UserSnmpd(folder / "agent", folder / "snmpd.log", "public", "An agent with users")
    agent.users, agent.engine = users, engine
    agent.folder.mkdir(parents=True)
    agent.start()
    return agent, folder


@pytest.fixture
def agent(request):
    made = []

    def make(users, engine=None):
        found, folder = make_agent(users, engine)
        made.append((found, folder))
        return found
    yield make
    for found, folder in made:
        found.stop()
        shutil.rmtree(folder, ignore_errors=True)


def user_name(auth, priv):
    return f"u-{auth}-{priv}".lower().replace("none", "no")


@pytest.fixture(scope="module")
def crowd():
    """One agent with a user for each pair of protocols."""
    users = {"u-no-no": ("noauth", "")}
    for auth in AUTHS:
        users[user_name(auth, "none")] = ("auth", f"{auth} passphrase-of-auth")
        for priv in PRIVS:
            word = IN_AGENT.get(priv, priv)
            users[user_name(auth, priv)] = ("priv", f"{auth} passphrase-of-auth {word} passphrase-of-priv")
    found, folder = make_agent(users)
    yield found
    found.stop()
    shutil.rmtree(folder, ignore_errors=True)


def device_of(api, port, credential, **settings):
    return make_device(api, {"protocol": "snmp", "address": "127.0.0.1", "port": port, "credential_id": credential,
                             "settings": {"timeout_ms": 1000, **settings}})


def get(api, device, attempts=1):
    return ended(api, submit(api, device, "get", {"oids": [SYS_DESCR]}, protocol="snmp", max_attempts=attempts), 30)


def value(job):
    assert job["status"] == "completed", job
    return job["result"]["varbinds"][0]["value"]


def test_every_pair_of_protocols_reads(tenant, crowd):
    api = tenant.api()
    pairs = [(None, None)] + [(auth, priv) for auth in AUTHS for priv in [None, *PRIVS]]
    devices = {pair: device_of(api, crowd.port, make_credential(api, user_name(pair[0] or "no", pair[1] or "none"), *pair)) for pair in pairs}
    jobs = {pair: submit(api, device, "get", {"oids": [SYS_DESCR]}, protocol="snmp") for pair, device in devices.items()}
    for pair, job in jobs.items():
        assert value(ended(api, job, 60)) == crowd.description, pair


@pytest.mark.parametrize("change, code", [
    ({"auth_password": "not-the-passphrase"}, "authentication"), ({"auth": "SHA-512"}, "authentication"),
    ({"priv_password": "not-the-passphrase"}, ("decryptionError", "timeout")), ({"name": "nobody-of-this-name"}, "unknownUserName"),
    ({"auth": None, "priv": None}, ("unsupportedSecLevel", "authorizationError")), ({"context_name": "none-such"}, ("unknownContext", "timeout"))])  # net-snmp 5.9.3 may drop it without a word
def test_what_is_wrong_is_told(tenant, crowd, change, code):
    api = tenant.api()
    words = {"name": user_name("SHA-256", "AES-128"), "auth": "SHA-256", "priv": "AES-128", **change}
    job = get(api, device_of(api, crowd.port, make_credential(api, **words), retries=0))
    assert job["status"] == "failed" and job["error"]["code"] in ((code,) if isinstance(code, str) else code), job
    assert "passphrase-of" not in str(job)


def test_two_tenants_with_one_user_name_never_use_each_others_keys(stack, tenant, crowd):
    """The wrong one fails every time, whoever asks first, also at the same moment."""
    right, wrong = tenant.api(), Tenant(stack.build, stack.env, stack.url).api()
    name = user_name("SHA-256", "none")
    good = device_of(right, crowd.port, make_credential(right, name, "SHA-256"))
    bad = device_of(wrong, crowd.port, make_credential(wrong, name, "SHA-256", auth_password="another-passphrase"))
    for first, second in (((right, good), (wrong, bad)), ((wrong, bad), (right, good))) * 5:
        jobs = [(api, submit(api, device, "get", {"oids": [SYS_DESCR]}, protocol="snmp", max_attempts=1))
                for api, device in (first, second) * 4]
        for api, job in jobs:
            done = ended(api, job, 30)
            if api is right:
                assert value(done) == crowd.description
            else:
                assert (done["status"], done["error"]["code"]) == ("failed", "authentication"), done


def test_an_agent_that_begins_anew_is_followed(tenant, agent):
    api = tenant.api()
    found = agent({"again": ("auth", "SHA-256 passphrase-of-auth")}, "0x80001f8880aabbccdd01")
    device = device_of(api, found.port, make_credential(api, "again", "SHA-256"))
    assert value(get(api, device)) == found.description
    found.begin_anew(forget=False)  # boots is one more
    assert value(get(api, device)) == found.description
    found.begin_anew()  # boots begins at its first value again
    assert value(get(api, device)) == found.description


def test_a_replaced_agent_is_learnt_again(tenant, agent):
    api = tenant.api()
    found = agent({"again": ("priv", "SHA-256 passphrase-of-auth AES passphrase-of-priv")}, "0x80001f8880aabbccdd02")
    device = device_of(api, found.port, make_credential(api, "again", "SHA-256", "AES-128"))
    assert value(get(api, device)) == found.description
    found.engine = "0x80001f8880aabbccdd03"
    found.begin_anew()
    assert value(get(api, device)) == found.description


def test_two_agents_with_one_engine_id_and_passphrases_of_their_own(tenant, agent):
    api = tenant.api()
    agents = [agent({"twin": ("auth", f"SHA-256 passphrase-number-{i}")}, "0x80001f8880aabbccdd04") for i in range(2)]
    devices = [device_of(api, a.port, make_credential(api, "twin", "SHA-256", auth_password=f"passphrase-number-{i}"))
               for i, a in enumerate(agents)]
    for device in devices * 3:
        assert value(get(api, device)) == "An agent with users"


def test_a_silent_agent_of_version_3_holds_up_nobody(tenant, crowd):
    api = tenant.api()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        mute = device_of(api, silent.getsockname()[1], make_credential(api, "anybody", "SHA-256"), timeout_ms=20000, retries=0)
        waits = submit(api, mute, "get", {"oids": [SYS_DESCR]}, protocol="snmp", max_attempts=1)
        device = device_of(api, crowd.port, make_credential(api, user_name("MD5", "DES"), "MD5", "DES"))
        for _ in range(5):
            assert value(get(api, device)) == crowd.description
        assert api.get(f"/api/v1/jobs/{waits}").json()["status"] in ("queued", "running")
        assert api.post(f"/api/v1/jobs/{waits}/cancel").status == 200


def test_set_walk_and_table_by_version_3(tenant, crowd):
    api = tenant.api()
    device = device_of(api, crowd.port, make_credential(api, user_name("SHA", "AES-256-C"), "SHA", "AES-256-C"))
    walk = ended(api, submit(api, device, "bulkwalk", {"oid": "system"}, protocol="snmp"), 30)
    assert walk["status"] == "completed" and len(walk["result"]["varbinds"]) > 5
    denied = ended(api, submit(api, device, "set", {"varbinds": [{"oid": "sysName.0", "type": "s", "value": "x"}]}, protocol="snmp"), 30)
    assert (denied["status"], denied["error"]["code"]) in (("failed", "noAccess"), ("failed", "notWritable"), ("failed", "authorizationError"))


@pytest.mark.parametrize("body, field", [
    ({"snmp_version": "3"}, "username"), ({"snmp_version": "2c"}, "community"), ({"snmp_version": "4", "community": "x"}, "snmp_version"),
    ({"snmp_version": "3", "username": "u", "auth_protocol": "SHA-256"}, "auth_password"),
    ({"snmp_version": "3", "username": "u", "auth_protocol": "SHA-256", "auth_password": "short"}, "auth_password"),
    ({"snmp_version": "3", "username": "u", "auth_protocol": "ROT13", "auth_password": "long-enough"}, "auth_protocol"),
    ({"snmp_version": "3", "username": "u", "priv_protocol": "AES-128", "priv_password": "long-enough"}, "priv_protocol"),
    ({"snmp_version": "3", "username": "x" * 33}, "username")])
def test_credentials_that_cannot_be(tenant, body, field):
    answer = tenant.api().post("/api/v1/snmp-credentials", {"name": f"no-{secrets.token_hex(4)}", **body})
    assert answer.status in (400, 422), answer
    is_problem(answer, answer.status)
    assert field in str(answer.json())
