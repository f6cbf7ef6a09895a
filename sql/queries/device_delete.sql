DELETE FROM drm.devices d WHERE d.id = $1::uuid
