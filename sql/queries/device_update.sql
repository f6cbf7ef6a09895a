-- Follows device_hold.sql in the same transaction.
UPDATE drm.devices d
SET name = CASE WHEN $2::boolean THEN $3::text ELSE d.name END,
    description = CASE WHEN $4::boolean THEN COALESCE($5::text, '') ELSE d.description END,
    tags = CASE WHEN $6::boolean THEN COALESCE($7::text[], '{}') ELSE d.tags END,
    version = d.version + 1, updated_at = clock_timestamp()
WHERE d.id = $1::uuid
