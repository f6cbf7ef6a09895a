"""Keys changed under running programs: drmd and drm-worker of a stack of this file's own, whose keyring the tests rotate."""
import base64
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import time
import urllib.request

import pytest
from conftest import sanitizer_reports
from fixture_support import running
from http_support import Api, is_problem, wait_until
from job_support import Tenant, admin, ask, ended, make_device, submit, unique
from stack.fleet import temporary_folder
from stack.stack import Stack

JWKS = "/.well-known/jwks.json"


@pytest.fixture(scope="module")
def own(build):
    folder = temporary_folder()
    try:
        with running(Stack(folder, build, durable=False)) as made:
            yield made
    finally:
        reports = sanitizer_reports(folder)
        shutil.rmtree(folder, ignore_errors=True)
    assert not reports, "\n".join(reports)


@pytest.fixture(scope="module")
def tenant(own):
    return Tenant(own.build, own.env, own.url)


@pytest.fixture
def api(tenant):
    tenant.tokens.clear()
    client = tenant.api()
    yield client
    client.close()


def ctl(stack, *words, code=0):
    done = stack.drmctl("key", *words, "-o", "json")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if code == 0 and done.stdout else done.stderr


def keys(stack, kind):
    return {k["number"]: k["state"] for k in ctl(stack, "list") if k["kind"] == kind}


def active(stack, kind):
    return next(n for n, state in keys(stack, kind).items() if state == "active")


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


# ---- what others verify tokens by ----

def key_set(stack):
    with urllib.request.urlopen(stack.url + JWKS) as answer:
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Cache-Control"] == "public, max-age=300"
        return {key["kid"]: key for key in json.load(answer)["keys"]}


def verifies(token, key, folder):
    """By OpenSSL's own program."""
    message, signature = token.rsplit(".", 1)
    # RFC 8410: the header of an Ed25519 SubjectPublicKeyInfo, then the key.
    (folder / "key.der").write_bytes(bytes.fromhex("302a300506032b6570032100") + decoded(key["x"]))
    (folder / "message").write_bytes(message.encode())
    (folder / "signature").write_bytes(decoded(signature))
    done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", folder / "key.der", "-rawin",
                           "-in", folder / "message", "-sigfile", folder / "signature"], capture_output=True, check=False)
    return done.returncode == 0


