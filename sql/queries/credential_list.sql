-- $1 rows after the cursor $2; $3 name pattern.
SELECT @snmp_credential:list@ FROM drm.snmp_credentials c
WHERE c.id > GREATEST($2::uuid, '00000000-0000-0000-0000-000000000000') AND ($3::text IS NULL OR c.name LIKE $3::text)
ORDER BY c.id LIMIT $1::bigint
