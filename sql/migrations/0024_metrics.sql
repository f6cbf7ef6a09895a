-- What the engine tells of itself: a class by which tenants are told apart where their names are not to be shown, how many jobs are queued
-- and since when, and counters to which workers and trap listeners add with their beats.
SET ROLE drm_owner;

ALTER TABLE drm.tenants ADD COLUMN class text NOT NULL DEFAULT 'standard' CHECK (class ~ '^[a-z0-9][a-z0-9._-]{0,31}$');
SELECT sec.hide_statistics('drm.tenants');

-- None of these is a tenant's: like drm.workers, the scheduler's functions alone see them.
CREATE TABLE drm.metrics (
    name text NOT NULL CHECK (name ~ '^drm_[a-z_]{1,60}$'),
    labels text NOT NULL CHECK (length(labels) <= 500), -- as the Prometheus text has them
    counts bigint[] NOT NULL CHECK (cardinality(counts) BETWEEN 1 AND 64), -- of a histogram: its buckets, and the sum in microseconds
    PRIMARY KEY (name, labels)
) WITH (fillfactor = 50);
-- Who adds: what is told twice for want of an answer counts once.
CREATE TABLE drm.metric_sources (
    id uuid PRIMARY KEY,
    number bigint NOT NULL,
    told_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
CREATE INDEX metric_sources_age ON drm.metric_sources (told_at);
-- What was queued when it was counted last.
CREATE TABLE drm.queue_depths (
    lane text NOT NULL,
    class text NOT NULL,
    tenants bigint NOT NULL,
    jobs bigint NOT NULL,
    oldest timestamptz, -- when the oldest of them was submitted
    seen_at timestamptz NOT NULL, -- when there was one last
    PRIMARY KEY (lane, class)
) WITH (fillfactor = 50);
CREATE TABLE drm.queue_counted (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    counted_at timestamptz NOT NULL,
    took_ms integer NOT NULL,
    whole boolean NOT NULL -- false: there is more than was counted
);

DO $$
DECLARE
    v_table regclass;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['drm.metrics', 'drm.metric_sources', 'drm.queue_depths', 'drm.queue_counted']::regclass[]
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', v_table);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', v_table);
        PERFORM sec.open_to_scheduler(v_table);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO drm_sched', v_table);
    END LOOP;
END
$$;

GRANT CREATE ON SCHEMA sched, adm TO drm_sched;
SET ROLE drm_sched;

