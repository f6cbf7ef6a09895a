WITH ended AS (
    SELECT adm.end_logins() AS n),
audit AS (
    INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action, object_type, object_id, request_id, address)
    SELECT (SELECT sec.tenant()), $1::uuid, (SELECT sec.actor()), 'auth.logout_everywhere', 'user', (SELECT sec.actor()),
           NULLIF($2::text, ''), NULLIF($3::text, '') FROM ended)
SELECT n FROM ended
