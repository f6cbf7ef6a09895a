-- The job engine's second half: jobs without a device, deadlines, delays, keys that make a job the only one of its kind, batches that count
-- how their jobs ended, and claims that bring all secrets of a credential. Claim, finish and reap are told anew here.
SET ROLE drm_owner;

ALTER TABLE drm.jobs
    ALTER device_id DROP NOT NULL, -- what a driver does without one: a sweep of addresses
    ADD COLUMN deadline timestamptz, -- is not begun after it
    ADD COLUMN unique_key text CHECK (length(unique_key) BETWEEN 1 AND 255),
    ADD COLUMN retry_ms integer NOT NULL DEFAULT 1000 CHECK (retry_ms BETWEEN 10 AND 3600000), -- the backoff's base
    ADD COLUMN progress smallint CHECK (progress BETWEEN 0 AND 100),
    ADD COLUMN requeued_from uuid, -- the ended job that this one repeats by hand
    ADD CHECK (device_id IS NOT NULL OR NOT exclusive),
    -- A tenant may submit a job that waits, but none that runs or waits for nothing.
    ADD CHECK (status <> 'running' OR worker_id IS NOT NULL),
    ADD CHECK (status <> 'waiting' OR run_at IS NOT NULL);
ALTER TABLE drm.job_results ALTER device_id DROP NOT NULL, ADD COLUMN requeued_from uuid;
CREATE UNIQUE INDEX jobs_unique_key ON drm.jobs (tenant_id, unique_key) WHERE unique_key IS NOT NULL;
CREATE INDEX jobs_batch ON drm.jobs (batch_id, tenant_id, id) WHERE batch_id IS NOT NULL;
CREATE INDEX job_results_batch ON drm.job_results (batch_id, tenant_id, id) WHERE batch_id IS NOT NULL;
-- Writing jobs that ran before and are to be repeated: they hold up what was submitted for their device after them.
CREATE INDEX jobs_writers_again ON drm.jobs (tenant_id, device_id, id) WHERE exclusive AND status = 'waiting' AND attempt > 0;
SELECT sec.hide_statistics('drm.jobs');
GRANT INSERT (status, run_at, deadline, unique_key, retry_ms, requeued_from) ON drm.jobs TO drm_app;

-- The check of a foreign key to a device is planned while there are few: only the primary key is to fit it.
ALTER TABLE drm.devices DROP CONSTRAINT devices_tenant_id_name_key;
CREATE UNIQUE INDEX devices_tenant_id_name_key ON drm.devices (tenant_id, name) WHERE name IS NOT NULL;

-- How the jobs of a batch ended: a row a worker, so that none waits for another's commit; nil where no worker had them.
CREATE TABLE drm.batch_tallies (
    tenant_id uuid NOT NULL,
    batch_id uuid NOT NULL,
    worker_id uuid NOT NULL,
    completed bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    cancelled bigint NOT NULL DEFAULT 0,
    dead bigint NOT NULL DEFAULT 0,
    uncertain bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, batch_id, worker_id),
    FOREIGN KEY (tenant_id, batch_id) REFERENCES drm.batches ON DELETE CASCADE
) WITH (fillfactor = 50);
SELECT sec.protect('drm.batch_tallies');
SELECT sec.open_to_scheduler('drm.batch_tallies');
GRANT SELECT ON drm.batch_tallies TO drm_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON drm.batch_tallies TO drm_sched;

GRANT EXECUTE ON FUNCTION sec.key_of(bytea) TO drm_sched;
GRANT SELECT ON drm.tenant_keys TO drm_sched;
GRANT CREATE ON SCHEMA sched TO drm_sched;
SET ROLE drm_sched;

-- After each statement that ends jobs, whoever sent it.
CREATE FUNCTION sched.tally_batches() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO drm.batch_tallies AS t (tenant_id, batch_id, worker_id, completed, failed, cancelled, dead, uncertain)
        SELECT e.tenant_id, e.batch_id, COALESCE(e.worker_id, '00000000-0000-0000-0000-000000000000'),
               pg_catalog.count(*) FILTER (WHERE e.status = 'completed'), pg_catalog.count(*) FILTER (WHERE e.status = 'failed'),
               pg_catalog.count(*) FILTER (WHERE e.status = 'cancelled'), pg_catalog.count(*) FILTER (WHERE e.status = 'dead'),
               pg_catalog.count(*) FILTER (WHERE e.status = 'uncertain')
            FROM ended e
            WHERE e.batch_id IS NOT NULL AND EXISTS (SELECT FROM drm.batches b WHERE b.tenant_id = e.tenant_id AND b.id = e.batch_id)
            GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (tenant_id, batch_id, worker_id) DO UPDATE
            SET completed = t.completed + excluded.completed, failed = t.failed + excluded.failed,
                cancelled = t.cancelled + excluded.cancelled, dead = t.dead + excluded.dead, uncertain = t.uncertain + excluded.uncertain;
    RETURN NULL;
