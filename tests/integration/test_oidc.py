"""Log-in by OpenID Connect over REST, against an issuer of this test's own: it works by the standards, and whatever an issuer, another
browser or another tenant does wrong logs nobody in."""
import base64
import concurrent.futures
import hashlib
import re
import secrets
import subprocess
import time
import urllib.parse

import pytest
from factor_support import enroll
from http_support import Api, is_problem, own_drmd, wait_until
from job_support import Tenant, ask, log_in, unique
from oidc_support import CLIENT, SECRET, Browser, Issuer, Key, hmac_with, unsigned, with_query

PROVIDERS = "/api/v1/oidc-providers"


@pytest.fixture
def issuer(tenant):
    with Issuer() as made:
        made.email = tenant.user("operator")
        yield made


def own_redirect(stack, tenant, name):
    return f"{stack.url}/api/v1/auth/oidc/{tenant.name}/{name}/callback"


def draft(stack, tenant, issuer, /, **more):
    name = more.pop("name", unique("p"))
    return {"name": name, "issuer": issuer.url, "client_id": CLIENT, "client_secret": issuer.secret, "link_by_email": True,
            "redirect_uri": own_redirect(stack, tenant, name), **more}


@pytest.fixture
def make(stack, tenant, api):
    """Makes a provider for an issuer."""
    def made(issuer, /, **more):
        answer = api.post(PROVIDERS, draft(stack, tenant, issuer, **more))
        assert answer.status == 201, answer
        return answer.json()
    return made


@pytest.fixture
def provider(make, issuer):
    return make(issuer)


@pytest.fixture
def browser(stack):
    return Browser(stack.url)


def whoami(stack, answer):
    assert answer.status == 200, answer
    return Api(stack.url, answer.json()["access_token"]).get("/api/v1/auth/whoami").json()


def refused(answer, words, status=401):
    problem = is_problem(answer, status)
    assert words in problem["detail"], problem
    assert b"access_token" not in answer.body
    return problem


def users(tenant):
    return ask(tenant.env, "SELECT count(*) FROM drm.users WHERE tenant_id = %s", (tenant.id,))[0][0]


def audited(tenant, action, user):
    return ask(tenant.env, "SELECT count(*) FROM drm.audit_logs a JOIN drm.users u ON u.tenant_id = a.tenant_id AND u.id = a.actor_id"
               " WHERE a.tenant_id = %s AND action = %s AND u.email = %s", (tenant.id, action, user))[0][0]


def failed(tenant, user):
    """Why log-ins of a user failed, as the audit trail has it."""
    return [row[0] for row in ask(tenant.env, "SELECT detail->>'reason' FROM drm.audit_logs a JOIN drm.users u ON u.tenant_id = a.tenant_id AND"
                                  " u.id = a.object_id WHERE a.tenant_id = %s AND action = 'auth.login_failed' AND u.email = %s ORDER BY a.id",
                                  (tenant.id, user))]


def pending(tenant):
    return ask(tenant.env, "SELECT count(*) FROM drm.oidc_logins WHERE tenant_id = %s", (tenant.id,))[0][0]


# ---- as it should be ----

def test_a_user_logs_in(stack, tenant, issuer, provider, browser):
    before = pending(tenant)
    started = browser.start(tenant.name, provider["name"])
    assert started.status == 302 and started.body == b""
    assert pending(tenant) == before + 1
    asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(started.headers["location"]).query))
    assert asked.keys() == {"response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge",
                            "code_challenge_method"}
    assert started.headers["location"].startswith(issuer.url + "/authorize?")
    assert re.fullmatch(r"drm_oidc=p[\w-]{43}; Path=/; Max-Age=600; HttpOnly; SameSite=Lax", started.headers["set-cookie"])
    browser.authorize()
    finished = browser.finish()
    assert finished.headers["cache-control"] == "no-store" and "Max-Age=0" in finished.headers["set-cookie"]
    who = whoami(stack, finished)
    assert (who["tenant"], who["email"], who["role"]) == (tenant.name, issuer.email, "operator")
    assert pending(tenant) == before
    assert (audited(tenant, "user.link_oidc", issuer.email), audited(tenant, "auth.login", issuer.email)) == (1, 1)
    fresh = Api(stack.url).post("/api/v1/auth/refresh", {"refresh_token": finished.json()["refresh_token"]})
    assert fresh.status == 200


def test_the_account_stays_the_users_own_whatever_its_address(stack, tenant, issuer, provider, browser):
    first = whoami(stack, browser.log_in(tenant.name, provider["name"]))
    issuer.email, issuer.verified = f"{secrets.token_hex(4)}@elsewhere.example", False
    again = whoami(stack, browser.log_in(tenant.name, provider["name"]))
    assert again["user_id"] == first["user_id"]
    assert audited(tenant, "user.link_oidc", first["email"]) == 1


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
def test_algorithms(stack, tenant, make, browser, alg):
    with Issuer(alg) as issuer:
        issuer.email = tenant.user("viewer")
        assert whoami(stack, browser.log_in(tenant.name, make(issuer)["name"]))["email"] == issuer.email


