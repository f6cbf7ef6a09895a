-- As device_list.sql, led by the index on the first tag; for a narrowed context, which would be asked of each tag's row whether it sees the
-- device, from the devices.
(SELECT @device:list@ FROM drm.device_tags t JOIN drm.devices d ON d.tenant_id = t.tenant_id AND d.id = t.device_id
 WHERE t.tag = ($4::text[])[1] AND t.device_id > GREATEST($2::uuid, '00000000-0000-0000-0000-000000000000')
   AND (SELECT sec.scope()) IS NULL
   AND ($3::text IS NULL OR d.name LIKE $3::text)
   AND d.tags @> $4::text[]
   AND ($5::text IS NULL OR $5::text = ANY (d.protocols))
 ORDER BY t.device_id LIMIT $1::bigint)
UNION ALL
(SELECT @device:list@ FROM drm.devices d
 WHERE d.id > GREATEST($2::uuid, '00000000-0000-0000-0000-000000000000') AND (SELECT sec.scope()) IS NOT NULL
   AND ($3::text IS NULL OR d.name LIKE $3::text)
   AND d.tags @> $4::text[]
   AND ($5::text IS NULL OR $5::text = ANY (d.protocols))
 ORDER BY d.id LIMIT $1::bigint)
ORDER BY 1 LIMIT $1::bigint
