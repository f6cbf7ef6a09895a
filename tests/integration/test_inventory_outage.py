"""The inventory when something goes wrong beside the jobs: a worker that is killed, a database that hangs up. The jobs are none the worse for
it, and what is counted of a device agrees with what is there. And who may search it: a role for some devices."""
import contextlib
import signal
import uuid

import psycopg2
import pytest
from http_support import is_problem, wait_until
from job_support import Tenant, ask, make_device
from people_support import Person, assign
from test_worker import ENDS_WITHIN, lane, start  # noqa: F401

DESCR, CONTACT, NAME = "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.4.0", "1.3.6.1.2.1.1.5.0"


@pytest.fixture
def device(stack, tenant, lane):  # noqa: F811
    """One that answers SNMP, for jobs of the lane."""
    agent = stack.snmpd
    made = make_device(tenant.api(), {"protocol": "snmp", "address": "127.0.0.1", "port": agent.port, "community": agent.community})
    lane.tenant = tenant.id
    return made


def read(lane, device, *oids):  # noqa: F811
    return lane.put("get", {"oids": list(oids)}, protocol="snmp", device=device)


def kept(stack, device):
    """The paths of a device, which are as many as the device is said to have."""
    paths, count = ask(stack.env, "SELECT ARRAY(SELECT p.path FROM drm.device_parameters p WHERE p.device_id = d.id), d.parameters"
                       " FROM drm.devices d WHERE d.id = %s", (device,))[0]
    assert count == len(paths)
    return set(paths)


@contextlib.contextmanager
def held(stack, device):
    """The row of the device: nothing is noted of it meanwhile, and its jobs go on."""
    connection = psycopg2.connect(stack.env["DRM_ADMIN_DATABASE_URL"])
    try:
        connection.cursor().execute("SELECT 1 FROM drm.devices WHERE id = %s FOR NO KEY UPDATE", (device,))
        yield
    finally:
        connection.close()


WAITS = "FROM pg_stat_activity WHERE query LIKE '%%inventory_put%%' AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()"


def waits(stack):
    return ask(stack.env, "SELECT pid " + WAITS)


def test_a_worker_that_is_killed_while_it_notes_leaves_nothing_wrong(stack, lane, start, device):  # noqa: F811
    first = start()
    first.wait_ready()
    with held(stack, device):
        jobs = read(lane, device, DESCR, CONTACT)
        lane.wait("completed", *jobs)
        wait_until(lambda: waits(stack), ENDS_WITHIN)
        first.signal(signal.SIGKILL)
        assert first.wait() == -signal.SIGKILL
    wait_until(lambda: not waits(stack), ENDS_WITHIN)
    # The job was stored before, once; of what it read all is there, or nothing.
    assert [row[:2] + row[3:] for row in lane.results()] == [(jobs[0], "completed", 1)]
    assert kept(stack, device) in (set(), {DESCR, CONTACT})
    second = start()
    second.wait_ready()
    again = read(lane, device, DESCR, NAME)
    lane.wait("completed", *again)
    wait_until(lambda: {DESCR, NAME} <= kept(stack, device), ENDS_WITHIN)
    assert len(lane.results()) == 2
    second.signal()
    assert second.wait() == 0


def test_a_connection_that_is_lost_while_it_notes_is_made_good(stack, lane, start, device):  # noqa: F811
    worker = start()
    worker.wait_ready()
    with held(stack, device):
        jobs = read(lane, device, DESCR, CONTACT)
        lane.wait("completed", *jobs)
        for _ in range(2):
            wait_until(lambda: waits(stack), ENDS_WITHIN)
            assert ask(stack.env, "SELECT pg_terminate_backend(pid) " + WAITS)
            wait_until(lambda: not waits(stack), ENDS_WITHIN)
    wait_until(lambda: kept(stack, device) == {DESCR, CONTACT}, ENDS_WITHIN)
    assert worker.said("the inventory waits for the database")
    assert [row[1] for row in lane.results()] == ["completed"]
    worker.signal()
    assert worker.wait() == 0


def test_a_worker_ends_though_the_database_hangs_up_on_its_notes(stack, lane, start, device):  # noqa: F811
    worker = start()
    worker.wait_ready()
    with held(stack, device):
        lane.wait("completed", *read(lane, device, DESCR))
        wait_until(lambda: waits(stack), ENDS_WITHIN)
        worker.signal()

        def hung_up():
            ask(stack.env, "SELECT pg_terminate_backend(pid) " + WAITS)
            return worker.process.poll() is not None
        wait_until(hung_up, ENDS_WITHIN)
        assert worker.wait() == 0
    assert kept(stack, device) == set()


