-- $1 rows older than the cursor $2, newest first; $3 status, $4 protocol, $5 operation.
SELECT @batch:list@ FROM drm.batches b CROSS JOIN LATERAL (
    SELECT COALESCE(sum(x.completed), 0)::bigint AS completed, COALESCE(sum(x.failed), 0)::bigint AS failed,
           COALESCE(sum(x.cancelled), 0)::bigint AS cancelled, COALESCE(sum(x.dead), 0)::bigint AS dead,
           COALESCE(sum(x.uncertain), 0)::bigint AS uncertain
        FROM drm.batch_tallies x WHERE x.tenant_id = b.tenant_id AND x.batch_id = b.id) t
WHERE b.id < LEAST($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
  AND ($3::text IS NULL OR b.status = $3::text) AND ($4::text IS NULL OR b.protocol = $4::text)
  AND ($5::text IS NULL OR b.operation = $5::text)
ORDER BY b.id DESC LIMIT $1::bigint
