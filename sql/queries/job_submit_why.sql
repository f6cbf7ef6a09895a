-- Why job_submit.sql gave no row: whether the device is there, and whether it speaks the protocol.
SELECT d.id IS NOT NULL, COALESCE($2::text = ANY (d.protocols), false)
FROM (SELECT) one LEFT JOIN drm.devices d ON d.id = $1::uuid
