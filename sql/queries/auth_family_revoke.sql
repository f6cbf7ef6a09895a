WITH revoked AS (
    UPDATE drm.refresh_tokens SET revoked_at = now()
    WHERE tenant_id = (SELECT sec.tenant()) AND user_id = (SELECT sec.actor()) AND family_id = $1::uuid AND revoked_at IS NULL
    RETURNING id)
INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action, object_type, object_id)
SELECT (SELECT sec.tenant()), $2::uuid, (SELECT sec.actor()), $3::text, 'refresh_family', $1::uuid
WHERE EXISTS (SELECT FROM revoked)
