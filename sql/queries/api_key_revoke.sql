-- object: api_key $1
WITH revoked AS (
    SELECT * FROM adm.api_key_revoke($1::uuid)),
audit AS (
    INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action, object_type, object_id, detail, request_id, address)
    SELECT tenant_id, $2::uuid, (SELECT sec.actor()), 'api_key.revoke', 'api_key', id,
           jsonb_build_object('label', label, 'user_id', user_id), $3, $4
    FROM revoked)
SELECT id FROM revoked
