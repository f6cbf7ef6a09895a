-- Batches: one operation on many devices, told once; how they go on, wave by wave, and how they end. And what devices are chosen by.
SET ROLE drm_owner;

ALTER TABLE drm.devices
    ADD COLUMN vendor text NOT NULL DEFAULT '' CHECK (length(vendor) <= 200),
    ADD COLUMN firmware text NOT NULL DEFAULT '' CHECK (length(firmware) <= 200),
    ADD COLUMN last_seen_at timestamptz; -- when it last answered, or told something by itself
CREATE INDEX devices_vendor ON drm.devices (tenant_id, vendor, firmware, id) WHERE vendor <> '';
CREATE INDEX devices_last_seen ON drm.devices (tenant_id, last_seen_at);
GRANT UPDATE (vendor, firmware, last_seen_at) ON drm.devices TO drm_sched;

-- How the jobs of a batch ended stands in drm.batch_tallies.
ALTER TABLE drm.batches
    DROP COLUMN completed, DROP COLUMN failed, DROP COLUMN cancelled,
    ADD COLUMN name text NOT NULL DEFAULT '' CHECK (length(name) <= 200),
    ADD COLUMN status text NOT NULL DEFAULT 'running'
        CHECK (status IN ('running', 'paused', 'stopped', 'cancelling', 'completed', 'cancelled')),
    ADD COLUMN selector jsonb,           -- NULL: a list of devices, which its jobs tell
    ADD COLUMN strict boolean NOT NULL DEFAULT false,
    ADD COLUMN skipped bigint NOT NULL DEFAULT 0, -- devices that do not speak the protocol
    ADD COLUMN exclusive boolean NOT NULL DEFAULT false,
    ADD COLUMN idempotent boolean NOT NULL DEFAULT false,
    ADD COLUMN priority smallint NOT NULL DEFAULT 5,
    ADD COLUMN timeout_ms integer NOT NULL DEFAULT 60000,
    ADD COLUMN max_attempts smallint NOT NULL DEFAULT 1,
    ADD COLUMN retry_ms integer NOT NULL DEFAULT 1000,
    ADD COLUMN run_at timestamptz,
    ADD COLUMN deadline timestamptz,
    ADD COLUMN canary bigint CHECK (canary > 0),        -- jobs of the first wave
    ADD COLUMN wave bigint CHECK (wave > 0),            -- jobs of each further one; NULL: all that are left
    ADD COLUMN max_failures bigint CHECK (max_failures > 0), -- that many stop it
    ADD COLUMN forgiven bigint NOT NULL DEFAULT 0,      -- failures before it was last resumed: these do not stop it again
    ADD COLUMN target bigint NOT NULL DEFAULT 0,        -- jobs to be let go by now, of total
    ADD COLUMN released bigint NOT NULL DEFAULT 0,      -- jobs let go by now; the others are held
    ADD COLUMN retry_of uuid,
    ADD COLUMN schedule_id uuid,
    ADD COLUMN finished_at timestamptz;
CREATE INDEX batches_open ON drm.batches (tenant_id, id) WHERE finished_at IS NULL;
SELECT sec.hide_statistics('drm.devices'), sec.hide_statistics('drm.batches');
REVOKE INSERT, UPDATE, DELETE ON drm.batches FROM drm_app;

-- A narrowed context sees the batches that its actor made.
CREATE POLICY own ON drm.batches AS RESTRICTIVE TO drm_app
    USING ((SELECT sec.scope()) IS NULL OR created_by = (SELECT sec.actor()));
CREATE POLICY own ON drm.batch_tallies AS RESTRICTIVE TO drm_app
    USING ((SELECT sec.scope()) IS NULL
           OR EXISTS (SELECT FROM drm.batches b WHERE b.tenant_id = batch_tallies.tenant_id AND b.id = batch_tallies.batch_id));