@pytest.mark.parametrize("methods,secret", [(["client_secret_basic"], SECRET), (["client_secret_post"], SECRET),
                                            (["client_secret_post", "client_secret_basic"], SECRET), (["none"], None)])
def test_how_the_client_is_known(stack, tenant, make, browser, methods, secret):
    with Issuer(secret=secret) as issuer:
        issuer.document = {"token_endpoint_auth_methods_supported": methods}
        issuer.email = tenant.user("viewer")
        assert whoami(stack, browser.log_in(tenant.name, make(issuer)["name"]))["email"] == issuer.email


def test_a_wrong_client_secret(tenant, issuer, make, browser):
    provider = make(issuer, client_secret="another")
    refused(browser.log_in(tenant.name, provider["name"]), "invalid_client")


def test_another_process_finishes_what_this_one_began(stack, tenant, issuer, provider, browser, tmp_path):
    browser.start(tenant.id, provider["id"])  # by id as well as by name
    with own_drmd(stack, tmp_path) as other:
        browser.authorize()
        assert whoami(stack, browser.finish(drmd=other.url))["email"] == issuer.email


def test_the_issuer_is_asked_once_and_remembered(stack, tenant, issuer, provider, browser):
    for _ in range(3):
        assert browser.log_in(tenant.name, provider["name"]).status == 200
    assert (issuer.count("discovery"), issuer.count("keys"), issuer.count("token")) == (1, 1, 3)


def test_an_https_page_gets_a_cookie_that_no_neighbour_can_set(tenant, issuer, make, browser):
    name = unique("p")
    redirect = f"https://drm.example.net/api/v1/auth/oidc/{tenant.name}/{name}/callback"
    make(issuer, name=name, redirect_uri=redirect)
    started = browser.start(tenant.name, name)
    assert re.fullmatch(r"__Host-drm_oidc=s[\w-]{43}; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax", started.headers["set-cookie"])
    browser.authorize()
    value = browser.cookie.split("=")[1]
    refused(browser.finish(cookie=f"drm_oidc={value}"), "another browser")
    assert browser.finish().status == 200


# ---- ID tokens ----

NOW = int(time.time())
TWISTS = {
    "another issuer": ({"iss": "https://evil.example"}, "(iss)"),
    "issuer with a slash": (lambda i: {"iss": i.url + "/"}, "(iss)"),
    "another audience": ({"aud": "somebody else"}, "(aud"),
    "no audience": ({"aud": None}, "(aud"),
    "several audiences and no party": ({"aud": [CLIENT, "x"]}, "(aud"),
    "another authorized party": ({"aud": [CLIENT], "azp": "x"}, "(aud"),
    "expired": ({"exp": NOW - 3600}, "expired"),
    "no expiry": ({"exp": None}, "expires"),
    "from the future": ({"iat": NOW + 7200, "exp": NOW + 9000}, "future"),
    "older than the log-in": ({"iat": NOW - 7200}, "before this log-in"),
    "another nonce": ({"nonce": "n" * 43}, "(nonce)"),
    "no nonce": ({"nonce": None}, "(nonce)"),
    "another access token's": ({"at_hash": "x" * 22}, "(at_hash)"),
    "no subject": ({"sub": None}, "(sub)"),
    "a subject of 256": ({"sub": "x" * 256}, "(sub)"),
}


@pytest.mark.parametrize("name", TWISTS)
def test_claims_that_are_not_good(tenant, issuer, provider, browser, name):
    claims, words = TWISTS[name]
    issuer.claims = claims(issuer) if callable(claims) else claims
    refused(browser.log_in(tenant.name, provider["name"]), words)
    issuer.claims = {}
    assert browser.log_in(tenant.name, provider["name"]).status == 200


def embedded(_key, claims):
    """Signed with a key of its own that it brings along."""
    own = Key("RS256", "own")
    return own.token(claims, jwk=own.jwk(), jku="http://127.0.0.1:1/keys")


