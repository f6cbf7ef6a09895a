-- $1 rows after the cursor $2; $3 address pattern, $4 role, $5 active.
SELECT @user:list@ FROM drm.users u
WHERE u.id > GREATEST($2::uuid, '00000000-0000-0000-0000-000000000000')
  AND ($3::text IS NULL OR u.email LIKE lower($3::text)) AND ($4::text IS NULL OR u.role = $4::text)
  AND ($5::boolean IS NULL OR u.active = $5::boolean)
ORDER BY u.id LIMIT $1::bigint
