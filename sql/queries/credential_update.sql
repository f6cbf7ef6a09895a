-- Follows credential_hold.sql in the same transaction.
UPDATE drm.snmp_credentials c
SET name = COALESCE($2::text, c.name), snmp_version = COALESCE($3::text, c.snmp_version),
    community = COALESCE($4::bytea, c.community), version = c.version + 1, updated_at = clock_timestamp()
WHERE c.id = $1::uuid