SIGNATURES = {
    "none": unsigned,
    "none in capitals": lambda key, claims: unsigned(key, claims).replace("eyJhbGciOiAibm9uZSI", "eyJhbGciOiAiTk9ORSI"),
    "HS256 with the public key": hmac_with(lambda key: key.pem()),
    "HS256 with the modulus": hmac_with(lambda key: base64.urlsafe_b64decode(key.jwk()["n"] + "==")),
    "HS256 with nothing": hmac_with(lambda key: b""),
    "an unknown key": lambda key, claims: Key("RS256").token(claims),
    "another key under the same id": lambda key, claims: Key("RS256", key.kid).token(claims),
    "another algorithm's key under the same id": lambda key, claims: Key("ES256", key.kid).token(claims),
    "the right key under another's algorithm": lambda key, claims: key.token(claims, alg="ES256"),
    "RS512 said": lambda key, claims: key.token(claims, alg="RS512"),
    "a key that it brings along": embedded,
    "something critical": lambda key, claims: key.token(claims, crit=["x"], x=1),
    "a changed payload": lambda key, claims: key.token(claims).replace(".", ".e", 1),
    "no signature": lambda key, claims: key.token(claims).rsplit(".", 1)[0] + ".",
    "five parts": lambda key, claims: key.token(claims) + "..",
    "words": lambda key, claims: "not a token",
    "a number": lambda key, claims: 7,
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures_that_are_not_the_issuers(tenant, issuer, provider, browser, name):
    issuer.make = SIGNATURES[name]
    refused(browser.log_in(tenant.name, provider["name"]), "the log-in is refused")
    issuer.make = None
    assert browser.log_in(tenant.name, provider["name"]).status == 200


def test_new_keys_are_learnt_and_made_up_ones_cost_the_issuer_nothing(tenant, issuer, provider, browser):
    assert browser.log_in(tenant.name, provider["name"]).status == 200
    issuer.key = Key("ES256")
    issuer.keys = [issuer.key]
    assert browser.log_in(tenant.name, provider["name"]).status == 200
    assert issuer.count("keys") == 2
    issuer.make = lambda key, claims: Key("RS256").token(claims)
    for _ in range(3):
        refused(browser.log_in(tenant.name, provider["name"]), "no such key")
    assert issuer.count("keys") == 2


def test_a_key_set_with_keys_of_every_kind(tenant, issuer, provider, browser, stack):
    """What is of no use is passed over; a token without a key id is for the only key of its kind."""
    good = issuer.key

    class Raw:
        def __init__(self, jwk):
            self.value = jwk

        def jwk(self):
            return self.value

    issuer.keys = [Raw(jwk) for jwk in (
        {"kty": "oct", "k": "AAAA", "kid": good.kid}, {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"}, {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {**Key("RS256").jwk(), "use": "enc"}, {**Key("EdDSA").jwk(), "x": "AAAA"}, {**Key("ES256").jwk(), "y": "A" * 43}, {}, [], "x",
        {**Key("RS256").jwk(), "d": "AQAB"})] + [good]
    issuer.make = lambda key, claims: key.token(claims, kid=None)
    assert browser.log_in(tenant.name, provider["name"]).status == 200


# ---- issuers that do not answer as they should ----

ANSWERS = {
    "an error": (500, {}, b"oops"),
    "a redirect": (302, {"Location": "http://169.254.169.254/"}, b""),
    "no JSON": (200, {"Content-Type": "application/json"}, b"<html>"),
    "an array": (200, {}, b"[]"),
    "twice the same": (200, {}, b'{"issuer":"x","issuer":"y"}'),
    "very deep": (200, {}, b"[" * 50_000),
    "very much": (200, {}, b" " * (2 << 20)),
    "nothing": (200, {}, b""),
}


@pytest.mark.parametrize("what", ["discovery", "keys", "token"])
@pytest.mark.parametrize("name", ANSWERS)
def test_other_answers(tenant, issuer, provider, browser, what, name):
    issuer.answers[what] = ANSWERS[name]
    answer = browser.log_in(tenant.name, provider["name"])
    problem = is_problem(answer, answer.status)
    assert answer.status in (413, 502), answer
    assert "issuer" in problem["detail"]
    issuer.answers.clear()
    assert browser.log_in(tenant.name, provider["name"]).status == 200


@pytest.mark.parametrize("document,words", [
    ({"issuer": "https://evil.example"}, "names another issuer"), ({"token_endpoint": None}, "token_endpoint"),
    ({"jwks_uri": "ftp://x.example/keys"}, "jwks_uri"), ({"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint"),
    ({"authorization_endpoint": "https://x.example/\r\nSet-Cookie: a=b"}, "authorization_endpoint"),
    ({"token_endpoint": "http://x.example/token"}, "token_endpoint"), ({"jwks_uri": 7}, "jwks_uri")])
def test_discovery_documents_that_are_not_good(tenant, issuer, provider, browser, document, words):
    issuer.document = document
    refused(browser.start(tenant.name, provider["name"]), words, 502)
    assert issuer.count("keys") == 0


@pytest.mark.parametrize("what", ["discovery", "keys", "token"])
def test_a_hanging_issuer_holds_up_nobody_else(stack, tenant, issuer, provider, browser, api, what):
    """... and no more than a few threads."""
    issuer.hangs.add(what)
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(Browser(stack.url).log_in, tenant.name, provider["name"]) for _ in range(20)]
        wait_until(lambda: issuer.count(what) >= 8, 20)
        assert api.get("/api/v1/auth/whoami").status == 200
        assert not all(w.done() for w in waiting)
        answers = [w.result(60) for w in waiting]
        assert sorted({a.status for a in answers}) == [429, 504]
        assert [a.status for a in answers].count(504) >= 8
    issuer.let_go.set()
    issuer.hangs.clear()
    assert browser.log_in(tenant.name, provider["name"]).status == 200


def test_an_issuer_that_is_not_there(tenant, issuer, make, browser):
    provider = make(issuer, issuer="http://127.0.0.1:1/x")
    refused(browser.start(tenant.name, provider["name"]), "cannot be read", 503)


def test_a_tenants_outbound_rules_hold(stack, issuer):
    """Without a rule of its own a tenant cannot have this machine asked, however the issuer writes its address."""
    other = Tenant(stack.build, stack.env, stack.url, outbound=())
    with_port = issuer.url.split("127.0.0.1")[1]
    for host in ("127.0.0.1", "localhost"):
        body = draft(stack, other, issuer, issuer=f"http://{host}{with_port}")
        assert other.api().post(PROVIDERS, body).status == 201
        problem = is_problem(Browser(stack.url).start(other.name, body["name"]), 403)
        assert "loopback" in problem["detail"]
    assert not issuer.requests


# ---- whose answer it is ----

def test_a_state_is_good_once(tenant, issuer, provider, browser):
    assert browser.log_in(tenant.name, provider["name"]).status == 200
    refused(browser.finish(), "used before")
    assert issuer.count("token") == 1


def test_of_two_at_once_one_gets_in(stack, tenant, issuer, provider, browser):
    browser.start(tenant.name, provider["name"])
    browser.authorize()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: browser.finish().status, range(8)))
    assert sorted(answers) == [200] + [401] * 7
    assert issuer.count("token") == 1


