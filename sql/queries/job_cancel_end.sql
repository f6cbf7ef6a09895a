-- Ends a job that no worker has. Follows job_cancel_ask.sql in the same transaction, which holds the row.
WITH ended AS (
    DELETE FROM drm.jobs j WHERE j.id = $1::uuid AND j.status IN ('queued', 'waiting') RETURNING j.*)
INSERT INTO drm.job_results (tenant_id, id, device_id, batch_id, lane, protocol, operation, params, status, priority, timeout_ms,
                             max_attempts, attempt, worker_id, error, requeued_from, created_by, created_at, started_at, finished_at, keep)
    SELECT e.tenant_id, e.id, e.device_id, e.batch_id, e.lane, e.protocol, e.operation, e.params, 'cancelled', e.priority, e.timeout_ms,
           e.max_attempts, e.attempt, NULL, e.error, e.requeued_from, e.created_by, e.created_at, e.started_at, clock_timestamp(),
           COALESCE((SELECT t.keep_results_days FROM drm.tenants t WHERE t.tenant_id = e.tenant_id), 0::smallint)
        FROM ended e