END
$$;
GRANT EXECUTE ON FUNCTION sched.tally_batches() TO drm_owner;
SET ROLE drm_owner;
CREATE TRIGGER tally AFTER INSERT ON drm.job_results REFERENCING NEW TABLE AS ended
    FOR EACH STATEMENT EXECUTE FUNCTION sched.tally_batches();
SET ROLE drm_sched;
REVOKE EXECUTE ON FUNCTION sched.tally_batches() FROM drm_owner;

-- Whether a writing job of this device runs, or an earlier one than p_id waits to be repeated.
CREATE FUNCTION sched.device_busy(p_tenant uuid, p_device uuid, p_id uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT true FROM drm.jobs r WHERE r.tenant_id = p_tenant AND r.device_id = p_device AND r.exclusive AND r.status = 'running')
            IS NOT NULL
        OR EXISTS (SELECT FROM drm.jobs w WHERE w.tenant_id = p_tenant AND w.device_id = p_device AND w.exclusive AND w.status = 'waiting'
                   AND w.attempt > 0 AND w.id < p_id);
END
$$;

-- The ids in a list that may hold anything.
CREATE FUNCTION sched.ids_in(p_list jsonb) RETURNS uuid[]
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF pg_catalog.jsonb_typeof(p_list) IS DISTINCT FROM 'array' THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(SELECT i::uuid FROM pg_catalog.jsonb_array_elements_text(p_list) i
                 WHERE i ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' LIMIT 64);
END
$$;

-- Wait before the n-th repetition: exponential with jitter, at most five minutes or the base.
CREATE FUNCTION sched.backoff(p_n integer, p_base_ms integer) RETURNS interval
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS
$$ SELECT LEAST(GREATEST(300000, p_base_ms), power(2, LEAST(p_n, 20)) * p_base_ms) * (0.5 + random()) * interval '1 millisecond' $$;

-- Locks the first queued writing job of up to p_limit devices of a tenant, of none that has one running, or one that ran before and
-- waits to be repeated: what was submitted after that is not to overtake it. For the same reason a job that another claim has locked stands
-- for its whole device.
CREATE OR REPLACE FUNCTION sched.pick_writers(p_lane text, p_tenant uuid, p_limit integer) RETURNS TABLE (place tid, priority smallint, id uuid)
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
            AND NOT sched.device_busy(p_tenant, v_device, pick_writers.id)
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
                SELECT h.place, h.device_id, h.priority, h.id, h.hash, sched.device_busy(p_tenant, h.device_id, h.id)
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

DROP FUNCTION sched.claim(uuid, text, integer);
-- The columns of a job and its device's profile, then those of a credential: a job has a row for each of its credentials, one after the other.
CREATE FUNCTION sched.claim(p_worker uuid, p_lane text, p_limit integer)
    RETURNS TABLE (tenant_id uuid, id uuid, device_id uuid, protocol text, operation text, params jsonb, attempt integer,
                   timeout_ms integer, idempotent boolean, expired boolean, address text, port integer, settings jsonb,
                   credential_id uuid, snmp_version text, username text, auth_protocol text, priv_protocol text, context_name text,
                   community bytea, community_key bytea, auth_password bytea, auth_password_key bytea, priv_password bytea,
                   priv_password_key bytea)
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
        SELECT j.tenant_id, j.id, j.device_id, j.protocol, j.operation, COALESCE(b.params, j.params), j.attempt, j.timeout_ms, j.idempotent,
               COALESCE(j.deadline < pg_catalog.clock_timestamp(), false), p.address, p.port, p.settings,
               c.id, c.snmp_version, c.username, c.auth_protocol, c.priv_protocol, c.context_name,
               c.community, sched.data_key(c.tenant_id, c.community), c.auth_password, sched.data_key(c.tenant_id, c.auth_password),
               c.priv_password, sched.data_key(c.tenant_id, c.priv_password)
            FROM drm.jobs j
            LEFT JOIN drm.batches b ON b.tenant_id = j.tenant_id AND b.id = j.batch_id
            LEFT JOIN drm.device_protocol_profiles p
                ON p.tenant_id = j.tenant_id AND p.device_id = j.device_id AND p.protocol = j.protocol
            LEFT JOIN drm.snmp_credentials c ON c.tenant_id = j.tenant_id
                AND c.id = ANY (CASE WHEN j.device_id IS NOT NULL THEN ARRAY[p.snmp_credential_id]
                                     ELSE sched.ids_in(j.params -> 'credential_ids') END)
            WHERE j.ctid = ANY (v_places)
            ORDER BY j.priority, j.id, c.id;
END
$$;
-- The wrapped data key that opens a sealed value of a tenant; NULL for none.
CREATE FUNCTION sched.data_key(p_tenant uuid, p_sealed bytea) RETURNS bytea
    LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT k.wrapped FROM drm.tenant_keys k WHERE k.tenant_id = p_tenant AND k.version = sec.key_of(p_sealed));
