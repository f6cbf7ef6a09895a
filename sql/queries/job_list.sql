-- $1 rows older than the cursor $2, newest first; $3 device, $4 protocol, $5 operation, $6 status. A context that holds job:read on some
-- devices only is told which jobs these are, in place of asking for each row whether it is one.
WITH scoped AS MATERIALIZED (
    SELECT s AS id FROM sec.scoped_jobs($1::bigint, $2::uuid, $4::text, $5::text, $6::text) s WHERE (SELECT sec.scope()) IS NOT NULL)
(SELECT @job:list@ FROM (SELECT a.*, NULL::jsonb AS result, NULL::timestamptz AS finished_at FROM drm.jobs a) j
 WHERE j.id < LEAST($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AND $3::uuid IS NULL AND (SELECT sec.scope()) IS NULL
   AND ($4::text IS NULL OR j.protocol = $4::text) AND ($5::text IS NULL OR j.operation = $5::text)
   AND ($6::text IS NULL OR j.status = $6::text)
 ORDER BY j.id DESC LIMIT $1::bigint)
UNION ALL
(SELECT @job:list@ FROM (SELECT r.*, NULL::timestamptz AS run_at, NULL::timestamptz AS deadline, NULL::text AS unique_key, NULL::integer AS retry_ms,
             NULL::smallint AS progress FROM drm.job_results r) j
 WHERE j.id < LEAST($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AND $3::uuid IS NULL AND (SELECT sec.scope()) IS NULL
   AND ($4::text IS NULL OR j.protocol = $4::text) AND ($5::text IS NULL OR j.operation = $5::text)
   AND ($6::text IS NULL OR j.status = $6::text)
 ORDER BY j.id DESC LIMIT $1::bigint)
UNION ALL
(SELECT @job:list@ FROM scoped s JOIN (SELECT a.*, NULL::jsonb AS result, NULL::timestamptz AS finished_at FROM drm.jobs a) j ON j.id = s.id)
UNION ALL
(SELECT @job:list@ FROM scoped s JOIN (SELECT r.*, NULL::timestamptz AS run_at, NULL::timestamptz AS deadline, NULL::text AS unique_key, NULL::integer AS retry_ms,
             NULL::smallint AS progress FROM drm.job_results r) j ON j.id = s.id)
ORDER BY 1 DESC LIMIT $1::bigint
