"""Users, invitations and roles over REST, by administrators, by people who hold less, and by those of another tenant."""
import concurrent.futures
import secrets
import uuid

import pytest
from http_support import Api
from job_support import Tenant, ask, unique
from people_support import ROLES, USERS, Person, address, assign, audited, log_in, make_role, problem


@pytest.fixture(scope="module")
def admin(tenant):
    client = tenant.api()
    yield client
    client.close()


@pytest.fixture(scope="module")
def other(stack):
    """Another tenant."""
    return Tenant(stack.build, stack.env, stack.url)


@pytest.fixture(scope="module")
def people_manager(tenant, admin):
    """Manages people, and may read devices besides: much less than an administrator."""
    person = Person(tenant, admin, "viewer")
    assign(admin, person, role_id=make_role(admin, "user:read", "user:admin"))
    return person


def whoami(api):
    return api.get("/api/v1/auth/whoami").json()


# ---- users ----

def test_a_user_is_made_read_changed_and_deleted(tenant, admin):
    email = address()
    made = admin.post(USERS, {"email": email.upper(), "role": "operator", "password": "correct horse battery"})
    assert made.status == 201 and made.json()["invitation"] is None
    user = made.json()
    path = f"{USERS}/{user['id']}"
    assert made.headers["location"] == path and made.headers["etag"] == '"1"'
    assert user["email"] == email and user["password"] == {"set": True} and user["active"] is True
    assert "device:write" in user["permissions"] and "user:admin" not in user["permissions"] and user["scoped_permissions"] == []
    assert user["last_login_at"] is None and user["invitation_expires_at"] is None
    assert log_in(tenant.url, email, "correct horse battery", tenant.name).status == 200
    read = admin.get(path)
    assert read.json()["last_login_at"] and admin.get(f"{USERS}/{email}").json()["id"] == user["id"]
    # The record tells when somebody logged in, which is no change: so it is never answered by 304.
    assert admin.get(path, headers={"If-None-Match": read.headers["etag"]}).status == 200
    changed = admin.call("PATCH", path, {"role": "viewer"}, headers={"If-Match": read.headers["etag"]})
    assert changed.status == 200 and changed.json()["role"] == "viewer" and "device:write" not in changed.json()["permissions"]
    problem(admin.call("PATCH", path, {"role": "operator"}, headers={"If-Match": read.headers["etag"]}), 412)
    problem(admin.call("DELETE", path, headers={"If-Match": read.headers["etag"]}), 412)
    assert admin.call("DELETE", path).status == 204
    assert admin.get(path).status == 404 and admin.call("DELETE", path).status == 404
    assert log_in(tenant.url, email, "correct horse battery", tenant.name).status == 401
    assert [audited(tenant, a) > 0 for a in ("user.create", "user.update", "user.delete")] == [True] * 3


@pytest.mark.parametrize("body, field", [
    ({}, "email"), ({"email": "nobody"}, "email"), ({"email": "a@b@c"}, "email"), ({"email": "ä@example.net"}, "email"),
    ({"email": "x" * 300 + "@example.net"}, "email"), ({"email": 7}, "email"), ({"email": None}, "email"),
    ({"email": "a@example.net", "role": "root"}, "role"), ({"email": "a@example.net", "active": "yes"}, "active"),
    ({"email": "a@example.net", "password": "short"}, "password"), ({"email": "a@example.net", "password": "x" * 1025}, "password"),
    ({"email": "a@example.net", "password": "ö" * 600}, "password"), ({"email": "a@example.net", "permissions": []}, "permissions"),
    ({"email": "a@example.net", "granted": -1}, "granted"), ({"email": "a@example.net", "id": str(uuid.uuid4())}, "id")])
def test_bad_users_are_refused(admin, body, field):
    problem(admin.post(USERS, body), 400, field)


@pytest.mark.parametrize("body, field", [
    ({"role": None}, "role"), ({"active": None}, "active"), ({"email": None}, "email"), ({"password": "a long enough one"}, "password"),
    ({"email": "nobody"}, "email")])
