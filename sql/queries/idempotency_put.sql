-- One row when the key is new; waits for another transaction that uses the same key at this moment.
INSERT INTO drm.idempotency_keys (tenant_id, key, request_hash, job_id) VALUES (sec.tenant(), $1::text, $2::bytea, $3::uuid)
ON CONFLICT (tenant_id, key) DO UPDATE
    SET request_hash = excluded.request_hash, job_id = excluded.job_id, created_at = now()
    WHERE idempotency_keys.created_at < now() - interval '24 hours'
RETURNING job_id
