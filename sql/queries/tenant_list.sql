-- $1 rows after the cursor $2; $3 name pattern, $4 status. The platform itself is none of them.
SELECT @tenant:list@ FROM drm.tenants t
WHERE t.tenant_id > GREATEST($2::uuid, '00000000-0000-0000-0000-000000000000')
  AND ($3::text IS NULL OR t.name LIKE $3::text) AND ($4::text IS NULL OR t.status = $4::text)
ORDER BY t.tenant_id LIMIT $1::bigint