def test_bad_changes_are_refused(tenant, admin, body, field):
    person = ask(tenant.env, "SELECT id::text FROM drm.users WHERE tenant_id = %s", (tenant.id,))[0][0]
    problem(admin.call("PATCH", f"{USERS}/{person}", body), 400, field)


def test_an_address_is_taken_once_in_a_tenant_and_says_nothing_of_others(tenant, admin, other):
    here = Person(tenant, admin, "viewer")
    problem(admin.post(USERS, {"email": here.email.title()}), 409, "email")
    known, unknown = (other.api().post(USERS, {"email": e}) for e in (here.email, address()))
    assert known.status == unknown.status == 201 and set(known.json()) == set(unknown.json())
    assert len(known.json()["invitation"]) == len(unknown.json()["invitation"])


def test_lists_and_their_filters(tenant, admin):
    word = secrets.token_hex(4)
    for i in range(5):
        made = admin.post(USERS, {"email": f"{word}-{i}@example.net", "role": ("viewer", "none")[i % 2], "active": i != 4})
        assert made.status == 201
    emails = lambda query: [u["email"][9:10] for u in admin.get(f"{USERS}?email={word}-*{query}").json()["items"]]  # noqa: E731
    assert emails("") == list("01234") and emails("&role=none") == list("13") and emails("&active=false") == ["4"]
    first = admin.get(f"{USERS}?email={word}-*&limit=2").json()
    rest = admin.get(f"{USERS}?email={word}-*&limit=2&cursor={first['next']}").json()
    assert [u["email"][9:10] for u in first["items"] + rest["items"]] == list("0123")
    assert all("permissions" not in u for u in first["items"])
    problem(admin.get(f"{USERS}?active=maybe"), 400, "active")


def test_another_tenants_users_and_roles_are_not_there(tenant, admin, other):
    foreign = other.api()
    person, role = Person(tenant, admin, "viewer"), make_role(admin, "device:read")
    assignment = assign(admin, person, role_id=role)
    theirs = Person(other, foreign, "viewer")
    for method, path, body in (("GET", "", None), ("PATCH", "", {"role": "none"}), ("DELETE", "", None), ("POST", "/logout", None),
                               ("POST", "/reset-password", {}), ("GET", "/roles", None), ("POST", "/roles", {"builtin": "viewer"}),
                               ("DELETE", f"/roles/{assignment}", None)):
        answers = [foreign.call(method, f"{USERS}/{i}{path}", body) for i in (person.id, uuid.uuid4())]
        assert [a.status for a in answers] == [404, 404], (method, path)
        details = [{**a.json(), "request_id": "", "instance": ""} for a in answers]
        assert details[0] == details[1], (method, path)
    for method, body in (("GET", None), ("PATCH", {"description": "x"}), ("DELETE", None)):
        assert foreign.call(method, f"{ROLES}/{role}", body).status == 404
    problem(foreign.post(theirs.path + "/roles", {"role_id": role}), 404, says="there is no such role")
    assert foreign.call("DELETE", f"{theirs.path}/roles/{assignment}").status == 404
    assert person.id not in str(foreign.get(USERS + "?limit=1000").json()) and role not in str(foreign.get(ROLES).json())
    assert admin.get(person.path).json()["role"] == "viewer"


def test_ids_that_are_none(admin):
    for bad in ("x", "00000000-0000-0000-0000-00000000000g", "%27%20OR%201%3D1", "a" * 300, "%F0%9F%98%80"):
        assert admin.call("PATCH", f"{USERS}/{bad}", {"role": "none"}).status in (404, 414)
        assert admin.call("DELETE", f"{USERS}/{bad}").status in (404, 414)
        assert admin.get(f"{USERS}/{bad}").status in (404, 414)
        assert admin.get(f"{ROLES}/{bad}").status in (404, 414)


