SELECT k.job_id, k.request_hash = $2::bytea FROM drm.idempotency_keys k WHERE k.key = $1::text
