-- Follows credential_hold.sql in the same transaction.
DELETE FROM drm.snmp_credentials c WHERE c.id = $1::uuid
