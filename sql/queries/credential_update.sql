-- Follows credential_hold.sql in the same transaction. What is NULL stays; a protocol that is empty goes, with its passphrase.
UPDATE drm.snmp_credentials c
SET name = COALESCE($2::text, c.name), snmp_version = COALESCE($3::text, c.snmp_version),
    community = COALESCE($4::bytea, c.community), username = COALESCE($5::text, c.username),
    auth_protocol = NULLIF(COALESCE($6::text, c.auth_protocol), ''),
    auth_password = CASE WHEN $6::text = '' THEN NULL ELSE COALESCE($7::bytea, c.auth_password) END,
    priv_protocol = NULLIF(COALESCE($8::text, c.priv_protocol), ''),
    priv_password = CASE WHEN $8::text = '' THEN NULL ELSE COALESCE($9::bytea, c.priv_password) END,
    context_name = COALESCE($10::text, c.context_name), version = c.version + 1, updated_at = clock_timestamp()
WHERE c.id = $1::uuid
