-- The first token of a family gives the family its id. Repeatable: the ids are the caller's.
WITH token AS (
    INSERT INTO drm.refresh_tokens (tenant_id, id, family_id, user_id, token_hash, expires_at, amr, address)
    VALUES ((SELECT sec.tenant()), $1::uuid, $1::uuid, (SELECT sec.actor()), $2::bytea, now() + $3::integer * interval '1 second', $5::text,
            NULLIF($7::text, ''))
    ON CONFLICT DO NOTHING),
seen AS (
    SELECT adm.note_login())
INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action, object_type, object_id, detail, request_id, address)
SELECT (SELECT sec.tenant()), $4::uuid, (SELECT sec.actor()), 'auth.login', 'refresh_family', $1::uuid,
       jsonb_build_object('amr', string_to_array($5::text, ' ')), NULLIF($6::text, ''), NULLIF($7::text, '') FROM seen
ON CONFLICT DO NOTHING