def test_another_browser(stack, tenant, issuer, provider, browser):
    """The attacker's answer in the victim's browser, or the victim's in the attacker's: neither; and the log-in stays its owner's."""
    browser.start(tenant.name, provider["name"])
    browser.authorize()
    other = Browser(stack.url)
    other.start(tenant.name, provider["name"])
    for cookie in (None, other.cookie, "drm_oidc=", "drm_oidc=p" + "x" * 43, browser.cookie + "x", browser.cookie.replace("drm_", "__Host-drm_"),
                   "drm_oidc=" + "p" * 5000):
        refused(browser.finish(cookie=cookie), "another browser")
    assert issuer.count("token") == 0
    assert browser.finish().status == 200


def test_a_code_of_another_log_in(stack, tenant, issuer, provider):
    """A stolen code in one's own log-in: PKCE has the issuer refuse it (and its nonce would not fit)."""
    victim, thief = Browser(stack.url), Browser(stack.url)
    for browser in (victim, thief):
        browser.start(tenant.name, provider["name"])
        browser.authorize()
    code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(victim.callback).query))["code"]
    refused(thief.finish(with_query(thief.callback, code=code)), "invalid_grant")


def test_a_code_is_good_once(stack, tenant, issuer, provider, browser):
    assert browser.log_in(tenant.name, provider["name"]).status == 200
    code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(browser.callback).query))["code"]
    browser.start(tenant.name, provider["name"])
    browser.authorize()
    refused(browser.finish(with_query(browser.callback, code=code)), "invalid_grant")


def test_the_verifier_is_the_challenges(stack, tenant, issuer, provider, browser):
    """The issuer was told another challenge than is kept here: what it then gets does not fit."""
    browser.start(tenant.name, provider["name"])
    wrong = base64.urlsafe_b64encode(hashlib.sha256(b"x").digest()).decode().rstrip("=")
    browser.location = with_query(browser.location, code_challenge=wrong)
    browser.authorize()
    refused(browser.finish(), "invalid_grant")


def test_mix_up(stack, tenant, issuer, make, provider):
    """An issuer that sends the browser on to another one does not get that one's code: by the path, or by iss."""
    with Issuer() as evil:
        evil.email = tenant.user("viewer")
        bad = make(evil)
        for twist in (lambda url: url,                                                           # iss tells
                      lambda url: with_query(url, iss=None),                                     # ... and is missed
                      lambda url: url.replace(bad["name"], provider["name"]),                    # the path tells
                      lambda url: with_query(url, iss=evil.url).replace(bad["name"], provider["name"])):
            browser = Browser(stack.url)
            browser.start(tenant.name, bad["name"])
            browser.location = browser.location.replace(evil.url, issuer.url)
            browser.authorize()
            refused(browser.finish(twist(browser.callback)), "the log-in is refused")
        assert evil.count("token") == issuer.count("token") == 0


def test_one_redirect_uri_for_all_wants_the_issuers_name(stack, tenant, issuer, make):
    shared = make(issuer, redirect_uri=stack.url + "/api/v1/auth/oidc/callback")
    browser = Browser(stack.url)
    assert browser.log_in(tenant.name, shared["name"]).status == 200
    with Issuer() as silent:
        silent.names_itself = False
        silent.email = tenant.user("viewer")
        of_all = make(silent, redirect_uri=stack.url + "/api/v1/auth/oidc/callback")
        refused(Browser(stack.url).log_in(tenant.name, of_all["name"]), "redirect_uri of its own")
        assert silent.count("token") == 0
        assert Browser(stack.url).log_in(tenant.name, make(silent)["name"]).status == 200