@pytest.mark.parametrize("role", ["none", "viewer", "operator"])
def test_people_are_administrators_to_manage(tenant, admin, role):
    person = Person(tenant, admin, role)
    api = person.api()
    for method, path, body in (("GET", USERS, None), ("POST", USERS, {"email": address()}), ("GET", person.path, None),
                               ("PATCH", person.path, {"role": "administrator"}), ("DELETE", person.path, None),
                               ("POST", person.path + "/logout", None), ("POST", person.path + "/reset-password", {}),
                               ("GET", person.path + "/roles", None), ("POST", person.path + "/roles", {"builtin": "viewer"}),
                               ("GET", ROLES, None), ("POST", ROLES, {"name": unique("role"), "permissions": []})):
        problem(api.call(method, path, body), 403)


# ---- nobody grants what they do not hold ----

def test_who_manages_people_grants_no_more_than_they_hold(tenant, admin, people_manager):
    api = people_manager.api()
    made = api.post(USERS, {"email": address(), "role": "viewer"})
    assert made.status == 201
    mine = f"{USERS}/{made.json()['id']}"
    for answer in (api.post(USERS, {"email": address(), "role": "operator"}), api.post(USERS, {"email": address(), "role": "administrator"}),
                   api.call("PATCH", mine, {"role": "operator"}), api.call("PATCH", people_manager.path, {"role": "administrator"}),
                   api.post(mine + "/roles", {"builtin": "operator"}),
                   api.post(mine + "/roles", {"builtin": "operator", "selector": ["site=berlin"]}),
                   api.post(people_manager.path + "/roles", {"builtin": "administrator"}),
                   api.post(ROLES, {"name": unique("role"), "permissions": ["device:read", "device:write"]})):
        problem(answer, 403, says="you cannot grant what you do not hold")
    strong = make_role(admin, "device:write")
    problem(api.post(mine + "/roles", {"role_id": strong}), 403, says="device:write")
    for method, body in (("PATCH", {"permissions": ["device:read"]}), ("PATCH", {"name": unique("mine")}), ("DELETE", None)):
        problem(api.call(method, f"{ROLES}/{strong}", body), 403, says="this role holds what you do not: device:write")
    own = make_role(api, "device:read", "user:admin")
    problem(api.call("PATCH", f"{ROLES}/{own}", {"permissions": ["device:read", "job:cancel"]}), 403, says="job:cancel")
    assert api.call("DELETE", f"{ROLES}/{own}").status == 204
    assert "job:cancel" not in whoami(api)["permissions"]


def test_nobody_takes_over_who_holds_more(tenant, admin, people_manager):
    api = people_manager.api()
    mighty = Person(tenant, admin, "operator")
    narrow = Person(tenant, admin, "viewer")
    given = assign(admin, narrow, ["site=berlin"], builtin="operator")
    administrator = admin.get(f"{USERS}/{tenant.email}").json()["id"]
    for path in (mighty.path, narrow.path, f"{USERS}/{administrator}"):
        for method, suffix, body in (("POST", "/reset-password", {"password": "correct horse battery"}), ("POST", "/reset-password", {}),
                                     ("PATCH", "", {"email": address()}), ("PATCH", "", {"role": "viewer"}), ("PATCH", "", {"active": False}),
                                     ("DELETE", "", None), ("POST", "/logout", None), ("POST", "/roles", {"builtin": "viewer"}),
                                     ("DELETE", f"/roles/{given}", None)):
            problem(api.call(method, path + suffix, body), 403, says="this user holds what you do not")
    assert mighty.tokens() and narrow.tokens()


def test_an_api_key_with_fewer_scopes_manages_with_these_only(tenant, admin):
    key = admin.post("/api/v1/api-keys", {"label": "narrow"}).json()["key"]
    ask(tenant.env, "UPDATE drm.api_keys SET scopes = (SELECT bit_or(1::bigint << bit) FROM sec.permissions WHERE name IN"
        " ('user:admin', 'user:read', 'device:read')) WHERE tenant_id = %s AND id = %s", (tenant.id, uuid.UUID(key[4:36]).hex))
    api = Api(tenant.url, key=key)
    person = Person(tenant, api)
    problem(api.call("PATCH", person.path, {"role": "viewer"}), 403, says="cannot grant")
    problem(api.post(f"{USERS}/{admin.get(USERS + '/' + tenant.email).json()['id']}/logout"), 403, says="holds what you do not")
    assert assign(api, person, role_id=make_role(api, "device:read"))
    assert set(whoami(api)["permissions"]) == {"user:admin", "user:read", "device:read"}


