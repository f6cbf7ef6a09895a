-- Holds the device for the rest of the transaction. No row: it is not there, or its version is another than $2 (0: any).
SELECT d.id FROM drm.devices d WHERE d.id = $1::uuid AND ($2::bigint = 0 OR d.version = $2::bigint) FOR UPDATE