def test_the_issuer_refuses(tenant, issuer, provider, browser):
    browser.start(tenant.name, provider["name"])
    browser.authorize()
    denied = with_query(browser.callback, code=None, error="access_denied<script>", error_description="x")
    assert "<" not in refused(browser.finish(denied), "access_deniedscript")["detail"]
    refused(browser.finish(), "used before")
    browser.start(tenant.name, provider["name"])
    browser.authorize()
    refused(browser.finish(with_query(browser.callback, code=None)), "no code")
    assert issuer.count("token") == 0


@pytest.mark.parametrize("query,status", [("", 400), ("code=x", 400), ("state=x&state=y", 400), ("state=%", 400), ("state=" + "x" * 300, 400),
                                          ("state=x", 401), ("state=" + "x" * 43 + "&code=y", 401), ("state=x&error=server_error", 401)])
def test_answers_to_nothing(stack, tenant, provider, query, status):
    for path in ("callback", f"{tenant.name}/{provider['name']}/callback", "nobody/nothing/callback"):
        is_problem(Api(stack.url).get(f"/api/v1/auth/oidc/{path}?{query}"), status)


def test_a_log_in_ends_after_ten_minutes(tenant, issuer, provider, browser):
    browser.start(tenant.name, provider["name"])
    browser.authorize()
    ask(tenant.env, "UPDATE drm.oidc_logins SET expires_at = now() - interval '1 second' WHERE tenant_id = %s", (tenant.id,))
    refused(browser.finish(), "10 minutes")
    browser.start(tenant.name, provider["name"])  # takes away what has expired
    assert pending(tenant) == 1


def test_log_ins_that_nobody_finishes_are_counted(tenant, issuer, provider, browser):
    browser.start(tenant.name, provider["name"])
    ask(tenant.env,
        "INSERT INTO drm.oidc_logins (tenant_id, id, provider_id, state_hash, binding_hash, nonce, verifier, redirect_uri, loopback, expires_at)"
        " SELECT tenant_id, gen_random_uuid(), provider_id, sha256(i::text::bytea), binding_hash, nonce, verifier, redirect_uri, loopback,"
        " expires_at FROM drm.oidc_logins, generate_series(1, 10000) i WHERE tenant_id = %s", (tenant.id,))
    refused(browser.start(tenant.name, provider["name"]), "nobody finishes", 429)
    ask(tenant.env, "DELETE FROM drm.oidc_logins WHERE tenant_id = %s", (tenant.id,))
    assert browser.log_in(tenant.name, provider["name"]).status == 200


# ---- who may come in ----

def test_no_provider_of_that_name(stack, tenant, provider, make, issuer):
    other = Tenant(stack.build, stack.env, stack.url)
    off = make(issuer, enabled=False)
    answers = [Browser(stack.url).start(*names) for names in (
        (other.name, provider["name"]), (other.name, provider["id"]), (other.id, provider["id"]), ("nobody", provider["name"]),
        (tenant.name, "nothing"), (tenant.name, off["name"]), (tenant.name, "x' OR true --"), (tenant.name, "\N{SNOWMAN}"), ("x" * 200, "x"))]
    bodies = {re.sub(r'"(request_id|instance)":"[^"]*"', "", a.body.decode()) for a in answers}
    assert {a.status for a in answers} == {404} and len(bodies) == 1


def test_a_tenant_that_is_suspended(stack, issuer):
    other = Tenant(stack.build, stack.env, stack.url)
    issuer.email = other.user("viewer")
    body = draft(stack, other, issuer)
    assert other.api().post(PROVIDERS, body).status == 201
    browser = Browser(stack.url)
    browser.start(other.name, body["name"])
    browser.authorize()
    ask(stack.env, "UPDATE drm.tenants SET status = 'suspended' WHERE tenant_id = %s", (other.id,))
    is_problem(browser.finish(), 401)
    is_problem(Browser(stack.url).start(other.name, body["name"]), 404)
    ask(stack.env, "UPDATE drm.tenants SET status = 'active' WHERE tenant_id = %s", (other.id,))
    assert Browser(stack.url).log_in(other.name, body["name"]).status == 200


def test_a_provider_changed_meanwhile(tenant, issuer, provider, browser, api):
    browser.start(tenant.name, provider["name"])
    browser.authorize()
    assert api.call("PATCH", f"{PROVIDERS}/{provider['id']}", {"scopes": "openid"}).status == 200
    refused(browser.finish(), "begin again")
    browser.start(tenant.name, provider["name"])
    browser.authorize()
    assert api.call("DELETE", f"{PROVIDERS}/{provider['name']}").status == 204
    refused(browser.finish(), "begin again")


