"""The inventory in the database: what sched.inventory_put keeps and leaves out, and that no search of it reads a whole tenant."""
import json
import pathlib
import uuid

import pytest
from attack_support import CHECK, Siege, refused, run, use_seal

OBJECT_ID, DESCR, MOST = "1.3.6.1.2.1.1.2.0", "1.3.6.1.2.1.1.1.0", 10000
QUERIES = pathlib.Path(__file__).resolve().parents[2] / "sql" / "queries"
PUT = ("SELECT device_id::text, left_out FROM sched.inventory_put(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::text[], %s::text[],"
       " %s::boolean[], %s::integer[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::integer[], %s::timestamptz[])")


@pytest.fixture(scope="module")
def siege(database):
    made = Siege(database)
    yield made
    made.admin.close()


class Noter:
    """A connection of drm_app's with a worker's seal."""

    def __init__(self, siege):
        self.siege, self.connection = siege, siege.database.app()

    def args(self, tenant, device, at, readings, vendor=None, firmware=None):
        """Readings: value by path."""
        paths = sorted(readings, key=str.encode)
        values = [readings[p] for p in paths]
        n = len(paths)
        return ([tenant], [device], [at], [vendor], [firmware], [False], [1] * n, paths, [None] * n, ["OCTET STRING"] * n, values, [None] * n,
                [len(v.encode()) for v in values], [at] * n)

    def put(self, *args, **more):
        """Which devices are full, and how much was left out of each."""
        use_seal(self.connection, self.siege.system_seal(self.connection, "worker"))
        rows = run(self.connection, PUT, self.args(*args, **more))
        self.connection.commit()
        return rows


@pytest.fixture
def noter(siege):
    made = Noter(siege)
    yield made
    made.connection.close()


@pytest.fixture
def device(siege):
    return new_device(siege)


def new_device(siege):
    cursor = siege.admin.cursor()
    ident = str(uuid.uuid4())
    cursor.execute("INSERT INTO drm.devices (tenant_id, id, name) VALUES (%s, %s, %s)", (siege.a.tenant, ident, ident))
    siege.admin.commit()
    return ident


def kept(siege, device):
    return dict(siege.ask("SELECT path, value FROM drm.device_parameters WHERE device_id = %s", (device,)))


def about(siege, device):
    """What the device says of itself: number of parameters, vendor, firmware, when it was seen."""
    return siege.ask("SELECT parameters, vendor, firmware, last_seen_at::text FROM drm.devices WHERE id = %s", (device,))[0]


# ---- what is kept ----

def test_an_older_reading_that_comes_late_changes_nothing(siege, noter, device):
    noter.put(siege.a.tenant, device, "2026-01-02T00:00:00Z", {OBJECT_ID: "new", DESCR: "new"}, vendor="New", firmware="2")
    before = about(siege, device), siege.ask("SELECT * FROM drm.device_parameters WHERE device_id = %s ORDER BY path", (device,))
    assert before[0][:3] == (2, "New", "2")
    noter.put(siege.a.tenant, device, "2026-01-01T00:00:00Z", {OBJECT_ID: "old", DESCR: "old"}, vendor="Old", firmware="1")
    assert before == (about(siege, device), siege.ask("SELECT * FROM drm.device_parameters WHERE device_id = %s ORDER BY path", (device,)))
    # What was not there before is news all the same.
    noter.put(siege.a.tenant, device, "2026-01-01T00:00:00Z", {"1.3.6.1": "only then"})
    assert kept(siege, device) == {OBJECT_ID: "new", DESCR: "new", "1.3.6.1": "only then"} and about(siege, device)[3] == before[0][3]
    noter.put(siege.a.tenant, device, "2026-01-03T00:00:00Z", {OBJECT_ID: "newer"}, vendor="Newer")
    assert about(siege, device)[:3] == (3, "Newer", "2")


def test_the_same_reading_again_is_no_change(siege, noter, device):
    for at in ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"):
        noter.put(siege.a.tenant, device, at, {DESCR: "same"})
    assert siege.ask("SELECT read_at - changed_at = '1 day' FROM drm.device_parameters WHERE device_id = %s", (device,)) == [(True,)]


