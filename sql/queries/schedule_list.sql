-- $1 rows after the cursor $2; $3 name pattern, $4 whether enabled.
SELECT @schedule:list@ FROM drm.schedules s
WHERE s.id > GREATEST($2::uuid, '00000000-0000-0000-0000-000000000000') AND ($3::text IS NULL OR s.name LIKE $3::text)
  AND ($4::boolean IS NULL OR s.enabled = $4::boolean)
ORDER BY s.id LIMIT $1::bigint
