-- $1 rows after the cursor $2; $3 user, $4 role.
SELECT @role_assignment:list@ FROM drm.user_roles a LEFT JOIN drm.rbac_roles r ON r.tenant_id = a.tenant_id AND r.id = a.role_id
WHERE a.tenant_id = (SELECT sec.tenant()) AND a.id > GREATEST($2::uuid, '00000000-0000-0000-0000-000000000000')
  AND ($3::uuid IS NULL OR a.user_id = $3::uuid) AND ($4::uuid IS NULL OR a.role_id = $4::uuid)
ORDER BY a.id LIMIT $1::bigint
