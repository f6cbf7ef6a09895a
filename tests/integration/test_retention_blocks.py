"""What it costs to find a job, its repetition, a batch's results or an event's device among many partitions: blocks that the library's own
statements touch as drm_app, with the generic plans of that role, among 100,000 results in 60 partitions of two classes."""
import datetime
import uuid

import pytest
from attack_support import siege, run  # noqa: F401
from plan_support import ask

DAYS = 30  # and as many partitions of each class
ROWS = 100000

FILL = """
CREATE FUNCTION pg_temp.v7(t timestamptz, i bigint) RETURNS uuid LANGUAGE sql AS $$
    SELECT (lpad(to_hex((extract(epoch FROM t) * 1000)::bigint), 12, '0') || '7000' || '8' || lpad(to_hex(i), 15, '0'))::uuid
$$;
SET session_replication_role = replica; -- no tallies, which are not looked at here
INSERT INTO drm.job_results (tenant_id, id, device_id, batch_id, lane, protocol, operation, params, status, priority, timeout_ms, max_attempts,
                             attempt, created_at, finished_at, result, keep)
    SELECT %(tenant)s, pg_temp.v7(made, i), %(device)s, CASE WHEN i %% 50 = 0 THEN %(batch)s::uuid END, 'blocks', 'fake', 'echo', '{}', 'failed', 5,
           1000, 1, 1, made, made + interval '1 minute', '{"n": 1}', CASE WHEN i %% 2 = 0 THEN 7 ELSE 365 END
        FROM (SELECT i, now() - (i::numeric / %(rows)s * %(days)s - 0.01) * interval '1 day' AS made FROM generate_series(1, %(rows)s) i) x;
"""



class Many:
    """The results, and drm_app's connection."""

    def __init__(self, siege):  # noqa: F811
        self.siege, self.connection = siege, siege.database.app()
        admin = siege.admin
        run(admin, "UPDATE drm.tenants SET keep_results_days = 7 WHERE tenant_id = %s", (siege.a.tenant,))
        run(admin, "UPDATE drm.tenants SET keep_results_days = 365 WHERE tenant_id = %s", (siege.a.tenant,))
        for keep in (7, 365):
            for name, in run(admin, "SELECT p.name FROM sec.keep_partitions(%s::regclass) p WHERE lower IS NOT NULL",
                             (f"drm.job_results_keep{keep}",)):
                run(admin, f"DROP TABLE drm.{name}")
            run(admin, "SELECT sec.keep_partition_make(%s, d, d + interval '1 day') FROM (SELECT date_trunc('day', now(), 'UTC')"
                       " - i * interval '1 day' AS d FROM generate_series(0, %s) i) x", (f"job_results_keep{keep}", DAYS - 1))
        admin.commit()
        run(admin, FILL, {**vars(siege.a), "rows": ROWS, "days": DAYS - 1})
        admin.commit()
        admin.autocommit = True
        run(admin, "SET session_replication_role = origin")
        run(admin, "VACUUM ANALYZE drm.job_results")
        admin.autocommit = False

    def some(self, days):
        """An ended job of that many days ago: its id, and when it was made."""
        return self.siege.ask("SELECT id::text, created_at FROM drm.job_results WHERE lane = 'blocks' AND created_at < now() - %s * interval '1 day'"
                              " ORDER BY created_at DESC LIMIT 1", (days,))[0]

    def ask(self, name, *args, **columns):
        return ask(self.siege, self.connection, name, *args, **columns)


@pytest.fixture(scope="module")
def many(siege):  # noqa: F811
    made = Many(siege)
    yield made
    made.connection.close()


OLD = DAYS - 2
NEW, SOON, EACH = datetime.timedelta(days=1), datetime.timedelta(days=2), 2 * 2 * DAYS  # EACH: two blocks of an index in every partition


@pytest.mark.parametrize("days", [0, 1, 10, OLD])
@pytest.mark.parametrize("name, most", [("job_get_ended", 30), ("job_get", 35), ("job_requeue_read", 60)])
def test_a_job_that_ended_soon_is_found_in_few_partitions(many, days, name, most):
    job, made = many.some(days)
    if name == "job_requeue_read":
        most += 2 * 2 * days + 20  # what repeats it may have ended at any time since
    rows, blocks = many.ask(name, job, made - NEW, made + SOON, job="j.id, j.status")
    assert len(rows) == 1 and "failed" in rows[0]
    assert blocks <= most, f"{blocks} blocks"


def test_a_job_that_ended_late_costs_the_partitions_since(many):
    job, made = many.some(OLD)
    rows, blocks = many.ask("job_get", job, made - NEW, None, job="j.id, j.status")
    assert rows == [(job, "failed")] and blocks <= EACH, f"{blocks} blocks"
    rows, blocks = many.ask("event_job_device", job, made - NEW)
    assert rows == [(many.siege.a.device,)] and blocks <= EACH, f"{blocks} blocks"


def test_a_job_that_is_not_there_costs_no_more(many):
    job, made = many.some(OLD)
    rows, blocks = many.ask("job_get", str(uuid.UUID(int=uuid.UUID(job).int ^ 1 << 60)), made - NEW, None, job="j.id, j.status")
    assert rows == [] and blocks <= 2 * EACH, f"{blocks} blocks"


def test_a_piece_of_a_batch_costs_its_rows_and_a_look_into_each_partition(many):
    first, few = many.ask("batch_results", many.siege.a.batch, str(uuid.UUID(int=0)), 50)
    rest, blocks = many.ask("batch_results", many.siege.a.batch, first[-1][0], 500)
    assert (len(first), len(rest)) == (50, 500) and first[-1][0] < rest[0][0]
    assert few <= 2 * EACH + 5 * 50 and blocks <= 2 * EACH + 5 * 500, f"{few}, {blocks} blocks"
