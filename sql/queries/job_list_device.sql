-- $1 rows older than the cursor $2, newest first; $3 device, $4 protocol, $5 operation, $6 status. A device out of reach of a
-- narrowed context is asked about once, not once a row.
(SELECT @job:list@ FROM (SELECT a.*, NULL::jsonb AS result, NULL::timestamptz AS finished_at FROM drm.jobs a) j
 WHERE j.id < LEAST($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AND j.device_id = $3::uuid
   AND (SELECT sec.scope() IS NULL OR sec.sees_device(sec.tenant(), $3::uuid))
   AND ($4::text IS NULL OR j.protocol = $4::text) AND ($5::text IS NULL OR j.operation = $5::text)
   AND ($6::text IS NULL OR j.status = $6::text)
 ORDER BY j.id DESC LIMIT $1::bigint)
UNION ALL
(SELECT @job:list@ FROM (SELECT r.*, NULL::timestamptz AS run_at, NULL::timestamptz AS deadline, NULL::text AS unique_key, NULL::integer AS retry_ms,
             NULL::smallint AS progress FROM drm.job_results r) j
 WHERE j.id < LEAST($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AND j.device_id = $3::uuid
   AND (SELECT sec.scope() IS NULL OR sec.sees_device(sec.tenant(), $3::uuid))
   AND ($4::text IS NULL OR j.protocol = $4::text) AND ($5::text IS NULL OR j.operation = $5::text)
   AND ($6::text IS NULL OR j.status = $6::text)
 ORDER BY j.id DESC LIMIT $1::bigint)
ORDER BY 1 DESC LIMIT $1::bigint