GRANT EXECUTE ON FUNCTION sec.tags_match(text[], jsonb[]) TO drm_sched;
GRANT CREATE ON SCHEMA sched, sec, adm TO drm_sched;
SET ROLE drm_sched;

-- ---- who may ----

-- The tenant and actor of this context, which must hold the permission: on all devices (selectors NULL), or on those of its selectors.
CREATE FUNCTION sec.require_on_devices(p_permission text, OUT tenant uuid, OUT actor uuid, OUT selectors jsonb[])
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_bit integer := (SELECT p.bit FROM sec.permissions p WHERE p.name = p_permission);
    v_scope integer := sec.scope();
BEGIN
    SELECT c.tenant, c.actor INTO tenant, actor FROM sec.context() c; -- verifies the seal, which tells the scope
    IF v_scope IS NULL THEN
        PERFORM sec.require(p_permission);
        RETURN;
    END IF;
    IF v_scope IS DISTINCT FROM v_bit THEN
        RAISE EXCEPTION 'your role does not allow this' USING ERRCODE = 'DR403', DETAIL = p_permission;
    END IF;
    selectors := ARRAY(SELECT pg_catalog.to_jsonb(r.selector) FROM drm.user_roles r
                       WHERE r.tenant_id = tenant AND r.user_id = actor AND r.selector <> '{}' AND r.mask >> v_bit & 1 = 1);
END
$$;

CREATE FUNCTION sched.submit_permission(p_writes boolean) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT CASE WHEN p_writes THEN 'job:submit:write' ELSE 'job:submit:read' END $$;

-- ---- making one ----

-- A number of jobs: "n", or "p%" of total, at least one. NULL stays NULL.
CREATE FUNCTION sched.share_of(p_text text, p_total bigint, p_field text) RETURNS bigint
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF p_text IS NULL THEN
        RETURN NULL;
    END IF;
    IF p_text !~ '^[0-9]{1,9}%?$' OR pg_catalog.rtrim(p_text, '%')::bigint = 0
        OR (p_text LIKE '%\%' AND pg_catalog.rtrim(p_text, '%')::bigint > 100) THEN
        RAISE EXCEPTION '%: a number from 1 on, or 1%% to 100%%, is expected', p_field USING ERRCODE = 'DR422';
    END IF;
    RETURN CASE WHEN p_text LIKE '%\%' THEN GREATEST(1, pg_catalog.ceil(p_total * pg_catalog.rtrim(p_text, '%')::numeric / 100)::bigint)
                ELSE p_text::bigint END;
END
$$;

-- The devices of a tenant that a selector means, of those that p_selectors reach (NULL: all), in the order of their ids; and how many
-- of them do not speak the protocol.
CREATE FUNCTION sched.devices_of(p_tenant uuid, p_selectors jsonb[], p_selector jsonb, p_protocol text,
                                 OUT devices uuid[], OUT skipped bigint)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tags text[] := ARRAY(SELECT pg_catalog.jsonb_array_elements_text(p_selector -> 'tags'));
    v_sql text := 'SELECT pg_catalog.array_agg(d.id ORDER BY d.id) FILTER (WHERE $4 = ANY (d.protocols)),'
        ' pg_catalog.count(*) FILTER (WHERE $4 <> ALL (d.protocols)) FROM drm.devices d';