END
$$;

DROP FUNCTION sched.finish(uuid, uuid[], uuid[], integer[], text[], boolean[], jsonb[], jsonb[], timestamptz[], timestamptz[]);
-- Stores how jobs ended. A result counts only with its fence (job, worker, attempt): one of an expired lease changes nothing and
-- gets no row back. What leaves a job active, unless its cancel was asked for or its deadline is before it would run again: a failure that
-- may pass with attempts left, a release, and a defer, which is a release for p_delays milliseconds.
CREATE FUNCTION sched.finish(p_worker uuid, p_tenants uuid[], p_ids uuid[], p_attempts integer[], p_outcomes text[], p_retryable boolean[],
                             p_results jsonb[], p_errors jsonb[], p_started timestamptz[], p_finished timestamptz[], p_delays integer[] DEFAULT NULL)
    RETURNS TABLE (id uuid, status text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_places tid[]; -- one for each result, null where the fence refuses it and for the second of one job
    v_next timestamptz[]; -- when it runs again; null: it has ended
BEGIN
    PERFORM sec.require_system('worker');
    SELECT pg_catalog.array_agg(CASE WHEN e.nth = 1 THEN e.place END ORDER BY e.n),
           pg_catalog.array_agg(CASE WHEN e.nth = 1 AND (e.deadline IS NULL OR e.deadline > e.next) THEN e.next END ORDER BY e.n)
        INTO v_places, v_next
        FROM (
            SELECT f.n, j.place, j.next, j.deadline, pg_catalog.row_number() OVER (PARTITION BY j.place ORDER BY f.n) AS nth
                FROM unnest(p_tenants, p_ids, p_attempts, p_outcomes, p_retryable, p_delays) WITH ORDINALITY
                    AS f (tenant_id, id, attempt, outcome, retryable, delay, n)
                LEFT JOIN LATERAL (
                    SELECT j.ctid AS place, j.deadline,
                           CASE WHEN j.cancel_requested THEN NULL
                                WHEN f.outcome = 'release' THEN pg_catalog.clock_timestamp()
                                WHEN f.outcome = 'defer' THEN pg_catalog.clock_timestamp() + COALESCE(f.delay, 0) * interval '1 millisecond'
                                WHEN f.outcome = 'failed' AND f.retryable AND j.failures + 1 < j.max_attempts
                                THEN pg_catalog.clock_timestamp() + sched.backoff(j.failures::integer, j.retry_ms) END AS next
                        FROM drm.jobs j
                        -- written so that only the primary key fits
                        WHERE j.tenant_id = f.tenant_id AND j.id = f.id AND j.worker_id IS NOT DISTINCT FROM p_worker
                          AND j.attempt = f.attempt
                        FOR UPDATE) j ON true) e;
    RETURN QUERY
    INSERT INTO drm.job_results (tenant_id, id, device_id, batch_id, lane, protocol, operation, params, priority, timeout_ms, max_attempts,
                                 attempt, worker_id, requeued_from, created_by, created_at, status, result, error, started_at, finished_at)
        SELECT j.tenant_id, j.id, j.device_id, j.batch_id, j.lane, j.protocol, j.operation, j.params, j.priority, j.timeout_ms,
               j.max_attempts, j.attempt, j.worker_id, j.requeued_from, j.created_by, j.created_at,
               CASE WHEN j.cancel_requested AND (f.outcome IN ('release', 'defer') OR (f.outcome = 'failed' AND f.retryable)) THEN 'cancelled'
                    WHEN f.outcome IN ('release', 'defer') THEN 'failed'
                    WHEN f.outcome = 'failed' AND f.retryable AND j.max_attempts > 1 THEN 'dead' ELSE f.outcome END,
               f.result,
               CASE WHEN f.error IS NULL AND f.outcome IN ('release', 'defer') AND NOT j.cancel_requested
                    THEN '{"code": "deadline", "message": "Its deadline passed before it could run.", "retryable": false}'
                    ELSE f.error END,
               f.started_at, LEAST(f.finished_at, pg_catalog.clock_timestamp())
            FROM unnest(v_places, v_next, p_outcomes, p_retryable, p_results, p_errors, p_started, p_finished)
                AS f (place, next, outcome, retryable, result, error, started_at, finished_at)
            JOIN drm.jobs j ON j.ctid = f.place
            WHERE f.next IS NULL
        ON CONFLICT DO NOTHING -- a row a tenant put there itself must not fail the results of others
        RETURNING job_results.id, job_results.status;
    DELETE FROM drm.jobs j WHERE j.ctid = ANY (ARRAY(SELECT f.place FROM unnest(v_places, v_next) AS f (place, next) WHERE f.next IS NULL));
    IF pg_catalog.cardinality(pg_catalog.array_remove(v_next, NULL)) > 0 THEN
        RETURN QUERY
        UPDATE drm.jobs j
            SET status = CASE WHEN f.outcome = 'release' THEN 'queued' ELSE 'waiting' END,
                run_at = CASE WHEN f.outcome = 'release' THEN NULL ELSE f.next END,
                failures = j.failures + CASE WHEN f.outcome = 'failed' THEN 1 ELSE 0 END,
                worker_id = NULL, started_at = NULL, progress = NULL, error = COALESCE(f.error, j.error)
            FROM unnest(v_places, v_next, p_outcomes, p_errors) AS f (place, next, outcome, error)
            WHERE j.ctid = f.place AND f.next IS NOT NULL
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
CREATE OR REPLACE FUNCTION sched.worker_recover(p_worker uuid, p_known uuid[], p_before timestamptz) RETURNS TABLE (id uuid, status text)
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
        pg_catalog.array_fill(false, ARRAY[pg_catalog.cardinality(v_ids)]), NULL, NULL, NULL, NULL, NULL) f;
