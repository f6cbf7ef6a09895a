-- object: job $1
-- A job is in one of the two tables in every snapshot. An id tells when it was made, and nothing ends before it was made ($2) or in the
-- future ($3, null: now), give or take a day for clocks that differ: partitions of other months are not looked at.
SELECT @job@ FROM (SELECT a.*, NULL::jsonb AS result, NULL::timestamptz AS finished_at FROM drm.jobs a) j WHERE j.id = $1::uuid
UNION ALL
SELECT @job@ FROM (SELECT r.*, NULL::timestamptz AS run_at, NULL::timestamptz AS deadline, NULL::text AS unique_key, NULL::integer AS retry_ms,
             NULL::smallint AS progress FROM drm.job_results r) j
WHERE j.id = $1::uuid AND j.finished_at >= $2::timestamptz AND j.finished_at < COALESCE($3::timestamptz, now() + interval '1 day')
LIMIT 1
