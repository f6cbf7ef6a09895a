-- $1 rows before the cursor $2, newest first; $3 actor, $4 action pattern, $5 object type, $6 object, $7 request, $8 since, $9 until; $10
-- and $11 the ids of that time, give or take a day for clocks that differ.
SELECT @audit_log:list@ FROM drm.audit_logs a
WHERE a.id < LEAST($2::uuid, $11::uuid) AND a.id >= $10::uuid AND ($3::uuid IS NULL OR a.actor_id = $3::uuid)
  AND ($4::text IS NULL OR a.action LIKE $4::text) AND ($5::text IS NULL OR a.object_type = $5::text)
  AND ($6::uuid IS NULL OR a.object_id = $6::uuid) AND ($7::text IS NULL OR a.request_id = $7::text)
  AND ($8::timestamptz IS NULL OR a.at >= $8::timestamptz) AND ($9::timestamptz IS NULL OR a.at < $9::timestamptz)
ORDER BY a.id DESC LIMIT $1::bigint
