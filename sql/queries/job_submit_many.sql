-- Many jobs, an array a column, with one audit row. Nothing is inserted unless every device is there and speaks the protocol; a row
-- whose job columns are null with both flags true: the id is there already, this is a repetition. Last columns: found, spoken.
WITH context AS MATERIALIZED (SELECT * FROM sec.context()),
input AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::jsonb[], $6::smallint[], $7::integer[], $8::smallint[],
                         $9::boolean[], $10::boolean[])
        WITH ORDINALITY AS i (id, device_id, protocol, operation, params, priority, timeout_ms, max_attempts, idempotent, exclusive, n)),
fit AS MATERIALIZED (
    SELECT i.*, d.id IS NOT NULL AS found, COALESCE(i.protocol = ANY (d.protocols), false) AS speaks
        FROM input i LEFT JOIN drm.devices d ON d.id = i.device_id),
job AS (
    INSERT INTO drm.jobs AS j (tenant_id, id, device_id, protocol, operation, params, priority, timeout_ms, max_attempts, idempotent,
                               exclusive, created_by)
        SELECT c.tenant, f.id, f.device_id, f.protocol, f.operation, f.params, f.priority, f.timeout_ms, f.max_attempts,
               f.idempotent, f.exclusive, c.actor
            FROM context c, fit f WHERE NOT EXISTS (SELECT FROM fit n WHERE NOT n.found OR NOT n.speaks)
        ON CONFLICT (tenant_id, id) DO NOTHING
        RETURNING j.*, NULL::jsonb AS result, NULL::timestamptz AS finished_at),
audit AS (
    INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action, object_type, object_id, detail, request_id, address)
        SELECT c.tenant, $11::uuid, c.actor, 'job.submit', 'job', a.first, a.detail, NULLIF($12::text, ''), NULLIF($13::text, '')
            FROM context c, (SELECT min(j.id::text)::uuid AS first, jsonb_build_object('count', count(*),
                                 'protocol', min(j.protocol), 'operation', min(j.operation)) AS detail
                                 FROM job j HAVING count(*) > 0) a)
SELECT @job@, f.found, f.speaks FROM fit f LEFT JOIN job j ON j.id = f.id ORDER BY f.n
