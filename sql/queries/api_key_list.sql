-- $3: whose; null: the actor's own.
SELECT @api_key:list@
FROM drm.api_keys k
WHERE k.tenant_id = (SELECT sec.tenant()) AND k.user_id = COALESCE($3::uuid, (SELECT sec.actor())) AND k.revoked_at IS NULL
  AND ($2::uuid IS NULL OR k.id < $2::uuid)
ORDER BY k.id DESC
LIMIT $1::integer
