-- How long a tenant's results and events are kept. Both tables are cut by how long their rows are kept, and then by time, so that what is
-- over goes by dropping a partition: no row is looked at, no index is written, and nothing is left to vacuum. Days are the class of a row
-- and stand in it (keep; 0: for ever); a tenant that changes its mind changes it for what comes.
--
-- The rules of locks here. A class is added while no writer of the table runs: who sees the setting sees the class, so that no result is
-- ever without a place. Partitions of a class are added and dropped with a short lock_timeout: behind a long reader the attempt ends, and
-- is made again later, in place of holding up all that come after it. What no partition takes goes into the default of its class.
SET ROLE drm_owner;

ALTER TABLE drm.tenants
    ADD COLUMN keep_results_days smallint NOT NULL DEFAULT 0,
    ADD COLUMN keep_events_days smallint NOT NULL DEFAULT 0;

-- ---- what is there becomes the class of what is kept for ever ----

ALTER TABLE drm.job_results ADD COLUMN keep smallint NOT NULL DEFAULT 0;
ALTER TABLE drm.job_results RENAME TO job_results_keep0;
ALTER TABLE drm.job_results_keep0 RENAME CONSTRAINT job_results_pkey TO job_results_keep0_pkey;
ALTER INDEX drm.job_results_device RENAME TO job_results_keep0_device;
ALTER INDEX drm.job_results_batch RENAME TO job_results_keep0_batch;
ALTER INDEX drm.job_results_requeued RENAME TO job_results_keep0_requeued;
ALTER TABLE drm.job_results_default RENAME TO job_results_keep0_default;
DROP TRIGGER tally ON drm.job_results_keep0;
DROP POLICY scheduler ON drm.job_results_keep0;
DROP POLICY scope ON drm.job_results_keep0;
REVOKE ALL ON drm.job_results_keep0 FROM drm_app, drm_sched;
-- No key over all classes: it would have to hold the class. Each class has its own.
CREATE TABLE drm.job_results (LIKE drm.job_results_keep0 INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY LIST (keep);
CREATE INDEX job_results_device ON drm.job_results (device_id, tenant_id, id);
CREATE INDEX job_results_batch ON drm.job_results (batch_id, tenant_id, id) WHERE batch_id IS NOT NULL;
CREATE INDEX job_results_requeued ON drm.job_results (requeued_from, tenant_id) WHERE requeued_from IS NOT NULL;
ALTER TABLE drm.job_results ATTACH PARTITION drm.job_results_keep0 FOR VALUES IN (0);

-- Events that are kept for ever are one table: nothing is ever dropped of it, and it is found by its key.
ALTER TABLE drm.device_events ADD COLUMN keep smallint NOT NULL DEFAULT 0;
ALTER TABLE drm.device_events RENAME TO device_events_keep0;
ALTER TABLE drm.device_events_keep0 RENAME CONSTRAINT device_events_pkey TO device_events_keep0_pkey;
ALTER INDEX drm.device_events_device RENAME TO device_events_keep0_device;
DROP POLICY scheduler ON drm.device_events_keep0;
DROP POLICY scope ON drm.device_events_keep0;
REVOKE ALL ON drm.device_events_keep0 FROM drm_app, drm_sched;
CREATE TABLE drm.device_events (LIKE drm.device_events_keep0 INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY LIST (keep);
CREATE INDEX device_events_device ON drm.device_events (device_id, tenant_id, id);
ALTER TABLE drm.device_events ATTACH PARTITION drm.device_events_keep0 FOR VALUES IN (0);
ALTER TABLE drm.device_events ADD FOREIGN KEY (tenant_id, device_id) REFERENCES drm.devices ON DELETE CASCADE;

-- As sec.protect(), for tables whose keys are their partitions'.
DO $$
DECLARE
    v_table regclass;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['drm.job_results', 'drm.device_events']::regclass[] LOOP
        EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', v_table);
        EXECUTE pg_catalog.format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', v_table);
        EXECUTE pg_catalog.format('CREATE POLICY tenant ON %s USING (tenant_id = (SELECT sec.tenant()))'
            ' WITH CHECK (tenant_id = (SELECT sec.tenant()))', v_table);
        PERFORM sec.hide_statistics(v_table), sec.open_to_scheduler(v_table), sec.scope_by_device(v_table);
    END LOOP;
END
$$;
-- What a program itself puts there is of now: a row of another time would lie in a default for as long as it pleases its writer.
CREATE POLICY timely ON drm.job_results AS RESTRICTIVE FOR INSERT TO drm_app
    WITH CHECK (finished_at >= now() - interval '1 hour' AND finished_at < now() + interval '1 hour');
CREATE POLICY timely ON drm.device_events AS RESTRICTIVE FOR INSERT TO drm_app
    WITH CHECK (at >= now() - interval '1 hour' AND at < now() + interval '1 hour');
GRANT SELECT, INSERT ON drm.job_results, drm.device_events TO drm_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON drm.job_results TO drm_sched;
GRANT SELECT, INSERT ON drm.device_events TO drm_sched;

CREATE OR REPLACE VIEW drm.jobs_all WITH (security_invoker = true) AS
    SELECT tenant_id, id, device_id, batch_id, lane, protocol, operation, params, status, priority, timeout_ms, max_attempts, attempt,
           worker_id, NULL::jsonb AS result, error, created_by, created_at, run_at, started_at, NULL::timestamptz AS finished_at
        FROM drm.jobs
    UNION ALL
    SELECT tenant_id, id, device_id, batch_id, lane, protocol, operation, params, status, priority, timeout_ms, max_attempts, attempt,
           worker_id, result, error, created_by, created_at, NULL::timestamptz, started_at, finished_at
        FROM drm.job_results;

SET ROLE drm_sched;
GRANT EXECUTE ON FUNCTION sched.tally_batches() TO drm_owner;
SET ROLE drm_owner;
CREATE TRIGGER tally AFTER INSERT ON drm.job_results REFERENCING NEW TABLE AS ended
    FOR EACH STATEMENT EXECUTE FUNCTION sched.tally_batches();
SET ROLE drm_sched;
REVOKE EXECUTE ON FUNCTION sched.tally_batches() FROM drm_owner;
SET ROLE drm_owner;

-- ---- classes and their partitions; the owner's, who alone may make and drop them ----

-- What one partition of a class spans, and how far ahead of now there are some; no row: there is no such class. What is over goes when
-- all of its partition is over, so that it stays that much longer at most.
CREATE FUNCTION sec.keep_class(p_keep integer, OUT unit text, OUT ahead interval)
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.unit, c.ahead FROM (VALUES (0, 'year', interval '60 days'), (1, 'day', interval '3 days'), (7, 'day', interval '3 days'),
        (30, 'week', interval '7 days'), (90, 'month', interval '30 days'), (365, 'month', interval '30 days')) AS c (keep, unit, ahead)
        WHERE c.keep = p_keep
$$;

-- The tables that are cut so, and by which time.
CREATE FUNCTION sec.kept_tables() RETURNS TABLE (root name, by_time name)
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS
$$ VALUES ('job_results'::name, 'finished_at'::name), ('device_events', 'at') $$;

-- The partitions of a class, its default (bounds NULL) among them.
CREATE FUNCTION sec.keep_partitions(p_class regclass) RETURNS TABLE (name name, lower timestamptz, upper timestamptz)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_catalog.set_config('datestyle', 'ISO', true), pg_catalog.set_config('timezone', 'UTC', true);
    RETURN QUERY
    SELECT x.relname, x.bounds[1]::timestamptz, x.bounds[2]::timestamptz
        FROM (SELECT c.relname, pg_catalog.regexp_match(pg_catalog.pg_get_expr(c.relpartbound, c.oid),
                                                        'FROM \(''([^'']+)''\) TO \(''([^'']+)''\)') AS bounds
                  FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = p_class) x;
END
$$;

-- Makes a partition of a class; p_lower NULL: its default.
CREATE FUNCTION sec.keep_partition_make(p_class name, p_lower timestamptz, p_upper timestamptz) RETURNS name
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_name name := p_class || COALESCE('_' || pg_catalog.to_char(p_lower AT TIME ZONE 'UTC',
        CASE WHEN p_lower = pg_catalog.date_trunc('day', p_lower, 'UTC') THEN 'YYYYMMDD' ELSE 'YYYYMMDD_HH24MI' END), '_default');
BEGIN
    EXECUTE pg_catalog.format('CREATE TABLE drm.%I PARTITION OF drm.%I ', v_name, p_class)
        || CASE WHEN p_lower IS NULL THEN 'DEFAULT' ELSE pg_catalog.format('FOR VALUES FROM (%L) TO (%L)', p_lower, p_upper) END;
    PERFORM sec.protect(pg_catalog.format('drm.%I', v_name)::regclass);
    IF p_lower IS NULL THEN
        -- sched.keep_holds() looks whether there is anything in it.
        PERFORM sec.open_to_scheduler(pg_catalog.format('drm.%I', v_name)::regclass);
        EXECUTE pg_catalog.format('GRANT SELECT ON drm.%I TO drm_sched', v_name);
    END IF;
    RETURN v_name;
END
$$;

-- Makes the partition of a class that is missing next; NULL: none is. After a time in which nobody made any, what came meanwhile lies in
-- the default, and the next one begins behind it.
CREATE FUNCTION sec.keep_extend(p_class name, p_keep integer) RETURNS name
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_now timestamptz := pg_catalog.clock_timestamp();
    v_class record := sec.keep_class(p_keep);
    v_last timestamptz;
    v_from timestamptz;
    v_to timestamptz;
BEGIN
    SELECT pg_catalog.max(p.upper) INTO v_last FROM sec.keep_partitions(pg_catalog.format('drm.%I', p_class)::regclass) p;
    IF v_last > v_now + v_class.ahead THEN
        RETURN NULL;
    END IF;
    FOREACH v_from IN ARRAY ARRAY[GREATEST(v_last, pg_catalog.date_trunc(v_class.unit, v_now, 'UTC')),
                                  GREATEST(v_last, pg_catalog.date_trunc('minute', v_now, 'UTC') + interval '1 minute'),
                                  GREATEST(v_last, pg_catalog.date_trunc('minute', v_now, 'UTC') + interval '2 hours')]
    LOOP
        v_to := pg_catalog.date_trunc(v_class.unit, (v_from AT TIME ZONE 'UTC' + ('1 ' || v_class.unit)::interval) AT TIME ZONE 'UTC', 'UTC');
        BEGIN
            RETURN sec.keep_partition_make(p_class, v_from, v_to);
        EXCEPTION WHEN check_violation THEN
            NULL; -- the default holds rows of that time
        END;
    END LOOP;
    -- Rows of the future, which only a clock far off writes: the default takes what comes, too, until that time has come.
    RETURN NULL;
END
$$;

-- Makes a class of a table, when there is none yet. Waits for those who write to the table, and keeps new ones waiting, for two seconds at
-- most; who reads it is not held up.
CREATE FUNCTION sec.keep_ensure(p_root name, p_keep integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_class name := p_root || '_keep' || p_keep;
    v_by_time name := (SELECT t.by_time FROM sec.kept_tables() t WHERE t.root = p_root);
    v_timeout text := pg_catalog.current_setting('lock_timeout');
BEGIN
    IF pg_catalog.to_regclass(pg_catalog.format('drm.%I', v_class)) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM pg_catalog.set_config('lock_timeout', '2s', true);
    EXECUTE pg_catalog.format('LOCK TABLE drm.%I IN SHARE ROW EXCLUSIVE MODE', p_root);
    IF pg_catalog.to_regclass(pg_catalog.format('drm.%I', v_class)) IS NULL THEN -- nobody else made it meanwhile
        EXECUTE pg_catalog.format('CREATE TABLE drm.%I (LIKE drm.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS, PRIMARY KEY (tenant_id, id, %I))'
                                  ' PARTITION BY RANGE (%3$I)', v_class, p_root, v_by_time);
        PERFORM sec.protect(pg_catalog.format('drm.%I', v_class)::regclass);
        PERFORM sec.keep_partition_make(v_class, NULL, NULL);
        WHILE sec.keep_extend(v_class, p_keep) IS NOT NULL LOOP
            NULL;
        END LOOP;
        EXECUTE pg_catalog.format('ALTER TABLE drm.%I ATTACH PARTITION drm.%I FOR VALUES IN (%s)', p_root, v_class, p_keep);
    END IF;
    PERFORM pg_catalog.set_config('lock_timeout', v_timeout, true);
END
$$;

-- Who sets it, sets it to what there is a class for, and the class is there before anybody sees the setting.
CREATE FUNCTION sec.tenants_keep_class() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v record;
BEGIN
    FOR v IN VALUES ('keep_results_days', 'job_results'::name, NEW.keep_results_days), ('keep_events_days', 'device_events', NEW.keep_events_days)
    LOOP
        IF (SELECT c.unit FROM sec.keep_class(v.column3) c) IS NULL THEN
            RAISE EXCEPTION '%: 0 (for ever), 1, 7, 30, 90 or 365 is expected', v.column1 USING ERRCODE = 'DR422';
        END IF;
        PERFORM sec.keep_ensure(v.column2, v.column3);
    END LOOP;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep_class BEFORE INSERT OR UPDATE OF keep_results_days, keep_events_days ON drm.tenants
    FOR EACH ROW EXECUTE FUNCTION sec.tenants_keep_class();

-- One step of one class: makes the partition that is missing next, or drops one that is over, or empties a default in which all is over.
-- what NULL: there is nothing to do.
CREATE FUNCTION sec.keep_step(p_root name, p_class name, p_keep integer, OUT what text, OUT partition name)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_over timestamptz := pg_catalog.clock_timestamp() - p_keep * interval '1 day';
    v_by_time name := (SELECT t.by_time FROM sec.kept_tables() t WHERE t.root = p_root);
BEGIN
    partition := sec.keep_extend(p_class, p_keep);
    IF partition IS NOT NULL THEN
        what := 'made';
        RETURN;
    ELSIF p_keep = 0 THEN
        RETURN;
    END IF;
    SELECT p.name INTO partition FROM sec.keep_partitions(pg_catalog.format('drm.%I', p_class)::regclass) p
        WHERE p.upper <= v_over ORDER BY p.upper LIMIT 1;
    IF FOUND THEN
        what := 'dropped';
        EXECUTE pg_catalog.format('DROP TABLE drm.%I', partition);
        RETURN;
    END IF;
    partition := p_class || '_default';
    IF pg_catalog.pg_relation_size(pg_catalog.format('drm.%I', partition)::regclass) > 0
        AND NOT sched.keep_holds(partition, v_by_time, v_over) THEN
        EXECUTE pg_catalog.format('LOCK TABLE drm.%I IN ACCESS EXCLUSIVE MODE', partition);
        IF NOT sched.keep_holds(partition, v_by_time, v_over) THEN
            what := 'emptied';
            EXECUTE pg_catalog.format('TRUNCATE drm.%I', partition);
        END IF;
    END IF;
END
$$;

-- ---- the scheduler's ----

GRANT CREATE ON SCHEMA sched, adm TO drm_sched;
GRANT EXECUTE ON FUNCTION sec.keep_step(name, name, integer), sec.kept_tables() TO drm_sched;
SET ROLE drm_sched;

-- Whether a default holds a row that is not over yet.
CREATE FUNCTION sched.keep_holds(p_default name, p_by_time name, p_over timestamptz) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_holds boolean;
BEGIN
    EXECUTE pg_catalog.format('SELECT EXISTS (SELECT FROM drm.%I d WHERE d.%I >= $1)', p_default, p_by_time) INTO v_holds USING p_over;
    RETURN v_holds;
END
$$;

-- One step for one class of one table, one worker at a time. Rows: what was done ('made', 'dropped', 'emptied': there may be more to do), or
-- 'busy' where somebody who reads for long was not waited for.
CREATE FUNCTION sched.retention() RETURNS TABLE (what text, partition name)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t record;
    c record;
BEGIN
    PERFORM sec.require_system('worker');
    IF NOT pg_catalog.pg_try_advisory_xact_lock(7303014, 4) THEN
        RETURN;
    END IF;
    PERFORM pg_catalog.set_config('lock_timeout', '100ms', true);
    FOR t IN SELECT k.root FROM sec.kept_tables() k LOOP
        FOR c IN SELECT p.relname, pg_catalog.substring(p.relname, '[0-9]+$')::integer AS keep
                     FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class p ON p.oid = i.inhrelid AND p.relkind = 'p'
                     WHERE i.inhparent = pg_catalog.format('drm.%I', t.root)::regclass ORDER BY 2
        LOOP
            BEGIN
                SELECT s.what, s.partition INTO what, partition FROM sec.keep_step(t.root, c.relname, c.keep) s;
            EXCEPTION WHEN lock_not_available THEN
                what := 'busy';
                partition := c.relname;
            END;
            IF what IS NOT NULL THEN
                RETURN NEXT;
                EXIT WHEN what = 'busy'; -- who reads the table reads all its classes
                RETURN;
            END IF;
        END LOOP;
    END LOOP;
END
$$;

-- How long what comes from now on is kept; NULL: as it is. The trigger refuses what there is no class for, and says which field it is: also
-- what the column has no room for.
CREATE FUNCTION adm.tenant_keep(p_results bigint, p_events bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require('tenant:settings');
    IF p_results IS NOT NULL OR p_events IS NOT NULL THEN
        UPDATE drm.tenants t
            SET keep_results_days = CASE WHEN p_results IS NULL THEN t.keep_results_days WHEN p_results BETWEEN 0 AND 32767 THEN p_results ELSE -1 END,
                keep_events_days = CASE WHEN p_events IS NULL THEN t.keep_events_days WHEN p_events BETWEEN 0 AND 32767 THEN p_events ELSE -1 END
            FROM sec.context() c WHERE t.tenant_id = c.tenant;
    END IF;
END
$$;

-- Results and events are told their class where they are stored; each function as it was, with that. A result did not end before its
-- job was claimed, whatever the worker's clock says. What partitions are missing is looked after by sched.retention().
DO $$
DECLARE
    c_keep CONSTANT text := 'COALESCE((SELECT t.keep_results_days FROM drm.tenants t WHERE t.tenant_id = %s.tenant_id), 0::smallint)';
    c_gone CONSTANT text := 'pg_catalog.clock_timestamp()' || E'\n            FROM gone g';
    v record;
    v_text text;
BEGIN
    FOR v IN SELECT * FROM (VALUES
        ('sched.finish(uuid, uuid[], uuid[], integer[], text[], boolean[], jsonb[], jsonb[], timestamptz[], timestamptz[], integer[])',
         'created_at, status, result, error, started_at, finished_at)', 'created_at, status, result, error, started_at, finished_at, keep)'),
        ('sched.finish(uuid, uuid[], uuid[], integer[], text[], boolean[], jsonb[], jsonb[], timestamptz[], timestamptz[], integer[])',
         'LEAST(f.finished_at, pg_catalog.clock_timestamp())',
         'GREATEST(LEAST(f.finished_at, pg_catalog.clock_timestamp()), j.started_at), ' || pg_catalog.format(c_keep, 'j')),
        ('sched.reap(uuid, interval)', 'created_at, status, error, started_at, finished_at)', 'created_at, status, error, started_at, finished_at, keep)'),
        ('sched.reap(uuid, interval)', c_gone, 'pg_catalog.clock_timestamp(), ' || pg_catalog.format(c_keep, 'g') || E'\n            FROM gone g'),
        ('sched.reap(uuid, interval)', E'    PERFORM sched.ensure_partitions();\n', ''),
        ('sched.batch_clear(uuid, uuid)', 'created_at, started_at, finished_at)', 'created_at, started_at, finished_at, keep)'),
        ('sched.batch_clear(uuid, uuid)', c_gone, 'pg_catalog.clock_timestamp(), ' || pg_catalog.format(c_keep, 'g') || E'\n            FROM gone g'),
        ('sched.events_store(uuid[], uuid[], uuid[], text[], text[], text[], text[], jsonb[], timestamptz[])',
         'kind, source, oid, name, detail, at)' || E'\n            SELECT', 'kind, source, oid, name, detail, at, keep)' || E'\n            SELECT'),
        ('sched.events_store(uuid[], uuid[], uuid[], text[], text[], text[], text[], jsonb[], timestamptz[])',
         'g.detail, g.at FROM', 'g.detail, g.at, ' || pg_catalog.replace(pg_catalog.format(c_keep, 'g'), 'results', 'events') || ' FROM')
    ) AS f (name, was, becomes) LOOP
        v_text := pg_catalog.pg_get_functiondef(v.name::regprocedure);
        IF (pg_catalog.length(v_text) - pg_catalog.length(pg_catalog.replace(v_text, v.was, ''))) <> pg_catalog.length(v.was) THEN
            RAISE EXCEPTION '% is not what this migration was written for', v.name USING DETAIL = v.was;
        END IF;
        EXECUTE pg_catalog.replace(v_text, v.was, v.becomes);
    END LOOP;
END
$$;

REVOKE ALL ON FUNCTION sched.keep_holds(name, name, timestamptz), sched.retention(), adm.tenant_keep(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sched.keep_holds(name, name, timestamptz) TO drm_owner;
GRANT EXECUTE ON FUNCTION sched.retention(), adm.tenant_keep(bigint, bigint) TO drm_app;
SET ROLE drm_owner;
DROP FUNCTION sched.ensure_partitions();
REVOKE ALL ON FUNCTION sec.keep_class(integer), sec.kept_tables(), sec.keep_partitions(regclass),
    sec.keep_partition_make(name, timestamptz, timestamptz), sec.keep_extend(name, integer), sec.keep_ensure(name, integer),
    sec.tenants_keep_class(), sec.keep_step(name, name, integer) FROM PUBLIC;
REVOKE CREATE ON SCHEMA sched, adm FROM drm_sched;
