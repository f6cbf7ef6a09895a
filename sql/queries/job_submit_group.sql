-- Jobs of one actor that were asked for one by one at the same time, an array a column, each with its audit row; each for itself. One without
-- a row: as in job_submit.sql.
WITH context AS MATERIALIZED (SELECT * FROM sec.context()),
input AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::jsonb[], $6::smallint[], $7::integer[], $8::smallint[],
                         $9::boolean[], $10::boolean[], $11::uuid[], $12::text[], $13::text[])
        AS i (id, device_id, protocol, operation, params, priority, timeout_ms, max_attempts, idempotent, exclusive, audit_id, request_id,
              address)),
job AS (
    INSERT INTO drm.jobs AS j (tenant_id, id, device_id, protocol, operation, params, priority, timeout_ms, max_attempts, idempotent,
                               exclusive, created_by)
        SELECT d.tenant_id, i.id, d.id, i.protocol, i.operation, i.params, i.priority, i.timeout_ms, i.max_attempts, i.idempotent,
               i.exclusive, c.actor
            FROM context c, input i JOIN drm.devices d ON d.id = i.device_id WHERE i.protocol = ANY (d.protocols)
        ON CONFLICT (tenant_id, id) DO NOTHING
        RETURNING j.*, NULL::jsonb AS result, NULL::timestamptz AS finished_at),
audit AS (
    INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action, object_type, object_id, detail, request_id, address)
        SELECT j.tenant_id, i.audit_id, j.created_by, 'job.submit', 'job', j.id,
               jsonb_build_object('count', 1, 'protocol', j.protocol, 'operation', j.operation),
               NULLIF(i.request_id, ''), NULLIF(i.address, '')
            FROM job j JOIN input i ON i.id = j.id)
SELECT @job@ FROM job j
