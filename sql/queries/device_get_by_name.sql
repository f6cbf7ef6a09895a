SELECT @device@ FROM drm.devices d WHERE d.name = $1::text
