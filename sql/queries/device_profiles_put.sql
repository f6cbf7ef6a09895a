-- Replaces the profiles of a device by those of the array $2, and stores the credentials of $3 that they came with. A credential is
-- named after its device; when that name is taken, the end of its id makes the difference.
WITH t AS MATERIALIZED (SELECT sec.tenant() AS id),
gone AS (
    DELETE FROM drm.device_protocol_profiles p
        WHERE p.device_id = $1::uuid
          AND p.protocol <> ALL (SELECT n.protocol FROM jsonb_to_recordset($2::jsonb) AS n (protocol text))),
credential AS (
    INSERT INTO drm.snmp_credentials (tenant_id, id, name, snmp_version, community, device_id)
        SELECT t.id, n.id,
               CASE WHEN EXISTS (SELECT FROM drm.snmp_credentials c WHERE c.name = d.name)
                    THEN left(d.name, 180) || ' ' || right(n.id::text, 12) ELSE d.name END,
               n.snmp_version, decode(n.community, 'hex'), d.id
            FROM t, drm.devices d, jsonb_to_recordset($3::jsonb) AS n (id uuid, snmp_version text, community text)
            WHERE d.id = $1::uuid)
INSERT INTO drm.device_protocol_profiles (tenant_id, device_id, protocol, address, port, settings, snmp_credential_id)
    SELECT t.id, $1::uuid, n.protocol, n.address, n.port, n.settings, n.credential_id
        FROM t, jsonb_to_recordset($2::jsonb)
            AS n (protocol text, address text, port integer, settings jsonb, credential_id uuid)
    ON CONFLICT (tenant_id, device_id, protocol) DO UPDATE
        SET address = excluded.address, port = excluded.port, settings = excluded.settings,
            snmp_credential_id = excluded.snmp_credential_id