END
$$;

-- Housekeeping by one worker at a time. Due jobs are queued; with p_reap_after, workers silent for longer are given up and their jobs
-- requeued - or ended as uncertain where repeating them is not safe, or as dead after five lost workers.
-- Rows: kind 'queued' (something became claimable) or 'ended' (tell the watchers).
CREATE OR REPLACE FUNCTION sched.reap(p_worker uuid, p_reap_after interval)
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
            max_attempts, attempt, worker_id, requeued_from, created_by, created_at, status, error, started_at, finished_at)
        SELECT g.tenant_id, g.id, g.device_id, g.batch_id, g.lane, g.protocol, g.operation, g.params, g.priority, g.timeout_ms,
               g.max_attempts, g.attempt, g.worker_id, g.requeued_from, g.created_by, g.created_at,
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
            run_at = pg_catalog.clock_timestamp() + sched.backoff(j.losses::integer, j.retry_ms)
        WHERE j.ctid = ANY (v_places)
          AND j.idempotent AND NOT j.cancel_requested AND j.losses < 4
        RETURNING 'waiting', j.tenant_id, j.id, 'waiting';
END
$$;

DROP FUNCTION sched.backoff(integer);

DO $$
DECLARE
    v_function regprocedure;
BEGIN
    FOREACH v_function IN ARRAY ARRAY['sched.tally_batches()', 'sched.device_busy(uuid, uuid, uuid)', 'sched.ids_in(jsonb)',
        'sched.backoff(integer, integer)', 'sched.data_key(uuid, bytea)', 'sched.claim(uuid, text, integer)',
        'sched.finish(uuid, uuid[], uuid[], integer[], text[], boolean[], jsonb[], jsonb[], timestamptz[], timestamptz[], integer[])',
        'sched.reap(uuid, interval)', 'sched.worker_recover(uuid, uuid[], timestamptz)', 'sched.pick_writers(text, uuid, integer)']::regprocedure[]
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', v_function);
    END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION sched.claim(uuid, text, integer),
    sched.finish(uuid, uuid[], uuid[], integer[], text[], boolean[], jsonb[], jsonb[], timestamptz[], timestamptz[], integer[]) TO drm_app;
SET ROLE drm_owner;
REVOKE CREATE ON SCHEMA sched FROM drm_sched;
