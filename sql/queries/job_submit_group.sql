-- Jobs of one actor that were asked for one by one at the same time, an array a column, each with its audit row; each for itself. One without
-- a row: as in job_submit.sql.
WITH context AS MATERIALIZED (SELECT * FROM sec.context()),
input AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::jsonb[], $6::smallint[], $7::integer[], $8::smallint[],
                         $9::boolean[], $10::boolean[], $11::integer[], $12::timestamptz[], $13::timestamptz[], $14::text[], $15::uuid[],
                         $16::uuid[], $17::text[], $18::text[])
        AS i (id, device_id, protocol, operation, params, priority, timeout_ms, max_attempts, idempotent, exclusive, retry_ms, run_at,
              deadline, unique_key, requeued_from, audit_id, request_id, address)),
job AS (
    INSERT INTO drm.jobs AS j (tenant_id, id, device_id, protocol, operation, params, priority, timeout_ms, max_attempts, idempotent,
                               exclusive, retry_ms, status, run_at, deadline, unique_key, requeued_from, created_by)
        SELECT d.tenant_id, i.id, d.id, i.protocol, i.operation, i.params, i.priority, i.timeout_ms, i.max_attempts, i.idempotent,
               i.exclusive, i.retry_ms, CASE WHEN i.run_at > now() THEN 'waiting' ELSE 'queued' END,
               CASE WHEN i.run_at > now() THEN i.run_at END, i.deadline, i.unique_key, i.requeued_from, c.actor
            FROM context c, input i JOIN drm.devices d ON d.id = i.device_id WHERE i.protocol = ANY (d.protocols)
        ON CONFLICT DO NOTHING
        RETURNING j.*, NULL::jsonb AS result, NULL::timestamptz AS finished_at),
audit AS (
    INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action, object_type, object_id, detail, request_id, address)
        SELECT j.tenant_id, i.audit_id, j.created_by, CASE WHEN j.requeued_from IS NULL THEN 'job.submit' ELSE 'job.requeue' END, 'job', j.id,
               jsonb_strip_nulls(jsonb_build_object('count', 1, 'protocol', j.protocol, 'operation', j.operation,
                                                    'requeued_from', j.requeued_from)),
               NULLIF(i.request_id, ''), NULLIF(i.address, '')
            FROM job j JOIN input i ON i.id = j.id)
SELECT @job@ FROM job j
