-- $1 rows after the cursor $2; $3 name pattern.
SELECT @oidc_provider:list@ FROM drm.oidc_providers p
WHERE p.tenant_id = (SELECT sec.tenant()) AND p.id > GREATEST($2::uuid, '00000000-0000-0000-0000-000000000000')
  AND ($3::text IS NULL OR p.name LIKE $3::text)
ORDER BY p.id LIMIT $1::bigint
