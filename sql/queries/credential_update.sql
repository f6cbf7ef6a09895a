-- No row: it is not there, or its version is another than $2 (0: any).
UPDATE drm.snmp_credentials c
SET name = COALESCE($3::text, c.name), snmp_version = COALESCE($4::text, c.snmp_version),
    community = COALESCE($5::bytea, c.community), version = c.version + 1, updated_at = clock_timestamp()
WHERE c.id = $1::uuid AND ($2::bigint = 0 OR c.version = $2::bigint)
RETURNING c.id
