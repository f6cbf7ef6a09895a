"""How long results and events are kept: classes, partitions made and dropped, and what must not be lost by it. Time is moved by rows and
partitions of another time, put there as the superuser."""
import contextlib

import psycopg2
import pytest
from attack_support import siege  # noqa: F401

NAMES = "SELECT relname FROM pg_class WHERE relispartition AND relkind IN ('r', 'p') AND relname LIKE %s ORDER BY 1"


class Keeper:
    """A worker's connection that runs the chore, step by step."""

    def __init__(self, siege):  # noqa: F811
        self.siege = siege

    @contextlib.contextmanager
    def worker(self):
        with contextlib.closing(self.siege.database.admin()) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT set_config('drm.seal', %s, true)", (self.siege.system_seal(connection, "worker"),))
            yield connection, cursor

    def step(self):
        with self.worker() as (connection, cursor):
            cursor.execute("SELECT what, partition FROM sched.retention()")
            rows = cursor.fetchall()
            connection.commit()
            return rows

    def all(self):
        done = []
        while rows := self.step():
            done += rows
            if rows[0][0] == "busy":
                break
        return done

    def sql(self, sql, args=None):
        with contextlib.closing(self.siege.database.admin()) as connection, connection:
            cursor = connection.cursor()
            cursor.execute(sql, args)
            return cursor.fetchall() if cursor.description else None

    def keep(self, tenant, results=0, events=0):
        self.sql("UPDATE drm.tenants SET keep_results_days = %s, keep_events_days = %s WHERE tenant_id = %s", (results, events, tenant.tenant))

    def result(self, tenant, keep, days_ago):
        return self.sql("INSERT INTO drm.job_results (tenant_id, id, device_id, lane, protocol, operation, params, status, priority, timeout_ms,"
                        " max_attempts, attempt, created_at, finished_at, keep) VALUES (%s, gen_random_uuid(), %s, 'retention', 'fake', 'echo', '{}',"
                        " 'completed', 5, 1, 1, 1, now(), now() - %s * interval '1 day', %s) RETURNING id::text",
                        (tenant.tenant, tenant.device, days_ago, keep))[0][0]

    def there(self):
        return {row[0] for row in self.sql("SELECT id::text FROM drm.job_results WHERE lane = 'retention'")}

    def old_partition(self, table, keep, days_ago):
        """As the chore would have made it then."""
        return self.sql("SELECT sec.keep_partition_make(%s, d, d + interval '1 day') FROM (SELECT date_trunc('day', now() - %s * interval '1 day',"
                        " 'UTC') AS d) x", (f"{table}_keep{keep}", days_ago))[0][0]


@pytest.fixture
def keeper(siege):  # noqa: F811
    made = Keeper(siege)
    yield made
    made.keep(siege.a)
    made.keep(siege.b)
    made.sql("DELETE FROM drm.job_results WHERE lane = 'retention'")


def test_what_was_there_is_kept_for_ever(keeper, siege):  # noqa: F811
    assert keeper.sql("SELECT DISTINCT keep FROM drm.job_results UNION SELECT DISTINCT keep FROM drm.device_events") == [(0,)]
    assert keeper.sql("SELECT count(*) > 0, bool_and(tableoid::regclass::text = 'drm.device_events_keep0') FROM drm.device_events")[0] == (True, True)


