-- As event_list.sql, led by the index on the device. A device out of reach of a narrowed context is asked about once, not once a row.
SELECT @event:list@ FROM drm.device_events e
WHERE e.device_id = $4::uuid AND e.id < LEAST($2::uuid, $8::uuid) AND e.id >= $7::uuid
  AND (SELECT sec.scope() IS NULL OR sec.sees_device(sec.tenant(), $4::uuid))
  AND ($3::text IS NULL OR e.kind LIKE $3::text)
  AND e.at >= COALESCE($5::timestamptz, '-infinity') AND e.at < COALESCE($6::timestamptz, 'infinity')
ORDER BY e.id DESC LIMIT $1::bigint
