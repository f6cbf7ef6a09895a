INSERT INTO drm.snmp_credentials (tenant_id, id, name, snmp_version, community, username, auth_protocol, auth_password, priv_protocol,
                                  priv_password, context_name)
VALUES (sec.tenant(), $1::uuid, $2::text, COALESCE($3::text, '2c'), $4::bytea, $5::text, NULLIF($6::text, ''), $7::bytea,
        NULLIF($8::text, ''), $9::bytea, $10::text)
