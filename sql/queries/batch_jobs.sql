-- object: batch $3
-- $1 jobs of the batch $3 after the cursor $2, in their order, out of both tables; $4 status, $5 device, $6 protocol, $7 operation.
(SELECT @job:list@ FROM (SELECT a.*, NULL::jsonb AS result, NULL::timestamptz AS finished_at FROM drm.jobs a) j
 WHERE j.id > GREATEST($2::uuid, '00000000-0000-0000-0000-000000000000') AND j.batch_id = $3::uuid
   AND ($4::text IS NULL OR j.status = $4::text) AND ($5::uuid IS NULL OR j.device_id = $5::uuid)
   AND ($6::text IS NULL OR j.protocol = $6::text) AND ($7::text IS NULL OR j.operation = $7::text)
 ORDER BY j.id LIMIT $1::bigint)
UNION ALL
(SELECT @job:list@ FROM (SELECT r.*, NULL::timestamptz AS run_at, NULL::timestamptz AS deadline, NULL::text AS unique_key, NULL::integer AS retry_ms,
             NULL::smallint AS progress FROM drm.job_results r) j
 WHERE j.id > GREATEST($2::uuid, '00000000-0000-0000-0000-000000000000') AND j.batch_id = $3::uuid
   AND ($4::text IS NULL OR j.status = $4::text) AND ($5::uuid IS NULL OR j.device_id = $5::uuid)
   AND ($6::text IS NULL OR j.protocol = $6::text) AND ($7::text IS NULL OR j.operation = $7::text)
 ORDER BY j.id LIMIT $1::bigint)
ORDER BY 1 LIMIT $1::bigint
