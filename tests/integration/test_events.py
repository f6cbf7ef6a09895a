"""Events as a list and as a stream: filters, rights of roles that hold on some devices only, resuming, other tenants."""
import contextlib
import json
import subprocess
import uuid

import pytest
from http_support import is_problem, wait_until
from job_support import ask as sql, make_device, submit, unique
from people_support import make_role
from stack.process import clean_environment
from trap_support import COLD_START, LINK_DOWN, Stream, events, first, marked, sender, trap, words


def token_of(api):
    return api.headers["Authorization"].removeprefix("Bearer ")


def follow(stack, api, query="", **more):
    """A stream that has begun."""
    stream = Stream(stack.url, token_of(api), query, **more)
    assert stream.status == 200 and stream.event()[0] == "open"
    return stream


def custom(api, email, role, selector=()):
    """Gives a user of role "none" a role of the tenant's own."""
    user = next(u for u in api.get("/api/v1/users?limit=1000").json()["items"] if u["email"] == email)
    made = api.post(f"/api/v1/users/{user['id']}/roles", {"role_id": role, "selector": list(selector)})
    assert made.status == 201, made


# ---- the list ----

def test_lists_are_filtered_and_paged(api, where):
    community = unique("c")
    device, quiet = sender(api, community), sender(api, unique("c"))
    for i in range(5):
        trap(where, community, *marked(f"n{i}"), inform=i == 4)
    wait_until(lambda: len(events(api, device_id=device)) == 5)
    assert events(api, device_id=quiet) == []
    assert words(events(api, device_id=device, kind="snmp.inform")) == {"n4"}
    assert len(events(api, device_id=device, kind="snmp.*")) == 5 and events(api, device_id=device, kind="job.*") == []
    page = api.get(f"/api/v1/events?device_id={device}&limit=2").json()
    seen = [e["id"] for e in page["items"]]
    while page["next"]:
        page = api.get(f"/api/v1/events?device_id={device}&limit=2&cursor={page['next']}").json()
        seen += [e["id"] for e in page["items"]]
    assert seen == sorted(seen, reverse=True) and len(set(seen)) == 5
    middle = next(e["at"] for e in events(api, device_id=device) if e["id"] == seen[2])
    assert [e["id"] for e in events(api, device_id=device, since=middle)] == seen[:3]
    assert [e["id"] for e in events(api, device_id=device, until=middle)] == seen[3:]
    is_problem(api.get("/api/v1/events?source=x"), 400)


# ---- the stream ----

def test_events_of_devices_and_of_jobs_come_as_they_happen(stack, api, where):
    community = unique("c")
    device, fake = sender(api, community), make_device(api)
    with follow(stack, api) as stream:
        trap(where, community, *marked("live"), oid=LINK_DOWN)
        name, _, data = stream.event()
        assert (name, data["device_id"], data["name"]) == ("snmp.trap", device, "linkDown")
        assert data == first(api, device_id=device)
        job = submit(api, fake, "sleep", {"ms": 1})
        while (event := stream.event())[0] != "job.done":
            assert event[0] == "job.update"
        assert event[2]["job_id"] == job and event[2]["status"] == "completed"


def test_who_asks_the_list_for_an_event_stream_gets_one(stack, api):
    with Stream(stack.url, token_of(api), path="/api/v1/events", headers="Accept: text/event-stream\r\n") as stream:
        assert stream.status == 200 and stream.headers["content-type"] == "text/event-stream"
        assert stream.event()[0] == "open"


@pytest.mark.parametrize("kind, wanted", [("snmp.trap", {"trap"}), ("snmp.*", {"trap", "inform"}), ("*inform", {"inform"}), ("job.*", {"job"})])
def test_a_stream_is_filtered_by_kind(stack, api, where, kind, wanted):
    community = unique("c")
    sender(api, community)
    fake = make_device(api)
    with follow(stack, api, f"kind={kind}") as stream:
        trap(where, community, *marked("trap"))
        trap(where, community, *marked("inform"), inform=True)
        submit(api, fake, "sleep", {"ms": 1})
        got = set()
        while got != wanted:
            name, _, data = stream.event()
            got.add("job" if name.startswith("job.") else name.removeprefix("snmp."))
            assert got <= wanted


def test_a_stream_is_filtered_by_device_for_events_and_jobs(stack, api, where):
    mine, theirs = unique("c"), unique("c")
    device = sender(api, mine)
    sender(api, theirs)
    fake = make_device(api)
    with follow(stack, api, f"device_id={device}") as stream:
        trap(where, theirs, *marked("other"), inform=True)
        trap(where, mine, *marked("mine"), inform=True)
        assert words([stream.event()[2]]) == {"mine"}
    with follow(stack, api, f"device_id={fake}") as stream:
        submit(api, make_device(api), "sleep", {"ms": 1})
        job = submit(api, fake, "sleep", {"ms": 1})
        assert stream.event()[2]["job_id"] == job


def test_last_event_id_resumes_where_it_was_left(stack, api, where):
    community = unique("c")
    device = sender(api, community)
    with follow(stack, api, f"device_id={device}") as stream:
        trap(where, community, *marked("one"))
        last = stream.event()[1]
    trap(where, community, *marked("two"), inform=True)
    trap(where, community, *marked("three"), inform=True)
    with follow(stack, api, f"device_id={device}", headers=f"Last-Event-ID: {last}\r\n") as stream:
        assert [words([stream.event()[2]]) for _ in range(2)] == [{"two"}, {"three"}]
    with follow(stack, api, f"device_id={device}&last_event_id=made-up") as stream:
        assert stream.event()[0] == "resync"


