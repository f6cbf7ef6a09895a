-- object: device $1
-- Holds the device for the rest of the transaction, against jobs that refer to it too. No row: it is not there, or its version is another
-- than $2 (0: any).
SELECT @device@ FROM drm.devices d WHERE d.id = $1::uuid AND ($2::bigint = 0 OR d.version = $2::bigint) FOR UPDATE