def test_no_reading_is_of_later(siege, noter, device):
    noter.put(siege.a.tenant, device, "2100-01-01T00:00:00Z", {DESCR: "x"})
    assert siege.ask("SELECT p.read_at <= now() AND d.last_seen_at <= now() FROM drm.device_parameters p JOIN drm.devices d ON d.id = p.device_id"
                     " WHERE d.id = %s", (device,)) == [(True,)]


def test_a_device_has_at_most_10000_paths(siege, noter, device):
    def page(first, count, word):
        return {f"1.3.6.1.9.{i}": word for i in range(first, first + count)}

    for first in range(0, MOST - 1000, 3000):
        assert noter.put(siege.a.tenant, device, "2026-01-01T00:00:00Z", page(first, 3000, "a")) == []
    assert about(siege, device)[0] == MOST - 1000
    # They are stale by now and make room; what is read now stays.
    assert noter.put(siege.a.tenant, device, "now", page(20000, 1500, "b")) == []
    assert about(siege, device)[0] == 1500 == len(kept(siege, device))
    for first in range(30000, 38000, 2000):
        assert noter.put(siege.a.tenant, device, "now", page(first, 2000, "c")) == []
    # 500 more find room, the others none; of those that are there already the value goes on.
    assert noter.put(siege.a.tenant, device, "now", {**page(40000, 700, "d"), **page(20000, 1500, "e")}) == [(device, 200)]
    found = kept(siege, device)
    assert len(found) == MOST == about(siege, device)[0]
    assert list(found.values()).count("d") == 500 and list(found.values()).count("e") == 1500
    assert noter.put(siege.a.tenant, device, "now", page(50000, 3, "f")) == [(device, 3)]
    assert len(kept(siege, device)) == MOST == about(siege, device)[0]


@pytest.mark.parametrize("path, value", [("1.3", "x" * 4097), ("1.3", "ä" * 2049), ("", "x"), ("1" * 2001, "x")])
def test_what_is_too_long_is_refused_whole(siege, noter, device, path, value):
    use_seal(noter.connection, siege.system_seal(noter.connection, "worker"))
    refused(noter.connection, CHECK, PUT, noter.args(siege.a.tenant, device, "now", {path: value, "1.2": "y"}))
    assert kept(siege, device) == {} and about(siege, device)[0] == 0


def test_of_4096_octets_all_are_kept(siege, noter, device):
    noter.put(siege.a.tenant, device, "now", {"1.3": "ä" * 2048})
    assert kept(siege, device) == {"1.3": "ä" * 2048}


def test_a_device_that_is_not_there_or_not_its_tenants_is_left_out(siege, noter, device):
    for tenant, other in ((siege.a.tenant, str(uuid.uuid4())), (siege.b.tenant, device), (str(uuid.uuid4()), device)):
        assert noter.put(tenant, other, "now", {DESCR: "x"}) == []
    assert kept(siege, device) == {} and about(siege, device)[3] is None


def test_what_goes_with_its_device(siege, noter, device):
    noter.put(siege.a.tenant, device, "now", {DESCR: "x"})
    siege.admin.cursor().execute("DELETE FROM drm.devices WHERE id = %s", (device,))
    siege.admin.commit()
    assert kept(siege, device) == {}


# ---- how it is searched ----

COLUMNS = "p.device_id || '/' || p.path AS id, p.device_id, p.path, p.name, p.type, p.value, p.text, p.size, p.read_at, p.changed_at"
DEVICES, PATHS = 1000, 100


