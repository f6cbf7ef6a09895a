-- $1 rows of the path $3 behind the device $2, in the order of devices; $4 changed since, $5 until.
-- GREATEST ignores nulls as COALESCE does, which the planner takes for a leak: under row-level security no index would be entered at the cursor.
SELECT @parameter:list@ FROM drm.device_parameters p
WHERE p.tenant_id = (SELECT sec.tenant()) AND p.path = $3::text
  AND p.device_id > GREATEST($2::uuid, '00000000-0000-0000-0000-000000000000')
  AND ($4::timestamptz IS NULL OR p.changed_at >= $4::timestamptz) AND ($5::timestamptz IS NULL OR p.changed_at < $5::timestamptz)
ORDER BY p.device_id LIMIT $1::bigint