# ---- the last administrator ----

def last_administrator(stack):
    tenant = Tenant(stack.build, stack.env, stack.url)
    api = tenant.api()
    return tenant, api, f"{USERS}/{whoami(api)['user_id']}"


def test_the_last_administrator_stays(stack):
    tenant, api, me = last_administrator(stack)
    for answer in (api.call("PATCH", me, {"role": "viewer"}), api.call("PATCH", me, {"active": False}), api.call("DELETE", me)):
        problem(answer, 409, says="the last administrator")
    second = Person(tenant, api, "administrator")
    invited = api.post(USERS, {"email": address(), "role": "administrator"})
    assert invited.status == 201
    assert api.call("DELETE", second.path).status == 204
    problem(api.call("DELETE", me), 409, says="the last administrator")  # who has no password yet is none
    # One by a role of the tenant's own counts, until it is taken from the role, or the role from the user.
    third, role = Person(tenant, api), make_role(api, *whoami(api)["permissions"])
    given = assign(api, third, role_id=role)
    assert api.call("PATCH", me, {"role": "viewer"}).status == 200
    other = third.api()
    problem(other.call("PATCH", f"{ROLES}/{role}", {"permissions": ["user:read"]}), 409, says="the last administrator")
    problem(other.call("DELETE", f"{third.path}/roles/{given}"), 409, says="the last administrator")
    problem(other.post(third.path + "/reset-password", {}), 409, says="your own password")
    assert api.get(USERS).status == 403


