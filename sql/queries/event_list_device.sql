-- As event_list.sql, led by the index on the device. A device out of reach of a narrowed context is asked about once, not once a row.
SELECT @event:list@ FROM drm.device_events e
WHERE e.device_id = $4::uuid AND e.id < COALESCE($2::uuid, $8::uuid) AND e.id >= $7::uuid
  AND (SELECT sec.scope() IS NULL OR sec.sees_device(sec.tenant(), $4::uuid))
  AND ($3::text IS NULL OR e.kind LIKE $3::text)
  AND ($5::timestamptz IS NULL OR e.at >= $5::timestamptz) AND ($6::timestamptz IS NULL OR e.at < $6::timestamptz)
ORDER BY e.id DESC LIMIT $1::bigint
