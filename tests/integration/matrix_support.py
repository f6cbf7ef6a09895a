"""What test_matrix.py asks with: two tenants and their people, everybody who is refused, requests made out of a row, and answers made
comparable. On matrix_rows/."""
import base64
import contextlib
import hmac
import json
import pathlib
import secrets
import time
import urllib.parse
import uuid

from http_support import Api, Response
from job_support import Tenant, admin, ask
from matrix_rows import KINDS
from matrix_rows.row import pick, unique
from stack.database import drmctl

PLATFORM_ID = "00000000-0000-0000-0000-000000000000"
VARY = {"date", "x-request-id", "traceparent"}


# ---- answers ----

class Answer(Response):
    """Of a request; an event stream is read up to its first event."""

    def __init__(self, answer):
        stream = answer.status == 200 and answer.getheader("Content-Type") == "text/event-stream"
        super().__init__(answer.status, answer.reason, {k.lower(): v for k, v in answer.getheaders()},
                         first_event(answer) if stream else answer.read())
        self.lines = answer.getheaders()
        self.stream = stream

    def comparable(self, *ids):
        """Status, header lines in their order and body, without what is each answer's own: date, request id, and the ids asked for."""
        body = self.body
        for own in [self.headers.get("x-request-id", "-"), *ids]:
            body = body.replace(own.encode(), b"...").replace(urllib.parse.quote(own, safe="").encode(), b"...")
        lines = [(name, value) for name, value in self.lines if name.lower() not in VARY]
        return self.status, self.reason, lines, body


def first_event(answer):
    text = b""
    while b"data: " not in text or not text.endswith(b"\n\n"):
        line = answer.readline()
        if not line:
            break
        text += line
    return text


def same(first, second, *ids):
    """Nobody can tell one answer from the other."""
    told = [answer.comparable(*ids) for answer in (first, second)]
    assert told[0] == told[1], told


def twin(text):
    """A value of the same form that names nothing: ids keep their time, names their length."""
    return text[:-12] + secrets.token_hex(6)


# ---- people ----

class Person:
    """Who asks: a log-in or an API key of a tenant's."""

    def __init__(self, world, tenant, headers, like=None, tags=(), email=None):
        """like: gives another person who may the same. tags: devices made by this one have them."""
        self.world, self.tenant, self.headers, self.like, self.tags, self.email = world, tenant, headers, like, tags, email
        self.own = {}

    def get(self, path):
        answer = self.call("GET", path)
        assert answer.status == 200, answer
        return answer.json()

    def post(self, path, body):
        return self.call("POST", path, body)

    def object(self, kind):
        """One of the tenant's, or of this person's where the kind is personal; the same one each time."""
        if not KINDS[kind].personal and self.maker is not self:
            return self.given(kind, self.maker.object(kind))
        if kind not in self.own:
            self.own[kind] = self.make(kind)
        return self.own[kind]

    def make(self, kind):
        """One of its own kind; by the administrator where it is not personal, for this person might not."""
        made = KINDS[kind].make(self if KINDS[kind].personal else self.maker)
        self.tenant.ids.update(pick(made, name) for name in KINDS[kind].names)
        return self.given(kind, made)

    def given(self, kind, made):
        if self.tags and KINDS[kind].given and self.maker is not self:
            KINDS[kind].given(self, made)
        return made

    @property
    def maker(self):
        """Who makes what this person asks for: the administrator, as one whose devices have the tags."""
        first = self.tenant.administrator
        return first if not self.tags else self.world.once((self.tenant.id, "maker", *self.tags),
                                                           lambda: TaggingPerson(self.world, self.tenant, first.headers, tags=self.tags))

    def ask(self, route, row, names=None, body=None, headers=None, query=None, of=None, beside=None):
        """The route asked as the row says. names: of the object that {id} names; what the path names and is not given here is of's, who is
        this person when nobody is."""
        of = of or self
        values = {place: of.object(kind)["id"] for place, kind in row.beside.items()} | row.path | (beside or {})
        if row.kind:
            values["id"] = of.object(row.kind)["id"] if names is None else names
        path = route["path"]
        for name, value in values.items():
            path = path.replace("{" + name + "}", urllib.parse.quote(value, safe=""))
        if query:
            path += "?" + urllib.parse.urlencode(query)
        return self.call(route["method"], path, body, headers)

    def call(self, method, path, body=None, headers=None):
        sent = {**self.headers, **(headers or {}), **({} if body is None else {"Content-Type": "application/json"})}
        with contextlib.closing(Api(self.world.url)) as api:
            api.connection.request(method, path, None if body is None else json.dumps(body), sent)
            return Answer(api.connection.getresponse())

    @contextlib.contextmanager
    def follow(self, path):
        """The lines of an event stream."""
        with contextlib.closing(Api(self.world.url)) as api:
            api.connection.request("GET", path, headers=self.headers)
            answer = api.connection.getresponse()
            assert answer.status == 200, answer
            yield (line.decode().rstrip("\n") for line in answer)


