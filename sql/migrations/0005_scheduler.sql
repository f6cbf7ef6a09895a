-- Claim, heartbeat, finish, reap: the calls of workers, which cross tenants. Owned by drm_sched, refused without the system context "worker".
SET ROLE drm_owner;

CREATE FUNCTION sched.worker_register(p_id uuid, p_host text, p_pid integer, p_version text, p_lane text, p_slots integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('worker');
    INSERT INTO drm.workers (id, host, pid, version, lane, slots) VALUES (p_id, p_host, p_pid, p_version, p_lane, p_slots)
        ON CONFLICT (id) DO NOTHING;
END
$$;

CREATE FUNCTION sched.worker_leave(p_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('worker');
    UPDATE drm.workers SET alive = false, ended_at = pg_catalog.clock_timestamp() WHERE id = p_id AND alive;
END
$$;

-- Renews the lease of everything the worker runs. False: the worker was given up, its jobs belong to others.
CREATE FUNCTION sched.worker_beat(p_id uuid, p_in_flight integer, OUT alive boolean, OUT cancels uuid[])
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('worker');
    PERFORM pg_catalog.set_config('synchronous_commit', 'off', true); -- a beat forgotten in a crash is followed by the next
    UPDATE drm.workers w SET beat_at = pg_catalog.clock_timestamp(), in_flight = p_in_flight WHERE w.id = p_id AND w.alive;
    alive := FOUND;
    cancels := ARRAY(SELECT j.id FROM drm.jobs j WHERE j.worker_id = p_id AND j.cancel_requested AND j.status = 'running');
END
$$;

-- How the functions below reach rows of drm.jobs: a queue is empty one moment and holds a million rows the next, so what PostgreSQL knows
-- of its size is wrong at any time, and a plan that joins it may read all of it for each row. Hence rows are found by an index that
-- alone fits, locked, and from then on named by their place (ctid), which holds as long as they are locked.

-- Locks the first queued writing job of up to p_limit devices of a tenant, of none that has one running. A job that another claim has
-- locked stands for its whole device: the next one of that device is not to overtake it.
CREATE FUNCTION sched.pick_writers(p_lane text, p_tenant uuid, p_limit integer) RETURNS TABLE (place tid, priority smallint, id uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_front integer := p_limit + 64; -- looked at in order of priority and age
    v_read integer := 0;
    v_found integer := 0;
    v_device uuid;
    v_seen uuid[] := '{}';
    v_start bigint;
    v_from bigint;
    v_to bigint;
    v_busy boolean;
BEGIN
    IF p_limit <= 0 THEN
        RETURN;
    END IF;
    FOR place, v_device, priority, id IN
        SELECT j.ctid, j.device_id, j.priority, j.id FROM drm.jobs j
            WHERE j.lane = p_lane AND j.tenant_id = p_tenant AND j.status = 'queued' AND j.exclusive
            ORDER BY j.priority, j.id LIMIT v_front
    LOOP
        v_read := v_read + 1;
        CONTINUE WHEN v_device = ANY (v_seen);
        v_seen := v_seen || v_device;
        PERFORM FROM drm.jobs j WHERE j.ctid = place AND j.status = 'queued'
            AND (SELECT true FROM drm.jobs r WHERE r.tenant_id = p_tenant AND r.device_id = v_device AND r.exclusive
                 AND r.status = 'running') IS NULL
            FOR NO KEY UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        RETURN NEXT;
        v_found := v_found + 1;
        IF v_found = p_limit THEN
            RETURN;
        END IF;
    END LOOP;
    IF v_read < v_front THEN
        RETURN;
    END IF;

    -- The front is full of devices that are busy: from device to device, priority by priority, each time from elsewhere, so that none is
    -- always the last. Steps: the devices that are busy or found, once for each priority they have jobs of - not the jobs.
    v_start := ((pg_catalog.random() - 0.5) * 18446744073709549568)::bigint;
    FOR v_priority IN 0..9 LOOP
        FOR v_half IN 1..2 LOOP
            v_from := CASE v_half WHEN 1 THEN v_start ELSE -9223372036854775808 END;
            v_to := CASE v_half WHEN 1 THEN 9223372036854775807 ELSE v_start - 1 END;
            LOOP
                SELECT h.place, h.device_id, h.priority, h.id, h.hash,
                       (SELECT true FROM drm.jobs r WHERE r.tenant_id = p_tenant AND r.device_id = h.device_id AND r.exclusive
                        AND r.status = 'running') IS NOT NULL
                    INTO place, v_device, priority, id, v_from, v_busy
                    FROM (SELECT j.ctid AS place, j.device_id, j.priority, j.id, pg_catalog.uuid_hash_extended(j.device_id, 0) AS hash
                              FROM drm.jobs j
                              WHERE j.lane = p_lane AND j.tenant_id = p_tenant AND j.status = 'queued' AND j.exclusive
                                AND j.priority = v_priority::smallint
                                AND pg_catalog.uuid_hash_extended(j.device_id, 0) BETWEEN v_from AND v_to
                              ORDER BY pg_catalog.uuid_hash_extended(j.device_id, 0), j.id LIMIT 1) h;
                EXIT WHEN NOT FOUND;
                IF NOT v_busy AND v_device <> ALL (v_seen) THEN
                    v_seen := v_seen || v_device;
                    PERFORM FROM drm.jobs j WHERE j.ctid = place AND j.status = 'queued' FOR NO KEY UPDATE SKIP LOCKED;
                    IF FOUND THEN
                        RETURN NEXT;
                        v_found := v_found + 1;
                        IF v_found = p_limit THEN
                            RETURN;
                        END IF;
                    END IF;
                END IF;
                EXIT WHEN v_from = v_to;
                v_from := v_from + 1;
            END LOOP;
        END LOOP;
    END LOOP;
END
$$;

-- Locks up to p_limit queued jobs of a lane and tells their places; fair over tenants: each tenant with queued jobs gets an equal share of
-- the pick, in order of priority, then age. Writing jobs run one at a time a device. Tenants are found by skipping through the indexes, so
-- a tenant with a million queued jobs costs no more than one with a single one.
CREATE FUNCTION sched.pick(p_lane text, p_limit integer, p_exclusive boolean) RETURNS tid[]
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenants uuid[];
    v_write boolean[];
    v_room integer[];
    v_capped boolean;
    v_share integer;
    v_running uuid[];
BEGIN
    WITH RECURSIVE r (tenant_id) AS (
        (SELECT j.tenant_id FROM drm.jobs j WHERE j.lane = p_lane AND j.status = 'queued' AND NOT j.exclusive ORDER BY j.tenant_id LIMIT 1)
        UNION ALL
        SELECT (SELECT j.tenant_id FROM drm.jobs j WHERE j.lane = p_lane AND j.status = 'queued' AND NOT j.exclusive
                AND j.tenant_id > r.tenant_id ORDER BY j.tenant_id LIMIT 1)
            FROM r WHERE r.tenant_id IS NOT NULL),
    w (tenant_id) AS (
        (SELECT j.tenant_id FROM drm.jobs j WHERE j.lane = p_lane AND j.status = 'queued' AND j.exclusive AND p_exclusive
         ORDER BY j.tenant_id LIMIT 1)
        UNION ALL
        SELECT (SELECT j.tenant_id FROM drm.jobs j WHERE j.lane = p_lane AND j.status = 'queued' AND j.exclusive
                AND j.tenant_id > w.tenant_id ORDER BY j.tenant_id LIMIT 1)
            FROM w WHERE w.tenant_id IS NOT NULL),
    q (tenant_id, writes) AS (
        SELECT a.tenant_id, pg_catalog.bool_or(a.writes)
            FROM (SELECT r.tenant_id, false AS writes FROM r UNION ALL SELECT w.tenant_id, true FROM w) a
            WHERE a.tenant_id IS NOT NULL GROUP BY a.tenant_id),
    s (tenant_id, writes, room) AS (
        -- One claim at a time takes from a tenant with a cap: what another one is taking cannot be counted yet.
        SELECT t.tenant_id, q.writes,
               CASE WHEN t.max_running IS NULL OR pg_catalog.pg_try_advisory_xact_lock(7303015, pg_catalog.uuid_hash(t.tenant_id))
                    THEN t.max_running ELSE 0 END
            FROM q JOIN drm.tenants t ON t.tenant_id = q.tenant_id ORDER BY pg_catalog.random())
    SELECT pg_catalog.array_agg(s.tenant_id), pg_catalog.array_agg(s.writes), pg_catalog.array_agg(s.room),
           pg_catalog.bool_or(s.room IS NOT NULL)
        INTO v_tenants, v_write, v_room, v_capped FROM s;
    IF v_tenants IS NULL THEN
        RETURN NULL;
    END IF;
    v_share := GREATEST(1, (p_limit + pg_catalog.cardinality(v_tenants) - 1) / pg_catalog.cardinality(v_tenants));
    IF v_capped THEN
        -- All running jobs once, for all tenants: an index by tenant would be written by each claim and each result, capped or not.
        v_running := ARRAY(SELECT r.tenant_id FROM drm.jobs r WHERE r.worker_id >= '00000000-0000-0000-0000-000000000000');
    END IF;
    RETURN ARRAY(
        SELECT p.place
            FROM unnest(v_tenants, v_write, v_room) AS v (tenant_id, writes, room)
            CROSS JOIN LATERAL (
                SELECT CASE WHEN v.room IS NULL THEN v_share
                            ELSE GREATEST(0, LEAST(v_share, v.room - pg_catalog.cardinality(pg_catalog.array_positions(v_running, v.tenant_id))))
                            END AS share OFFSET 0) l
            CROSS JOIN LATERAL (
                SELECT c.place FROM (
                    SELECT r.place, r.priority, r.id FROM (
                        SELECT j.ctid AS place, j.priority, j.id FROM drm.jobs j
                            WHERE j.lane = p_lane AND j.tenant_id = v.tenant_id AND j.status = 'queued' AND NOT j.exclusive
                            ORDER BY j.priority, j.id LIMIT l.share FOR NO KEY UPDATE SKIP LOCKED) r
                    UNION ALL
                    SELECT w.place, w.priority, w.id FROM sched.pick_writers(p_lane, v.tenant_id, l.share) w WHERE v.writes) c
                ORDER BY c.priority, c.id LIMIT l.share) p
            LIMIT p_limit);
END
$$;

CREATE FUNCTION sched.claim(p_worker uuid, p_lane text, p_limit integer)
    RETURNS TABLE (tenant_id uuid, id uuid, device_id uuid, protocol text, operation text, params jsonb, attempt integer,
                   timeout_ms integer, idempotent boolean, address text, port integer, settings jsonb, credential_id uuid,
                   community bytea, wrapped bytea, key_version integer)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_places tid[];
    v_idempotent boolean;
BEGIN
    PERFORM sec.require_system('worker');
    IF NOT EXISTS (SELECT FROM drm.workers w WHERE w.id = p_worker AND w.alive) THEN
        RETURN;
    END IF;
    FOR i IN 1..2 LOOP
        v_places := sched.pick(p_lane, p_limit, i = 1);
        BEGIN
            WITH taken AS (
                UPDATE drm.jobs j
                    SET status = 'running', worker_id = p_worker, attempt = j.attempt + 1, started_at = pg_catalog.clock_timestamp(),
                        run_at = NULL
                    WHERE j.ctid = ANY (v_places)
                    RETURNING j.ctid AS place, j.idempotent)
            SELECT pg_catalog.array_agg(t.place), pg_catalog.bool_and(t.idempotent) INTO v_places, v_idempotent FROM taken t;
            EXIT;
        EXCEPTION WHEN unique_violation THEN
            -- Another worker took a writing job of the same device at the same moment (jobs_one_writer): leave the writers to it.
            v_places := NULL;
        END;
    END LOOP;
    IF v_places IS NULL THEN
        RETURN;
    END IF;
    -- A claim that PostgreSQL forgets in a crash leaves its jobs queued: they are done once more, where that does no harm.
    IF v_idempotent THEN
        PERFORM pg_catalog.set_config('synchronous_commit', 'off', true);
    END IF;
    RETURN QUERY
        SELECT j.tenant_id, j.id, j.device_id, j.protocol, j.operation, j.params, j.attempt, j.timeout_ms, j.idempotent,
               p.address, p.port, p.settings, c.id, c.community, k.wrapped, k.version
            FROM drm.jobs j
            LEFT JOIN drm.device_protocol_profiles p
                ON p.tenant_id = j.tenant_id AND p.device_id = j.device_id AND p.protocol = j.protocol
            LEFT JOIN drm.snmp_credentials c ON c.tenant_id = p.tenant_id AND c.id = p.snmp_credential_id
            LEFT JOIN drm.tenant_keys k ON k.tenant_id = c.tenant_id AND c.community IS NOT NULL
                -- bytes 2..5 of a sealed value are the version of the data key that opens it
                AND k.version = (pg_catalog.get_byte(c.community, 1) << 24 | pg_catalog.get_byte(c.community, 2) << 16
                               | pg_catalog.get_byte(c.community, 3) << 8 | pg_catalog.get_byte(c.community, 4))
            WHERE j.ctid = ANY (v_places)
            ORDER BY j.priority, j.id;
END
$$;

-- Wait before the n-th repetition: exponential with jitter, at most five minutes.
CREATE FUNCTION sched.backoff(p_n integer) RETURNS interval
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS
$$ SELECT LEAST(300, power(2, LEAST(p_n, 20))) * (0.5 + random()) * interval '1 second' $$;

-- Stores how jobs ended. A result counts only with its fence (job, worker, attempt): one of an expired lease changes nothing and
-- gets no row back. A failure that may pass, with attempts left, and a release leave the job active.
CREATE FUNCTION sched.finish(p_worker uuid, p_tenants uuid[], p_ids uuid[], p_attempts integer[], p_outcomes text[], p_retryable boolean[],
                             p_results jsonb[], p_errors jsonb[], p_started timestamptz[], p_finished timestamptz[])
    RETURNS TABLE (id uuid, status text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_places tid[]; -- one for each result, null where the fence refuses it and for the second of one job
    v_stays boolean[];
BEGIN
    PERFORM sec.require_system('worker');
    SELECT pg_catalog.array_agg(CASE WHEN e.nth = 1 THEN e.place END ORDER BY e.n),
           pg_catalog.array_agg(CASE WHEN e.nth = 1 THEN e.stays END ORDER BY e.n) INTO v_places, v_stays
        FROM (
            SELECT f.n, j.place, j.stays, pg_catalog.row_number() OVER (PARTITION BY j.place ORDER BY f.n) AS nth
                FROM unnest(p_tenants, p_ids, p_attempts, p_outcomes, p_retryable) WITH ORDINALITY
                    AS f (tenant_id, id, attempt, outcome, retryable, n)
                LEFT JOIN LATERAL (
                    SELECT j.ctid AS place, NOT j.cancel_requested AND (f.outcome = 'release'
                               OR (f.outcome = 'failed' AND f.retryable AND j.failures + 1 < j.max_attempts)) AS stays
                        FROM drm.jobs j
                        -- written so that only the primary key fits
                        WHERE j.tenant_id = f.tenant_id AND j.id = f.id AND j.worker_id IS NOT DISTINCT FROM p_worker
                          AND j.attempt = f.attempt
                        FOR UPDATE) j ON true) e;
    RETURN QUERY
    INSERT INTO drm.job_results (tenant_id, id, device_id, batch_id, lane, protocol, operation, params, priority, timeout_ms, max_attempts,
                                 attempt, worker_id, created_by, created_at, status, result, error, started_at, finished_at)
        SELECT j.tenant_id, j.id, j.device_id, j.batch_id, j.lane, j.protocol, j.operation, j.params, j.priority, j.timeout_ms,
               j.max_attempts, j.attempt, j.worker_id, j.created_by, j.created_at,
               CASE WHEN f.outcome = 'release' THEN 'cancelled'
                    WHEN f.outcome = 'failed' AND f.retryable AND j.max_attempts > 1 THEN 'dead' ELSE f.outcome END,
               f.result, f.error, f.started_at, LEAST(f.finished_at, pg_catalog.clock_timestamp())
            FROM unnest(v_places, v_stays, p_outcomes, p_retryable, p_results, p_errors, p_started, p_finished)
                AS f (place, stays, outcome, retryable, result, error, started_at, finished_at)
            JOIN drm.jobs j ON j.ctid = f.place
            WHERE NOT f.stays
        ON CONFLICT DO NOTHING -- a row a tenant put there itself must not fail the results of others
        RETURNING job_results.id, job_results.status;
    DELETE FROM drm.jobs j WHERE j.ctid = ANY (ARRAY(SELECT f.place FROM unnest(v_places, v_stays) AS f (place, stays) WHERE NOT f.stays));
    IF true = ANY (v_stays) THEN
        RETURN QUERY
        UPDATE drm.jobs j
            SET status = CASE WHEN f.outcome = 'release' THEN 'queued' ELSE 'waiting' END,
                run_at = CASE WHEN f.outcome = 'release' THEN NULL
                              ELSE pg_catalog.clock_timestamp() + sched.backoff(j.failures::integer) END,
                failures = j.failures + CASE WHEN f.outcome = 'release' THEN 0 ELSE 1 END,
                worker_id = NULL, started_at = NULL, error = COALESCE(f.error, j.error)
            FROM unnest(v_places, v_stays, p_outcomes, p_errors) AS f (place, stays, outcome, error)
            WHERE j.ctid = f.place AND f.stays
            RETURNING j.id, j.status;
    END IF;
    -- Stored by an earlier call of which the worker did not hear the answer: not refused.
    IF pg_catalog.array_position(v_places, NULL) IS NOT NULL THEN
        RETURN QUERY
        SELECT r.id, r.status FROM unnest(v_places, p_tenants, p_ids, p_attempts) AS f (place, tenant_id, id, attempt)
            CROSS JOIN LATERAL (SELECT r.id, r.status FROM drm.job_results r
                WHERE r.tenant_id = f.tenant_id AND r.id = f.id AND r.worker_id = p_worker AND r.attempt = f.attempt OFFSET 0) r
            WHERE f.place IS NULL;
    END IF;
END
$$;

-- Gives back what this worker was given without learning of it: the answer to a claim can be lost with its connection. None of it has
-- begun. p_known: what it does know. p_before: the database's time when it was asked; a call that comes late must not take what was claimed since.
CREATE FUNCTION sched.worker_recover(p_worker uuid, p_known uuid[], p_before timestamptz) RETURNS TABLE (id uuid, status text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenants uuid[];
    v_ids uuid[];
    v_attempts integer[];
BEGIN
    PERFORM sec.require_system('worker');
    SELECT pg_catalog.array_agg(j.tenant_id), pg_catalog.array_agg(j.id), pg_catalog.array_agg(j.attempt) INTO v_tenants, v_ids, v_attempts
        FROM drm.jobs j WHERE j.worker_id = p_worker AND j.id <> ALL (p_known) AND COALESCE(j.started_at < p_before, true);
    IF v_ids IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT f.id, f.status FROM sched.finish(p_worker, v_tenants, v_ids, v_attempts,
        pg_catalog.array_fill('release'::text, ARRAY[pg_catalog.cardinality(v_ids)]),
        pg_catalog.array_fill(false, ARRAY[pg_catalog.cardinality(v_ids)]), NULL, NULL, NULL, NULL) f;
END
$$;

-- Housekeeping by one worker at a time. Due jobs are queued; with p_reap_after, workers silent for longer are given up and their jobs
-- requeued - or ended as uncertain where repeating them is not safe, or as dead after five lost workers.
-- Rows: kind 'queued' (something became claimable) or 'ended' (tell the watchers).
CREATE FUNCTION sched.reap(p_worker uuid, p_reap_after interval)
    RETURNS TABLE (kind text, tenant_id uuid, job_id uuid, status text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_places tid[];
BEGIN
    PERFORM sec.require_system('worker');
    IF NOT pg_catalog.pg_try_advisory_xact_lock(7303014, 1) THEN
        RETURN;
    END IF;
    v_places := ARRAY(SELECT w.ctid FROM drm.jobs w WHERE w.status = 'waiting' AND w.run_at <= pg_catalog.clock_timestamp()
                      ORDER BY w.run_at LIMIT 10000 FOR UPDATE SKIP LOCKED);
    RETURN QUERY
    UPDATE drm.jobs j SET status = 'queued', run_at = NULL
        WHERE j.ctid = ANY (v_places)
        RETURNING 'queued', j.tenant_id, j.id, 'queued';
    IF p_reap_after IS NULL THEN
        RETURN;
    END IF;
    PERFORM sched.ensure_partitions();
    DELETE FROM drm.idempotency_keys WHERE created_at < pg_catalog.now() - interval '24 hours';
    UPDATE drm.workers w SET alive = false, ended_at = pg_catalog.clock_timestamp()
        WHERE w.alive AND w.id <> p_worker AND w.beat_at < pg_catalog.clock_timestamp() - p_reap_after;
    DELETE FROM drm.workers w WHERE NOT w.alive AND w.ended_at < pg_catalog.now() - interval '1 day'
        AND NOT EXISTS (SELECT FROM drm.jobs j WHERE j.worker_id = w.id);
    -- Every dead worker is looked at again each time: one that was only slow may have claimed once more.
    v_places := ARRAY(SELECT l.place FROM drm.workers w CROSS JOIN LATERAL (
                          SELECT j.ctid AS place FROM drm.jobs j WHERE j.worker_id = w.id FOR UPDATE SKIP LOCKED) l
                      WHERE NOT w.alive LIMIT 10000);
    RETURN QUERY
    WITH gone AS (
        DELETE FROM drm.jobs j WHERE j.ctid = ANY (v_places)
            AND (NOT j.idempotent OR j.cancel_requested OR j.losses >= 4)
            RETURNING j.*)
    INSERT INTO drm.job_results AS r (tenant_id, id, device_id, batch_id, lane, protocol, operation, params, priority, timeout_ms,
            max_attempts, attempt, worker_id, created_by, created_at, status, error, started_at, finished_at)
        SELECT g.tenant_id, g.id, g.device_id, g.batch_id, g.lane, g.protocol, g.operation, g.params, g.priority, g.timeout_ms,
               g.max_attempts, g.attempt, g.worker_id, g.created_by, g.created_at,
               CASE WHEN NOT g.idempotent THEN 'uncertain' WHEN g.cancel_requested THEN 'cancelled' ELSE 'dead' END,
               pg_catalog.jsonb_build_object('code', 'worker-lost', 'retryable', false, 'message',
                   CASE WHEN NOT g.idempotent THEN 'The worker died while it ran this; whether the device carried it out is not known.'
                        ELSE 'The worker died while it ran this.' END),
               g.started_at, pg_catalog.clock_timestamp()
            FROM gone g
        ON CONFLICT DO NOTHING
        RETURNING 'ended', r.tenant_id, r.id, r.status;
    RETURN QUERY
    UPDATE drm.jobs j SET status = 'waiting', worker_id = NULL, started_at = NULL, losses = j.losses + 1,
            run_at = pg_catalog.clock_timestamp() + sched.backoff(j.losses::integer)
        WHERE j.ctid = ANY (v_places)
          AND j.idempotent AND NOT j.cancel_requested AND j.losses < 4
        RETURNING 'waiting', j.tenant_id, j.id, 'waiting';
END
$$;

-- Granted while they are still the owner's: afterwards only drm_sched could.
GRANT EXECUTE ON FUNCTION sched.worker_register(uuid, text, integer, text, text, integer), sched.worker_leave(uuid),
    sched.worker_beat(uuid, integer), sched.worker_recover(uuid, uuid[], timestamptz), sched.claim(uuid, text, integer),
    sched.finish(uuid, uuid[], uuid[], integer[], text[], boolean[], jsonb[], jsonb[], timestamptz[], timestamptz[]),
    sched.reap(uuid, interval) TO drm_app;
GRANT CREATE ON SCHEMA sched TO drm_sched;
DO $$
DECLARE
    v_function regprocedure;
BEGIN
    FOR v_function IN SELECT p.oid FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'sched'::regnamespace AND p.proname <> 'ensure_partitions'
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', v_function);
        EXECUTE format('ALTER FUNCTION %s OWNER TO drm_sched', v_function);
    END LOOP;
END
$$;
REVOKE CREATE ON SCHEMA sched FROM drm_sched;
