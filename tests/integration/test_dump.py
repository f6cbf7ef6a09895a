"""A dump of the database, and every log, hold no secret: each that this file ever stored is looked for in plain, in hexadecimal and in
base64. And what a dump lacks can be brought back from the keyring."""
import base64
import contextlib
import json
import pathlib
import secrets
import subprocess
import uuid

import psycopg2
import pytest
from factor_support import enroll
from http_support import Api, is_problem, own_drmd
from job_support import Tenant, ask, ended, log_in, make_device, submit, unique
from stack.database import APP, MIGRATE, create_roles
from stack.servers import postgres_binaries, psql

ENOUGH = 6  # bytes: what is shorter is found by chance


def forms(secret):
    """How a secret's bytes may be written, wherever in a longer text they stand."""
    raw = secret if isinstance(secret, bytes) else secret.encode()
    assert len(raw) >= ENOUGH
    yield raw
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for before in range(3):
        # The characters that the bytes around it, which are not known, have no part in.
        first, last = (before * 8 + 5) // 6, (before + len(raw)) * 8 // 6
        for alphabet in (base64.b64encode, base64.urlsafe_b64encode):
            yield alphabet(b"\0" * before + raw + b"\0\0")[first:last]


def found(secret, text):
    return [form for form in forms(secret) if form in text]


def test_what_is_hidden_is_found():
    """The search itself."""
    secret = "a secret of 20 bytes"
    for around in ("%s", "x%s", "xy%s", "xyz%sabc"):
        text = (around % secret).encode()
        for hidden in (text, text.hex().encode(), text.hex().upper().encode(), base64.b64encode(text), base64.urlsafe_b64encode(text)):
            assert found(secret, b"before " + hidden + b" after"), (around, hidden)
    assert not found(secret, b"another secret of 20 bytes" * 100)
    key = bytes(range(200, 232))
    assert found(key, base64.urlsafe_b64encode(b"12" + key + b"3"))


class Secrets(dict):
    """What was told to the system, by name."""

    def store(self, api, tenant, stack):
        self.word("community of a credential", lambda word: self.create(api, "snmp-credentials", community=word))
        changed = self.create(api, "snmp-credentials", community=self.new("community that was replaced"))
        answer = api.call("PATCH", "/api/v1/snmp-credentials/" + changed["id"], {"community": self.new("community that replaced it")})
        assert answer.status == 200, answer
        self.word("community of a profile", lambda word: self.create(
            api, "devices", profiles=[{"protocol": "snmp", "address": "192.0.2.7", "community": word}]))
        self.word("OpenID Connect client secret", lambda word: self.create(
            api, "oidc-providers", issuer="https://issuer.example.net", client_id="drmgmt", client_secret=word,
            redirect_uri="https://drm.example.net/api/v1/auth/oidc/callback"))
        self.keys(api)
        self.log_ins(tenant)
        self.second_factor(tenant)
        self["password"] = tenant.password
        for kind, number, key, *_ in (line.split() for line in pathlib.Path(stack.env["DRM_KEYRING"]).read_text().splitlines()
                                      if line and line[0] != "#"):
            self[f"keyring: {kind} {number}"] = bytes.fromhex(key)
            self[f"keyring: {kind} {number}, as HMAC pads it"] = bytes(b ^ 0x36 for b in bytes.fromhex(key))
            self[f"keyring: {kind} {number}, as HMAC pads it outside"] = bytes(b ^ 0x5c for b in bytes.fromhex(key))

    def new(self, name):
        self[name] = secrets.token_urlsafe(24)
        return self[name]

    def word(self, name, use):
        return use(self.new(name))

    def create(self, api, noun, **fields):
        answer = api.post("/api/v1/" + noun, {"name": unique("secret"), **fields})
        assert answer.status == 201, answer
        for secret in self.values():
            assert not found(secret, answer.body)
        return answer.json()

    def keys(self, api):
        for n in range(3):
            answer = api.post("/api/v1/api-keys", {"label": unique("key")})
            self[f"API key {n}"] = answer.json()["key"]
            self[f"API key {n}, its secret"] = base64.urlsafe_b64decode(answer.json()["key"][37:] + "=")
        assert api.call("DELETE", "/api/v1/api-keys/" + answer.json()["id"]).status == 204

    def log_ins(self, tenant):
        client = Api(tenant.url)
        tokens = client.post("/api/v1/auth/login", {"email": tenant.email, "password": tenant.password, "tenant": tenant.name}).json()
        for n in range(3):
            self[f"refresh token {n}"] = tokens["refresh_token"]
            self[f"refresh token {n}, its secret"] = base64.urlsafe_b64decode(tokens["refresh_token"][5:] + "=")[-32:]
            self[f"access token {n}"] = tokens["access_token"]
            self[f"access token {n}, its signature"] = tokens["access_token"].rsplit(".", 1)[1]
            tokens = client.post("/api/v1/auth/refresh", {"refresh_token": tokens["refresh_token"]}).json()

    def second_factor(self, tenant):
        api = Api(tenant.url, log_in(tenant.url, tenant.user("operator"), tenant.password, tenant.name))
        authenticator, codes = enroll(api)
        self["TOTP seed"] = authenticator.seed
        self["TOTP seed, as it is told"] = base64.b32encode(authenticator.seed).decode().rstrip("=")
        self["recovery code"] = codes[0]
        self["recovery code, its bytes"] = base64.b32decode(codes[0].replace("-", "").upper())


