"""A database of the release before retention, with results, events and a batch in it, is migrated: nothing is lost, and it is read as before.
The release before is the migrations up to the one that cuts the tables, which an event trigger stops."""
import base64
import contextlib
import csv
import hashlib
import io
import json
import secrets
import uuid

import psycopg2
import pytest
from stack.fleet import Fleet

STOP = """
CREATE FUNCTION public.stop() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_catalog.current_query() LIKE '%ADD COLUMN keep_results_days%' THEN
        RAISE EXCEPTION 'stopped here';
    END IF;
END
$$;
CREATE EVENT TRIGGER stop ON ddl_command_start EXECUTE FUNCTION public.stop();
"""

# Ids by the time they were made, as UUIDv7 are; some results lie in the default partition, some in the months'.
FILL = """
CREATE FUNCTION pg_temp.v7(t timestamptz) RETURNS uuid LANGUAGE sql AS $$
    SELECT (lpad(to_hex((extract(epoch FROM t) * 1000)::bigint), 12, '0') || '7' || substr(md5(random()::text), 1, 3) || '8'
            || substr(md5(random()::text), 1, 15))::uuid
$$;
INSERT INTO drm.tenants (tenant_id, name) VALUES (%(tenant)s, 'before');
INSERT INTO drm.users (tenant_id, id, email, role) VALUES (%(tenant)s, %(user)s, 'before@example.net', 'operator');
INSERT INTO drm.api_keys (tenant_id, id, user_id, label, prefix, key_hash)
    VALUES (%(tenant)s, %(key_id)s, %(user)s, 'before', left(%(key)s, 12), %(hash)s);
INSERT INTO drm.devices (tenant_id, id, name) VALUES (%(tenant)s, %(device)s, 'before');
INSERT INTO drm.device_protocol_profiles (tenant_id, device_id, protocol) VALUES (%(tenant)s, %(device)s, 'fake');
INSERT INTO drm.batches (tenant_id, id, protocol, operation, total, released, status, created_by, finished_at)
    VALUES (%(tenant)s, %(batch)s, 'fake', 'echo', 100, 100, 'completed', %(user)s, now());
INSERT INTO drm.job_results (tenant_id, id, device_id, batch_id, lane, protocol, operation, params, status, priority, timeout_ms, max_attempts,
                             attempt, created_at, finished_at, result, requeued_from)
    SELECT %(tenant)s, pg_temp.v7(made), %(device)s, CASE WHEN i <= 100 THEN %(batch)s::uuid END, 'before', 'fake', 'echo', '{}',
           CASE WHEN i %% 3 = 0 THEN 'failed' ELSE 'completed' END, 5, 1000, 1, 1, made, made + interval '1 second', jsonb_build_object('n', i),
           CASE WHEN i %% 50 = 0 THEN gen_random_uuid() END
        FROM (SELECT i, now() - (i %% 30) * interval '20 days' AS made FROM generate_series(1, 300) i) x;
INSERT INTO drm.job_results (tenant_id, id, device_id, lane, protocol, operation, params, status, priority, timeout_ms, max_attempts,
                             attempt, created_at, finished_at)
    SELECT %(tenant)s, pg_temp.v7(made), %(device)s, 'clock', 'fake', 'echo', '{}', 'dead', 5, 1000, 1, 1, made, ended
        FROM (VALUES (now(), now() + interval '40 days'), (now() - interval '200 days', now() - interval '100 days'),
                     (now() - interval '100 days', now() - interval '200 days')) AS x (made, ended);
INSERT INTO drm.device_events (tenant_id, id, device_id, kind, at)
    SELECT %(tenant)s, pg_temp.v7(at), %(device)s, 'boot', at FROM (SELECT now() - i * interval '3 days' AS at FROM generate_series(0, 199) i) x;
"""

ROWS = {"job_results": 303, "device_events": 200, "batches": 1, "batch_tallies": 1}


class Old:
    """A database of before, and what it held."""

    def __init__(self, fleet):
        self.fleet = fleet
        self.tenant, self.user, self.device, self.batch, key_id = (str(uuid.uuid4()) for _ in range(5))
        self.key = f"drm_{uuid.UUID(key_id).hex}_" + base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        self.sql(STOP)
        stopped = fleet.drmctl("db", "migrate", check=False)
        assert stopped.returncode and "_retention failed" in stopped.stderr and "stopped here" in stopped.stderr, stopped
        self.sql("DROP EVENT TRIGGER stop; DROP FUNCTION public.stop()")
        self.sql(FILL, {**vars(self), "key_id": key_id, "hash": hashlib.sha256(self.key.encode()).digest()})
        self.before = self.rows()
        self.parts = self.partitions()
        self.applied = fleet.drmctl("db", "migrate").stdout
        fleet.drmctl("init", "--tenant", "after", "--email", "after@example.net", "--password-file", "-", stdin=secrets.token_hex(12) + "\n")

    def sql(self, sql, args=None):
        with contextlib.closing(psycopg2.connect(self.fleet.env["DRM_ADMIN_DATABASE_URL"])) as connection, connection:
            cursor = connection.cursor()
            cursor.execute(sql, args)
            return cursor.fetchall() if cursor.description else None

    def rows(self):
        """Each row of the tables that are looked at, but for the class, which is new."""
        return {t: {row[0] for row in self.sql(f"SELECT (to_jsonb(x) - 'keep')::text FROM drm.{t} x WHERE tenant_id = %s", (self.tenant,))}
                for t in ROWS}

    def partitions(self):
        return dict(self.sql("SELECT tableoid::regclass::text, count(*) FROM drm.job_results GROUP BY 1"))

    def drmctl(self, *words):
        return self.fleet.drmctl(*words, env={"DRM_API_KEY": self.key, "DRM_SESSION": "/nowhere"}).stdout

    def list(self, noun):
        return {item["id"] for item in json.loads(self.drmctl(noun, "list", "--all", "-o", "json"))["items"]}

    def ids(self, table):
        return {json.loads(row)["id"] for row in self.before[table]}


