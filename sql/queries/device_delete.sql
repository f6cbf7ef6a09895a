-- Follows device_lock.sql in the same transaction.
DELETE FROM drm.devices d WHERE d.id = $1::uuid
