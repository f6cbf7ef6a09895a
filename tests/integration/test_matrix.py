"""The matrix: every route of `drmd --routes`, asked in every way by everybody who must not, with objects of tenant a. Made out of the table
in matrix_rows/; a route without a row there fails. Beside each refusal stands the same request by somebody who may, which succeeds, and
each "not yours" is held byte by byte against a "not there"."""
import os
import pathlib
import uuid

import pytest
from http_support import ROOT, is_problem, own_drmd
from matrix_rows import KINDS, ROWS, routes_of
from matrix_rows.row import pick, posted, put
from matrix_support import Person, World, same, twin
from stack.fleet import Fleet

ROUTES = routes_of(pathlib.Path(os.environ.get("DRM_BUILD") or ROOT / "build") / "drmd" / "drmd")
CASES = {f"{name} {i + 1}" if len(rows) > 1 else name: (ROUTES[name], row)
         for name, rows in ROWS.items() if name in ROUTES for i, row in enumerate(rows) if not row.public}
RANK = ["none", "viewer", "operator", "administrator"]


def cases(wanted):
    chosen = {name: case for name, case in CASES.items() if wanted(*case)}
    assert chosen
    return pytest.mark.parametrize("route, row", chosen.values(), ids=chosen.keys())


every = cases(lambda route, row: True)


@pytest.fixture(scope="module")
def world(build, tmp_path_factory):
    """PostgreSQL, Redis and drmd; no worker, so that jobs stay queued and nobody but the test changes a row."""
    with Fleet(build, redis=True, migrated=True) as servers, own_drmd(servers, tmp_path_factory.mktemp("drmd")) as drmd:
        made = World(build, servers.env, drmd.url)
        for name, kind in KINDS.items():
            for tenant in (made.platform,) if kind.platform else (made.a, made.b):
                tenant.administrator.object(name)
        yield made


def succeeds(answer, route):
    assert answer.status == route["status"], answer
    assert not answer.stream or b"data: " in answer.body
    return answer


def ask_for_own(person, route, row):
    """The request about the person's own things, which is to succeed."""
    if row.spends and not row.kind:
        person = person.like()
    thing = (person.make(row.kind) if row.spends else person.object(row.kind)) if row.kind else None
    body = row.ready or row.body
    return succeeds(person.ask(route, row, thing and thing["id"], body(person) if body else None), route)


def permission_of(route, row):
    return row.needs or route["permission"]


def on_platform(route, row):
    return permission_of(route, row).startswith("platform:")


def home_of(world, route, row):
    """Whose the route is: a tenant's, or the platform's."""
    return world.platform if on_platform(route, row) else world.a


def refused_alike(person, route, row, status, body=None):
    """Refused before it is looked what the request names: for a's object, b's and nobody's alike."""
    world, ids = person.world, [None]
    home = home_of(world, route, row)
    body = body or (row.body(home.administrator) if row.body else None)
    if row.kind:
        ids = [tenant.administrator.object(row.kind)["id"] for tenant in ((home,) if home is world.platform else (world.a, world.b))]
        ids.append(twin(ids[0]))
    asked = [{"names": each} for each in ids]
    asked += [{"names": ids[0], "beside": {place: twin(home.administrator.object(kind)["id"])}} for place, kind in row.beside.items()]
    answers = [person.ask(route, row, body=body, of=home.administrator, **each) for each in asked]
    named = [each for each in ids if each] + [value for each in asked for value in each.get("beside", {}).values()]
    named += [home.administrator.object(kind)["id"] for kind in row.beside.values()]
    for answer in answers:
        is_problem(answer, status)
        same(answer, answers[0], *named)


# ---- the log-in, the role ----

@every
def test_the_administrator_may(world, route, row):
    """By token and by API key: what is refused below is refused for its own reason."""
    home = home_of(world, route, row)
    ask_for_own(home.administrator, route, row)
    if row.by_token:
        refused_alike(home.by_key, route, row, 403)
    elif row.kind or not row.spends:
        ask_for_own(home.by_key, route, row)


@every
def test_a_role_may_what_the_table_says(world, route, row):
    least = world.permissions.get(permission_of(route, row), {"role": "none"})["role"]
    for role in RANK:
        person = home_of(world, route, row).people(role)
        if RANK.index(role) >= RANK.index(least):
            ask_for_own(person, route, row)
        else:
            refused_alike(person, route, row, 403)


