WITH revoked AS (
    UPDATE drm.refresh_tokens SET revoked_at = now()
    WHERE tenant_id = (SELECT sec.tenant()) AND user_id = (SELECT sec.actor()) AND family_id = $1::uuid AND revoked_at IS NULL
    RETURNING id),
ended AS (
    SELECT adm.end_family($1::uuid))
INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action, object_type, object_id, request_id, address)
SELECT (SELECT sec.tenant()), $2::uuid, (SELECT sec.actor()), $3::text, 'refresh_family', $1::uuid, NULLIF($4::text, ''), NULLIF($5::text, '')
FROM ended WHERE EXISTS (SELECT FROM revoked)
