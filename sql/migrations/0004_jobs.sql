-- Jobs: active ones in jobs (small, hot), ended ones in job_results (insert-only, a partition a month); workers and their leases.
SET ROLE drm_owner;

CREATE TABLE drm.workers (
    id uuid PRIMARY KEY,
    host text NOT NULL,
    pid integer NOT NULL,
    version text NOT NULL,
    lane text NOT NULL,
    slots integer NOT NULL,
    in_flight integer NOT NULL DEFAULT 0,
    alive boolean NOT NULL DEFAULT true,
    started_at timestamptz NOT NULL DEFAULT now(),
    beat_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz
);
-- Not tenant-scoped: the scheduler's functions alone see it.
ALTER TABLE drm.workers ENABLE ROW LEVEL SECURITY;
ALTER TABLE drm.workers FORCE ROW LEVEL SECURITY;
SELECT sec.open_to_scheduler('drm.workers');

CREATE TABLE drm.batches (
    tenant_id uuid NOT NULL REFERENCES drm.tenants ON DELETE CASCADE,
    id uuid NOT NULL,
    protocol text NOT NULL,
    operation text NOT NULL,
    params jsonb NOT NULL DEFAULT '{}',
    total bigint NOT NULL DEFAULT 0,
    completed bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    cancelled bigint NOT NULL DEFAULT 0,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE TABLE drm.schedules (
    tenant_id uuid NOT NULL REFERENCES drm.tenants ON DELETE CASCADE,
    id uuid NOT NULL,
    name text NOT NULL,
    spec jsonb NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    next_run_at timestamptz,
    last_run_at timestamptz,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);

CREATE TABLE drm.jobs (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    device_id uuid NOT NULL,
    batch_id uuid,
    lane text NOT NULL DEFAULT 'default',
    protocol text NOT NULL,
    operation text NOT NULL,
    params jsonb NOT NULL DEFAULT '{}' CHECK (pg_column_size(params) <= 8388608), -- a claim carries hundreds of them
    status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'waiting')),
    priority smallint NOT NULL DEFAULT 5 CHECK (priority BETWEEN 0 AND 9),
    idempotent boolean NOT NULL,
    exclusive boolean NOT NULL,
    timeout_ms integer NOT NULL CHECK (timeout_ms BETWEEN 1 AND 86400000),
    max_attempts smallint NOT NULL DEFAULT 1 CHECK (max_attempts BETWEEN 1 AND 100),
    attempt integer NOT NULL DEFAULT 0,  -- claims so far; with the worker it is the fence of a result
    failures smallint NOT NULL DEFAULT 0, -- attempts that failed and may be repeated
    losses smallint NOT NULL DEFAULT 0,   -- workers that died with it
    cancel_requested boolean NOT NULL DEFAULT false,
    worker_id uuid,
    run_at timestamptz,
    started_at timestamptz,
    error jsonb,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES drm.devices,
    FOREIGN KEY (tenant_id, batch_id) REFERENCES drm.batches
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
        autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.2);
-- What may be claimed: jobs that only read in one index, writing ones in two others, so that neither has to be read past to find the other.
CREATE INDEX jobs_readers ON drm.jobs (lane, tenant_id, priority, id) WHERE status = 'queued' AND NOT exclusive;
CREATE INDEX jobs_writers ON drm.jobs (lane, tenant_id, priority, id) WHERE status = 'queued' AND exclusive;
-- By a hash of the device: ids follow time, and a walk over devices has to begin anywhere with equal chance.
CREATE INDEX jobs_writers_device ON drm.jobs (lane, tenant_id, priority, uuid_hash_extended(device_id, 0), id)
    WHERE status = 'queued' AND exclusive;
CREATE INDEX jobs_due ON drm.jobs (run_at) WHERE status = 'waiting';
CREATE INDEX jobs_worker ON drm.jobs (worker_id) WHERE worker_id IS NOT NULL;
-- The device first, here and below: only the primary key is to fit a look-up by tenant and id, whatever PostgreSQL believes of the sizes.
CREATE INDEX jobs_device ON drm.jobs (device_id, tenant_id);
CREATE UNIQUE INDEX jobs_one_writer ON drm.jobs (tenant_id, device_id) WHERE exclusive AND status = 'running';

