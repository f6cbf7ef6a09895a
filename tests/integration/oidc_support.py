"""An OpenID Connect issuer made from the specifications (Core 1.0, Discovery 1.0, RFC 6749, 7636, 9207), which misbehaves when told to, and
a browser that logs in by it. Nothing of drmgmt's is used: what they agree on, they agree on by the standards."""
import base64
import contextlib
import functools
import hashlib
import hmac
import http.client
import http.server
import itertools
import json
import secrets
import threading
import time
import urllib.parse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

from http_support import Response

CLIENT, SECRET = "drmgmt client", "s3cret: /&=%+" + secrets.token_urlsafe(12)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(n):
    return b64(n.to_bytes((n.bit_length() + 7) // 8, "big"))


def compact(value):
    return b64(json.dumps(value).encode())


@functools.cache
def rsa_key(_nth):
    return rsa.generate_private_key(65537, 2048)


RSA_TURN = itertools.cycle(range(8))  # making one takes longer than most tests; none needs so many different ones


class Key:
    """A signing key; alg is the JOSE name."""

    def __init__(self, alg, kid=None):
        self.alg, self.kid = alg, kid or secrets.token_hex(4)
        self.private = {"RS256": lambda: rsa_key(next(RSA_TURN)), "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
                        "EdDSA": ed25519.Ed25519PrivateKey.generate}[alg]()

    def jwk(self):
        public = self.private.public_key()
        common = {"kid": self.kid, "use": "sig", "alg": self.alg}
        if self.alg == "RS256":
            numbers = public.public_numbers()
            return {**common, "kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}
        if self.alg == "ES256":
            numbers = public.public_numbers()
            return {**common, "kty": "EC", "crv": "P-256", "x": b64(numbers.x.to_bytes(32, "big")), "y": b64(numbers.y.to_bytes(32, "big"))}
        raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return {**common, "kty": "OKP", "crv": "Ed25519", "x": b64(raw)}

    def signature(self, data):
        if self.alg == "RS256":
            return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        if self.alg == "ES256":
            r, s = utils.decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return self.private.sign(data)

    def token(self, claims, **header):
        """A signed token; header members given replace those that would be."""
        head = {k: v for k, v in {"alg": self.alg, "kid": self.kid, "typ": "JWT", **header}.items() if v is not None}
        text = f"{compact(head)}.{compact(claims)}"
        return f"{text}.{b64(self.signature(text.encode()))}"

    def pem(self):
        return self.private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def unsigned(_key, claims):
    return f"{compact({'alg': 'none', 'typ': 'JWT'})}.{compact(claims)}."


def hmac_with(secret):
    def make(key, claims):
        text = f"{compact({'alg': 'HS256', 'kid': key.kid, 'typ': 'JWT'})}.{compact(claims)}"
        return f"{text}.{b64(hmac.new(secret(key), text.encode(), hashlib.sha256).digest())}"
    return make


class Issuer:
    """Its account is logged in already: whoever comes is sent back at once. What is set below changes what it does next."""

    def __init__(self, alg="RS256", secret=SECRET):
        self.path = f"/{secrets.token_hex(4)}"
        self.key = Key(alg)
        self.keys = [self.key]
        self.client, self.secret = CLIENT, secret
        self.sub, self.email, self.verified = secrets.token_hex(8), None, True
        self.claims = {}             # laid over those of ID tokens; None takes one away
        self.make = None             # in place of signing: (key, claims) -> token
        self.document = {}           # laid over the discovery document
        self.names_itself = True     # iss in answers
        self.codes, self.requests = {}, []
        self.hangs = set()           # "discovery", "keys", "token": no answer until let_go
        self.answers = {}            # the same -> (status, headers, body) in place of what would be
        self.let_go = threading.Event()
        self.lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.url = self.base + self.path

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.let_go.set()
        self.server.shutdown()
        self.server.server_close()

    def count(self, what):
        return self.requests.count(what)

    def discovery(self):
        return {**{"issuer": self.url, "authorization_endpoint": self.url + "/authorize", "token_endpoint": self.url + "/token",
                   "jwks_uri": self.url + "/keys", "response_types_supported": ["code"], "subject_types_supported": ["public"],
                   "id_token_signing_alg_values_supported": [self.key.alg], "code_challenge_methods_supported": ["S256"],
                   "token_endpoint_auth_methods_supported": ["client_secret_basic"],
                   "authorization_response_iss_parameter_supported": self.names_itself}, **self.document}

    # ---- endpoints ----

    def authorize(self, query):
        """302 to the redirect URI with a code for what was asked (Core, section 3.1.2)."""
        assert query["response_type"] == "code" and query["client_id"] == self.client and query["code_challenge_method"] == "S256"
        assert len(query["code_challenge"]) == 43 and len(query["state"]) >= 43 and len(query["nonce"]) >= 43
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe(24)
        self.codes[code] = query
        answer = {"code": code, "state": query["state"], **({"iss": self.url} if self.names_itself else {})}
        return query["redirect_uri"] + ("&" if "?" in query["redirect_uri"] else "?") + urllib.parse.urlencode(answer)

    def _client_is_known(self, form, authorization):
        methods = self.discovery()["token_endpoint_auth_methods_supported"]
        if self.secret is None:
            return authorization is None and form.get("client_id") == self.client and "client_secret" not in form
        if "client_secret_basic" in methods:
            pair = base64.b64decode(authorization.removeprefix("Basic ")).decode() if authorization else ":"
            name, secret = (urllib.parse.unquote_plus(part) for part in pair.split(":"))
            return (name, secret) == (self.client, self.secret) and "client_secret" not in form
        return authorization is None and (form.get("client_id"), form.get("client_secret")) == (self.client, self.secret)

    def token(self, form, authorization):
        if not self._client_is_known(form, authorization):
            return 401, {"error": "invalid_client"}
        with self.lock:
            asked = self.codes.pop(form.get("code"), None)
        challenge = b64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if form.get("grant_type") != "authorization_code" or not asked or form.get("redirect_uri") != asked["redirect_uri"] \
                or challenge != asked["code_challenge"]:
            return 400, {"error": "invalid_grant", "error_description": "<script>"}
        access = secrets.token_urlsafe(24)
        return 200, {"access_token": access, "token_type": "Bearer", "expires_in": 60, "id_token": self.id_token(asked["nonce"], access)}

    def id_token(self, nonce, access):
        now = int(time.time())
        digest = (hashlib.sha512 if self.key.alg == "EdDSA" else hashlib.sha256)(access.encode()).digest()
        claims = {"iss": self.url, "sub": self.sub, "aud": self.client, "exp": now + 300, "iat": now, "nonce": nonce,
                  "at_hash": b64(digest[:len(digest) // 2]), "email": self.email, "email_verified": self.verified, **self.claims}
        claims = {k: v for k, v in claims.items() if v is not None}
        return self.make(self.key, claims) if self.make else self.key.token(claims)

    def _handler(issuer):  # noqa: N805
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def reply(self, status, body=b"", **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            def json(self, status, value):
                self.reply(status, json.dumps(value).encode(), **{"Content-Type": "application/json"})

            def is_other(self, what):
                """Counts the request, and does what the issuer was told to do in place of the right thing."""
                issuer.requests.append(what)
                if what in issuer.hangs:
                    issuer.let_go.wait(60)
                if what in issuer.answers:
                    status, headers, body = issuer.answers[what]
                    self.reply(status, body, **headers)
                    return True
                return False

            def do_GET(self):
                parts = urllib.parse.urlsplit(self.path)
                if parts.path == issuer.path + "/.well-known/openid-configuration":
                    if not self.is_other("discovery"):
                        self.json(200, issuer.discovery())
                elif parts.path == issuer.path + "/keys":
                    if not self.is_other("keys"):
                        self.json(200, {"keys": [key.jwk() for key in issuer.keys]})
                elif parts.path == issuer.path + "/authorize":
                    self.reply(302, Location=issuer.authorize(dict(urllib.parse.parse_qsl(parts.query))))
                else:
                    self.reply(404)

            def do_POST(self):
                form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                if self.path != issuer.path + "/token":
                    self.reply(404)
                elif not self.is_other("token"):
                    self.json(*issuer.token(form, self.headers["Authorization"]))

        return Handler


def fetch(url, **headers):
    """GET without following anything."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    try:
        connection.request("GET", parts.path + ("?" + parts.query if parts.query else ""), headers=headers)
        answer = connection.getresponse()
        return Response(answer.status, answer.reason, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


class Browser:
    """One log-in in one browser, step by step."""

    def __init__(self, drmd):
        self.drmd, self.cookie, self.location, self.callback = drmd, None, None, None

    def start(self, tenant, provider):
        answer = fetch(f"{self.drmd}/api/v1/auth/oidc/{urllib.parse.quote(tenant)}/{urllib.parse.quote(provider)}/start")
        if answer.status == 302:
            self.location, self.cookie = answer.headers["location"], answer.headers["set-cookie"].split(";")[0]
        return answer

    def authorize(self):
        answer = fetch(self.location)
        assert answer.status == 302, answer
        self.callback = answer.headers["location"]
        return self.callback

    def finish(self, callback=None, cookie=True, drmd=None):
        url = urllib.parse.urlsplit(callback or self.callback)
        headers = {"Cookie": "theme=dark; " + (self.cookie if cookie is True else cookie)} if cookie else {}
        return fetch(f"{drmd or self.drmd}{url.path}?{url.query}", **headers)

    def log_in(self, tenant, provider):
        started = self.start(tenant, provider)
        if started.status != 302:
            return started
        self.authorize()
        return self.finish()


def with_query(url, **changes):
    """The URL with parameters set, or with None taken away."""
    parts = urllib.parse.urlsplit(url)
    query = {k: v for k, v in {**dict(urllib.parse.parse_qsl(parts.query)), **changes}.items() if v is not None}
    return parts._replace(query=urllib.parse.urlencode(query)).geturl()