-- Part of a change of the tenant, whose version adm.tenant_change() has looked at in the same transaction.
CREATE FUNCTION adm.tenant_class(p_tenant uuid, p_class text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require('platform:tenant');
    UPDATE drm.tenants SET class = p_class
        WHERE tenant_id = p_tenant AND status <> 'deleting' AND tenant_id <> '00000000-0000-0000-0000-000000000000';
END
$$;

-- Adds to the counters: a list of [name, labels, [what is to be added to each count]]. Waits for the disk, unlike a beat: a counter that a
-- reader has seen is not to go back with a crash.
CREATE FUNCTION sched.metrics_add(p_source uuid, p_number bigint, p_deltas jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('worker');
    INSERT INTO drm.metric_sources AS s (id, number, told_at) VALUES (p_source, p_number, pg_catalog.clock_timestamp())
        ON CONFLICT (id) DO UPDATE SET number = excluded.number, told_at = excluded.told_at WHERE s.number < excluded.number;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    INSERT INTO drm.metrics AS m (name, labels, counts)
        SELECT d ->> 0, d ->> 1, ARRAY(SELECT c::bigint FROM pg_catalog.jsonb_array_elements_text(d -> 2) WITH ORDINALITY AS e (c, n) ORDER BY e.n)
            FROM pg_catalog.jsonb_array_elements(p_deltas) d
            ORDER BY 1, 2 -- all in the same order: two that add at a time wait for each other, and not in a circle
        ON CONFLICT (name, labels) DO UPDATE
            SET counts = ARRAY(SELECT COALESCE(a, 0) + COALESCE(b, 0)
                                   FROM ROWS FROM (pg_catalog.unnest(m.counts), pg_catalog.unnest(excluded.counts)) WITH ORDINALITY AS u (a, b, n)
                                   ORDER BY u.n);
END
$$;

-- Of each lane and tenant that has jobs queued how many, and when the oldest was submitted (of each priority the one with the least id).
-- From pair to pair through the two indexes of what may be claimed, never through the table, and no more than about p_most of their entries
-- are looked at. whole: false where there may be more than that.
CREATE FUNCTION sched.queue_walk(p_most bigint) RETURNS TABLE (lane text, tenant_id uuid, jobs bigint, oldest timestamptz, whole boolean)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_left bigint := p_most;
    v_most bigint;
    v_lane text := '';
    v_tenant uuid := '00000000-0000-0000-0000-000000000000';
BEGIN
    FOR v_pair IN 1..10000 LOOP
        SELECT n.lane, n.tenant_id INTO v_lane, v_tenant FROM (
            (SELECT j.lane, j.tenant_id FROM drm.jobs j WHERE j.status = 'queued' AND NOT j.exclusive
                AND (j.lane, j.tenant_id) > (v_lane, v_tenant) ORDER BY j.lane, j.tenant_id LIMIT 1)
            UNION ALL
            (SELECT j.lane, j.tenant_id FROM drm.jobs j WHERE j.status = 'queued' AND j.exclusive
                AND (j.lane, j.tenant_id) > (v_lane, v_tenant) ORDER BY j.lane, j.tenant_id LIMIT 1)) n
            ORDER BY n.lane, n.tenant_id LIMIT 1;
        EXIT WHEN NOT FOUND;
        v_most := GREATEST(v_left, 100);
        jobs := (SELECT pg_catalog.count(*) FROM (SELECT FROM drm.jobs j WHERE j.lane = v_lane AND j.tenant_id = v_tenant AND j.status = 'queued'
                     AND NOT j.exclusive LIMIT v_most) c)
              + (SELECT pg_catalog.count(*) FROM (SELECT FROM drm.jobs j WHERE j.lane = v_lane AND j.tenant_id = v_tenant AND j.status = 'queued'
                     AND j.exclusive LIMIT v_most) c);
        oldest := (SELECT pg_catalog.min(LEAST(
                (SELECT j.created_at FROM drm.jobs j WHERE j.lane = v_lane AND j.tenant_id = v_tenant AND j.status = 'queued'
                    AND NOT j.exclusive AND j.priority = p.priority::smallint ORDER BY j.id LIMIT 1),
                (SELECT j.created_at FROM drm.jobs j WHERE j.lane = v_lane AND j.tenant_id = v_tenant AND j.status = 'queued'
                    AND j.exclusive AND j.priority = p.priority::smallint ORDER BY j.id LIMIT 1)))
            FROM pg_catalog.generate_series(0, 9) AS p (priority));
        v_left := v_left - jobs;
        lane := v_lane;
        tenant_id := v_tenant;
        whole := jobs < v_most AND v_pair < 10000;
        RETURN NEXT;
    END LOOP;
END
$$;

-- Counts what is queued, by one worker at a time, every p_every ms, and so seldom that it takes a twentieth of a core at most.
CREATE FUNCTION sched.queue_count(p_every integer, p_most bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_began timestamptz := pg_catalog.clock_timestamp();
    v_whole boolean;
BEGIN
    PERFORM sec.require_system('worker');
    IF NOT pg_catalog.pg_try_advisory_xact_lock(7303014, 22) OR EXISTS (
            SELECT FROM drm.queue_counted c
            WHERE c.counted_at > v_began - GREATEST(p_every, 20 * c.took_ms) * interval '1 millisecond') THEN
        RETURN;
    END IF;
    PERFORM pg_catalog.set_config('synchronous_commit', 'off', true); -- it is counted again soon
    UPDATE drm.queue_depths SET tenants = 0, jobs = 0, oldest = NULL WHERE jobs > 0;
    WITH counted AS (
        SELECT w.lane, t.class, w.jobs, w.oldest, w.whole FROM sched.queue_walk(p_most) w JOIN drm.tenants t ON t.tenant_id = w.tenant_id),
    kept AS (
        INSERT INTO drm.queue_depths AS q (lane, class, tenants, jobs, oldest, seen_at)
            SELECT c.lane, c.class, pg_catalog.count(*), pg_catalog.sum(c.jobs), pg_catalog.min(c.oldest), v_began
                FROM counted c GROUP BY c.lane, c.class ORDER BY pg_catalog.sum(c.jobs) DESC LIMIT 1000
            ON CONFLICT (lane, class) DO UPDATE
                SET tenants = excluded.tenants, jobs = excluded.jobs, oldest = excluded.oldest, seen_at = excluded.seen_at)
    SELECT COALESCE(pg_catalog.bool_and(c.whole), true) INTO v_whole FROM counted c;
    -- A queue that is empty tells so for a day.
    DELETE FROM drm.queue_depths q WHERE q.jobs = 0 AND q.seen_at < v_began - interval '1 day';
    DELETE FROM drm.metric_sources s WHERE s.told_at < v_began - interval '1 day';
    INSERT INTO drm.queue_counted AS c (counted_at, took_ms, whole)
        VALUES (v_began, (EXTRACT(epoch FROM pg_catalog.clock_timestamp() - v_began) * 1000)::integer, v_whole)
        ON CONFLICT (one) DO UPDATE SET counted_at = excluded.counted_at, took_ms = excluded.took_ms, whole = excluded.whole;
END
$$;

-- All there is to tell, a row a series, those of one name together.
CREATE FUNCTION sched.metrics() RETURNS TABLE (name text, label text[], counts bigint[])
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('metrics');
    RETURN QUERY
    SELECT m.name, ARRAY[m.labels], m.counts FROM drm.metrics m
    UNION ALL
    SELECT f.name, ARRAY[q.lane, q.class], ARRAY[f.count] FROM drm.queue_depths q CROSS JOIN LATERAL (VALUES
        ('drm_queue_jobs', q.jobs), ('drm_queue_tenants', q.tenants),
        ('drm_queue_oldest_seconds',
            COALESCE(GREATEST(0, EXTRACT(epoch FROM pg_catalog.clock_timestamp() - q.oldest)), 0)::bigint)) AS f (name, count)
    UNION ALL
    SELECT f.name, '{}', ARRAY[f.count] FROM drm.queue_counted c CROSS JOIN LATERAL (VALUES
        ('drm_queue_counted_timestamp_seconds', EXTRACT(epoch FROM c.counted_at)::bigint), ('drm_queue_whole', c.whole::integer::bigint)) AS f (name, count)
    UNION ALL
    SELECT f.name, ARRAY[w.lane], ARRAY[f.count] FROM (
        SELECT l.lane, pg_catalog.count(*) AS workers, pg_catalog.sum(w.slots) AS slots, pg_catalog.sum(w.in_flight) AS in_flight
            FROM drm.workers w CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.string_to_array(w.lane, ',')) AS l (lane)
            WHERE w.alive AND w.beat_at > pg_catalog.clock_timestamp() - interval '30 seconds' GROUP BY l.lane) w
        CROSS JOIN LATERAL (VALUES ('drm_workers', w.workers), ('drm_worker_slots', w.slots), ('drm_worker_in_flight', w.in_flight))
            AS f (name, count)
    ORDER BY 1, 2;
END
$$;

REVOKE ALL ON FUNCTION adm.tenant_class(uuid, text), sched.metrics_add(uuid, bigint, jsonb), sched.queue_walk(bigint),
    sched.queue_count(integer, bigint), sched.metrics() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION adm.tenant_class(uuid, text), sched.metrics_add(uuid, bigint, jsonb), sched.queue_count(integer, bigint),
    sched.metrics() TO drm_app;
SET ROLE drm_owner;
REVOKE CREATE ON SCHEMA sched, adm FROM drm_sched;