def test_a_disabled_user_stays_out(stack, tenant, issuer, provider, browser):
    assert browser.log_in(tenant.name, provider["name"]).status == 200
    ask(tenant.env, "UPDATE drm.users SET active = false WHERE tenant_id = %s AND email = %s", (tenant.id, issuer.email))
    refused(browser.log_in(tenant.name, provider["name"]), "no active user")
    assert failed(tenant, issuer.email) == ["oidc, disabled"]
    issuer.sub = secrets.token_hex(8)  # another account of the same address does not help
    refused(browser.log_in(tenant.name, provider["name"]), "no active user")
    ask(tenant.env, "UPDATE drm.users SET active = true WHERE tenant_id = %s AND email = %s", (tenant.id, issuer.email))
    refused(browser.log_in(tenant.name, provider["name"]), "no active user")


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_that_the_issuer_has_not_verified(tenant, issuer, make, browser, verified):
    provider, before = make(issuer, create_users=True), users(tenant)
    issuer.verified = verified
    refused(browser.log_in(tenant.name, provider["name"]), "no active user")
    issuer.email = f"{secrets.token_hex(4)}@example.net"
    refused(browser.log_in(tenant.name, provider["name"]), "no active user")
    assert users(tenant) == before


def test_who_gets_an_address_later_does_not_get_the_user(tenant, issuer, provider, browser):
    assert browser.log_in(tenant.name, provider["name"]).status == 200
    issuer.sub = secrets.token_hex(8)
    refused(browser.log_in(tenant.name, provider["name"]), "no active user")


def test_nobody_is_linked_unless_the_provider_says_so(tenant, issuer, make, browser):
    provider, before = make(issuer, link_by_email=False), users(tenant)
    refused(browser.log_in(tenant.name, provider["name"]), "no active user")
    provider = make(issuer, link_by_email=False, create_users=True)  # the address is taken: it is not made twice
    refused(browser.log_in(tenant.name, provider["name"]), "no active user")
    assert users(tenant) == before


def test_users_are_made_when_the_provider_says_so(stack, tenant, issuer, make, browser):
    domain = f"{secrets.token_hex(4)}.example"
    provider, before = make(issuer, create_users=True, default_role="operator", email_domains=[domain.upper()]), users(tenant)
    issuer.email = f"new@sub.{domain}"
    refused(browser.log_in(tenant.name, provider["name"]), "no active user")
    issuer.email = f"New.Person@{domain}"
    who = whoami(stack, browser.log_in(tenant.name, provider["name"]))
    assert (who["email"], who["role"]) == (f"new.person@{domain}", "operator")
    assert whoami(stack, browser.log_in(tenant.name, provider["name"]))["user_id"] == who["user_id"]
    assert users(tenant) == before + 1
    assert audited(tenant, "user.create_oidc", who["email"]) == 1
    answer = Api(stack.url).post("/api/v1/auth/login", {"email": who["email"], "password": "x" * 20, "tenant": tenant.name})
    is_problem(answer, 401)


def test_two_first_log_ins_at_once_make_one_user(stack, tenant, issuer, make):
    provider, before = make(issuer, create_users=True), users(tenant)
    issuer.email = f"{secrets.token_hex(4)}@example.net"
    browsers = [Browser(stack.url) for _ in range(6)]
    for browser in browsers:
        browser.start(tenant.name, provider["name"])
        browser.authorize()
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda browser: browser.finish(), browsers))
    assert len({whoami(stack, answer)["user_id"] for answer in answers}) == 1
    assert users(tenant) == before + 1


def test_an_account_is_a_user_of_each_tenant_by_itself(stack, tenant, issuer, provider, browser):
    mine = whoami(stack, browser.log_in(tenant.name, provider["name"]))
    other = Tenant(stack.build, stack.env, stack.url)
    body = draft(stack, other, issuer)
    assert other.api().post(PROVIDERS, body).status == 201
    refused(Browser(stack.url).log_in(other.name, body["name"]), "no active user")
    with_user = other.user("viewer")
    issuer.email = with_user
    theirs = whoami(stack, Browser(stack.url).log_in(other.name, body["name"]))
    assert theirs["tenant"] == other.name and theirs["user_id"] != mine["user_id"]


# ---- second factors ----

def test_a_second_factor_of_ones_own_is_not_gone_round(stack, tenant, issuer, make, browser):
    """Unless the tenant trusts the issuer, and the issuer says that it asked for several."""
    enroll(tenant.api(issuer.email))
    untrusted, trusted = make(issuer), make(issuer, trust_issuer_factor=True)
    issuer.claims = {"amr": ["pwd", "mfa"]}
    refused(browser.log_in(tenant.name, untrusted["name"]), "second factor")
    for amr in (None, ["pwd"], "mfa", ["pwd", "otp"]):
        issuer.claims = {"amr": amr}
        refused(browser.log_in(tenant.name, trusted["name"]), "second factor")
    assert audited(tenant, "user.link_oidc", issuer.email) == 0, "what is refused changes nothing"
    assert failed(tenant, issuer.email) == ["oidc without second factor"] * 5
    issuer.claims = {"amr": ["pwd", "mfa"]}
    assert whoami(stack, browser.log_in(tenant.name, trusted["name"]))["email"] == issuer.email