@pytest.fixture(scope="module")
def talkative(stack, tmp_path_factory):
    """A drmd that logs all it can."""
    with own_drmd(stack, tmp_path_factory.mktemp("drmd"), "--log-level", "debug") as drmd:
        yield drmd


@pytest.fixture(scope="module")
def tenant(stack, talkative):
    return Tenant(stack.build, stack.env, talkative.url)


@pytest.fixture(scope="module")
def stored(stack, tenant):
    made = Secrets()
    api = tenant.api()
    made.store(api, tenant, stack)
    # Jobs and refusals: whatever goes wrong with a secret in hand is told without it.
    ended(api, submit(api, make_device(api), "echo", {"text": "x"}))
    secret = made.new("community that is too long") * 20
    made["community that is too long"] = secret
    for body in ({"name": unique("x"), "community": secret}, {"name": unique("x"), "community": [secret]}, {"name": unique("x"), "communty": secret},
                 {"name": unique("x"), "snmp_version": secret, "community": secret}):
        answer = api.post("/api/v1/snmp-credentials", body)
        is_problem(answer, 400)
        assert not found(secret[:40], answer.body), answer
    answer = Api(tenant.url).post("/api/v1/auth/login", {"email": tenant.email, "password": made.new("wrong password"), "tenant": tenant.name})
    assert is_problem(answer, 401) and not found(made["wrong password"], answer.body)
    for key in (made["API key 2"], made["API key 0"][:-1] + "!"):
        answer = Api(tenant.url, key=key).get("/api/v1/auth/whoami")
        assert is_problem(answer, 401) and not found(key, answer.body)
    yield made
    api.close()


