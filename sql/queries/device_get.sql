-- object: device $1
SELECT @device@ FROM drm.devices d WHERE d.id = $1::uuid
