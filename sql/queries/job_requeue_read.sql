-- object: job $1
-- What a job was that ended, and which job repeats it already; of an active one its status alone. $2 and $3 as in job_get.sql; what repeats
-- it ended after it, give or take a day for clocks that differ.
SELECT r.status, r.device_id, r.protocol, r.operation, COALESCE(b.params, r.params), r.priority, r.timeout_ms, r.max_attempts,
       COALESCE((SELECT s.id FROM drm.jobs s WHERE s.requeued_from = r.id LIMIT 1),
                (SELECT s.id FROM drm.job_results s WHERE s.requeued_from = r.id AND s.finished_at >= r.finished_at - interval '1 day' LIMIT 1))
FROM drm.job_results r LEFT JOIN drm.batches b ON b.tenant_id = r.tenant_id AND b.id = r.batch_id
WHERE r.id = $1::uuid AND r.finished_at >= $2::timestamptz AND r.finished_at < COALESCE($3::timestamptz, now() + interval '1 day')
UNION ALL
SELECT j.status, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM drm.jobs j WHERE j.id = $1::uuid