def dump(env, *flags):
    done = subprocess.run([postgres_binaries() / "pg_dump", *flags, env["DRM_ADMIN_DATABASE_URL"]], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_no_secret_is_in_a_dump(stack, tenant, stored):
    text = dump(stack.env)
    assert found(tenant.name, text) and found(tenant.email, text) and b"snmp_credentials" in text
    assert len(stored) > 25
    assert {name: found(secret, text) for name, secret in stored.items() if found(secret, text)} == {}
    # The seal keys are not in it at all, not even wrapped.
    assert b"sec.seal_keys" in text and b"COPY sec.seal_keys" not in text


def test_no_secret_is_in_a_log(stack, talkative, stored):
    logs = {log.name: log.read_bytes() for log in [*(stack.state.folder / "log").glob("*.log"), talkative.log]}
    assert b"/api/v1/snmp-credentials" in logs["drmd.log"] and b"sec.enter" in logs["postgres.log"] and logs["drm-worker.log"]
    assert {(name, log): hits for name, secret in stored.items() for log, text in logs.items() if (hits := found(secret, text))} == {}


def test_secrets_are_written_and_never_read(stack, tenant, stored):
    """Over every interface that reads: REST, its event stream's jobs, drmctl in every format."""
    api = tenant.api()
    texts = {}
    for path in ("devices", "snmp-credentials", "oidc-providers", "api-keys", "jobs"):
        texts[path] = api.get(f"/api/v1/{path}?limit=1000").body
        for item in json.loads(texts[path])["items"][:20]:
            if path != "api-keys":
                texts[path + item["id" if "id" in item else "job_id"]] = api.get(f"/api/v1/{path}/" + item.get("id", item.get("job_id"))).body
    ctl = {"DRM_API_KEY": stored["API key 0"], "DRM_SESSION": "/nowhere"}
    for noun in ("device", "credential", "oidc-provider", "api-key", "job"):
        for form in ("table", "json", "csv"):
            done = stack.drmctl(noun, "list", "--all", "-o", form, env=ctl)
            assert done.returncode == 0, done.stderr
            texts[noun + form] = done.stdout.encode()
    assert len(texts) > 20
    assert {(name, where): hits for name, secret in stored.items() for where, text in texts.items() if (hits := found(secret, text))} == {}
    listed = json.loads(texts["snmp-credentials"])["items"]
    assert listed and all(item["community"] == {"set": True} for item in listed)


def test_audit_rows_hold_no_secret(stack, tenant, stored):
    rows = ask(stack.env, "SELECT to_jsonb(a)::text FROM drm.audit_logs a WHERE tenant_id = %s", (tenant.id,))
    text = "\n".join(row[0] for row in rows).encode()
    assert b"credential.create" in text and b"api_key.create" in text
    assert {name: found(secret, text) for name, secret in stored.items() if found(secret, text)} == {}


# ---- restoring ----

@contextlib.contextmanager
def restored(database, env, text):
    """The environment of a database that a dump was restored into."""
    name = "restored_" + secrets.token_hex(4)
    ask_outside(env, f"CREATE DATABASE {name}")
    fresh = {**env, **{key: env[key].replace("/drmgmt", "/" + name, 1) if "/drmgmt?" in env[key] or env[key].endswith("/drmgmt")
                       else env[key].replace("dbname=drmgmt", "dbname=" + name) for key in
                       ("DRM_ADMIN_DATABASE_URL", "DRM_DATABASE_URL", "DRM_APP_DATABASE_URL")}}
    assert all(name in fresh[key] for key in ("DRM_ADMIN_DATABASE_URL", "DRM_DATABASE_URL", "DRM_APP_DATABASE_URL")), fresh
    try:
        create_roles(fresh["DRM_ADMIN_DATABASE_URL"], {role: database.passwords[role] for role in (APP, MIGRATE)})
        psql(fresh["DRM_ADMIN_DATABASE_URL"], text.decode(), "the dump cannot be restored")
        yield fresh
    finally:
        ask_outside(env, f"DROP DATABASE {name} WITH (FORCE)")


def test_a_restored_dump_opens_nothing_until_the_keyring_is_installed(database):
    env = {k: str(v) for k, v in database.env.items()}
    owner = Tenant(database.build, env, None)
    with restored(database, env, dump(env)) as fresh:
        assert ask(fresh, "SELECT count(*) FROM sec.seal_keys") == [(0,)]

        def log_in():
            return database.drmctl("login", "--email", owner.email, "--tenant", owner.name, "--password-file", "-",
                                   env=fresh, input=owner.password + "\n")
        done = log_in()
        assert done.returncode == 3, done.stderr
        assert database.drmctl("key", "install", env=fresh).returncode == 0
        done = log_in()
        assert done.returncode == 0, done.stderr
        made = database.drmctl("credential", "create", "after-restore", "--community-file", "-", env=fresh, input="public\n")
        assert made.returncode == 0, made.stderr
        assert database.drmctl("key", "install", env=fresh).returncode == 0, "twice does no harm"


PARTITIONS = ("SELECT i.inhparent::regclass::text, c.oid::regclass::text, pg_get_expr(c.relpartbound, c.oid), c.relrowsecurity, c.relforcerowsecurity,"
              " has_any_column_privilege('drm_app', c.oid, 'SELECT, INSERT, UPDATE'), has_any_column_privilege('drm_sched', c.oid, 'SELECT, INSERT, UPDATE')"
              " FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relkind IN ('r', 'p') ORDER BY 2")
RESULTS = "SELECT tableoid::regclass::text, to_jsonb(r)::text FROM drm.job_results r ORDER BY 1, 2"


def test_partitions_are_restored_and_go_on(database):
    """Rows lie where they lay, and more partitions are made and dropped there."""
    env = {k: str(v) for k, v in database.env.items()}
    owner = Tenant(database.build, env, None)
    ask(env, "UPDATE drm.tenants SET keep_results_days = 7, keep_events_days = 30 WHERE tenant_id = %s", (owner.id,))
    ask(env, "INSERT INTO drm.devices (tenant_id, id, name) VALUES (%s, %s, 'kept')", (owner.id, device := str(uuid.uuid4())))
    over = ask(env, "SELECT sec.keep_partition_make('job_results_keep7', d, d + interval '1 day') FROM (SELECT date_trunc('day', now(), 'UTC')"
                    " - interval '9 days' AS d) x")[0][0]
    for keep, days in ((0, 0), (0, 400), (7, 0), (7, 9), (7, 60)):
        ask(env, "INSERT INTO drm.job_results (tenant_id, id, device_id, lane, protocol, operation, params, status, priority, timeout_ms, max_attempts,"
                 " attempt, created_at, finished_at, keep) SELECT %s, gen_random_uuid(), %s, 'kept', 'fake', 'echo', '{}', 'completed', 5, 1, 1, 1, t, t, %s"
                 " FROM (SELECT date_trunc('day', now(), 'UTC') - %s * interval '1 day' AS t) x", (owner.id, device, keep, days))
    before, rows = ask(env, PARTITIONS), ask(env, RESULTS)
    assert len({place for place, _ in rows}) == 5
    with restored(database, env, dump(env)) as fresh:
        assert ask(fresh, PARTITIONS) == before and ask(fresh, RESULTS) == rows
        assert ask(fresh, "SELECT * FROM sec.keep_step('job_results', 'job_results_keep7', 7)") == [("dropped", over)]
        assert [row for row in rows if row[0] != "drm." + over] == ask(fresh, RESULTS)
        ask(fresh, "UPDATE drm.tenants SET keep_results_days = 365 WHERE tenant_id = %s", (owner.id,))
        assert ask(fresh, "SELECT count(*) >= 3 FROM pg_class WHERE relname LIKE 'job_results_keep365%%' AND relkind IN ('r', 'p')") == [(True,)]
        assert ask(fresh, "SELECT keep_results_days, keep_events_days FROM drm.tenants WHERE tenant_id = %s", (owner.id,)) == [(365, 30)]
    ask(env, f"DROP TABLE drm.{over}")


def ask_outside(env, sql):
    """Outside of a transaction, as CREATE DATABASE wants it."""
    connection = psycopg2.connect(env["DRM_ADMIN_DATABASE_URL"])
    try:
        connection.autocommit = True
        connection.cursor().execute(sql)
    finally:
        connection.close()
