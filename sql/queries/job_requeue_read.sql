-- object: job $1
-- What a job was that ended, and which job repeats it already; of an active one its status alone.
SELECT r.status, r.device_id, r.protocol, r.operation, COALESCE(b.params, r.params), r.priority, r.timeout_ms, r.max_attempts,
       COALESCE((SELECT s.id FROM drm.jobs s WHERE s.requeued_from = r.id LIMIT 1),
                (SELECT s.id FROM drm.job_results s WHERE s.requeued_from = r.id LIMIT 1))
FROM drm.job_results r LEFT JOIN drm.batches b ON b.tenant_id = r.tenant_id AND b.id = r.batch_id
WHERE r.id = $1::uuid
UNION ALL
SELECT j.status, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM drm.jobs j WHERE j.id = $1::uuid
