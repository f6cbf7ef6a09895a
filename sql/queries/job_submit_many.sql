-- Many jobs, an array a column, with one audit row. Nothing is inserted unless every device is there and speaks the protocol, and no active
-- job has the unique key of one that does not put up with it ($16). Such a one's row tells that job's id; so does that of one that does, in the
-- place of a new job. A row whose job columns are null with both flags true and no id: the id is there already, this is a repetition. Last
-- columns: found, spoken, the id of who has the key.
WITH context AS MATERIALIZED (SELECT * FROM sec.context()),
input AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::jsonb[], $6::smallint[], $7::integer[], $8::smallint[],
                         $9::boolean[], $10::boolean[], $11::integer[], $12::timestamptz[], $13::timestamptz[], $14::text[], $15::uuid[],
                         $16::boolean[])
        WITH ORDINALITY AS i (id, device_id, protocol, operation, params, priority, timeout_ms, max_attempts, idempotent, exclusive, retry_ms,
                              run_at, deadline, unique_key, requeued_from, refuses, n)),
fit AS MATERIALIZED (
    SELECT i.*, d.id IS NOT NULL AS found, COALESCE(i.protocol = ANY (d.protocols), false) AS speaks, u.id AS holder
        FROM input i LEFT JOIN drm.devices d ON d.id = i.device_id
        LEFT JOIN LATERAL (SELECT k.id FROM drm.jobs k WHERE i.unique_key IS NOT NULL AND k.tenant_id = (SELECT c.tenant FROM context c)
                               AND k.unique_key = i.unique_key AND k.id <> i.id) u ON true),
job AS (
    INSERT INTO drm.jobs AS j (tenant_id, id, device_id, protocol, operation, params, priority, timeout_ms, max_attempts, idempotent,
                               exclusive, retry_ms, status, run_at, deadline, unique_key, requeued_from, created_by)
        SELECT c.tenant, f.id, f.device_id, f.protocol, f.operation, f.params, f.priority, f.timeout_ms, f.max_attempts,
               f.idempotent, f.exclusive, f.retry_ms, CASE WHEN f.run_at > now() THEN 'waiting' ELSE 'queued' END,
               CASE WHEN f.run_at > now() THEN f.run_at END, f.deadline, f.unique_key, f.requeued_from, c.actor
            FROM context c, fit f
            WHERE f.holder IS NULL
              AND NOT EXISTS (SELECT FROM fit n WHERE NOT n.found OR NOT n.speaks OR (n.holder IS NOT NULL AND n.refuses))
        ON CONFLICT (tenant_id, id) DO NOTHING
        RETURNING j.*, NULL::jsonb AS result, NULL::timestamptz AS finished_at),
audit AS (
    INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action, object_type, object_id, detail, request_id, address)
        SELECT c.tenant, $17::uuid, c.actor, 'job.submit', 'job', a.first, a.detail, NULLIF($18::text, ''), NULLIF($19::text, '')
            FROM context c, (SELECT min(j.id::text)::uuid AS first, jsonb_build_object('count', count(*),
                                 'protocol', min(j.protocol), 'operation', min(j.operation)) AS detail
                                 FROM job j HAVING count(*) > 0) a),
shown AS (
    SELECT j.* FROM job j
    UNION ALL
    SELECT k.*, NULL::jsonb, NULL::timestamptz FROM fit f JOIN drm.jobs k ON k.tenant_id = (SELECT c.tenant FROM context c) AND k.id = f.holder
        WHERE f.holder IS NOT NULL)
SELECT @job@, f.found, f.speaks, f.holder FROM fit f LEFT JOIN shown j ON j.id = COALESCE(f.holder, f.id) ORDER BY f.n
