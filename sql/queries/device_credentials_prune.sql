-- Credentials made together with a profile of this device go when no profile uses them any more.
DELETE FROM drm.snmp_credentials c
WHERE c.device_id = $1::uuid
  AND NOT EXISTS (SELECT FROM drm.device_protocol_profiles p WHERE p.tenant_id = c.tenant_id AND p.snmp_credential_id = c.id)
RETURNING @snmp_credential@
