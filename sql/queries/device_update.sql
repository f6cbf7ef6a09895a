-- No row: it is not there, or its version is another than $2 (0: any).
UPDATE drm.devices d
SET name = CASE WHEN $3::boolean THEN $4::text ELSE d.name END,
    description = CASE WHEN $5::boolean THEN COALESCE($6::text, '') ELSE d.description END,
    tags = CASE WHEN $7::boolean THEN COALESCE($8::text[], '{}') ELSE d.tags END,
    version = d.version + 1, updated_at = clock_timestamp()
WHERE d.id = $1::uuid AND ($2::bigint = 0 OR d.version = $2::bigint)
RETURNING d.id