@pytest.fixture(scope="module")
def old(build):
    with Fleet(build, postgres=True) as fleet:
        yield Old(fleet)


def test_every_row_is_there_as_it_was(old):
    assert {t: len(rows) for t, rows in old.before.items()} == ROWS, "what was put there"
    assert len(old.parts) >= 3, "the default and months"
    assert old.rows() == old.before
    assert sum(old.partitions().values()) == ROWS["job_results"] and len(old.partitions()) == len(old.parts)
    assert old.sql("SELECT DISTINCT keep FROM drm.job_results UNION SELECT DISTINCT keep FROM drm.device_events") == [(0,)]


def test_lists_have_all(old):
    assert old.list("job") == old.ids("job_results")
    assert old.list("event") == old.ids("device_events")


def test_each_is_found_by_its_id(old):
    """Also what ended long after it was made, or before it, by a clock that was wrong."""
    made = sorted(old.ids("job_results"))
    clocks = [row["id"] for row in map(json.loads, old.before["job_results"]) if row["lane"] == "clock"]
    assert len(clocks) == 3
    for job in (made[0], made[150], made[-2], *clocks):
        assert json.loads(old.drmctl("job", "show", job, "-o", "json"))["id"] == job


def test_a_batch_tells_its_results_and_counts(old):
    lines = [json.loads(line) for line in old.drmctl("batch", "results", old.batch).splitlines()]
    assert {line["result"]["n"] for line in lines} == set(range(1, 101))
    shown = json.loads(old.drmctl("batch", "show", old.batch, "-o", "json"))
    assert (shown["total"], shown["completed"], shown["failed"]) == (100, 67, 33)


def test_a_batch_says_how_many_of_its_results_are_gone(old):
    """Without those of a third of its jobs, as if their partition had been dropped."""
    gone = "batch_id = %s AND (result ->> 'n')::integer %% 3 = 0"
    old.sql("CREATE TABLE public.kept AS SELECT * FROM drm.job_results WHERE " + gone, (old.batch,))
    old.sql("DELETE FROM drm.job_results WHERE " + gone, (old.batch,))
    try:
        lines = [json.loads(line) for line in old.drmctl("batch", "results", old.batch).splitlines()]
        assert len(lines) == 68 and lines[-1] == {"gone": 33} and all("id" in line for line in lines[:-1])
        rows = list(csv.DictReader(io.StringIO(old.drmctl("batch", "results", old.batch, "-o", "csv"))))
        assert len(rows) == 68 and {name: cell for name, cell in rows[-1].items() if cell} == {"status": "gone", "result": "33"}
        shown = json.loads(old.drmctl("batch", "show", old.batch, "-o", "json"))
        assert (shown["total"], shown["completed"], shown["failed"], shown["percent"]) == (100, 67, 33, 100)
    finally:
        old.sql("SET session_replication_role = replica; INSERT INTO drm.job_results SELECT * FROM public.kept; DROP TABLE public.kept")
    assert len(old.drmctl("batch", "results", old.batch).splitlines()) == 100


def test_what_comes_next_finds_a_place_behind_the_months(old):
    """Partitions of a year go on where those of months end, and a shorter time takes nothing of what is there."""
    old.sql("UPDATE drm.tenants SET keep_results_days = 1, keep_events_days = 1 WHERE tenant_id = %s", (old.tenant,))
    last = old.sql("SELECT max(p.upper) FROM sec.keep_partitions('drm.job_results_keep0') p")[0][0]
    made = old.sql("SELECT sec.keep_extend('job_results_keep0', 0)")[0][0]
    if made:
        assert old.sql("SELECT lower FROM sec.keep_partitions('drm.job_results_keep0') p WHERE p.name = %s", (made,)) == [(last,)]
    assert old.sql("SELECT what FROM sec.keep_step('job_results', 'job_results_keep0', 0)") == [(None,)]
    assert old.rows() == old.before


def test_each_is_repeated_once(old):
    for job in old.sql("SELECT id::text FROM drm.job_results WHERE lane = 'clock'"):
        again = json.loads(old.drmctl("job", "requeue", job[0], "-o", "json"))
        again = again[0] if isinstance(again, list) else again
        assert json.loads(old.drmctl("job", "show", again["job"], "-o", "json"))["status"] == "queued" and again["requeued"] == job[0]
        refused = old.fleet.drmctl("job", "requeue", job[0], env={"DRM_API_KEY": old.key, "DRM_SESSION": "/nowhere"}, check=False)
        assert refused.returncode == 5 and again["job"] in refused.stderr, refused
