-- $1 rows of the device $3 behind the path $2, in the order of paths; $4 and $5: the range of paths; $6 the value, $7 what is in path, name,
-- value or text; $8 changed since, $9 until. A device out of reach of a narrowed context is asked about once, not once a row.
SELECT @parameter:list@ FROM drm.device_parameters p
WHERE p.tenant_id = (SELECT sec.tenant()) AND p.device_id = $3::uuid
  AND (SELECT sec.scope() IS NULL OR sec.sees_device(sec.tenant(), $3::uuid))
  AND p.path > GREATEST($2::text, '') AND p.path >= $4::text AND p.path < $5::text
  AND ($6::text IS NULL OR p.value = $6::text)
  AND ($7::text IS NULL OR pg_catalog.strpos(pg_catalog.lower(pg_catalog.concat_ws(E'\n', p.path, p.name, p.value, p.text)), pg_catalog.lower($7::text)) > 0)
  AND ($8::timestamptz IS NULL OR p.changed_at >= $8::timestamptz) AND ($9::timestamptz IS NULL OR p.changed_at < $9::timestamptz)
ORDER BY p.path LIMIT $1::bigint
