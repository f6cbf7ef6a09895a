-- object: device $2
-- One job, with its audit row. No row: the device is not there or does not speak the protocol, an active job has its unique key, or the id
-- is there already because this is a repetition; job_submit_why.sql tells.
WITH job AS (
    INSERT INTO drm.jobs AS j (tenant_id, id, device_id, protocol, operation, params, priority, timeout_ms, max_attempts, idempotent,
                               exclusive, retry_ms, status, run_at, deadline, unique_key, requeued_from, created_by)
        SELECT d.tenant_id, $1::uuid, d.id, $3::text, $4::text, $5::jsonb, $6::smallint, $7::integer, $8::smallint, $9::boolean,
               $10::boolean, $11::integer, CASE WHEN $12::timestamptz > now() THEN 'waiting' ELSE 'queued' END,
               CASE WHEN $12::timestamptz > now() THEN $12::timestamptz END, $13::timestamptz, $14::text, $15::uuid, c.actor
            FROM drm.devices d, sec.context() c WHERE d.id = $2::uuid AND $3::text = ANY (d.protocols)
        ON CONFLICT DO NOTHING
        RETURNING j.*, NULL::jsonb AS result, NULL::timestamptz AS finished_at),
audit AS (
    INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action, object_type, object_id, detail, request_id, address)
        SELECT j.tenant_id, $16::uuid, j.created_by, CASE WHEN j.requeued_from IS NULL THEN 'job.submit' ELSE 'job.requeue' END, 'job', j.id,
               jsonb_strip_nulls(jsonb_build_object('count', 1, 'protocol', j.protocol, 'operation', j.operation,
                                                    'requeued_from', j.requeued_from)),
               NULLIF($17::text, ''), NULLIF($18::text, '')
            FROM job j)
SELECT @job@ FROM job j
