-- Answers whether the token was exchanged, and whether it had been before.
WITH old AS (
    SELECT used_at IS NOT NULL AS used FROM drm.refresh_tokens
    WHERE tenant_id = (SELECT sec.tenant()) AND user_id = (SELECT sec.actor()) AND id = $1::uuid),
exchanged AS (
    UPDATE drm.refresh_tokens SET used_at = now()
    WHERE tenant_id = (SELECT sec.tenant()) AND user_id = (SELECT sec.actor()) AND id = $1::uuid
      AND used_at IS NULL AND revoked_at IS NULL AND expires_at > now()
    RETURNING tenant_id, family_id, user_id),
fresh AS (
    INSERT INTO drm.refresh_tokens (tenant_id, id, family_id, user_id, token_hash, expires_at)
    SELECT tenant_id, $2::uuid, family_id, user_id, $3::bytea, now() + $4::integer * interval '1 second' FROM exchanged
    RETURNING id)
SELECT EXISTS (SELECT FROM fresh), old.used FROM old
