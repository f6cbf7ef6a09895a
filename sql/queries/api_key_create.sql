-- $8: the key that it is made with, or null: one made by a key may no more, from nowhere else and no longer.
WITH k AS (
    INSERT INTO drm.api_keys (tenant_id, id, user_id, label, prefix, key_hash, scopes, addresses, expires_at)
    SELECT (SELECT sec.tenant()), $1::uuid, (SELECT sec.actor()), $2, $3, $4::bytea, m.scopes, m.addresses, m.expires_at
    FROM (SELECT $8::uuid AS id) AS by LEFT JOIN drm.api_keys m ON m.tenant_id = (SELECT sec.tenant()) AND m.id = by.id
    RETURNING *),
audit AS (
    INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action, object_type, object_id, request_id, address)
    SELECT k.tenant_id, $5::uuid, k.user_id, 'api_key.create', 'api_key', k.id, $6, $7 FROM k)
SELECT @api_key@ FROM k