def test_of_two_devices_of_a_batch_that_one_is_gone_does_not_keep_the_other_out(stack, lane, start, device, tenant):  # noqa: F811
    agent = stack.snmpd
    gone = make_device(tenant.api(), {"protocol": "snmp", "address": "127.0.0.1", "port": agent.port, "community": agent.community})
    worker = start()
    worker.wait_ready()
    with held(stack, device):
        jobs = read(lane, device, DESCR) + read(lane, gone, DESCR)
        lane.wait("completed", *jobs)
        wait_until(lambda: waits(stack), ENDS_WITHIN)
    wait_until(lambda: kept(stack, device) == {DESCR} and kept(stack, gone) == {DESCR}, ENDS_WITHIN)
    assert tenant.api().call("DELETE", "/api/v1/devices/" + gone).status == 204
    assert ask(stack.env, "SELECT 1 FROM drm.device_parameters WHERE device_id = %s", (gone,)) == []


# ---- a role for some devices ----

@pytest.fixture(scope="module")
def place(stack):
    """A tenant with three devices in Berlin and three elsewhere, of which the same was read, and somebody who reads those in Berlin."""
    made = Tenant(stack.build, stack.env, stack.url)
    made.admin = made.api()

    def devices(*tags):
        answers = [made.admin.post("/api/v1/devices", {"name": f"d-{uuid.uuid4().hex[:8]}", "tags": list(tags)}) for _ in range(3)]
        return [a.json()["id"] for a in answers]

    made.berlin, made.others = devices("site=berlin"), devices("site=munich")
    ask(stack.env, "INSERT INTO drm.device_parameters (tenant_id, device_id, path, type, value, read_at) SELECT tenant_id, id, p, t, 'same', now()"
        " FROM drm.devices, (VALUES ('1.3.6.1', 'OCTET STRING'), ('1.3.6.2', 'Counter32')) AS v (p, t) WHERE tenant_id = %s", (made.id,))
    person = Person(made, made.admin)
    assign(made.admin, person, ["site=berlin"], builtin="viewer")
    made.reader = person.api()
    return made


def listed(api, query):
    """(device, path), page by page."""
    seen, cursor = [], ""
    while cursor is not None:
        answer = api.get(f"/api/v1/parameters?limit=1&{query}{cursor and '&cursor=' + cursor}")
        assert answer.status == 200, answer
        page = answer.json()
        seen += [(p["device_id"], p["path"]) for p in page["items"]]
        cursor = page["next"]
    assert seen == sorted(seen) and len(set(seen)) == len(seen)
    return seen


@pytest.mark.parametrize("query, paths", [
    ("", ["1.3.6.1", "1.3.6.2"]), ("path=1.3.6.1", ["1.3.6.1"]), ("path=1.3.6.1&value=same", ["1.3.6.1"]), ("path=1.3.6.2&value=same", ["1.3.6.2"]),
    ("path=1.3.6.*", ["1.3.6.1", "1.3.6.2"]), ("search=SAM", ["1.3.6.1", "1.3.6.2"]), ("value=same&path=1*", ["1.3.6.1", "1.3.6.2"]),
    ("path=1.3.6.1&value=other", []),
])
def test_who_reads_some_devices_finds_those(place, query, paths):
    assert listed(place.reader, query) == sorted((d, p) for d in place.berlin for p in paths)
    assert listed(place.admin, query) == sorted((d, p) for d in place.berlin + place.others for p in paths)


def test_a_device_out_of_reach_is_not_there(place):
    for there in place.others:
        assert is_problem(place.reader.get(f"/api/v1/devices/{there}/parameters"), 404)
        assert listed(place.reader, f"device_id={there}") == listed(place.reader, f"device_id={there}&path=1.3.6.1") == []
    here = place.reader.get(f"/api/v1/devices/{place.berlin[0]}/parameters").json()
    assert [p["path"] for p in here["items"]] == ["1.3.6.1", "1.3.6.2"]
    # A cursor of who sees all shows no more.
    cursor = place.admin.get("/api/v1/parameters?limit=1").json()["next"]
    answer = place.reader.get(f"/api/v1/parameters?limit=1000&cursor={cursor}")
    assert answer.status != 200 or {p["device_id"] for p in answer.json()["items"]} <= set(place.berlin)