needing = cases(lambda route, row: permission_of(route, row) != "none")


@needing
def test_its_permission_alone_opens_a_route(world, route, row):
    """And all the others together do not: by a role of the tenant's own, and by an API key that does less than its owner."""
    home, permission = home_of(world, route, row), permission_of(route, row)
    others = {p["name"] for p in world.permissions.values() if p["tenant" if home is world.a else "platform"]} - {permission}
    custom = home.custom()
    ask_for_own(custom.allow({permission}), route, row)
    refused_alike(custom.allow(others), route, row, 403)
    refused_alike(custom.allow(()), route, row, 403)
    ask_for_own(home.key_of(home.administrator, scopes=world.bits[permission], addresses=["127.0.0.0/8"]), route, row)
    refused_alike(home.key_of(home.administrator, scopes=sum(world.bits[name] for name in others)), route, row, 403)
    refused_alike(home.key_of(home.administrator, scopes=0), route, row, 403)


@needing
def test_an_api_key_does_not_exceed_its_owner(world, route, row):
    """Its scopes name the permission, which the owner does not hold any more."""
    home, permission = home_of(world, route, row), permission_of(route, row)
    custom = home.custom()
    key = home.key_of(custom.allow({permission, "api-key:own"}), scopes=world.bits[permission])
    ask_for_own(key, route, row)
    custom.allow({"tenant:read"} - {permission})
    refused_alike(key, route, row, 403)


def test_an_api_key_makes_no_key_that_may_more(world):
    """Neither another permission, nor from elsewhere, nor for longer."""
    person = world.a.people("administrator")
    narrow = world.a.key_of(person, scopes=world.bits["api-key:own"] | world.bits["job:read"], addresses=["127.0.0.0/8"], expires_at="tomorrow")
    made = Person(world, world.a, {"X-API-Key": posted("/api/v1/api-keys", lambda _: {"label": "made"})(narrow)["key"]})
    assert made.call("GET", "/api/v1/jobs").status == 200
    is_problem(made.call("GET", "/api/v1/devices"), 403)
    rows = world.sql("SELECT scopes, addresses, expires_at FROM drm.api_keys WHERE user_id = (SELECT user_id FROM drm.api_keys WHERE id = %s)"
                     " ORDER BY id DESC LIMIT 2", str(uuid.UUID(made.headers["X-API-Key"][4:36])))
    assert rows[0] == rows[1] and None not in rows[0]


@every
def test_nobody_gets_in_without_a_good_log_in(world, route, row):
    home = home_of(world, route, row)
    body = row.body(home.administrator) if row.body else None
    with world.untouched(home):
        for name, person in world.refused.items():
            try:
                refused_alike(person, route, row, 401, body)
            except AssertionError as error:
                raise AssertionError(f"{name}: {error}") from error


@needing
def test_who_must_enrol_first_does_nothing_else(world, route, row):
    """The tenant requires a second factor, and its administrator has none."""
    refused_alike(world.held.administrator, route, row, 403)


# ---- the platform and the tenants ----

@every
def test_the_platform_and_the_tenants_are_apart(world, route, row):
    """The platform's administrators hold nothing in a tenant, a tenant's nothing on the platform; what both may is each one's own."""
    permission = world.permissions.get(permission_of(route, row), {"tenant": True, "platform": True})
    for tenant, holds in ((world.platform, permission["platform"]), (world.a, permission["tenant"])):
        if not holds:
            refused_alike(tenant.administrator, route, row, 403)
        elif row.kind and tenant is world.platform and home_of(world, route, row) is world.a:
            thing = world.a.administrator.object(row.kind)["id"]
            nothing, body = twin(thing), row.body(tenant.administrator) if row.body else None
            foreign, none = (tenant.administrator.ask(route, row, each, body) for each in (thing, nothing))
            is_problem(foreign, 404)
            same(foreign, none, thing, nothing)
        elif row.lists and not KINDS[row.lists].platform:
            # The platform's own trail tells what it made: the tenant, and its outbound rules.
            rule = world.b.administrator.object("outbound_rule")
            made = (world.b.id, rule["id"], rule["note"]) if tenant is world.platform else ()
            world.shows_nothing_of(world.b, succeeds(tenant.administrator.ask(route, row), route), but=made)


