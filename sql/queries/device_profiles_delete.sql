DELETE FROM drm.device_protocol_profiles p WHERE p.device_id = $1::uuid