def test_tokens_are_verified_by_the_published_keys(own, tenant, tmp_path):
    token = own.login()
    header = json.loads(decoded(token.split(".")[0]))
    assert header["alg"] == "EdDSA"
    published = key_set(own)
    key = published[header["kid"]]
    assert {k: key[k] for k in ("kty", "crv", "alg", "use")} == {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig"}
    assert set(key) == {"kty", "crv", "alg", "use", "kid", "x"}  # and no "d"
    assert verifies(token, key, tmp_path)
    message, signature = token.rsplit(".", 1)
    assert not verifies(message[:-1] + ("A" if message[-1] != "A" else "B") + "." + signature, key, tmp_path)
    Api(own.url).get("/openapi.json").json()["paths"][JWKS]["get"]
    head = Api(own.url).call("HEAD", JWKS)
    assert head.status == 200 and head.body == b""


def test_a_key_is_published_before_it_signs(own, tenant, tmp_path):
    before = active(own, "ed25519")
    fresh = ctl(own, "rotate", "--kind", "ed25519", "--standby")["number"]
    wait_until(lambda: str(fresh) in key_set(own))
    assert json.loads(decoded(own.login().split(".")[0]))["kid"] == str(before)
    ctl(own, "activate", str(fresh), "--kind", "ed25519")
    token = wait_until(lambda: (lambda t: t if json.loads(decoded(t.split(".")[0]))["kid"] == str(fresh) else None)(own.login()))
    assert verifies(token, key_set(own)[str(fresh)], tmp_path)
    assert keys(own, "ed25519") == {before: "old", fresh: "active"}


# ---- rotation under load ----

class Traffic(threading.Thread):
    """Asks all the time, over a connection and with a token of its own, and remembers what was not as expected."""

    def __init__(self, ask_once, name):
        super().__init__(name=name)
        self.ask_once, self.failed, self.done, self.over = ask_once, [], 0, threading.Event()
        self.start()

    def run(self):
        while not self.over.is_set():
            try:
                wrong = self.ask_once(self.done)
            except Exception as error:  # noqa: BLE001
                wrong = repr(error)
            self.done += 1
            if wrong:
                self.failed.append(wrong)

    def stop(self):
        self.over.set()
        self.join()
        return self.failed


def test_no_request_fails_while_every_kind_of_key_is_rotated(own, tenant):
    people = [tenant.api() for _ in range(3)]
    devices = [make_device(people[0]) for _ in range(5)]
    refresh = Api(own.url).post("/api/v1/auth/login", {"email": tenant.email, "password": tenant.password, "tenant": tenant.name}).json()
    first = people[0].get("/api/v1/devices?limit=2").json()

    def reads(n):
        answer = people[0].get("/api/v1/devices/" + devices[n % 5])
        return None if answer.status == 200 else str(answer)

    def writes(n):
        answer = people[1].post("/api/v1/snmp-credentials", {"name": unique("rotated"), "community": f"community {n}"})
        return None if answer.status == 201 else str(answer)

    def jobs(_):
        answer = ended(people[2], submit(people[2], devices[0], "echo", {"text": "x"}))
        return None if answer["status"] == "completed" else str(answer)

    def refreshes(_):
        answer = Api(own.url).post("/api/v1/auth/refresh", {"refresh_token": refresh["refresh_token"]})
        if answer.status != 200:
            return str(answer)
        refresh.update(answer.json())
        answer = Api(own.url, refresh["access_token"]).get("/api/v1/auth/whoami")
        return None if answer.status == 200 else str(answer)

    traffic = [Traffic(f, f.__name__) for f in (reads, writes, jobs, refreshes)]
    try:
        for _ in range(3):
            ctl(own, "rotate", "--kind", "seal")
            ctl(own, "rotate", "--kind", "ed25519")
            ctl(own, "rotate", "--kind", "token")
            ctl(own, "rotate-kek")
            ctl(own, "reencrypt", "--wait")
    finally:
        failed = {t.name: t.stop()[:3] for t in traffic}
    assert failed == {t.name: [] for t in traffic}
    assert all(t.done > 10 for t in traffic), {t.name: t.done for t in traffic}
    # A list that began before goes on, signed by a key that is old now.
    assert people[0].get("/api/v1/devices?limit=2&cursor=" + first["next"]).status == 200
    versions = ask(own.env, "SELECT array_agg(DISTINCT version) FROM drm.tenant_keys WHERE tenant_id = %s", (tenant.id,))[0][0]
    assert versions == [4]
    stale = ask(own.env, "SELECT count(*) FROM drm.snmp_credentials WHERE tenant_id = %s AND sec.key_of(community) <> 4", (tenant.id,))
    assert stale == [(0,)]
    assert set(ask(own.env, "SELECT DISTINCT sec.key_of(wrapped) FROM drm.tenant_keys")) == {(active(own, "kek"),)}


def test_seal_keys_are_known_to_the_database_before_they_are_used_and_go_with_the_line(own, api):
    before, number = active(own, "seal"), ctl(own, "rotate", "--kind", "seal")["number"]
    assert number == max(n for n, in ask(own.env, "SELECT id FROM sec.seal_keys"))
    assert "wait" in ctl(own, "retire", str(before), "--kind", "seal", code=5)
    assert "active" in ctl(own, "retire", str(number), "--kind", "seal", code=5)
    assert api.get("/api/v1/auth/whoami").status == 200  # meanwhile read anew
    time.sleep(2)
    ctl(own, "retire", str(before), "--kind", "seal", "--now", "--yes")
    assert before not in keys(own, "seal") and (before,) not in ask(own.env, "SELECT id FROM sec.seal_keys")
    assert api.get("/api/v1/auth/whoami").status == 200


def test_tokens_of_a_retired_key_are_refused_though_they_were_verified_before(own, tenant, api):
    assert api.get("/api/v1/auth/whoami").status == 200
    signed_by = json.loads(decoded(api.headers["Authorization"].split(".")[0].split()[1]))
    kind = "ed25519" if signed_by["alg"] == "EdDSA" else "token"
    ctl(own, "rotate")
    ctl(own, "retire", signed_by["kid"], "--kind", kind, "--now", "--yes")
    wait_until(lambda: api.get("/api/v1/auth/whoami").status == 401)
    tenant.tokens.clear()
    assert tenant.api().get("/api/v1/auth/whoami").status == 200


def test_sighup_and_a_broken_file(own, api):
    """A file that cannot be used is told once, and the programs go on with the keys that they have."""
    path, log = pathlib.Path(own.env["DRM_KEYRING"]), own.processes["drmd"].log
    good = path.read_text()
    told = "the keyring changed and cannot be used"

    def lines(text):
        return pathlib.Path(log).read_text().count(text)
    try:
        before = lines(told)
        path.write_text("nonsense\n")
        wait_until(lambda: lines(told) == before + 1)
        assert api.get("/api/v1/auth/whoami").status == 200
        os.kill(own.pid("drmd"), signal.SIGHUP)
        wait_until(lambda: lines("nothing changed") >= 1)
        assert api.get("/api/v1/auth/whoami").status == 200
        assert lines(told) == before + 1
    finally:
        path.write_text(good)
    wait_until(lambda: "the keyring was read anew" in pathlib.Path(log).read_text().split(told)[-1])
    os.kill(own.pid("worker"), signal.SIGHUP)
    assert ended(api, submit(api, make_device(api), "echo"))["status"] == "completed"
    for number, in ask(own.env, "SELECT id FROM sec.seal_keys"):
        assert f"seal {number} " in good


# ---- KEKs ----

def test_a_kek_rotation_that_is_killed_in_the_middle_is_finished_by_the_next(own, api):
    people = [Tenant(own.build, own.env, own.url) for _ in range(6)]
    for one in people:
        assert one.api().post("/api/v1/snmp-credentials", {"name": "c", "community": f"of {one.name}"}).status == 201
    old = active(own, "kek")
    order = [row[0] for row in ask(own.env, "SELECT tenant_id::text FROM drm.tenant_keys ORDER BY tenant_id")]
    blocked = order[len(order) // 2]
    with admin(own.env) as cursor:
        cursor.execute("SELECT FROM drm.tenant_keys WHERE tenant_id = %s FOR UPDATE", (blocked,))
        process = subprocess.Popen([own.build / "drmctl" / "drmctl", "key", "rotate-kek"], env={**os.environ, **{k: str(v) for k, v in own.env.items()}},
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: ask(own.env, "SELECT 1 FROM pg_locks WHERE NOT granted"))
        process.kill()
        process.wait()
    new = active(own, "kek")
    assert new == old + 1

    def by_kek():
        return dict(ask(own.env, "SELECT sec.key_of(wrapped), count(*) FROM drm.tenant_keys GROUP BY 1"))
    wait_until(lambda: not ask(own.env, "SELECT 1 FROM pg_stat_activity WHERE application_name = 'drmctl' AND state <> 'idle'"))
    assert by_kek().get(new, 0) >= len(order) // 2 and by_kek().get(old, 0) >= 1, by_kek()
    # Both open meanwhile, and the old one cannot go.
    for one in people:
        assert one.api().post("/api/v1/snmp-credentials", {"name": "d", "community": "x"}).status == 201
    assert "still wraps" in ctl(own, "retire", str(old), "--kind", "kek", "--now", code=5)
    answer = ctl(own, "rotate-kek")
    assert answer["kek"] == new and answer["added"] is False and answer["wrapped"] >= 1
    assert by_kek() == {new: len(order)}
    ctl(own, "retire", str(old), "--kind", "kek", "--now", "--yes")
    for one in people:
        assert one.api().post("/api/v1/snmp-credentials", {"name": "e", "community": "x"}).status == 201


def test_workers_seal_anew_in_the_background(own, tenant, api):
    """And the devices' secrets still open: the agent answers only to its community."""
    job = api.post("/api/v1/devices", {"name": unique("agent"), "profiles": [
        {"protocol": "snmp", "address": own.env["DRM_SNMP_ADDRESS"].rsplit(":", 1)[0], "port": int(own.env["DRM_SNMP_ADDRESS"].rsplit(":", 1)[1]),
         "community": own.env["DRM_SNMP_COMMUNITY"]}]})
    assert job.status == 201, job
    version = ask(own.env, "SELECT max(version) FROM drm.tenant_keys WHERE tenant_id = %s", (tenant.id,))[0][0]
    assert ctl(own, "reencrypt", "--tenant", tenant.name) == {"started": 1, "under_way": 0}
    assert ctl(own, "reencrypt", "--tenant", tenant.id)["under_way"] in (0, 1)
    wait_until(lambda: ask(own.env, "SELECT min(version) FROM drm.tenant_keys WHERE tenant_id = %s", (tenant.id,))[0][0] > version, 40)
    wait_until(lambda: len(ask(own.env, "SELECT 1 FROM drm.tenant_keys WHERE tenant_id = %s", (tenant.id,))) == 1, 40)
    done = ended(api, submit(api, job.json()["id"], "get", {"oids": ["1.3.6.1.2.1.1.1.0"]}, protocol="snmp"))
    assert done["status"] == "completed", done
    assert "no such tenant" in ctl(own, "reencrypt", "--tenant", "nobody", code=4)


# ---- the commands ----

def test_what_the_commands_refuse(own):
    for words, code, says in ((("rotate", "--kind", "rsa"), 2, "seal, kek, token, ed25519"), (("retire", "x"), 2, "number"), (("retire", "999"), 4, "999"),
                              (("activate", "999", "--kind", "kek"), 4, "999")):
        assert says in ctl(own, *words, code=code) and True
    done = own.drmctl("key", "rotate", env={"DRM_KEYRING": "/nowhere/keyring"})
    assert done.returncode != 0 and "/nowhere/keyring" in done.stderr
    done = own.drmctl("key", "list")
    assert not re.search("[0-9a-f]{32}", done.stdout + done.stderr)
    is_problem(Api(own.url).call("POST", JWKS), 405)