@cases(lambda route, row: on_platform(route, row) and (row.kind or row.beside))
def test_what_is_not_there_is_not_there_for_the_platform(world, route, row):
    person = world.platform.administrator
    body = row.body(person) if row.body else None
    if row.kind:
        is_problem(person.ask(route, row, twin(person.object(row.kind)["id"]), body), 404)
    for place, kind in row.beside.items():
        is_problem(person.ask(route, row, body=body, beside={place: twin(person.object(kind)["id"])}), 404)


# ---- a role that holds on some devices only ----

@needing
def test_a_role_for_some_devices_reaches_no_other(world, route, row):
    permission = world.permissions[permission_of(route, row)]
    custom = home_of(world, route, row).custom(("site=matrix", "floor=1"))
    person = custom.allow({permission["name"]})
    if not permission["on_devices"]:
        refused_alike(person, route, row, 403)
        return
    ask_for_own(person, route, row)
    body = row.body(person) if row.body else None
    out = world.a.administrator
    if row.kind:
        thing = out.object(row.kind)["id"]
        nothing = twin(thing)
        foreign, none = (person.ask(route, row, each, body) for each in (thing, nothing))
        is_problem(foreign, 404)
        same(foreign, none, thing, nothing)
    if row.lists:
        own = person.object(row.lists)["id"]
        answer = succeeds(person.ask(route, row, query={"limit": 1000}), route)
        assert own in answer.body.decode()
        for thing in (out.object(row.lists), out.object("device")):
            assert thing["id"] not in answer.body.decode()
    for place, kind in row.refs.items():
        if KINDS[kind].on_devices:
            thing = out.object(kind)["id"]
            nothing = twin(thing)
            foreign, none = (person.ask(route, row, None, put(body, place, each)) for each in (thing, nothing))
            is_problem(foreign, 404)
            same(foreign, none, thing, nothing)


@cases(lambda route, row: route["path"] == "/api/v1/devices/{id}" and route["method"] == "PATCH" or
       (route["path"], route["method"]) == ("/api/v1/devices", "POST"))
def test_a_role_for_some_devices_moves_none_out_of_its_reach(world, route, row):
    custom = world.a.custom(("site=matrix", "floor=1"))
    person = custom.allow({"device:write"})
    thing = person.make("device")["id"] if row.kind else None
    for tags in ([], ["site=matrix"], ["site=matrix", "floor=2"]):
        is_problem(person.ask(route, row, thing, {**row.body(person), "tags": tags}), 403)
    succeeds(person.ask(route, row, thing, {**row.body(person), "tags": ["site=matrix", "floor=1", "more"]}), route)


# ---- another tenant's objects ----

@cases(lambda route, row: row.kind and not KINDS[row.kind].platform)
def test_another_tenants_object_is_not_there(world, route, row):
    """By each of its names, in each way of writing the id; HEAD as well."""
    thing = world.a.administrator.object(row.kind)
    names = {pick(thing, member) for member in KINDS[row.kind].names} | {thing["id"].upper()}
    with world.untouched(world.a):
        for person in (world.b.administrator, world.b.by_key):
            body = row.body(person) if row.body else None
            for name in names:
                nothing = twin(name)
                foreign, none = (person.ask(route, row, each, body) for each in (name, nothing))
                is_problem(foreign, 404)
                same(foreign, none, name, nothing)
                if route["method"] == "GET":
                    head = [person.ask({**route, "method": "HEAD"}, row, each) for each in (name, nothing)]
                    assert head[0].status == 404
                    same(*head, name, nothing)


@cases(lambda route, row: row.kind and not row.spends and not KINDS[row.kind].platform)
def test_each_name_is_good_in_its_own_tenant(world, route, row):
    thing = world.a.administrator.object(row.kind)
    for name in {pick(thing, member) for member in row.names} | {thing["id"].upper()}:
        succeeds(world.a.administrator.ask(route, row, name, row.body(world.a.administrator) if row.body else None), route)


