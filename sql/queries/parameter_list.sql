-- $1 rows of all devices behind the row $2 (device/path), in the order of devices and paths; $3 and $4: the range of paths; $5 the value, $6 what is in
-- path, name, value or text; $7 changed since, $8 until.
SELECT @parameter:list@ FROM drm.device_parameters p
WHERE p.tenant_id = (SELECT sec.tenant())
  AND (p.device_id, p.path) > (GREATEST(pg_catalog.left($2::text, 36)::uuid, '00000000-0000-0000-0000-000000000000'),
                               GREATEST(pg_catalog.substr($2::text, 38), '') COLLATE "C")
  AND p.path >= $3::text AND p.path < $4::text
  AND ($5::text IS NULL OR p.value = $5::text)
  AND ($6::text IS NULL OR pg_catalog.strpos(pg_catalog.lower(pg_catalog.concat_ws(E'\n', p.path, p.name, p.value, p.text)), pg_catalog.lower($6::text)) > 0)
  AND ($7::timestamptz IS NULL OR p.changed_at >= $7::timestamptz) AND ($8::timestamptz IS NULL OR p.changed_at < $8::timestamptz)
ORDER BY p.device_id, p.path LIMIT $1::bigint
