"""The inventory: what SNMP jobs read is kept by device and path, the newest of each, and found by one tenant only."""
from urllib.parse import quote

import pytest
from http_support import is_problem, wait_until
from job_support import Tenant, ask, ended, make_device, submit

DESCR, OBJECT_ID, CONTACT = "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.2.0", "1.3.6.1.2.1.1.4.0"


@pytest.fixture(scope="module")
def device(stack, tenant):
    agent = stack.snmpd
    return make_device(tenant.api(), {"protocol": "snmp", "address": "127.0.0.1", "port": agent.port, "community": agent.community})


def parameters(api, query, device=None):
    answer = api.get(f"/api/v1/devices/{device}/parameters?{query}" if device else f"/api/v1/parameters?{query}")
    assert answer.status == 200, answer
    return answer.json()["items"]


def test_what_a_get_read_is_found_by_device_path_and_value(api, device):
    job = ended(api, submit(api, device, "get", {"oids": ["sysDescr.0", "sysObjectID.0"]}, protocol="snmp"))
    assert job["status"] == "completed", job
    descr, object_id = job["result"]["varbinds"]
    kept = wait_until(lambda: parameters(api, "", device), 15)
    assert [(p["path"], p["value"], p["type"]) for p in kept] == [(DESCR, descr["value"], "OCTET STRING"),
                                                                   (OBJECT_ID, object_id["value"], "OBJECT IDENTIFIER")]
    assert kept[0]["size"] == len(descr["value"].encode()) and kept[0]["read_at"] == kept[0]["changed_at"]
    assert [p["path"] for p in parameters(api, "path=1.3.6.1.2.1.1.2*", device)] == [OBJECT_ID]
    assert [p["path"] for p in parameters(api, "path=sysDescr.0", device)] == [DESCR]
    assert [p["path"] for p in parameters(api, f"search={quote(descr['value'][:20].upper())}", device)] == [DESCR]
    assert parameters(api, "since=2100-01-01", device) == []
    for query in (f"path={OBJECT_ID}&value={object_id['value']}", "path=sysObjectID.0", f"path={OBJECT_ID}&device_id={device}"):
        assert [p["device_id"] for p in parameters(api, query)] == [device]
    for query in ("path=1.3.6.1.2.1.1.2*", f"value={object_id['value']}", f"search={object_id['value']}&path=1.3*"):
        assert [(p["device_id"], p["path"]) for p in parameters(api, query)] == [(device, OBJECT_ID)]
    first = api.get("/api/v1/parameters?limit=1").json()
    assert [p["path"] for p in first["items"] + api.get(f"/api/v1/parameters?cursor={first['next']}").json()["items"]] == [DESCR, OBJECT_ID]
    assert parameters(api, f"path={OBJECT_ID}&value=1.3") == []
    seen = api.get("/api/v1/devices/" + device).json()
    assert (seen["vendor"], seen["parameters"]) == ("Net-SNMP", 2) and seen["last_seen_at"], seen


def test_batches_choose_by_vendor_and_by_when_a_device_answered(api, device):
    wait_until(lambda: api.get("/api/v1/devices/" + device).json()["vendor"], 15)
    for selector, wanted in (({"vendor": "Net-SNMP"}, 1), ({"seen_since": "2020-01-01T00:00:00Z"}, 1)):
        answer = api.post("/api/v1/batches", {"protocol": "snmp", "operation": "get", "params": {"oids": ["sysName.0"]}, "selector": selector})
        assert answer.status == 202 and answer.json()["total"] == wanted, answer


def test_a_walk_is_kept_page_by_page_and_a_table_under_the_same_paths(api, device):
    job = ended(api, submit(api, device, "bulkwalk", {"oid": "1.3.6.1.2.1.1"}, protocol="snmp"))
    paths = [v["oid"] for v in job["result"]["varbinds"]]
    wait_until(lambda: len(parameters(api, "limit=1000", device)) >= len(paths), 15)
    first = api.get(f"/api/v1/devices/{device}/parameters?limit=3").json()
    second = api.get(f"/api/v1/devices/{device}/parameters?limit=1000&cursor={first['next']}").json()
    both = [p["path"] for p in first["items"] + second["items"]]
    assert both == sorted(both) and set(paths) <= set(both) and len(set(both)) == len(both)
    ended(api, submit(api, device, "table", {"table": "ifTable", "columns": ["ifDescr"]}, protocol="snmp"))
    row = wait_until(lambda: parameters(api, "path=ifDescr.*&limit=1", device), 15)[0]
    assert row["path"] == "1.3.6.1.2.1.2.2.1.2.1" and (row["name"], row["value"], row["type"]) == ("ifDescr.1", "lo", "OCTET STRING")


def test_an_older_reading_changes_nothing(stack, api, device):
    ask(stack.env, "UPDATE drm.device_parameters SET value = 'newer', read_at = now() + interval '1 hour' WHERE device_id = %s AND path = %s"
        " RETURNING 1", (device, DESCR))
    before = parameters(api, f"path={CONTACT}", device)[0]["read_at"]
    ended(api, submit(api, device, "get", {"oids": ["sysDescr.0", "sysContact.0"]}, protocol="snmp"))
    wait_until(lambda: parameters(api, f"path={CONTACT}", device)[0]["read_at"] > before, 15)
    assert [p["value"] for p in parameters(api, f"path={DESCR}", device)] == ["newer"]


@pytest.mark.parametrize("query", ["path=1.*.3", "device_id=x", "path=1.*.3&device_id=01920000-0000-7000-8000-000000000000"])
def test_searches_that_cannot_be_are_refused(api, query):
    assert is_problem(api.get("/api/v1/parameters?" + query), 400)


def test_another_tenant_finds_nothing(stack, device):
    other = Tenant(stack.build, stack.env, stack.url).api()
    assert is_problem(other.get(f"/api/v1/devices/{device}/parameters"), 404)
    assert parameters(other, f"device_id={device}") == [] and parameters(other, f"path={OBJECT_ID}") == []