def test_a_tenant_that_requires_a_second_factor(stack, issuer):
    other = Tenant(stack.build, stack.env, stack.url)
    api = other.api()
    enroll(api)
    issuer.email, made = other.user("viewer"), {}
    for trust in (False, True):
        body = draft(stack, other, issuer, trust_issuer_factor=trust, create_users=True)
        assert api.post(PROVIDERS, body).status == 201
        made[trust] = body["name"]
    weak = Browser(stack.url).log_in(other.name, made[True])
    weak_api = Api(stack.url, weak.json()["access_token"])
    assert weak_api.get("/api/v1/devices").status == 200
    assert api.call("PATCH", "/api/v1/tenant", {"require_second_factor": True}).status == 200
    assert weak_api.get("/api/v1/devices").status == 403, "a log-in without factors is held from now on"
    before = users(other)
    for name, amr in ((made[False], ["mfa"]), (made[True], ["pwd"]), (made[True], None)):
        issuer.claims = {"amr": amr}
        refused(Browser(stack.url).log_in(other.name, name), "second factor")
    issuer.claims, issuer.sub, issuer.email = {}, secrets.token_hex(8), f"{secrets.token_hex(4)}@example.net"
    refused(Browser(stack.url).log_in(other.name, made[True]), "second factor")
    assert users(other) == before
    issuer.claims = {"amr": ["mfa"]}
    strong = Browser(stack.url).log_in(other.name, made[True])
    assert Api(stack.url, strong.json()["access_token"]).get("/api/v1/devices").status == 200, "it is not held to enrol one of ours"
    fresh = Api(stack.url).post("/api/v1/auth/refresh", {"refresh_token": strong.json()["refresh_token"]}).json()
    assert Api(stack.url, fresh["access_token"]).get("/api/v1/devices").status == 200


# ---- providers ----

def test_providers_are_managed(stack, tenant, issuer, api):
    body = draft(stack, tenant, issuer, email_domains=["Example.NET"])
    made = api.post(PROVIDERS, body)
    assert made.status == 201 and made.headers["etag"] == '"1"'
    one = made.json()
    assert one["client_secret"] == {"set": True} and one["email_domains"] == ["example.net"] and one["scopes"] == "openid email"
    assert (one["default_role"], one["create_users"], one["trust_issuer_factor"], one["enabled"]) == ("viewer", False, False, True)
    assert api.get(f"{PROVIDERS}/{one['id']}").json() == api.get(f"{PROVIDERS}/{one['name']}").json() == one
    assert api.get(f"{PROVIDERS}?name={one['name']}").json()["items"] == [one]
    is_problem(api.post(PROVIDERS, body), 409)
    path = f"{PROVIDERS}/{one['id']}"
    is_problem(api.call("PATCH", path, {"scopes": "openid"}, headers={"If-Match": '"7"'}), 412)
    changed = api.call("PATCH", path, {"client_secret": None, "email_domains": [], "default_role": "operator"}, headers={"If-Match": '"1"'}).json()
    assert changed["client_secret"] == {"set": False} and changed["email_domains"] == [] and changed["version"] == 2
    assert {k: v for k, v in changed.items() if k in ("issuer", "link_by_email", "redirect_uri")} == \
        {k: one[k] for k in ("issuer", "link_by_email", "redirect_uri")}
    assert api.call("DELETE", path).status == 204
    changes = ask(tenant.env, "SELECT action, detail FROM drm.audit_logs WHERE tenant_id = %s AND object_id = %s ORDER BY id", (tenant.id, one["id"]))
    assert [action for action, _ in changes] == ["oidc_provider.create", "oidc_provider.update", "oidc_provider.delete"]
    assert changes[1][1] == {"before": {"client_secret": {"set": True}, "email_domains": ["example.net"], "default_role": "viewer"},
                             "after": {"client_secret": {"set": False, "changed": True}, "email_domains": [], "default_role": "operator"}}
    assert body["client_secret"] not in str(changes) and body["client_id"] in str(changes[0])
    is_problem(api.get(path), 404)
    is_problem(api.call("DELETE", path), 404)


@pytest.mark.parametrize("field,value", [
    ("name", "Corporate"), ("name", "a b"), ("name", "a/b"), ("name", ".x"), ("name", "0192d2a4-58b1-7c3e-9f00-3b5a7d1e2c4f"), ("name", "x" * 65),
    ("issuer", "http://id.example"), ("issuer", "https://id.example/?x=1"), ("issuer", "https://id.example/#x"), ("issuer", "id.example"),
    ("issuer", "https://user@id.example"), ("issuer", "https://"), ("issuer", "file:///etc/passwd"), ("issuer", "http://127.0.0.1.evil.example"),
    ("issuer", "https://id.example/\n"), ("issuer", "http://localhost@evil.example"), ("client_id", "\N{SNOWMAN}"), ("client_id", ""),
    ("client_secret", "x\ny"), ("client_secret", "x" * 1025), ("scopes", "email profile"), ("scopes", "openid  email"), ("scopes", "openid \"x"),
    ("redirect_uri", "http://drm.example/callback"), ("redirect_uri", "drmgmt://callback"), ("default_role", "administrator"),
    ("email_domains", ["not a domain"]), ("email_domains", ["*.example"]), ("link_by_email", "yes"), ("no_such_field", 1), ("version", 3)])