def test_two_administrators_who_demote_each_other_leave_one(stack):
    tenant, api, me = last_administrator(stack)
    second = Person(tenant, api, "administrator")
    pair = [(api, second.path), (second.api(), me)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for _ in range(10):
            statuses = list(pool.map(lambda p: p[0].call("PATCH", p[1], {"role": "viewer"}).status, pair))
            assert sorted(statuses) in ([200, 403], [200, 409]), statuses
            rows = ask(tenant.env, "SELECT count(*) FROM drm.users WHERE tenant_id = %s AND role = 'administrator'", (tenant.id,))
            assert rows == [(1,)]
            ask(tenant.env, "UPDATE drm.users SET role = 'administrator' WHERE tenant_id = %s", (tenant.id,))


# ---- passwords and log-ins ----

def test_a_reset_ends_the_old_password_and_its_log_ins(tenant, admin):
    person = Person(tenant, admin, "viewer")
    tokens = person.tokens()
    api = Api(tenant.url, tokens["access_token"])
    assert whoami(api)["email"] == person.email
    answer = admin.post(person.path + "/reset-password", {"password": "another long password"})
    assert answer.status == 200 and answer.json()["invitation"] is None
    assert api.get("/api/v1/auth/whoami").status == 401
    assert api.post("/api/v1/auth/refresh", {"refresh_token": tokens["refresh_token"]}).status == 401
    assert log_in(tenant.url, person.email, person.password, tenant.name).status == 401
    assert log_in(tenant.url, person.email, "another long password", tenant.name).status == 200
    for body, field in (({"password": "short"}, "password"), ({"password": 7}, "password"), ({"email": "x"}, "email"),
                        ({"password": "x" * 2000}, "password")):
        problem(admin.post(person.path + "/reset-password", body), 400, field)
    assert audited(tenant, "user.reset_password") >= 1


def test_a_forced_log_out_holds_at_once_and_a_new_log_in_is_good(tenant, admin):
    person = Person(tenant, admin, "viewer")
    for _ in range(3):
        tokens = person.tokens()
        api = Api(tenant.url, tokens["access_token"])
        assert api.get("/api/v1/auth/whoami").status == 200
        assert admin.post(person.path + "/logout").status == 204
        assert api.get("/api/v1/auth/whoami").status == 401
        assert api.post("/api/v1/auth/refresh", {"refresh_token": tokens["refresh_token"]}).status == 401
        assert person.api().get("/api/v1/auth/whoami").status == 200


def test_who_is_disabled_is_out_and_stays_out_of_old_log_ins(tenant, admin):
    person = Person(tenant, admin, "viewer")
    api = person.api()
    assert admin.call("PATCH", person.path, {"active": False}).json()["active"] is False
    assert api.get("/api/v1/auth/whoami").status == 401
    assert log_in(tenant.url, person.email, person.password, tenant.name).status == 401
    assert admin.call("PATCH", person.path, {"active": True}).status == 200
    assert api.get("/api/v1/auth/whoami").status == 401
    assert person.api().get("/api/v1/auth/whoami").status == 200


def test_a_role_holds_from_the_next_request_on(tenant, admin):
    person = Person(tenant, admin)
    api = person.api()
    assert whoami(api)["permissions"] == [] and api.get("/api/v1/devices").status == 403
    version = admin.get(person.path).json()["version"]
    role = make_role(admin, "device:read")
    given = assign(admin, person, role_id=role)
    assert api.get("/api/v1/devices").status == 200 and api.get("/api/v1/jobs").status == 403
    assert admin.get(person.path).json()["version"] > version
    assert admin.call("PATCH", f"{ROLES}/{role}", {"permissions": ["job:read"]}).status == 200
    assert api.get("/api/v1/devices").status == 403 and api.get("/api/v1/jobs").status == 200
    assert admin.call("DELETE", f"{person.path}/roles/{given}").status == 204
    assert api.get("/api/v1/jobs").status == 403
    assert admin.call("PATCH", person.path, {"role": "operator"}).status == 200
    assert api.get("/api/v1/jobs").status == 200


# ---- invitations ----

def invite(admin, role="viewer", email=None):
    made = admin.post(USERS, {"email": email or address(), "role": role})
    assert made.status == 201 and made.json()["password"] == {"set": False} and made.json()["invitation_expires_at"], made
    return made.json()


def accept(url, token, password="correct horse battery"):
    return Api(url).post("/api/v1/auth/accept-invitation", {"token": token, "password": password})


def test_an_invitation_is_good_once(tenant, admin):
    user = invite(admin, "operator")
    assert user["invitation"].startswith("drmi_")
    stored = ask(tenant.env, "SELECT i::text, u::text FROM drm.user_invitations i JOIN drm.users u ON u.tenant_id = i.tenant_id"
                 " AND u.id = i.user_id WHERE user_id = %s", (user["id"],))
    assert user["invitation"] not in str(stored) and user["invitation"][60:] not in str(stored)
    assert log_in(tenant.url, user["email"], "correct horse battery", tenant.name).status == 401
    problem(accept(tenant.url, user["invitation"], "short"), 400, "password")
    tokens = accept(tenant.url, user["invitation"])
    assert tokens.status == 200
    assert whoami(Api(tenant.url, tokens.json()["access_token"]))["role"] == "operator"
    problem(accept(tenant.url, user["invitation"]), 401, says="unknown, used or expired")
    read = admin.get(f"{USERS}/{user['id']}").json()
    assert read["password"] == {"set": True} and read["invitation_expires_at"] is None
    assert audited(tenant, "auth.accept_invitation") >= 1


def test_bad_invitations_look_all_the_same(tenant, admin):
    expired, disabled, replaced, moved = (invite(admin) for _ in range(4))
    ask(tenant.env, "UPDATE drm.user_invitations SET expires_at = now() WHERE user_id = %s", (expired["id"],))
    assert admin.call("PATCH", f"{USERS}/{disabled['id']}", {"active": False}).status == 200
    fresh = admin.post(f"{USERS}/{replaced['id']}/reset-password", {}).json()["invitation"]
    assert admin.call("PATCH", f"{USERS}/{moved['id']}", {"email": address()}).status == 200
    good = invite(admin)["invitation"]
    forged = good[:-1] + ("A" if good[-1] != "A" else "B")
    swapped = expired["invitation"][:40] + good[40:]
    answers = [accept(tenant.url, t) for t in (expired["invitation"], disabled["invitation"], replaced["invitation"], moved["invitation"],
                                               forged, swapped, "drmi_x", "drmi_" + "A" * 86, "x" * 4000, good + "A", "drmi_" + "é" * 43)]
    assert {a.status for a in answers} == {401}
    assert len({a.json()["detail"] for a in answers}) == 1
    assert accept(tenant.url, fresh).status == 200 and accept(tenant.url, good).status == 200


def test_an_invitation_accepted_twice_at_once_is_good_once(tenant, admin):
    token = invite(admin)["invitation"]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(lambda i: accept(tenant.url, token, f"correct horse battery {i}").status, range(4)))
    assert statuses == [200, 401, 401, 401]


