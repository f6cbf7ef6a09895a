"""What the tests of jobs share: people and tenants, fake devices, submitting and waiting, and looking at the database as the superuser."""
import base64
import contextlib
import hashlib
import secrets
import uuid

import psycopg2
from http_support import Api, wait_until
from stack import database as stack_database

ENDED = {"completed", "failed", "cancelled", "dead", "uncertain"}


def unique(word):
    return f"{word}-{uuid.uuid4().hex[:12]}"


@contextlib.contextmanager
def admin(env):
    """A superuser's connection; commits at the end."""
    connection = psycopg2.connect(env["DRM_ADMIN_DATABASE_URL"])
    try:
        with connection, connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def ask(env, sql, args=None):
    with admin(env) as cursor:
        cursor.execute(sql, args)
        return cursor.fetchall() if cursor.description else None


def log_in(url, email, password, tenant):
    answer = Api(url).post("/api/v1/auth/login", {"email": email, "password": password, "tenant": tenant})
    assert answer.status == 200, answer
    return answer.json()["access_token"]


def quick_hash(password):
    """A stored hash of the least work that is believed. One of drmctl init takes a quarter of a second of a core that nobody else wants, at
    each log-in: in unit.password that is tested, elsewhere it is waiting."""
    def text(data):
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    salt = secrets.token_bytes(16)
    return f"$scrypt$ln=10,r=8,p=1${text(salt)}${text(hashlib.scrypt(password.encode(), salt=salt, n=1 << 10, r=8, p=1, dklen=32))}"


def give_quick_hash(env, tenant, password):
    """To the users of a new tenant, by its name; its id."""
    return ask(env, "UPDATE drm.users u SET password_hash = %s FROM drm.tenants t WHERE t.name = %s AND u.tenant_id = t.tenant_id"
                    " RETURNING u.tenant_id::text", (quick_hash(password), tenant))[0][0]


class Tenant:
    """A tenant of its own with an administrator, made by drmctl init; the keyring is the one in env. Its jobs may reach loopback, where
    the tests' agents listen, unless outbound says otherwise."""

    def __init__(self, build, env, url, outbound=("127.0.0.0/8",)):
        self.build, self.env, self.url = build, {k: str(v) for k, v in env.items()}, url
        self.tokens = {}
        self.name, self.email, self.password = unique("tenant"), f"{secrets.token_hex(4)}@example.net", secrets.token_urlsafe(12)
        allowed = [word for rule in outbound for word in ("--outbound-allow", rule)]
        done = stack_database.drmctl(build, "-o", "json", "init", "--tenant", self.name, "--email", self.email, "--password-file", "-",
                                     *allowed, env=self.env, stdin=self.password + "\n")
        self.said = done.stdout
        self.id = give_quick_hash(env, self.name, self.password)

    def api(self, email=None):
        """A client of its own, with the token of one log-in: hashing a password takes its time."""
        email = email or self.email
        if email not in self.tokens:
            self.tokens[email] = log_in(self.url, email, self.password, self.name)
        return Api(self.url, self.tokens[email])

    def user(self, role):
        """Another person, with the administrator's password. Returns the address."""
        email = f"{role}-{secrets.token_hex(4)}@example.net"
        with admin(self.env) as cursor:
            cursor.execute("INSERT INTO drm.users (tenant_id, id, email, password_hash, role) SELECT tenant_id, gen_random_uuid(), %s,"
                           " password_hash, %s FROM drm.users WHERE tenant_id = %s AND email = %s", (email, role, self.id, self.email))
            assert cursor.rowcount == 1
        return email


def make_device(api, *profiles):
    """A device with these profiles (fake when none is given); its id."""
    made = api.post("/api/v1/devices", {"name": unique("device"), "profiles": list(profiles) or [{"protocol": "fake"}]})
    assert made.status == 201, made
    return made.json()["id"]


def make_credential(api, name, auth=None, priv=None, auth_password="passphrase-of-auth", priv_password="passphrase-of-priv", **more):
    """A credential of version 3; its id."""
    body = {"name": unique("v3"), "snmp_version": "3", "username": name, **more}
    if auth:
        body |= {"auth_protocol": auth, "auth_password": auth_password}
    if priv:
        body |= {"priv_protocol": priv, "priv_password": priv_password}
    made = api.post("/api/v1/snmp-credentials", body)
    assert made.status == 201, made
    assert not any(secret and secret in str(made.json()) for secret in (auth_password, priv_password))
    return made.json()["id"]


def submit(api, device, operation, params=None, protocol="fake", **more):
    headers = {"Idempotency-Key": more.pop("key")} if "key" in more else {}
    body = {"device_id": device, "protocol": protocol, "operation": operation, "params": params or {}, **more}
    answer = api.post("/api/v1/jobs", body, headers=headers)
    assert answer.status == 202, answer
    return answer.json()["job_id"]


def get(api, job):
    answer = api.get("/api/v1/jobs/" + job)
    assert answer.status == 200, answer
    return answer.json()


def ended(api, job, seconds=15):
    """The job as it ended."""
    def look():
        found = get(api, job)
        return found if found["status"] in ENDED else None
    return wait_until(look, seconds, 0.03)


def has_status(api, job, status, seconds=10):
    return wait_until(lambda: get(api, job)["status"] == status, seconds, 0.03)
