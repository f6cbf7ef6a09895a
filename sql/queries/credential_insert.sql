INSERT INTO drm.snmp_credentials (tenant_id, id, name, snmp_version, community)
VALUES (sec.tenant(), $1::uuid, $2::text, COALESCE($3::text, '2c'), $4::bytea)