def test_a_reset_by_invitation(tenant, admin):
    person = Person(tenant, admin, "viewer")
    token = admin.post(person.path + "/reset-password", {}).json()["invitation"]
    assert log_in(tenant.url, person.email, person.password, tenant.name).status == 401
    assert accept(tenant.url, token, "a password of my own").status == 200


# ---- roles ----

def test_a_role_is_made_read_changed_and_deleted(tenant, admin):
    name = unique("Wächter 守 🔒")
    made = admin.post(ROLES, {"name": name, "description": "ö", "permissions": ["job:read", "device:read", "job:read"]})
    assert made.status == 201 and made.json()["permissions"] == ["device:read", "job:read"]
    role = made.json()
    path = f"{ROLES}/{role['id']}"
    assert made.headers["location"] == path
    assert admin.get(path, headers={"If-None-Match": made.headers["etag"]}).status == 304
    problem(admin.post(ROLES, {"name": name, "permissions": []}), 409, "name")
    changed = admin.call("PATCH", path, {"permissions": [], "description": None}, headers={"If-Match": made.headers["etag"]})
    assert changed.status == 200 and changed.json()["permissions"] == [] and changed.json()["description"] == ""
    problem(admin.call("PATCH", path, {"name": "x"}, headers={"If-Match": made.headers["etag"]}), 412)
    person = Person(tenant, admin)
    given = assign(admin, person, role_id=role["id"])
    listed = admin.get(person.path + "/roles").json()["items"]
    assert [(r["id"], r["role"], r["selector"], r["builtin"]) for r in listed] == [(given, name, [], None)]
    problem(admin.call("DELETE", path), 409, says="users have this role")
    assert admin.call("DELETE", f"{person.path}/roles/{given}").status == 204
    assert admin.call("DELETE", f"{person.path}/roles/{given}").status == 404
    assert admin.call("DELETE", path).status == 204 and admin.get(path).status == 404


@pytest.mark.parametrize("body, field", [
    ({"permissions": []}, "name"), ({"name": "x"}, "permissions"), ({"name": "", "permissions": []}, "name"),
    ({"name": "x" * 101, "permissions": []}, "name"), ({"name": " x", "permissions": []}, "name"), ({"name": "x\ty", "permissions": []}, "name"),
    ({"name": "viewer", "permissions": []}, "name"), ({"name": "none", "permissions": []}, "name"),
    ({"name": str(uuid.uuid4()), "permissions": []}, "name"), ({"name": "x", "permissions": ["device:fly"]}, "permissions"),
    ({"name": "x", "permissions": ["none"]}, "permissions"), ({"name": "x", "permissions": "device:read"}, "permissions"),
    ({"name": "x", "permissions": ["device:read"] * 63}, "permissions"), ({"name": "x", "permissions": [], "mask": 1}, "mask"),
    ({"name": "x", "permissions": [], "description": "x" * 1001}, "description")])
def test_bad_roles_are_refused(admin, body, field):
    problem(admin.post(ROLES, body), 400, field)


def test_the_platforms_permissions_are_none_of_a_tenants(admin):
    problem(admin.post(ROLES, {"name": unique("role"), "permissions": ["platform:tenant"]}), 400, says='no permission "platform:tenant"')


