-- object: snmp_credential $1
-- The credential as it is before a change, held for the rest of the transaction. No row: it is not there, or its version is another than $2
-- (0: any).
SELECT @snmp_credential@ FROM drm.snmp_credentials c WHERE c.id = $1::uuid AND ($2::bigint = 0 OR c.version = $2::bigint) FOR UPDATE
