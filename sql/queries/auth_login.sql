-- The first token of a family gives the family its id. Repeatable: the ids are the caller's.
WITH token AS (
    INSERT INTO drm.refresh_tokens (tenant_id, id, family_id, user_id, token_hash, expires_at)
    VALUES ((SELECT sec.tenant()), $1::uuid, $1::uuid, (SELECT sec.actor()), $2::bytea, now() + $3::integer * interval '1 second')
    ON CONFLICT DO NOTHING)
INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action, object_type, object_id)
VALUES ((SELECT sec.tenant()), $4::uuid, (SELECT sec.actor()), 'auth.login', 'refresh_family', $1::uuid)
ON CONFLICT DO NOTHING