@pytest.mark.parametrize("query, status", [("kind=a%20b", 400), ("device_id=x", 400), ("device_id=" + str(uuid.uuid4()), 404), ("limit=1", 400),
                                           ("kind=a&kind=b", 400), ("kind=" + "x" * 100, 400)])
def test_a_stream_that_cannot_be_is_refused(stack, api, query, status):
    is_problem(api.get("/api/v1/events/stream?" + query), status)


# ---- whose they are ----

def test_another_tenants_stream_shows_nothing(stack, api, other, where):
    community = unique("c")
    device = sender(api, community)
    fake = make_device(api)
    with contextlib.closing(other.api()) as them:
        own = sender(them, theirs := unique("c"))
        with follow(stack, them) as stream:
            trap(where, community, *marked("mine"), inform=True)
            submit(api, fake, "sleep", {"ms": 1})
            trap(where, theirs, *marked("own"))
            name, ident, data = stream.event()
            assert data["device_id"] == own and words([data]) == {"own"}
        is_problem(them.get(f"/api/v1/events/stream?device_id={device}"), 404)
        with follow(stack, api, headers=f"Last-Event-ID: {ident}\r\n") as stream:
            assert "own" not in json.dumps(stream.event())


def test_a_role_for_some_devices_follows_these_only(stack, api, tenant, where):
    email = tenant.user("none")
    role = make_role(api, "event:read", "job:read", "device:read")
    custom(api, email, role, ["site=here"])
    here, there = unique("c"), unique("c")
    inside, outside = sender(api, here), sender(api, there)
    fake_in, fake_out = make_device(api), make_device(api)
    for device in (inside, fake_in):
        assert api.call("PATCH", f"/api/v1/devices/{device}", {"tags": ["site=here"]}).status == 200
    with contextlib.closing(tenant.api(email)) as person, follow(stack, person) as stream:
        trap(where, there, *marked("out"), inform=True)
        submit(api, fake_out, "sleep", {"ms": 1})
        trap(where, here, *marked("in"), inform=True)
        name, _, data = stream.event()
        assert name == "snmp.inform" and words([data]) == {"in"}
        job = submit(api, fake_in, "sleep", {"ms": 1})
        assert stream.event()[2]["job_id"] == job
        is_problem(person.get(f"/api/v1/events/stream?device_id={outside}"), 404)
        assert {e["device_id"] for e in events(person, limit=1000)} == {inside}
        assert events(person, device_id=outside) == []


def test_who_may_not_read_jobs_gets_no_events_of_jobs(stack, api, tenant, where):
    email = tenant.user("none")
    custom(api, email, make_role(api, "event:read"))
    community = unique("c")
    sender(api, community)
    fake = make_device(api)
    with contextlib.closing(tenant.api(email)) as person, follow(stack, person) as stream:
        submit(api, fake, "sleep", {"ms": 1})
        trap(where, community, *marked("only"))
        assert words([stream.event()[2]]) == {"only"}


def test_without_the_permission_there_is_neither_list_nor_stream(stack, api, tenant):
    email = tenant.user("none")
    custom(api, email, make_role(api, "job:read", "device:read"))
    with contextlib.closing(tenant.api(email)) as person:
        is_problem(person.get("/api/v1/events"), 403)
        is_problem(person.get("/api/v1/events/stream"), 403)


# ---- drmctl ----

def drmctl(stack, tenant, folder, *words_, **more):
    env = clean_environment(DRM_APP_DATABASE_URL=stack.env["DRM_APP_DATABASE_URL"], DRM_REDIS_URL=stack.env["DRM_REDIS_URL"],
                            DRM_KEYRING=str(stack.env["DRM_KEYRING"]), DRM_SESSION=str(folder / "session"))
    return subprocess.Popen([stack.build / "drmctl" / "drmctl", *words_], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, **more)


def test_drmctl_lists_and_follows(stack, api, tenant, where, tmp_path):
    done = drmctl(stack, tenant, tmp_path, "login", "--email", tenant.email, "--tenant", tenant.name, "--password-file", "-")
    done.communicate(tenant.password + "\n", timeout=30)
    assert done.returncode == 0
    community = unique("c")
    device = sender(api, community)
    follower = drmctl(stack, tenant, tmp_path, "event", "follow", "--kind", "snmp.*", "--device", device, "--count", "2", "-o", "json")

    def told():
        trap(where, community, *marked("followed"), inform=True)
        return follower.poll() is not None
    wait_until(told, 30, 0.2)
    out, err = follower.communicate(timeout=10)
    lines = [json.loads(line) for line in out.splitlines()]
    assert follower.returncode == 0 and len(lines) == 2, err
    assert all(line["event"] == "snmp.inform" and words([line["data"]]) == {"followed"} for line in lines)
    shown = drmctl(stack, tenant, tmp_path, "event", "list", "--device-id", device, "--kind", "snmp.*", "-o", "json")
    out, err = shown.communicate(timeout=30)
    assert shown.returncode == 0 and {e["device_id"] for e in json.loads(out)["items"]} == {device}, err
