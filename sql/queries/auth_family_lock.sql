-- The first row of a family stands for all of it; so a clean-up must take whole families.
SELECT f.id
FROM drm.refresh_tokens t JOIN drm.refresh_tokens f ON f.tenant_id = t.tenant_id AND f.id = t.family_id
WHERE t.tenant_id = (SELECT sec.tenant()) AND t.user_id = (SELECT sec.actor()) AND t.id = $1::uuid AND t.token_hash = $2::bytea
FOR UPDATE OF f
