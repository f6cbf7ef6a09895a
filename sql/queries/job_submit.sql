-- object: device $2
-- One job, with its audit row. No row: the device is not there or does not speak the protocol, or the id is there already because this is
-- a repetition; job_submit_why.sql tells.
WITH job AS (
    INSERT INTO drm.jobs AS j (tenant_id, id, device_id, protocol, operation, params, priority, timeout_ms, max_attempts, idempotent,
                               exclusive, created_by)
        SELECT d.tenant_id, $1::uuid, d.id, $3::text, $4::text, $5::jsonb, $6::smallint, $7::integer, $8::smallint, $9::boolean,
               $10::boolean, c.actor
            FROM drm.devices d, sec.context() c WHERE d.id = $2::uuid AND $3::text = ANY (d.protocols)
        ON CONFLICT (tenant_id, id) DO NOTHING
        RETURNING j.*, NULL::jsonb AS result, NULL::timestamptz AS finished_at),
audit AS (
    INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action, object_type, object_id, detail, request_id, address)
        SELECT j.tenant_id, $11::uuid, j.created_by, 'job.submit', 'job', j.id,
               jsonb_build_object('count', 1, 'protocol', j.protocol, 'operation', j.operation),
               NULLIF($12::text, ''), NULLIF($13::text, '')
            FROM job j)
SELECT @job@ FROM job j
