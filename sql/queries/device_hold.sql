-- object: device $1
-- The device as it is before a change, held for the rest of the transaction. No row: as in device_lock.sql.
SELECT @device@ FROM drm.devices d WHERE d.id = $1::uuid AND ($2::bigint = 0 OR d.version = $2::bigint) FOR NO KEY UPDATE