@cases(lambda route, row: row.kind and KINDS[row.kind].personal)
def test_another_persons_object_is_not_there(world, route, row):
    thing = world.a.administrator.object(row.kind)
    person = world.a.people("viewer")
    nothing = twin(thing["id"])
    foreign, none = (person.ask(route, row, each) for each in (thing["id"], nothing))
    is_problem(foreign, 404)
    same(foreign, none, thing["id"], nothing)


@cases(lambda route, row: row.beside and not on_platform(route, row))
def test_another_tenants_object_beside_is_not_there(world, route, row):
    """In the other places of the path: with b's own object, and with a's that belongs there."""
    ids = [tenant.administrator.object(row.kind)["id"] for tenant in (world.b, world.a)]
    for person in (world.b.administrator, world.b.by_key):
        body = row.body(person) if row.body else None
        for place, kind in row.beside.items():
            there = world.a.administrator.object(kind)["id"]
            nothing = twin(there)
            with world.untouched(world.a):
                for each in ids:
                    foreign, none = (person.ask(route, row, each, body, beside={place: value}) for value in (there, nothing))
                    is_problem(foreign, 404)
                    same(foreign, none, there, nothing)


@cases(lambda route, row: row.refs and not any(KINDS[kind].platform for kind in row.refs.values()))
def test_another_tenants_object_in_a_body_is_not_there(world, route, row):
    for person in (world.b.administrator, world.b.by_key):
        own = person.make(row.kind)["id"] if row.kind else None
        body = row.body(person)
        for place, kind in row.refs.items():
            thing = world.a.administrator.object(kind)["id"]
            nothing = twin(thing)
            with world.untouched(world.a):
                foreign, none = (person.ask(route, row, own, put(body, place, each)) for each in (thing, nothing))
            is_problem(foreign, 404)
            same(foreign, none, thing, nothing)
        # The body was good: only the place was wrong.
        succeeds(person.ask(route, row, own, body), route)


@cases(lambda route, row: route["method"] == "POST" and row.body and not row.kind and not row.spends and not on_platform(route, row))
def test_another_tenants_names_are_free(world, route, row):
    """What a has made can be made once more in b: no duplicate tells that it is there."""
    body = row.body(world.a.administrator)
    succeeds(world.a.administrator.ask(route, row, body=body), route)
    for place, kind in row.refs.items():
        body = put(body, place, world.b.administrator.object(kind)["id"])
    with world.untouched(world.a):
        answer = succeeds(world.b.administrator.ask(route, row, body=body), route)
    assert [each for each in world.a.ids if each in answer.body.decode()] == []


def places_of_uuids(schema, schemas, at=""):
    """Where a body of this schema names an object."""
    if "$ref" in schema:
        yield from places_of_uuids(schemas[schema["$ref"].rsplit("/", 1)[1]], schemas, at)
    if schema.get("format") == "uuid":
        yield at.removeprefix(".")
    for name, each in schema.get("properties", {}).items():
        yield from places_of_uuids(each, schemas, f"{at}.{name}")
    if "items" in schema:
        yield from places_of_uuids(schema["items"], schemas, at + ".0")
    for each in schema.get("anyOf", []):
        yield from places_of_uuids(each, schemas, at)


@pytest.mark.parametrize("name", [name for name, route in ROUTES.items() if route["request"] and "public" not in route["flags"]])
def test_every_place_of_a_body_that_names_an_object_is_tried(world, name):
    schemas = world.a.administrator.get("/openapi.json")["components"]["schemas"]
    tried = {place for row in ROWS[name] for place in row.refs}
    missing = set(places_of_uuids({"$ref": "/" + ROUTES[name]["request"]}, schemas)) - tried
    assert missing == set(), f"add these to refs of {name} in matrix_rows/"


# ---- lists ----

lists = cases(lambda route, row: row.lists and not KINDS[row.lists].platform)


def pages(person, route, row, **query):
    """The whole list: a trail is long by now."""
    while query is not None:
        answer = succeeds(person.ask(route, row, query={"limit": 1000, **query}), route)
        yield answer
        cursor = answer.json()["next"]
        query = {**query, "cursor": cursor} if cursor else None


def shown(answers, thing):
    return any(thing["id"] in answer.body.decode() for answer in answers)


@lists
def test_a_list_shows_nothing_of_another_tenant(world, route, row):
    for person in (world.b.administrator, world.b.by_key):
        answers = list(pages(person, route, row))
        assert shown(answers, person.object(row.lists))
        for answer in answers:
            world.shows_nothing_of(world.a, answer)
    assert shown(pages(world.a.administrator, route, row), world.a.administrator.object(row.lists))


