-- object: batch $1
SELECT @batch@ FROM drm.batches b CROSS JOIN LATERAL (
    SELECT COALESCE(sum(x.completed), 0)::bigint AS completed, COALESCE(sum(x.failed), 0)::bigint AS failed,
           COALESCE(sum(x.cancelled), 0)::bigint AS cancelled, COALESCE(sum(x.dead), 0)::bigint AS dead,
           COALESCE(sum(x.uncertain), 0)::bigint AS uncertain
        FROM drm.batch_tallies x WHERE x.tenant_id = b.tenant_id AND x.batch_id = b.id) t
WHERE b.id = $1::uuid
