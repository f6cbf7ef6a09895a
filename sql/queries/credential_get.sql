-- object: snmp_credential $1
SELECT @snmp_credential@ FROM drm.snmp_credentials c WHERE c.id = $1::uuid
