-- $1 rows after the cursor $2; $3 name pattern.
SELECT @role:list@ FROM drm.rbac_roles r
WHERE r.id > GREATEST($2::uuid, '00000000-0000-0000-0000-000000000000') AND ($3::text IS NULL OR r.name LIKE $3::text)
ORDER BY r.id LIMIT $1::bigint
