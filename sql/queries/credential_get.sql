SELECT @snmp_credential@ FROM drm.snmp_credentials c WHERE c.id = $1::uuid
