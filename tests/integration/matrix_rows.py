"""THE matrix: one row (or more) for every route of drmd, which says how an object it is about is made, how a request names it and what a
valid body is. test_matrix.py makes its cells out of these rows and of `drmd --routes`: every way of asking, by everybody who must not.

A route without a row fails the build: `matrix_rows.py DRMD` is run by it, needs no server and nothing but Python (what makes objects imports
the tests' helpers when it is called), and says what to add."""
import dataclasses
import json
import re
import subprocess
import sys
import uuid


def unique(word):
    return f"{word}-{uuid.uuid4().hex[:12]}"


def pick(value, place):
    """The value at "profiles.0.credential_id"."""
    for step in place.split("."):
        value = value[int(step) if step.isdigit() else step]
    return value


def put(value, place, new):
    """A copy with another value there."""
    step, _, rest = place.partition(".")
    step = int(step) if step.isdigit() else step
    copy = value.copy()
    copy[step] = put(value[step], rest, new) if rest else new
    return copy


# ---- the things of a tenant ----

@dataclasses.dataclass(frozen=True)
class Kind:
    """A sort of object. make(person) makes one over REST and returns its JSON; person.object(kind) gives one that may be shared.
    names: what must show to no other tenant, and finds nothing there. personal: it is its maker's, not all the tenant's.
    on_devices: a role that holds on some devices only reaches those of its devices. platform: it is the platform's, no tenant's."""
    make: object
    names: tuple = ("id",)
    personal: bool = False
    on_devices: bool = False
    platform: bool = False


def device_body(person):
    return {"name": unique("device"), "tags": [unique("tag"), *person.tags], "profiles": [{"protocol": "fake"}]}


def snmp_device_body(person):
    credential = person.object("snmp_credential")["id"]
    return {**device_body(person), "profiles": [{"protocol": "snmp", "address": "192.0.2.7", "credential_id": credential}]}


def credential_body(_person):
    return {"name": unique("credential"), "community": unique("community")}


def order(operation, **params):
    return lambda person: {"device_id": person.object("device")["id"], "protocol": "fake", "operation": operation, "params": params}


def enqueue(person):
    return {"device_id": person.object("device")["id"], "params": {"ms": 1}}


def posted(path, body, status=201):
    def make(person):
        answer = person.call("POST", path, body(person))
        assert answer.status == status, answer
        return answer.json()
    return make


def job(person):
    return person.get("/api/v1/jobs/" + posted("/api/v1/jobs", order("sleep", ms=1), 202)(person)["job_id"])


def begun(person):
    """A code that confirms the enrolment."""
    from factor_support import Authenticator
    return {"code": Authenticator(posted("/api/v1/auth/second-factor", lambda _: {})(person)["secret"]).code()}


def enrolled(person):
    """A code of the person's second factor, not used yet."""
    from factor_support import enroll, forget_used_codes
    authenticator, _ = enroll(person)
    forget_used_codes(person.world.env, person.email)
    return {"code": authenticator.code()}


def with_second_factor(person):
    """Somebody who may nothing, and has a second factor."""
    from factor_support import enroll
    other = person.tenant.person(person.tenant.user("none"))
    enroll(other)
    return {"id": other.get("/api/v1/auth/whoami")["user_id"]}


CODE = {"code": "000000"}

KINDS = {
    "device": Kind(posted("/api/v1/devices", device_body), names=("id", "name"), on_devices=True),
    "snmp_credential": Kind(posted("/api/v1/snmp-credentials", credential_body)),
    "job": Kind(job, on_devices=True),
    "user_with_second_factor": Kind(with_second_factor),
    "api_key": Kind(posted("/api/v1/api-keys", lambda _: {"label": unique("key")}), personal=True),
}


# ---- the routes ----

@dataclasses.dataclass(frozen=True)
class Row:
    """How a route is asked.

    kind      what {id} of the path names
    names     members of that object which are good there
    path      values of the path's other parameters
    body      body(person): a valid body, made of that person's objects, with new names
    ready     ready(person): what succeeds in its place, where the person must be made ready for it
    refs      every place of the body that names an object -> its kind; all places where the route's schema has a UUID must be here
    lists     what the list holds: nothing of another tenant's may show in it
    filters   every filter of the list -> the place of its value in an object of `lists`, or "=value" where the value names none
    spends    success uses the object up, or the log-in where there is none: each success gets one of its own
    by_token  an API key will not do
    needs     the permission of this call when it is not the one of the route: the library asks for more
    public    why nobody is asked for a log-in, and what keeps a tenant's objects out of it"""
    kind: str = None
    names: tuple = ("id",)
    path: dict = dataclasses.field(default_factory=dict)
    body: object = None
    ready: object = None
    refs: dict = dataclasses.field(default_factory=dict)
    lists: str = None
    filters: dict = dataclasses.field(default_factory=dict)
    spends: bool = False
    by_token: bool = False
    needs: str = None
    public: str = None


SAME_FOR_ALL = "tells about the process, and the same to everybody"
ASSET = "a page or file from disk"
BY_SECRET = "the secret in the body is the log-in: test_http_api.py"