@pytest.mark.parametrize("body, field", [
    ({}, "role_id"), ({"builtin": "none"}, "builtin"), ({"builtin": "viewer", "role_id": str(uuid.uuid4())}, "role_id"),
    ({"role_id": "x"}, "role_id"), ({"builtin": "viewer", "selector": "site=berlin"}, "selector"),
    ({"builtin": "viewer", "selector": ["x"] * 17}, "selector"), ({"builtin": "viewer", "selector": [""]}, "selector"),
    ({"builtin": "viewer", "selector": ["x" * 101]}, "selector"), ({"builtin": "viewer", "user_id": str(uuid.uuid4())}, "user_id")])
def test_bad_assignments_are_refused(tenant, admin, body, field):
    person = ask(tenant.env, "SELECT id::text FROM drm.users WHERE tenant_id = %s", (tenant.id,))[0][0]
    problem(admin.post(f"{USERS}/{person}/roles", body), 400, field)


def test_assignments_are_told_apart_by_their_selector(tenant, admin):
    person = Person(tenant, admin)
    assign(admin, person, ["b", "a", "b"], builtin="viewer")
    problem(admin.post(person.path + "/roles", {"builtin": "viewer", "selector": ["a", "b"]}), 409, says="has this role already")
    assign(admin, person, ["a"], builtin="viewer")
    assign(admin, person, builtin="viewer")
    problem(admin.post(person.path + "/roles", {"builtin": "viewer"}), 409)
    assert [r["selector"] for r in admin.get(person.path + "/roles").json()["items"]] == [["a", "b"], ["a"], []]
    problem(admin.post(person.path + "/roles", {"role_id": make_role(admin, "user:read"), "selector": ["a"]}), 400,
            says="nothing that this role allows can be held on some devices only")
    for i in range(61):
        assign(admin, person, [f"n{i}"], builtin="viewer")
    problem(admin.post(person.path + "/roles", {"builtin": "viewer", "selector": ["one more"]}), 409, says="64 roles")


def test_a_role_changed_while_it_is_assigned_holds_as_it_was_changed(tenant, admin):
    """Whatever comes first: who has the role has what it allows."""
    people = [Person(tenant, admin) for _ in range(2)]
    wanted = [["device:read"], ["device:read", "job:read"]]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for i in range(8):
            role = make_role(admin, *wanted[i % 2])
            clients = [tenant.api() for _ in range(3)]
            jobs = [pool.submit(clients[0].call, "PATCH", f"{ROLES}/{role}", {"permissions": wanted[1 - i % 2]})]
            jobs += [pool.submit(c.post, p.path + "/roles", {"role_id": role}) for c, p in zip(clients[1:], people)]
            assert [j.result().status for j in jobs] == [200, 201, 201]
            assert [admin.get(p.path).json()["permissions"] for p in people] == [wanted[1 - i % 2]] * 2
            for p in people:
                for given in admin.get(p.path + "/roles").json()["items"]:
                    assert admin.call("DELETE", f"{p.path}/roles/{given['id']}").status == 204


def test_changes_of_many_at_once_do_not_get_into_each_others_way(tenant, admin):
    """Assigning, withdrawing, deleting and changing roles and users at once: each is done or refused, none fails."""
    people = [Person(tenant, admin) for _ in range(3)]
    roles = [make_role(admin, "device:read") for _ in range(2)]
    clients = [tenant.api() for _ in range(6)]

    def work(n):
        api, statuses = clients[n], []
        for i in range(12):
            person, role = people[(n + i) % 3], roles[i % 2]
            if n < 2:
                made = api.post(person.path + "/roles", {"role_id": role})
                statuses.append(made.status)
                if made.status == 201:
                    statuses.append(api.call("DELETE", f"{person.path}/roles/{made.json()['id']}").status)
            elif n < 4:
                statuses.append(api.call("PATCH", f"{ROLES}/{role}", {"permissions": ["job:read"] if i % 3 else ["device:read"]}).status)
            else:
                statuses.append(api.call("PATCH", person.path, {"role": ("viewer", "none")[i % 2]}).status)
        return statuses

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        seen = {s for statuses in pool.map(work, range(6)) for s in statuses}
    assert seen <= {200, 201, 204, 404, 409} and 200 in seen and 201 in seen