BEGIN
    -- Only what was asked for stands in the statement, so that an index on it is found; the values are its parameters.
    IF pg_catalog.cardinality(v_tags) > 0 THEN
        v_sql := v_sql || ' JOIN drm.device_tags t ON t.tenant_id = d.tenant_id AND t.device_id = d.id AND t.tag = ($3)[1]';
    END IF;
    v_sql := v_sql || ' WHERE d.tenant_id = $1 AND d.tags @> $3'
        || CASE WHEN p_selectors IS NOT NULL THEN ' AND sec.tags_match(d.tags, $2)' ELSE '' END
        || CASE WHEN p_selector ? 'name' THEN ' AND d.name LIKE $5' ELSE '' END
        || CASE WHEN p_selector ? 'protocol' THEN ' AND $6 = ANY (d.protocols)' ELSE '' END
        || CASE WHEN p_selector ? 'vendor' THEN ' AND d.vendor = $7 AND d.vendor <> ''''' ELSE '' END
        || CASE WHEN p_selector ? 'firmware' THEN ' AND d.firmware = $8' ELSE '' END
        || CASE WHEN p_selector ? 'seen_since' THEN ' AND d.last_seen_at >= $9' ELSE '' END
        || CASE WHEN p_selector ? 'seen_before' THEN ' AND (d.last_seen_at IS NULL OR d.last_seen_at < $10)' ELSE '' END;
    EXECUTE v_sql INTO devices, skipped USING p_tenant, p_selectors, v_tags, p_protocol,
        pg_catalog.replace(pg_catalog.regexp_replace(p_selector ->> 'name', '([\\%_])', '\\\1', 'g'), '*', '%'),
        p_selector ->> 'protocol', p_selector ->> 'vendor', p_selector ->> 'firmware',
        (p_selector ->> 'seen_since')::timestamptz, (p_selector ->> 'seen_before')::timestamptz;
    devices := COALESCE(devices, '{}');
END
$$;

-- The devices of a list, in its order, each once. All must be there, and within reach.
CREATE FUNCTION sched.devices_in(p_tenant uuid, p_selectors jsonb[], p_list uuid[], p_protocol text, OUT devices uuid[], OUT skipped bigint)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_missing uuid;
BEGIN
    SELECT pg_catalog.array_agg(l.id ORDER BY l.n) FILTER (WHERE p_protocol = ANY (d.protocols)),
           pg_catalog.count(*) FILTER (WHERE p_protocol <> ALL (d.protocols)),
           (pg_catalog.array_agg(l.id ORDER BY l.n) FILTER (WHERE d.id IS NULL))[1]
        INTO devices, skipped, v_missing
        FROM (SELECT u.id, pg_catalog.min(u.n) AS n FROM unnest(p_list) WITH ORDINALITY AS u (id, n) GROUP BY u.id) l
        LEFT JOIN LATERAL (SELECT d.id, d.protocols FROM drm.devices d WHERE d.tenant_id = p_tenant AND d.id = l.id
                           AND (p_selectors IS NULL OR sec.tags_match(d.tags, p_selectors)) OFFSET 0) d ON true;
    IF v_missing IS NOT NULL THEN
        RAISE EXCEPTION 'device_ids: there is no device %', v_missing USING ERRCODE = 'DR404';
    END IF;
    devices := COALESCE(devices, '{}');
END
$$;

-- Makes a batch and its jobs. p_spec: protocol, operation, params, exclusive, idempotent, and the rest of what the API takes
-- (docs/batches.md). p_devices: in place of those that the spec names. Who may was asked before.
CREATE FUNCTION sched.batch_make(p_tenant uuid, p_actor uuid, p_selectors jsonb[], p_id uuid, p_spec jsonb, p_devices uuid[],
                                 p_retry_of uuid, p_schedule uuid) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c_most CONSTANT integer := 100000;
    v_devices uuid[] := p_devices;
    v_skipped bigint := 0;
    v_total bigint;
    v_first bigint;
    v_run_at timestamptz := (p_spec ->> 'run_at')::timestamptz;
    v_now timestamptz := pg_catalog.clock_timestamp();
    v_ms bigint := (EXTRACT(epoch FROM v_now) * 1000)::bigint;
    b drm.batches;
BEGIN
    IF p_devices IS NOT NULL OR p_spec ? 'device_ids' THEN
        SELECT i.devices, i.skipped INTO v_devices, v_skipped FROM sched.devices_in(p_tenant, p_selectors,
            COALESCE(p_devices, ARRAY(SELECT l::uuid FROM pg_catalog.jsonb_array_elements_text(p_spec -> 'device_ids') l)),
            p_spec ->> 'protocol') i;
    ELSE
        SELECT i.devices, i.skipped INTO v_devices, v_skipped FROM sched.devices_of(p_tenant, p_selectors, p_spec -> 'selector',
            p_spec ->> 'protocol') i;
    END IF;
    v_total := pg_catalog.cardinality(v_devices);
    IF v_skipped > 0 AND (p_spec ->> 'strict')::boolean THEN
        RAISE EXCEPTION 'protocol: % of the devices have no % profile: add one, or leave "strict" out', v_skipped, p_spec ->> 'protocol'
            USING ERRCODE = 'DR422';
    ELSIF v_total = 0 THEN
        RAISE EXCEPTION 'selector: no device that you may use fits and speaks %', p_spec ->> 'protocol' USING ERRCODE = 'DR422';
    ELSIF v_total > c_most THEN
        RAISE EXCEPTION 'selector: % devices fit; a batch takes % at most', v_total, c_most USING ERRCODE = 'DR422';
    END IF;
    b.canary := sched.share_of(p_spec ->> 'canary', v_total, 'canary');
    b.wave := sched.share_of(p_spec ->> 'wave', v_total, 'wave');
    v_first := LEAST(v_total, COALESCE(b.canary, b.wave, v_total));
    IF v_run_at <= v_now THEN
        v_run_at := NULL;
    END IF;
    INSERT INTO drm.batches (tenant_id, id, name, protocol, operation, params, total, strict, skipped, selector, exclusive, idempotent,
                             priority, timeout_ms, max_attempts, retry_ms, run_at, deadline, canary, wave, max_failures, target, released, retry_of,
                             schedule_id, created_by, created_at)
        VALUES (p_tenant, p_id, COALESCE(p_spec ->> 'name', ''), p_spec ->> 'protocol', p_spec ->> 'operation',
                COALESCE(p_spec -> 'params', '{}'), v_total, COALESCE((p_spec ->> 'strict')::boolean, false), v_skipped, p_spec -> 'selector',
                (p_spec ->> 'exclusive')::boolean,
                (p_spec ->> 'idempotent')::boolean, COALESCE((p_spec ->> 'priority')::smallint, 5), (p_spec ->> 'timeout_ms')::integer,
                COALESCE((p_spec ->> 'max_attempts')::smallint, 1), COALESCE((p_spec ->> 'retry_ms')::integer, 1000), v_run_at,
                (p_spec ->> 'deadline')::timestamptz, b.canary, b.wave,
                sched.share_of(p_spec ->> 'max_failures', v_total, 'max_failures'), v_first, v_first, p_retry_of, p_schedule, p_actor, v_now)
        RETURNING * INTO b;
    -- Ids that grow in the order of the devices (RFC 9562, section 6.2: a counter in rand_a).
    INSERT INTO drm.jobs (tenant_id, id, device_id, batch_id, protocol, operation, status, run_at, deadline, priority, idempotent, exclusive,
                          timeout_ms, max_attempts, retry_ms, created_by, created_at)
        SELECT p_tenant, (pg_catalog.lpad(pg_catalog.to_hex(v_ms + d.n / 4096), 12, '0') || '7'
                          || pg_catalog.lpad(pg_catalog.to_hex(d.n % 4096), 3, '0')
                          || pg_catalog.substr(pg_catalog.replace(pg_catalog.gen_random_uuid()::text, '-', ''), 17))::uuid,
               d.id, p_id, b.protocol, b.operation,
               CASE WHEN d.n > v_first OR v_run_at IS NOT NULL THEN 'waiting' ELSE 'queued' END,
               CASE WHEN d.n > v_first THEN 'infinity' ELSE v_run_at END, b.deadline, b.priority, b.idempotent, b.exclusive,
               b.timeout_ms, b.max_attempts, b.retry_ms, p_actor, v_now
            FROM unnest(v_devices) WITH ORDINALITY AS d (id, n);
END
$$;

-- For the actor of this context. An id that is there already: a repetition of a call whose answer got lost.
CREATE FUNCTION adm.batch_create(p_id uuid, p_spec jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c record;
BEGIN
    SELECT * INTO c FROM sec.require_on_devices(sched.submit_permission((p_spec ->> 'exclusive')::boolean));
    IF NOT EXISTS (SELECT FROM drm.batches b WHERE b.tenant_id = c.tenant AND b.id = p_id) THEN
        PERFORM sched.batch_make(c.tenant, c.actor, c.selectors, p_id, p_spec, NULL, NULL, NULL);
    END IF;
END
$$;

-- For somebody who is not here, with the rights that he or she holds now. Called by other functions of the scheduler.
CREATE FUNCTION sched.batch_start(p_tenant uuid, p_id uuid, p_creator uuid, p_spec jsonb, p_schedule uuid DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_permission text := sched.submit_permission((p_spec ->> 'exclusive')::boolean);
    v_bit integer := (SELECT p.bit FROM sec.permissions p WHERE p.name = v_permission);
    v_user drm.users;
    v_selectors jsonb[];
BEGIN
    PERFORM sec.require_system('worker');
    SELECT u.* INTO v_user FROM drm.users u JOIN drm.tenants t ON t.tenant_id = u.tenant_id
        WHERE u.tenant_id = p_tenant AND u.id = p_creator AND u.active AND t.status = 'active';
    IF NOT FOUND OR (v_user.granted | v_user.scoped) >> v_bit & 1 = 0 THEN
        RAISE EXCEPTION 'who made this may no longer do it' USING ERRCODE = 'DR403', DETAIL = v_permission;
    END IF;
    IF v_user.granted >> v_bit & 1 = 0 THEN
        v_selectors := ARRAY(SELECT pg_catalog.to_jsonb(r.selector) FROM drm.user_roles r
                             WHERE r.tenant_id = p_tenant AND r.user_id = p_creator AND r.selector <> '{}' AND r.mask >> v_bit & 1 = 1);
    END IF;
    PERFORM sched.batch_make(p_tenant, p_creator, v_selectors, p_id, p_spec, NULL, NULL, p_schedule);
END
$$;

-- What failed in a batch that has ended, once more, as a batch of its own: the counts of the first one stay what they were.
CREATE FUNCTION adm.batch_retry(p_id uuid, p_batch uuid, p_uncertain boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c record;
    b drm.batches;
    v_devices uuid[];
BEGIN
    SELECT x.* INTO b FROM drm.batches x WHERE x.tenant_id = sec.tenant() AND x.id = p_batch;
    SELECT * INTO c FROM sec.require_on_devices(sched.submit_permission(COALESCE(b.exclusive, false)));
    IF b.id IS NULL OR (c.selectors IS NOT NULL AND b.created_by IS DISTINCT FROM c.actor) THEN
        RAISE EXCEPTION 'there is no such batch' USING ERRCODE = 'DR404';
    ELSIF b.finished_at IS NULL THEN
        RAISE EXCEPTION 'the batch is still %: wait for its end, or cancel it', b.status USING ERRCODE = 'DR409';
    ELSIF EXISTS (SELECT FROM drm.batches x WHERE x.tenant_id = c.tenant AND x.id = p_id) THEN
        RETURN;
    END IF;
    -- Devices that are gone, or out of reach by now, are left out.
    v_devices := ARRAY(SELECT r.device_id FROM drm.job_results r
                       JOIN drm.devices d ON d.tenant_id = r.tenant_id AND d.id = r.device_id
                       WHERE r.tenant_id = c.tenant AND r.batch_id = p_batch
                         AND (r.status IN ('failed', 'dead') OR (p_uncertain AND r.status = 'uncertain'))
                         AND (c.selectors IS NULL OR sec.tags_match(d.tags, c.selectors))
                       ORDER BY r.id);
    IF pg_catalog.cardinality(v_devices) = 0 THEN
        RAISE EXCEPTION 'none of its jobs failed' USING ERRCODE = 'DR409';
    END IF;
    PERFORM sched.batch_make(c.tenant, c.actor, c.selectors, p_id, pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
        'name', b.name, 'protocol', b.protocol, 'operation', b.operation, 'exclusive', b.exclusive, 'idempotent', b.idempotent,
        'priority', b.priority, 'timeout_ms', b.timeout_ms, 'max_attempts', b.max_attempts, 'retry_ms', b.retry_ms,
        'canary', b.canary, 'wave', b.wave, 'max_failures', b.max_failures)) || pg_catalog.jsonb_build_object('params', b.params),
        v_devices, p_batch, NULL);
END
$$;

-- ---- going on ----

-- How the jobs of a batch ended so far.
CREATE FUNCTION sched.batch_counts(p_tenant uuid, p_batch uuid, OUT ended bigint, OUT failures bigint)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT COALESCE(pg_catalog.sum(t.completed + t.failed + t.cancelled + t.dead + t.uncertain), 0),
           COALESCE(pg_catalog.sum(t.failed + t.dead + t.uncertain), 0) INTO ended, failures
        FROM drm.batch_tallies t WHERE t.tenant_id = p_tenant AND t.batch_id = p_batch;
END
$$;

-- Holds the jobs that no worker has. Returns how many.
CREATE FUNCTION sched.batch_hold(p_tenant uuid, p_batch uuid) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_places tid[] := ARRAY(SELECT j.ctid FROM drm.jobs j WHERE j.batch_id = p_batch AND j.tenant_id = p_tenant
                                AND (j.status = 'queued' OR (j.status = 'waiting' AND j.run_at < 'infinity')) FOR NO KEY UPDATE SKIP LOCKED);
BEGIN
    UPDATE drm.jobs j SET status = 'waiting', run_at = 'infinity' WHERE j.ctid = ANY (v_places);
    RETURN pg_catalog.cardinality(v_places);
END
$$;

-- Lets up to p_limit held ones go, in their order. Returns how many.
CREATE FUNCTION sched.batch_release(p_batch drm.batches, p_limit bigint) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_later boolean := COALESCE(p_batch.run_at > pg_catalog.clock_timestamp(), false);
    v_places tid[] := ARRAY(SELECT j.ctid FROM drm.jobs j WHERE j.batch_id = p_batch.id AND j.tenant_id = p_batch.tenant_id
                                AND j.status = 'waiting' AND j.run_at = 'infinity' ORDER BY j.id LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED);
BEGIN
    UPDATE drm.jobs j SET status = CASE WHEN v_later THEN 'waiting' ELSE 'queued' END, run_at = CASE WHEN v_later THEN p_batch.run_at END
        WHERE j.ctid = ANY (v_places);
    RETURN pg_catalog.cardinality(v_places);
END
$$;

-- Ends the jobs that no worker has, all in one statement, and asks those that run to stop. What another transaction holds just now is
-- left to the next call: sched.batch_advance() calls until none is left. Rows: running jobs that were asked now.
CREATE FUNCTION sched.batch_clear(p_tenant uuid, p_batch uuid) RETURNS SETOF uuid
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_places tid[] := ARRAY(SELECT j.ctid FROM drm.jobs j WHERE j.batch_id = p_batch AND j.tenant_id = p_tenant
                                AND j.status <> 'running' FOR UPDATE SKIP LOCKED);
BEGIN
    WITH gone AS (DELETE FROM drm.jobs j WHERE j.ctid = ANY (v_places) RETURNING j.*)
    INSERT INTO drm.job_results (tenant_id, id, device_id, batch_id, lane, protocol, operation, params, status, priority, timeout_ms,
                                 max_attempts, attempt, worker_id, error, created_by, created_at, started_at, finished_at)
        SELECT g.tenant_id, g.id, g.device_id, g.batch_id, g.lane, g.protocol, g.operation, g.params, 'cancelled', g.priority, g.timeout_ms,
               g.max_attempts, g.attempt, NULL, g.error, g.created_by, g.created_at, g.started_at, pg_catalog.clock_timestamp()
            FROM gone g
        ON CONFLICT DO NOTHING;
    v_places := ARRAY(SELECT j.ctid FROM drm.jobs j WHERE j.batch_id = p_batch AND j.tenant_id = p_tenant
                          AND j.status = 'running' AND NOT j.cancel_requested FOR NO KEY UPDATE SKIP LOCKED);
    RETURN QUERY UPDATE drm.jobs j SET cancel_requested = true WHERE j.ctid = ANY (v_places) RETURNING j.id;
END
$$;

-- A batch that the actor of this context may steer, locked.
CREATE FUNCTION sched.batch_to_steer(p_permission text, p_batch uuid) RETURNS drm.batches
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c record;
    b drm.batches;
BEGIN
    SELECT * INTO c FROM sec.require_on_devices(p_permission);
    SELECT x.* INTO b FROM drm.batches x WHERE x.tenant_id = c.tenant AND x.id = p_batch
        AND (c.selectors IS NULL OR x.created_by = c.actor) FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no such batch' USING ERRCODE = 'DR404';
    ELSIF b.finished_at IS NOT NULL THEN
        RAISE EXCEPTION 'the batch has ended already: it is %', b.status USING ERRCODE = 'DR409';
    END IF;
    RETURN b;
END
$$;

CREATE FUNCTION adm.batch_cancel(p_batch uuid) RETURNS SETOF uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid := sec.tenant();
BEGIN
    PERFORM sched.batch_to_steer('job:cancel', p_batch);
    UPDATE drm.batches b SET status = 'cancelling' WHERE b.tenant_id = v_tenant AND b.id = p_batch;
    RETURN QUERY SELECT sched.batch_clear(v_tenant, p_batch);
END
$$;

CREATE FUNCTION adm.batch_pause(p_batch uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid := sec.tenant();
    b drm.batches := sched.batch_to_steer('job:cancel', p_batch);
    v_held bigint;
BEGIN
    IF b.status <> 'running' THEN
        RAISE EXCEPTION 'only a running batch can be paused: it is %', b.status USING ERRCODE = 'DR409';
    END IF;
    v_held := sched.batch_hold(v_tenant, p_batch);
    UPDATE drm.batches x SET status = 'paused', released = x.released - v_held WHERE x.tenant_id = v_tenant AND x.id = p_batch;
END
$$;

-- Goes on with what is held; failures so far do not stop it again. The jobs follow within a second.
CREATE FUNCTION adm.batch_resume(p_batch uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid := sec.tenant();
    b drm.batches := sched.batch_to_steer('job:cancel', p_batch);
BEGIN
    IF b.status NOT IN ('paused', 'stopped') THEN
        RAISE EXCEPTION 'only a paused or stopped batch can be resumed: it is %', b.status USING ERRCODE = 'DR409';
    END IF;
    UPDATE drm.batches x SET status = 'running', forgiven = CASE b.status WHEN 'stopped' THEN c.failures ELSE x.forgiven END
        FROM sched.batch_counts(v_tenant, p_batch) c WHERE x.tenant_id = v_tenant AND x.id = p_batch;
END
$$;

-- One look at one batch, which is locked. status: what it became by it, else NULL. queued: something became claimable.
CREATE FUNCTION sched.batch_step(b drm.batches, OUT status text, OUT queued boolean, OUT more boolean)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c_at_once CONSTANT bigint := 20000; -- let go in one look: the keeper has workers to look after
    c record;
    v_target bigint := b.target;
    v_count bigint := 0;
BEGIN
    queued := false;
    more := false;
    IF b.status = 'cancelling' THEN
        PERFORM sched.batch_clear(b.tenant_id, b.id);
    END IF;
    SELECT * INTO c FROM sched.batch_counts(b.tenant_id, b.id);
    -- Its jobs, not their sum: one that a tenant deleted itself is never counted.
    IF (c.ended >= b.released OR b.status <> 'running')
        AND NOT EXISTS (SELECT FROM drm.jobs j WHERE j.batch_id = b.id AND j.tenant_id = b.tenant_id) THEN
        status := CASE b.status WHEN 'cancelling' THEN 'cancelled' ELSE 'completed' END;
        UPDATE drm.batches x SET status = batch_step.status, finished_at = pg_catalog.clock_timestamp()
            WHERE x.tenant_id = b.tenant_id AND x.id = b.id;
    ELSIF b.status IN ('paused', 'stopped') AND c.ended < b.released THEN
        -- What was on its way back to the queue while the others were held.
        v_count := sched.batch_hold(b.tenant_id, b.id);
        UPDATE drm.batches x SET released = x.released - v_count WHERE x.tenant_id = b.tenant_id AND x.id = b.id AND v_count > 0;
    ELSIF b.status <> 'running' THEN
        RETURN;
    ELSIF c.failures - b.forgiven >= b.max_failures THEN
        status := 'stopped';
        v_count := sched.batch_hold(b.tenant_id, b.id);
        UPDATE drm.batches x SET status = batch_step.status, released = x.released - v_count WHERE x.tenant_id = b.tenant_id AND x.id = b.id;
    ELSIF b.released < b.total THEN
        IF b.released >= b.target AND (b.wave IS NULL OR c.ended >= b.released) AND (b.canary IS NULL OR c.ended >= LEAST(b.canary, b.total)) THEN
            v_target := LEAST(b.total, b.target + COALESCE(b.wave, b.total));
        END IF;
        IF v_target > b.released THEN
            v_count := sched.batch_release(b, LEAST(c_at_once, v_target - b.released));
            UPDATE drm.batches x SET target = v_target, released = x.released + v_count WHERE x.tenant_id = b.tenant_id AND x.id = b.id;
            queued := v_count > 0;
            more := v_count = c_at_once;
        END IF;
    END IF;
END
$$;

-- Looks at all open batches, one worker at a time. Rows: those of which there is something to tell.
CREATE FUNCTION sched.batch_advance() RETURNS TABLE (tenant_id uuid, batch_id uuid, status text, queued boolean, more boolean)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    b drm.batches;
BEGIN
    PERFORM sec.require_system('worker');
    IF NOT pg_catalog.pg_try_advisory_xact_lock(7303014, 17) THEN
        RETURN;
    END IF;
    FOR b IN SELECT x.* FROM drm.batches x WHERE x.finished_at IS NULL FOR NO KEY UPDATE SKIP LOCKED LOOP
        SELECT s.status, s.queued, s.more INTO status, queued, more FROM sched.batch_step(b) s;
        IF status IS NOT NULL OR queued THEN
            tenant_id := b.tenant_id;
            batch_id := b.id;
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;

DO $$
DECLARE
    f regprocedure;
BEGIN
    FOR f IN SELECT p.oid FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
             WHERE (n.nspname, p.proname) IN (('sec', 'require_on_devices'), ('sched', 'submit_permission'), ('sched', 'share_of'),
                 ('sched', 'devices_of'), ('sched', 'devices_in')) OR p.proname LIKE 'batch\_%'
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION adm.batch_create(uuid, jsonb), adm.batch_retry(uuid, uuid, boolean), adm.batch_cancel(uuid), adm.batch_pause(uuid),
    adm.batch_resume(uuid), sched.batch_advance() TO drm_app;
SET ROLE drm_owner;
REVOKE CREATE ON SCHEMA sched, sec, adm FROM drm_sched;
