-- Workers as the platform's administrators see them, and a worker that is being stopped says so with its beats.
SET ROLE drm_owner;

ALTER TABLE drm.workers ADD COLUMN draining boolean NOT NULL DEFAULT false; -- takes no more jobs, ends what runs

DROP FUNCTION sched.worker_beat(uuid, integer);
-- Renews the lease of everything the worker runs. False: the worker was given up, its jobs belong to others.
CREATE FUNCTION sched.worker_beat(p_id uuid, p_in_flight integer, p_draining boolean DEFAULT false, OUT alive boolean, OUT cancels uuid[])
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('worker');
    PERFORM pg_catalog.set_config('synchronous_commit', 'off', true); -- a beat forgotten in a crash is followed by the next
    UPDATE drm.workers w SET beat_at = pg_catalog.clock_timestamp(), in_flight = p_in_flight, draining = p_draining
        WHERE w.id = p_id AND w.alive;
    alive := FOUND;
    cancels := ARRAY(SELECT j.id FROM drm.jobs j WHERE j.worker_id = p_id AND j.cancel_requested AND j.status = 'running');
END
$$;

-- All workers of the last day. One whose beats stay out for longer than any reaper waits is gone, whether or not one looked already.
CREATE FUNCTION adm.worker_list()
    RETURNS TABLE (id uuid, host text, pid integer, version text, lane text, slots integer, in_flight integer, state text,
                   started_at timestamptz, beat_at timestamptz, beat_age_ms bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require('platform:worker');
    RETURN QUERY
    SELECT w.id, w.host, w.pid, w.version, w.lane, w.slots, w.in_flight,
           CASE WHEN NOT w.alive OR w.beat_at < pg_catalog.clock_timestamp() - interval '30 seconds' THEN 'gone'
                WHEN w.draining THEN 'draining' ELSE 'alive' END,
           w.started_at, w.beat_at,
           GREATEST(0, pg_catalog.floor(EXTRACT(epoch FROM pg_catalog.clock_timestamp() - w.beat_at) * 1000))::bigint
        FROM drm.workers w;
END
$$;

REVOKE ALL ON FUNCTION sched.worker_beat(uuid, integer, boolean), adm.worker_list() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sched.worker_beat(uuid, integer, boolean), adm.worker_list() TO drm_app;
GRANT CREATE ON SCHEMA sched, adm TO drm_sched;
ALTER FUNCTION sched.worker_beat(uuid, integer, boolean) OWNER TO drm_sched;
ALTER FUNCTION adm.worker_list() OWNER TO drm_sched;
REVOKE CREATE ON SCHEMA sched, adm FROM drm_sched;
