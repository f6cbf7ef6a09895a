-- Repeating ended jobs by hand, and progress that is kept.
SET ROLE drm_owner;

-- By what they repeat; the tenant last, so that only these fit.
CREATE INDEX jobs_requeued ON drm.jobs (requeued_from, tenant_id) WHERE requeued_from IS NOT NULL;
CREATE INDEX job_results_requeued ON drm.job_results (requeued_from, tenant_id) WHERE requeued_from IS NOT NULL;
-- Running jobs that are to stop: a worker looks once a second.
CREATE INDEX jobs_cancels ON drm.jobs (worker_id) WHERE cancel_requested AND worker_id IS NOT NULL;

GRANT CREATE ON SCHEMA sched TO drm_sched;
SET ROLE drm_sched;

-- How far jobs of this worker are, per cent.
CREATE FUNCTION sched.progress(p_worker uuid, p_tenants uuid[], p_ids uuid[], p_percents smallint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('worker');
    PERFORM pg_catalog.set_config('synchronous_commit', 'off', true); -- the next second tells it again
    UPDATE drm.jobs j SET progress = p.percent
        FROM (SELECT * FROM unnest(p_tenants, p_ids, p_percents) AS u (tenant_id, id, percent) ORDER BY u.tenant_id, u.id) p
        WHERE j.tenant_id = p.tenant_id AND j.id = p.id AND j.worker_id IS NOT DISTINCT FROM p_worker AND j.status = 'running'
          AND j.progress IS DISTINCT FROM p.percent;
END
$$;

-- Jobs of this worker that are to stop.
CREATE FUNCTION sched.cancels(p_worker uuid) RETURNS TABLE (id uuid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('worker');
    RETURN QUERY SELECT j.id FROM drm.jobs j WHERE j.worker_id = p_worker AND j.cancel_requested AND j.status = 'running';
END
$$;

REVOKE ALL ON FUNCTION sched.progress(uuid, uuid[], uuid[], smallint[]), sched.cancels(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sched.progress(uuid, uuid[], uuid[], smallint[]), sched.cancels(uuid) TO drm_app;
SET ROLE drm_owner;
REVOKE CREATE ON SCHEMA sched FROM drm_sched;
