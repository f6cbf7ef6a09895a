-- object: batch $1
-- The next $3 jobs of the batch $1 after $2 with their device's name.
SELECT x.id, x.device_id, COALESCE((SELECT d.name FROM drm.devices d WHERE d.id = x.device_id), '') AS device, x.status, x.attempt,
       to_char(x.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
       to_char(x.finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), x.error ->> 'code', x.error ->> 'message', x.error, x.result
FROM (
    (SELECT j.id, j.device_id, j.status, j.attempt, j.started_at, NULL::timestamptz AS finished_at, j.error, NULL::jsonb AS result
     FROM drm.jobs j WHERE j.batch_id = $1::uuid AND j.id > $2::uuid ORDER BY j.id LIMIT $3::bigint)
    UNION ALL
    (SELECT r.id, r.device_id, r.status, r.attempt, r.started_at, r.finished_at, r.error, r.result
     FROM drm.job_results r WHERE r.batch_id = $1::uuid AND r.id > $2::uuid ORDER BY r.id LIMIT $3::bigint)
    ORDER BY 1 LIMIT $3::bigint) x
ORDER BY x.id