@pytest.fixture(scope="module")
def full(siege):
    """100,000 rows of tenant a: 1,000 devices with the same 100 paths, of which one counts on and on. The devices' ids."""
    cursor = siege.admin.cursor()
    cursor.execute("INSERT INTO drm.devices (tenant_id, id, name, parameters) SELECT %s, gen_random_uuid(), 'full-' || i, %s"
                   " FROM generate_series(1, %s) i RETURNING id::text", (siege.a.tenant, PATHS, DEVICES))
    ids = [row[0] for row in cursor.fetchall()]
    cursor.execute("INSERT INTO drm.device_parameters (tenant_id, device_id, path, type, value, read_at)"
                   " SELECT %s, d.id, '1.3.6.1.8.' || j, CASE j WHEN 1 THEN 'Counter32' ELSE 'OCTET STRING' END, j || '-' || d.n %% 500, now()"
                   " FROM unnest(%s::uuid[]) WITH ORDINALITY AS d (id, n), generate_series(1, %s) j", (siege.a.tenant, ids, PATHS))
    siege.admin.commit()
    siege.admin.autocommit = True
    cursor.execute("VACUUM ANALYZE drm.device_parameters")
    cursor.execute("VACUUM ANALYZE drm.devices")
    siege.admin.autocommit = False
    return ids


def nodes(plan):
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def explain(siege, name, *args):
    """The generic plan of a query as drm_app runs it, and what came of it."""
    sql = (QUERIES / f"{name}.sql").read_text().replace("@parameter:list@", COLUMNS)
    connection = siege.database.app()
    try:
        assert run(connection, "SHOW plan_cache_mode") == [("force_generic_plan",)]
        run(connection, "SELECT sec.enter(%s, 0)", (siege.seal_of(connection, siege.a),))
        run(connection, "PREPARE q AS " + sql)
        marks = ", ".join(["%s"] * len(args))
        count = len(run(connection, f"EXECUTE q ({marks})", args))
        plan = run(connection, f"EXPLAIN (ANALYZE, BUFFERS, TIMING off, FORMAT json) EXECUTE q ({marks})", args)[0][0][0]["Plan"]
        return plan, count
    finally:
        connection.close()


P1, P7 = "1.3.6.1.8.1", "1.3.6.1.8.7"
TOP = "\xf4\x8f\xbf\xbf".encode("latin-1").decode()


@pytest.mark.parametrize("name, args, keys, rows", [
    ("parameter_list_path", lambda d: (100, None, P7, None, None), ("path",), 100),
    ("parameter_list_path", lambda d: (1000, d[500], P7, None, None), ("path", "device_id"), None),
    ("parameter_list_path", lambda d: (100, None, "1.3.6.1.8", None, None), ("path",), 0),
    ("parameter_list_value", lambda d: (100, None, P7, None, None, "7-5"), ("path",), 2),
    ("parameter_list_value", lambda d: (100, None, P7, None, None, "none"), ("path",), 0),
    ("parameter_list_value", lambda d: (100, None, P1, None, None, "1-5"), ("path",), 2),
    ("parameter_list_device", lambda d: (1000, None, d[3], "", TOP, None, None, None, None), ("device_id",), PATHS),
    ("parameter_list_device", lambda d: (10, P1, d[3], "1.3.6.1.8.", "1.3.6.1.8." + TOP, None, None, None, None), ("device_id", "path"), 10),
    ("parameter_list_device", lambda d: (10, None, d[3], "", TOP, None, "1.8.99", None, None), ("device_id",), 1),
    ("parameter_list_device", lambda d: (10, None, d[3], "", TOP, None, "NOTHING", None, None), ("device_id",), 0),
    ("parameter_list", lambda d: (10, None, "", TOP, None, None, None, None), (), 10),
])
def test_no_search_by_path_or_device_reads_the_whole_tenant(siege, full, name, args, keys, rows):
    full = sorted(full)
    found = explain(siege, name, *args(full))
    plan, count = found
    assert rows is None or count == rows, found
    scans = [n for n in nodes(plan) if n.get("Relation Name") == "device_parameters"]
    assert scans and all(n["Node Type"] in ("Index Scan", "Index Only Scan") for n in scans), json.dumps(plan, indent=1)
    for scan in scans:
        assert all(key in scan["Index Cond"] for key in ("tenant_id", *keys)), json.dumps(scan, indent=1)
        # Of 100,000 rows: those of one path, or of one device.
        read = (scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0)) * scan["Actual Loops"]
        assert read <= max(DEVICES, PATHS), scan
    assert not any(n["Node Type"] == "Seq Scan" for n in nodes(plan)), json.dumps(plan, indent=1)