@lists
def test_a_filter_finds_nothing_of_another_tenant(world, route, row):
    thing, person = world.a.administrator.object(row.lists), world.b.administrator
    for name, place in row.filters.items():
        value = place[1:] if place.startswith("=") else pick(thing, place)
        for answer in pages(person, route, row, **{name: value}):
            world.shows_nothing_of(world.a, answer)
        assert shown(pages(world.a.administrator, route, row, **{name: value}), thing)
        if not place.startswith("="):
            assert answer.json()["items"] == []
            same(answer, person.ask(route, row, query={name: twin(value), "limit": 1000}))


@lists
def test_another_tenants_cursor_leads_into_ones_own_list(world, route, row):
    for tenant in (world.a, world.b):
        tenant.administrator.make(row.lists)
    cursor = world.a.administrator.ask(route, row, query={"limit": 1}).json()["next"]
    assert cursor
    for query in ({"cursor": cursor, "limit": 1}, {"cursor": cursor, "limit": 1000}):
        answer = world.b.administrator.ask(route, row, query=query)
        assert answer.status in (200, 400), answer
        world.shows_nothing_of(world.a, answer)


# ---- headers ----

@cases(lambda route, row: row.kind and not KINDS[row.kind].platform and {"conditional", "if-match"} & set(route["flags"]))
def test_an_etag_does_not_tell_what_is_there(world, route, row):
    thing, person = world.a.administrator.object(row.kind)["id"], world.b.administrator
    nothing, body = twin(thing), row.body(person) if row.body else None
    tag = world.a.administrator.ask(ROUTES["GET " + route["path"]], row, thing).headers["etag"]
    header = "If-None-Match" if "conditional" in route["flags"] else "If-Match"
    with world.untouched(world.a):
        for value in (tag, "*", '"999999"', f'{tag}, "999999"', "W/" + tag, "nonsense"):
            foreign, none = (person.ask(route, row, each, body, {header: value}) for each in (thing, nothing))
            assert foreign.status == 404 or (value == "nonsense" and foreign.status == 400), (value, foreign)
            same(foreign, none, thing, nothing)


@cases(lambda route, row: "idempotency" in route["flags"])
def test_another_tenants_idempotency_key_is_free(world, route, row):
    a, b, headers = world.a.administrator, world.b.administrator, {"Idempotency-Key": twin("matrix-000000000000")}
    body_a, body_b = row.body(a), row.body(b)
    first = succeeds(a.ask(route, row, body=body_a, headers=headers), route)
    with world.untouched(world.a):
        # With a's objects it is as if they were not there, though the key has an answer for just this request.
        for place, kind in row.refs.items():
            thing = a.object(kind)["id"]
            nothing = twin(thing)
            foreign, none = (b.ask(route, row, body=put(body_b, place, each), headers=headers) for each in (thing, nothing))
            is_problem(foreign, 404)
            same(foreign, none, thing, nothing)
        # With b's own it is b's, and neither a's answer nor "used before".
        own = succeeds(b.ask(route, row, body=body_b, headers=headers), route)
        again = succeeds(b.ask(route, row, body=body_b, headers=headers), route)
    assert own.headers["location"] == again.headers["location"] != first.headers["location"]
    assert a.ask(route, row, body=body_a, headers=headers).headers["location"] == first.headers["location"]


@cases(lambda route, row: "stream" in route["flags"] and row.kind)
def test_another_tenants_last_event_leads_into_ones_own_stream(world, route, row):
    a, b = world.a.administrator, world.b.administrator
    job = a.make("job")["id"]
    with a.follow(f"/api/v1/jobs/{job}/events") as lines:
        assert next(lines) == "retry: 2000"
        assert a.call("POST", f"/api/v1/jobs/{job}/cancel").status == 200
        last = next(line for line in lines if line.startswith("id: ")).removeprefix("id: ")
    answer = succeeds(b.ask(route, row, b.object("job")["id"], headers={"Last-Event-ID": last}), route)
    assert b.object("job")["id"] in answer.body.decode()
    world.shows_nothing_of(world.a, answer)