ROWS = {
    "POST /api/v1/auth/login": [Row(public=BY_SECRET)],
    "POST /api/v1/auth/refresh": [Row(public=BY_SECRET)],
    "POST /api/v1/auth/logout": [Row(public=BY_SECRET)],
    "POST /api/v1/auth/logout-everywhere": [Row(spends=True)],
    "GET /api/v1/auth/whoami": [Row()],
    "GET /api/v1/auth/second-factor": [Row()],
    "POST /api/v1/auth/second-factor": [Row(body=lambda _: {}, by_token=True)],
    "DELETE /api/v1/auth/second-factor": [Row(body=lambda _: CODE, ready=enrolled, spends=True, by_token=True)],
    "POST /api/v1/auth/second-factor/confirm": [Row(body=lambda _: CODE, ready=begun, spends=True, by_token=True)],
    "POST /api/v1/auth/second-factor/recovery-codes": [Row(body=lambda _: CODE, ready=enrolled, spends=True, by_token=True)],
    "DELETE /api/v1/users/{id}/second-factor": [Row("user_with_second_factor", spends=True)],

    "GET /api/v1/tenant": [Row()],
    "PATCH /api/v1/tenant": [Row(body=lambda _: {"require_second_factor": False})],

    "GET /api/v1/permissions": [Row()],

    "GET /api/v1/api-keys": [Row(lists="api_key")],
    "POST /api/v1/api-keys": [Row(body=lambda _: {"label": unique("key")})],
    "DELETE /api/v1/api-keys/{id}": [Row("api_key", spends=True)],

    "GET /api/v1/devices": [Row(lists="device", filters={"name": "name", "tags": "tags.0", "protocols": "=fake"})],
    "POST /api/v1/devices": [Row(body=device_body), Row(body=snmp_device_body, refs={"profiles.0.credential_id": "snmp_credential"})],
    "GET /api/v1/devices/{id}": [Row("device", names=("id", "name"))],
    "PATCH /api/v1/devices/{id}": [
        Row("device", body=lambda _: {"description": unique("text")}),
        Row("device", body=lambda p: {"profiles": snmp_device_body(p)["profiles"]}, refs={"profiles.0.credential_id": "snmp_credential"},
            spends=True)],
    "DELETE /api/v1/devices/{id}": [Row("device", spends=True)],

    "GET /api/v1/snmp-credentials": [Row(lists="snmp_credential", filters={"name": "name"})],
    "POST /api/v1/snmp-credentials": [Row(body=credential_body)],
    "GET /api/v1/snmp-credentials/{id}": [Row("snmp_credential")],
    "PATCH /api/v1/snmp-credentials/{id}": [Row("snmp_credential", body=lambda _: {"community": unique("community")})],
    "DELETE /api/v1/snmp-credentials/{id}": [Row("snmp_credential", spends=True)],

    "GET /api/v1/jobs": [Row(lists="job", filters={"device_id": "device_id", "protocol": "=fake", "operation": "=sleep",
                                                   "status": "=queued"})],
    "POST /api/v1/jobs": [Row(body=order("sleep", ms=1), refs={"device_id": "device"}),
                          Row(body=order("write", value=1), refs={"device_id": "device"}, needs="job:submit:write")],
    "POST /api/v1/jobs/enqueue/{protocol}/{operation}": [
        Row(path={"protocol": "fake", "operation": "sleep"}, body=enqueue, refs={"device_id": "device"})],
    "GET /api/v1/jobs/{id}": [Row("job")],
    "POST /api/v1/jobs/{id}/cancel": [Row("job", spends=True)],
    "GET /api/v1/jobs/{id}/events": [Row("job")],
    "GET /jobs/events/{id}": [Row("job")],

    "GET /health": [Row(public=SAME_FOR_ALL)],
    "GET /readyz": [Row(public=SAME_FOR_ALL)],
    "GET /metrics": [Row(public="counts routes, not tenants")],
    "GET /openapi.json": [Row(public=SAME_FOR_ALL)],
    "GET /docs": [Row(public=ASSET)],
    "GET /docs/init.js": [Row(public=ASSET)],
    "GET /docs/{file}": [Row(public=ASSET)],
    "GET /redoc": [Row(public=ASSET)],
    "GET /redoc/{file}": [Row(public=ASSET)],
}


# ---- rows and routes are the same set ----

def routes_of(drmd):
    """{"GET /api/v1/devices": the row of `drmd --routes`}"""
    done = subprocess.run([str(drmd), "--routes"], capture_output=True, check=True, timeout=60)
    return {f"{r['method']} {r['path']}": r for r in json.loads(done.stdout)}


def missing_in_row(route, row):
    """What a row lacks, in words."""
    public = "public" in route["flags"]
    if public or row.public:
        if not (public and row.public):
            yield "public: the route and the row do not agree" if row.public else "public: say why nobody is asked for a log-in"
        return
    named = set(re.findall(r"{(\w+)}", route["path"])) - ({"id"} if row.kind else set())
    if named != set(row.path):
        yield f"path: give values for {sorted(named)}" + ("" if row.kind or "id" not in named else ", or say what {id} names: kind")
    if bool(row.body) != bool(route["request"]):
        yield f"body: make a valid {route['request']}" if route["request"] else "body: the route takes none"
    if bool(row.lists) != bool(route["query"]):
        yield f"lists: name the kind of a {route['query']}" if route["query"] else "lists: the route is no list"
    if set(row.filters) != set(route["filters"] or []):
        yield f"filters: {sorted(set(row.filters) ^ set(route['filters'] or []))}: in the row or in the entity, not in both"
    for kind in {row.kind, row.lists, *row.refs.values()} - {None} - set(KINDS):
        yield f"KINDS: say how a {kind} is made"


def problems(routes):
    """What keeps the table and the routes from being the same set; empty when they are."""
    found = [f"{name}: no row in ROWS of tests/integration/matrix_rows.py: add one that says how it is asked (see Row), so that it is tried as "
             "another tenant, without the permission and without a log-in" for name in routes if name not in ROWS]
    found += [f"{name}: a row in ROWS, but drmd has no such route: take it out" for name in ROWS if name not in routes]
    found += [f"{name}: {what}" for name, route in routes.items() for row in ROWS.get(name, []) for what in missing_in_row(route, row)]
    return found


if __name__ == "__main__":
    wrong = problems(routes_of(sys.argv[1]))
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)
