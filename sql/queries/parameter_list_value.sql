-- As parameter_list_path.sql, of those with the value $6: by the index on the beginning of values, and among what counts on and on, which
-- has none there.
(SELECT @parameter:list@ FROM drm.device_parameters p
 WHERE p.tenant_id = (SELECT sec.tenant()) AND p.path = $3::text AND p.value_head = pg_catalog.left($6::text, 100) AND p.value = $6::text
   AND p.device_id > GREATEST($2::uuid, '00000000-0000-0000-0000-000000000000')
   AND ($4::timestamptz IS NULL OR p.changed_at >= $4::timestamptz) AND ($5::timestamptz IS NULL OR p.changed_at < $5::timestamptz)
 ORDER BY p.device_id LIMIT $1::bigint)
UNION ALL
(SELECT @parameter:list@ FROM drm.device_parameters p
 WHERE p.tenant_id = (SELECT sec.tenant()) AND p.path = $3::text AND p.value_head IS NULL AND p.value = $6::text
   AND p.device_id > GREATEST($2::uuid, '00000000-0000-0000-0000-000000000000')
   AND ($4::timestamptz IS NULL OR p.changed_at >= $4::timestamptz) AND ($5::timestamptz IS NULL OR p.changed_at < $5::timestamptz)
 ORDER BY p.device_id LIMIT $1::bigint)
ORDER BY 2 LIMIT $1::bigint
