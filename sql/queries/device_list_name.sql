-- $1 rows after the cursor $2; $3 name pattern, $4 tags it must all have, $5 protocol.
SELECT @device:list@ FROM drm.devices d
WHERE d.name > GREATEST($2::text, '')
  AND ($3::text IS NULL OR d.name LIKE $3::text)
  AND ($4::text[] IS NULL OR d.tags @> $4::text[])
  AND ($5::text IS NULL OR $5::text = ANY (d.protocols))
ORDER BY d.name LIMIT $1::bigint
