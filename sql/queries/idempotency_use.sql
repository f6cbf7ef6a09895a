-- The key, which was taken in this transaction, stands for another job.
UPDATE drm.idempotency_keys k SET job_id = $2::uuid WHERE k.key = $1::text