CREATE TABLE drm.job_results (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    device_id uuid NOT NULL,
    batch_id uuid,
    lane text NOT NULL,
    protocol text NOT NULL,
    operation text NOT NULL,
    params jsonb NOT NULL,
    status text NOT NULL CHECK (status IN ('completed', 'failed', 'cancelled', 'dead', 'uncertain')),
    priority smallint NOT NULL,
    timeout_ms integer NOT NULL,
    max_attempts smallint NOT NULL,
    attempt integer NOT NULL,
    worker_id uuid,
    result jsonb,
    error jsonb,
    created_by uuid,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id, finished_at)
) PARTITION BY RANGE (finished_at);
CREATE INDEX job_results_device ON drm.job_results (device_id, tenant_id, id);
-- Catches what no month's partition takes (a clock far off); nothing is lost for want of a partition.
CREATE TABLE drm.job_results_default PARTITION OF drm.job_results DEFAULT;

CREATE TABLE drm.idempotency_keys (
    tenant_id uuid NOT NULL REFERENCES drm.tenants ON DELETE CASCADE,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request_hash bytea NOT NULL CHECK (octet_length(request_hash) = 32),
    job_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, key)
);
CREATE INDEX idempotency_keys_age ON drm.idempotency_keys (created_at);

SELECT sec.protect(t) FROM unnest(ARRAY['drm.batches', 'drm.schedules', 'drm.jobs', 'drm.job_results', 'drm.job_results_default',
    'drm.idempotency_keys']::regclass[]) AS t;
SELECT sec.open_to_scheduler(t) FROM unnest(ARRAY['drm.batches', 'drm.schedules', 'drm.jobs', 'drm.job_results',
    'drm.idempotency_keys']::regclass[]) AS t;
GRANT SELECT, INSERT, UPDATE, DELETE ON drm.batches, drm.schedules, drm.idempotency_keys TO drm_app;
-- What the scheduler counts with is not a tenant's to write: an attempt of 2^31 - 1 would break every tenant's claim.
GRANT SELECT, DELETE, INSERT (tenant_id, id, device_id, batch_id, lane, protocol, operation, params, priority, idempotent, exclusive,
    timeout_ms, max_attempts, created_by), UPDATE (cancel_requested) ON drm.jobs TO drm_app;
GRANT SELECT, INSERT ON drm.job_results TO drm_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON drm.workers, drm.jobs, drm.job_results, drm.idempotency_keys, drm.batches TO drm_sched;

-- Active and ended jobs as one list; security_invoker: the reader's own policies hold.
CREATE VIEW drm.jobs_all WITH (security_invoker = true) AS
    SELECT tenant_id, id, device_id, batch_id, lane, protocol, operation, params, status, priority, timeout_ms, max_attempts, attempt,
           worker_id, NULL::jsonb AS result, error, created_by, created_at, run_at, started_at, NULL::timestamptz AS finished_at
        FROM drm.jobs
    UNION ALL
    SELECT tenant_id, id, device_id, batch_id, lane, protocol, operation, params, status, priority, timeout_ms, max_attempts, attempt,
           worker_id, result, error, created_by, created_at, NULL::timestamptz, started_at, finished_at
        FROM drm.job_results;
GRANT SELECT ON drm.jobs_all TO drm_app;

-- Partitions of this month and the next three. Owner's rights: partitions are the owner's, and nothing is granted on them.
CREATE FUNCTION sched.ensure_partitions() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_month timestamptz := pg_catalog.date_trunc('month', pg_catalog.now(), 'UTC');
    v_name text;
BEGIN
    FOR i IN 0..3 LOOP
        v_name := 'job_results_' || pg_catalog.to_char(v_month AT TIME ZONE 'UTC', 'YYYYMM');
        IF pg_catalog.to_regclass('drm.' || v_name) IS NULL THEN
            BEGIN
                EXECUTE pg_catalog.format('CREATE TABLE drm.%I PARTITION OF drm.job_results FOR VALUES FROM (%L) TO (%L)', v_name, v_month,
                    (v_month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC');
                PERFORM sec.protect(('drm.' || pg_catalog.quote_ident(v_name))::regclass);
            EXCEPTION WHEN check_violation THEN
                NULL; -- rows of that month lie in the default partition already: the others stay with them
            END;
        END IF;
        v_month := (v_month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC';
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION sched.ensure_partitions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sched.ensure_partitions() TO drm_sched;
SELECT sched.ensure_partitions();