def test_providers_that_are_not_good(stack, tenant, issuer, provider, api, field, value):
    assert is_problem(api.post(PROVIDERS, draft(stack, tenant, issuer, **{field: value})), 400)["field"] == field
    assert is_problem(api.call("PATCH", f"{PROVIDERS}/{provider['id']}", {field: value}), 400)["field"] == field


def test_providers_are_a_tenants_own(stack, tenant, issuer, provider):
    other = Tenant(stack.build, stack.env, stack.url).api()
    for name in (provider["id"], provider["name"]):
        is_problem(other.get(f"{PROVIDERS}/{name}"), 404)
        is_problem(other.call("PATCH", f"{PROVIDERS}/{name}", {"enabled": False}), 404)
        is_problem(other.call("DELETE", f"{PROVIDERS}/{name}"), 404)
    assert other.get(PROVIDERS).json()["items"] == []


def test_who_may_manage_providers(stack, tenant, issuer, provider):
    for role in ("viewer", "operator"):
        api = tenant.api(tenant.user(role))
        for answer in (api.get(PROVIDERS), api.get(f"{PROVIDERS}/{provider['id']}"), api.post(PROVIDERS, draft(stack, tenant, issuer)),
                       api.call("PATCH", f"{PROVIDERS}/{provider['id']}", {"enabled": False}),
                       api.call("DELETE", f"{PROVIDERS}/{provider['id']}")):
            is_problem(answer, 403)


def test_nobody_lets_others_in_with_more_than_they_hold(stack, tenant, issuer, provider, api):
    """Who links by address can be anybody, an administrator as well: tenant:settings alone is not enough for that."""
    email = tenant.user("none")
    ask(tenant.env, "INSERT INTO drm.rbac_roles (tenant_id, id, name, permissions) VALUES (%(t)s, %(r)s, %(n)s, ARRAY['tenant:settings']);"
        "INSERT INTO drm.user_roles (tenant_id, id, user_id, role_id) SELECT %(t)s, gen_random_uuid(), id, %(r)s FROM drm.users"
        " WHERE tenant_id = %(t)s AND email = %(e)s",
        {"t": tenant.id, "r": "00000000-0000-7000-8000-" + secrets.token_hex(6), "n": unique("role"), "e": email})
    settings = Api(stack.url, log_in(stack.url, email, tenant.password, tenant.name))
    is_problem(settings.post(PROVIDERS, draft(stack, tenant, issuer)), 403)
    is_problem(settings.post(PROVIDERS, draft(stack, tenant, issuer, link_by_email=False, create_users=True)), 403)
    is_problem(settings.call("PATCH", f"{PROVIDERS}/{provider['id']}", {"issuer": "https://evil.example"}), 403)
    assert api.get(f"{PROVIDERS}/{provider['id']}").json()["issuer"] == issuer.url
    mine = settings.post(PROVIDERS, draft(stack, tenant, issuer, link_by_email=False))
    assert mine.status == 201
    is_problem(settings.call("PATCH", f"{PROVIDERS}/{mine.json()['id']}", {"link_by_email": True}), 403)
    made = settings.call("PATCH", f"{PROVIDERS}/{mine.json()['id']}", {"create_users": True, "default_role": "none"})
    assert made.status == 200, made


def test_a_new_data_key_meanwhile(stack, issuer):
    """The client secret and the verifier of a log-in that is under way are sealed anew with the rest, and open."""
    other = Tenant(stack.build, stack.env, stack.url)
    issuer.email = other.user("viewer")
    body = draft(stack, other, issuer)
    assert other.api().post(PROVIDERS, body).status == 201
    browser = Browser(stack.url)
    browser.start(other.name, body["name"])
    browser.authorize()
    done = stack.drmctl("key", "reencrypt", "--tenant", other.name)
    assert done.returncode == 0, done.stderr
    versions = "SELECT array_agg(version) FROM drm.tenant_keys WHERE tenant_id = %s"
    wait_until(lambda: ask(stack.env, versions, (other.id,)) == [([2],)], 60)
    assert browser.finish().status == 200
    assert Browser(stack.url).log_in(other.name, body["name"]).status == 200


def test_secrets_are_in_no_dump_and_no_answer(stack, tenant, issuer, make, browser, api):
    secret = secrets.token_urlsafe(24)
    issuer.secret = secret
    provider = make(issuer)
    assert browser.log_in(tenant.name, provider["name"]).status == 200
    browser.start(tenant.name, provider["name"])
    dump = subprocess.run(["pg_dump", "--data-only", stack.env["DRM_ADMIN_DATABASE_URL"]], check=True, capture_output=True, timeout=60).stdout
    state = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(browser.location).query))["state"]
    for word in (secret, state, browser.cookie.split("=")[1]):
        for form in (word.encode(), base64.b64encode(word.encode()), word.encode().hex().encode()):
            assert form not in dump, word
    assert provider["name"].encode() in dump
    assert secret not in str(api.get(PROVIDERS).body)