def test_a_setting_makes_its_class_and_partitions_ahead(keeper, siege):  # noqa: F811
    keeper.keep(siege.a, 7, 30)
    assert {"job_results_keep7", "job_results_keep7_default"} <= {row[0] for row in keeper.sql(NAMES, ("job_results_keep7%",))}
    assert len(keeper.sql(NAMES, ("job_results_keep7_2%",))) >= 4
    assert len(keeper.sql(NAMES, ("device_events_keep30_2%",))) >= 1
    with pytest.raises(psycopg2.Error, match="1, 7, 30, 90 or 365 is expected"):
        keeper.keep(siege.a, 5)
    mine, forever = keeper.result(siege.a, 7, 0), keeper.result(siege.b, 0, 400)
    assert keeper.sql("SELECT tableoid::regclass::text LIKE 'drm.job_results_keep7_2%%' FROM drm.job_results WHERE id = %s", (mine,)) == [(True,)]
    keeper.all()
    assert keeper.there() == {mine, forever}
    # Partitions that are made later are as closed as those before them.
    assert keeper.sql("SELECT relname FROM pg_class c WHERE relispartition AND relkind IN ('r', 'p') AND relname LIKE '%%\\_keep%%' AND"
                      " (NOT relrowsecurity OR NOT relforcerowsecurity OR has_any_column_privilege('drm_app', oid, 'SELECT, INSERT, UPDATE')"
                      " OR NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant'))") == []


def test_what_is_over_goes_and_nothing_else(keeper, siege):  # noqa: F811
    keeper.keep(siege.a, 7)
    keeper.keep(siege.b, 1)
    gone, kept = keeper.old_partition("job_results", 7, 9), keeper.old_partition("job_results", 7, 6)
    other = keeper.old_partition("job_results", 1, 3)
    old, young, forever = keeper.result(siege.a, 7, 9), keeper.result(siege.a, 7, 6), keeper.result(siege.a, 0, 900)
    neighbour, now = keeper.result(siege.b, 1, 3), keeper.result(siege.b, 1, 0)
    assert keeper.there() == {old, young, forever, neighbour, now}
    assert {("dropped", gone), ("dropped", other)} <= set(keeper.all())
    assert keeper.there() == {young, forever, now}
    assert keeper.sql(NAMES, (kept,)) and not keeper.sql(NAMES, (gone,))
    assert keeper.all() == [], "there is an end to it"


def test_a_default_is_emptied_when_all_in_it_is_over(keeper, siege):  # noqa: F811
    keeper.keep(siege.a, 7)
    keeper.all()
    old, young = keeper.result(siege.a, 7, 60), keeper.result(siege.a, 7, 5)
    assert keeper.all() == [] and keeper.there() == {old, young}, "one of them is not over"
    keeper.sql("DELETE FROM drm.job_results WHERE id = %s", (young,))
    assert keeper.all() == [("emptied", "job_results_keep7_default")]
    assert keeper.there() == set()


def test_results_find_a_place_after_a_long_outage(keeper, siege):  # noqa: F811
    keeper.keep(siege.a, 7)
    for name, in keeper.sql(NAMES, ("job_results_keep7_2%",)):
        keeper.sql(f"DROP TABLE drm.{name}")
    keeper.old_partition("job_results", 7, 3)
    first = keeper.result(siege.a, 7, 0)
    done = keeper.all()
    assert [what for what, _ in done].count("made") >= 3, done
    assert keeper.there() == {first}
    assert keeper.all() == []


def test_a_long_reader_is_not_waited_for(keeper, siege):  # noqa: F811
    keeper.keep(siege.a, 7)
    keeper.all()
    gone = keeper.old_partition("job_results", 7, 9)
    old = keeper.result(siege.a, 7, 9)
    with contextlib.closing(siege.database.admin()) as reader:
        reader.cursor().execute("SELECT count(*) FROM drm.job_results")
        assert keeper.step() == [("busy", "job_results_keep7")]
        assert keeper.there() == {old}, "others read on"
        assert keeper.result(siege.a, 7, 0), "and write"
    assert ("dropped", gone) in keeper.all()
    assert old not in keeper.there()


def test_two_keepers_at_once(keeper, siege):  # noqa: F811
    keeper.keep(siege.a, 7)
    keeper.all()
    keeper.old_partition("job_results", 7, 9)
    with keeper.worker() as (first, cursor):
        cursor.execute("SELECT what FROM sched.retention()")
        assert cursor.fetchall() == [("dropped",)]
        assert keeper.step() == [], "another one is at it"
        first.rollback()
    assert [what for what, _ in keeper.all()] == ["dropped"]
