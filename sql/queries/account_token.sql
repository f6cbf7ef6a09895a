-- A refresh token of the family that is locked: whether it is good, whether it was used before, and how the log-in was made.
SELECT t.used_at IS NULL AND t.revoked_at IS NULL AND t.expires_at > now(), t.used_at IS NOT NULL, f.amr
FROM drm.refresh_tokens t JOIN drm.refresh_tokens f ON f.tenant_id = t.tenant_id AND f.id = t.family_id
WHERE t.tenant_id = (SELECT sec.tenant()) AND t.user_id = (SELECT sec.actor()) AND t.id = $1::uuid