class TaggingPerson(Person):
    """An administrator who gives all devices these tags."""
    maker = property(lambda self: self)


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


class MatrixTenant(Tenant):
    """A tenant with its administrator; ids collects what must not show elsewhere."""

    def __init__(self, world):
        super().__init__(world.build, world.env, world.url)
        self.world = world
        self._meet()

    def _meet(self):
        self.ids = {self.id, self.name, self.email}
        self.administrator = self.person(self.email)
        self.by_key = self.key_of(self.administrator)
        self.by_key.own = self.administrator.own

    def person(self, email):
        return Person(self.world, self, bearer(self.token(email)), like=lambda: self.person(self.like(email)), email=email)

    def like(self, email):
        """A further user with the role of this one, and its assignments."""
        role, = self.world.sql("SELECT role FROM drm.users WHERE tenant_id = %s AND email = %s", self.id, email)[0]
        other = self.user(role)
        self.world.sql("INSERT INTO drm.user_roles (tenant_id, id, user_id, role_id, builtin, selector) SELECT r.tenant_id, gen_random_uuid(),"
                       " v.id, r.role_id, r.builtin, r.selector FROM drm.user_roles r JOIN drm.users u ON u.tenant_id = r.tenant_id AND"
                       " u.id = r.user_id JOIN drm.users v ON v.tenant_id = r.tenant_id AND v.email = %s"
                       " WHERE r.tenant_id = %s AND u.email = %s", other, self.id, email)
        return other

    def key_of(self, person, **changes):
        """The person by a new API key; changes: columns of its row that are set behind everybody's back."""
        key = KINDS["api_key"].make(person)
        for column, value in changes.items():
            self.world.sql(f"UPDATE drm.api_keys SET {column} = %s WHERE id = %s", value, key["id"])
        return Person(self.world, self, {"X-API-Key": key["key"]}, like=lambda: self.key_of(person, **changes))

    def custom(self, selector=()):
        """A person who has no role but one of the tenant's own, on devices with these tags; Custom.allow() says what it permits."""
        return self.world.once((self.id, "custom", *selector), lambda: Custom(self, list(selector)))

    def token(self, email):
        self.api(email).close()
        return self.tokens[email]

    def people(self, role):
        """A person with this role; the same each time."""
        return self.world.once((self.id, role), lambda: self.person(self.user(role)))


class Custom:
    def __init__(self, tenant, selector):
        self.world, self.role, email = tenant.world, str(uuid.uuid4()), tenant.user("none")
        self.world.sql("INSERT INTO drm.rbac_roles (tenant_id, id, name) VALUES (%s, %s, %s)", tenant.id, self.role, unique("role"))
        self.world.sql("INSERT INTO drm.user_roles (tenant_id, id, user_id, role_id, selector) SELECT tenant_id, gen_random_uuid(), id, %s, %s"
                       " FROM drm.users WHERE tenant_id = %s AND email = %s", self.role, selector, tenant.id, email)
        self.person = tenant.person(email)
        self.person.tags = selector

    def allow(self, permissions):
        """From the next request on."""
        self.world.sql("UPDATE drm.rbac_roles SET permissions = %s WHERE id = %s", sorted(permissions), self.role)
        return self.person


# ---- tokens made by hand (docs/keyring.md) ----

def b64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def part(token, i):
    text = token.split(".")[i]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def forge(token, key, claims=None, digest="sha256", **header):
    """The token with other claims or header members (None: without), signed with the key."""
    head = {**part(token, 0), **header}
    text = ".".join(b64url(json.dumps({k: v for k, v in d.items() if v is not None}).encode())
                    for d in (head, {**part(token, 1), **(claims or {})}))
    return text + "." + b64url(hmac.new(key, text.encode(), digest).digest())


class Platform(MatrixTenant):
    """The tenant of those who manage tenants, with an administrator of the test's own."""

    def __init__(self, world, like):  # pylint: disable=super-init-not-called
        self.world, self.build, self.env, self.url, self.tokens = world, world.build, world.env, world.url, {}
        self.id, self.name, self.email, self.password = PLATFORM_ID, "platform", unique("platform") + "@example.net", like.password
        drmctl(self.build, "init", "--platform", "--email", self.email, "--password-file", "-", env=like.env, stdin=self.password + "\n")
        self._meet()


