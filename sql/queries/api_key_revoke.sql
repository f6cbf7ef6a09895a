-- object: api_key $1
WITH revoked AS (
    UPDATE drm.api_keys SET revoked_at = now()
    WHERE tenant_id = (SELECT sec.tenant()) AND user_id = (SELECT sec.actor()) AND id = $1::uuid AND revoked_at IS NULL
    RETURNING tenant_id, id, user_id),
audit AS (
    INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action, object_type, object_id, request_id, address)
    SELECT tenant_id, $2::uuid, user_id, 'api_key.revoke', 'api_key', id, $3, $4 FROM revoked)
SELECT id FROM revoked
