-- No row: it is not there, or its version is another than $2 (0: any).
DELETE FROM drm.snmp_credentials c WHERE c.id = $1::uuid AND ($2::bigint = 0 OR c.version = $2::bigint) RETURNING c.id