class World:
    """Tenants a and b, the platform, everything of a's made through the administrator's log-in, and who is refused everywhere."""

    def __init__(self, build, env, url):
        self.build, self.env, self.url = build, env, url
        self.kept = {}
        # Tokens are signed with Ed25519; a key that only verifies lets the test make good HS256 tokens by hand, and with a flaw.
        done = drmctl(build, "key", "rotate", "--kind", "token", "--standby", env=env)
        assert done.returncode == 0, done.stderr
        lines = [line.split() for line in pathlib.Path(env["DRM_KEYRING"]).read_text().splitlines() if line and line[0] != "#"]
        self.keys = {(kind, int(number)): bytes.fromhex(key) for kind, number, key, *_ in lines}
        self.a, self.b = MatrixTenant(self), MatrixTenant(self)
        self.platform = Platform(self, self.a)
        self.permissions = {p["name"]: p for p in self.a.administrator.get("/api/v1/permissions")["permissions"]}
        self.bits = dict(self.sql("SELECT name, 1::bigint << bit FROM sec.permissions"))
        self.held = MatrixTenant(self)
        self.sql("UPDATE drm.tenants SET require_second_factor = true WHERE tenant_id = %s", self.held.id)
        self.refused = dict(self._nobodies())

    def once(self, key, make):
        if key not in self.kept:
            self.kept[key] = make()
        return self.kept[key]

    def sql(self, text, *args):
        return ask(self.env, text, args)

    # ---- who gets 401 everywhere ----

    def _nobodies(self):
        for name, headers in {**self._without(), **self._forged()}.items():
            yield name, Person(self, self.a, headers)
        yield from self._withdrawn()

    def _without(self):
        key = self.a.administrator.object("api_key")["key"]
        return {
            "no log-in": {},
            "an empty token": bearer(""),
            "another scheme": {"Authorization": "Basic " + base64.b64encode(f"{self.a.email}:{self.a.password}".encode()).decode()},
            "an unknown API key": {"X-API-Key": "drm_" + uuid.uuid4().hex + key[36:]},
            "an API key with another secret": {"X-API-Key": key[:37] + b64url(secrets.token_bytes(32))},
        }

    def _forged(self):
        token, other, now = self.a.token(self.a.email), self.b.token(self.b.email), int(time.time())
        (number, key), = ((n, key) for (kind, n), key in self.keys.items() if kind == "token")
        signs = part(token, 0)["kid"]
        public = {k["kid"]: k["x"] for k in Api(self.url).get("/.well-known/jwks.json").json()["keys"]}[signs]

        def by_hand(token, key, claims=None, digest="sha256", **header):
            return forge(token, key, claims, digest, **{"alg": "HS256", "kid": str(number), **header})
        good = by_hand(token, key)
        assert Api(self.url, good).get("/api/v1/auth/whoami").status == 200, "a token made by hand is good when nothing is wrong with it"
        stripped = by_hand(token, key, alg="none").rsplit(".", 1)[0] + "."
        later = {"iat": now + 3600, "nbf": now + 3600}
        made = {
            "an expired token": by_hand(token, key, {"exp": now - 1}),
            "a token expired by days": by_hand(token, key, {"iat": now - 90000, "nbf": now - 90000, "exp": now - 86400}),
            "a token that never expires": by_hand(token, key, {"exp": None}),
            "a token not good yet": by_hand(token, key, later),
            "a token of another key": by_hand(token, secrets.token_bytes(32)),
            "a token of an empty key": by_hand(token, b""),
            "a token of an unknown key": by_hand(token, key, kid="999999"),
            "a token without a key's number": by_hand(token, key, kid=None),
            "alg none": stripped,
            "alg none with a signature": by_hand(token, key, alg="none"),
            "alg None": by_hand(token, key, alg="None").rsplit(".", 1)[0] + ".",
            "no alg": by_hand(token, key, alg=None),
            "the signature left out": token.rsplit(".", 1)[0] + ".",
            "HS384": by_hand(token, key, alg="HS384", digest="sha384"),
            "HS512": by_hand(token, key, alg="HS512", digest="sha512"),
            "RS256 in name only": by_hand(token, key, alg="RS256"),
            "EdDSA in name only": by_hand(token, key, alg="EdDSA"),
            "HS256 by the public key": by_hand(token, base64.urlsafe_b64decode(public + "="), kid=signs),
            "HS256 by the public key as it is told": by_hand(token, public.encode(), kid=signs),
            "HS256 by the private key": by_hand(token, self.keys["ed25519", int(signs)], kid=signs),
            "EdDSA by the public key": by_hand(token, base64.urlsafe_b64decode(public + "="), kid=signs, alg="EdDSA"),
            "HS256's signature under EdDSA's number": by_hand(token, key, kid=signs),
            "EdDSA's signature under HS256's number": by_hand(token, key, alg="EdDSA").rsplit(".", 1)[0] + "." + token.rsplit(".", 1)[1],
            "a key brought along": by_hand(token, b"k" * 32, jwk={"kty": "oct", "k": b64url(b"k" * 32)}),
            "a critical header": by_hand(token, key, crit=["exp"], exp=now + 900),
            "another issuer": by_hand(token, key, {"iss": "example"}),
            "another audience": by_hand(token, key, {"aud": "example"}),
            "another tenant's signature": ".".join(token.split(".")[:2] + other.split(".")[2:]),
            "b's user in tenant a": by_hand(token, key, {"sub": part(other, 1)["sub"]}),
            "a's user in tenant b": by_hand(token, key, {"tid": self.b.id}),
            "nobody's user": by_hand(token, key, {"sub": str(uuid.uuid4())}),
            "a text that is no token": "nonsense",
            **{f"a token of the {kind} key": by_hand(token, secret) for (kind, n), secret in self.keys.items() if kind in ("seal", "kek")},
        }
        return {name: bearer(text) for name, text in made.items()}

    def _withdrawn(self):
        """Those who could, and may no more: their tokens and keys were good before it happened."""
        yield "a revoked API key", self.a.key_of(self.a.administrator, revoked_at="now")
        yield "an expired API key", self.a.key_of(self.a.administrator, expires_at="now")
        yield "an API key from another address", self.a.key_of(self.a.administrator, addresses=["192.0.2.0/24", "::1/128"])
        yield from self._logged_out()
        for word, change in (("disabled", "UPDATE drm.users SET active = false WHERE email = %s"),
                             ("deleted", "DELETE FROM drm.users WHERE email = %s")):
            yield from self._gone(f"a {word} user", self.a, self.a.user("administrator"), change)
        tenant = MatrixTenant(self)
        yield from self._gone("a suspended tenant's administrator", tenant, tenant.email,
                              "UPDATE drm.tenants SET status = 'suspended' WHERE tenant_id = (SELECT tenant_id FROM drm.users WHERE email = %s)")

    def _logged_out(self):
        """Access tokens of log-ins that were ended are good no more, though they have not expired."""
        login = {"email": self.a.email, "password": self.a.password, "tenant": self.a.name}
        visitor = Person(self, self.a, {})
        one = visitor.call("POST", "/api/v1/auth/login", login).json()
        person = Person(self, self.a, bearer(one["access_token"]))
        assert person.call("GET", "/api/v1/auth/whoami").status == 200
        assert visitor.call("POST", "/api/v1/auth/logout", {"refresh_token": one["refresh_token"]}).status == 204
        yield "a log-in that was ended", person
        person = self.a.people("administrator").like()
        assert person.call("POST", "/api/v1/auth/logout-everywhere").status == 204
        yield "a log-in that was ended with all others", person

    def _gone(self, name, tenant, email, change):
        person = tenant.person(email)
        by_key = tenant.key_of(person)
        for each in (person, by_key):
            assert each.call("GET", "/api/v1/devices").status == 200, "it was good before"
        self.sql(change, email)
        yield name, Person(self, self.a, person.headers)
        yield name + "'s API key", Person(self, self.a, by_key.headers)

    # ---- what attacks must not change ----

    def state(self, tenant):
        """A digest of every table's rows of the tenant; of the audit trail its rows, which drmd links to the chain a moment later, without
        those that count, a minute later, how many more of somebody's calls were refused."""
        def tables():
            return [row[0] for row in self.sql(
                "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE a.attname = 'tenant_id'"
                " AND c.relnamespace = 'drm'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
                " AND c.oid <> 'drm.audit_chain'::regclass ORDER BY 1")]
        one = "SELECT '{0}', md5(COALESCE(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {0} t WHERE tenant_id = %(tenant)s"
        counts = {"drm.audit_logs": " AND (t.detail ? 'more') IS NOT TRUE"}
        text = " UNION ALL ".join(one.format(table) + counts.get(table, "") for table in self.once("tables", tables))
        with admin(self.env) as cursor:
            cursor.execute(text, {"tenant": tenant.id})
            return dict(cursor.fetchall())

    @contextlib.contextmanager
    def untouched(self, tenant):
        """Nothing of the tenant's is changed, made or deleted meanwhile; not a key's time of last use, not an audit row."""
        before = self.state(tenant)
        yield
        after = self.state(tenant)
        changed = {table for table in before if before[table] != after[table]}
        assert not changed, changed

    def shows_nothing_of(self, tenant, answer, but=()):
        text = answer.body.decode() + repr(answer.lines)
        seen = [each for each in tenant.ids - set(but) if each in text]
        assert not seen, seen

