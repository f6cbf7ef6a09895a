-- As audit_list.sql, led by the index on the actor.
SELECT @audit_log:list@ FROM drm.audit_logs a
WHERE a.id < LEAST($2::uuid, $11::uuid) AND a.id >= $10::uuid AND a.actor_id = $3::uuid
  AND ($4::text IS NULL OR a.action LIKE $4::text) AND ($5::text IS NULL OR a.object_type = $5::text)
  AND ($6::uuid IS NULL OR a.object_id = $6::uuid) AND ($7::text IS NULL OR a.request_id = $7::text)
  AND ($8::timestamptz IS NULL OR a.at >= $8::timestamptz) AND ($9::timestamptz IS NULL OR a.at < $9::timestamptz)
ORDER BY a.id DESC LIMIT $1::bigint
