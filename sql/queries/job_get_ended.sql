-- object: job $1
-- The second half of job_get.sql: most jobs that are asked for have ended.
SELECT @job@ FROM (SELECT r.*, NULL::timestamptz AS run_at, NULL::timestamptz AS deadline, NULL::text AS unique_key, NULL::integer AS retry_ms,
             NULL::smallint AS progress FROM drm.job_results r) j
WHERE j.id = $1::uuid AND j.finished_at >= $2::timestamptz AND j.finished_at < COALESCE($3::timestamptz, now() + interval '1 day')
LIMIT 1
