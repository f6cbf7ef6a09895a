-- Why job_submit.sql gave no row for the job $4: whether the device is there, whether it speaks the protocol, and which active job that this
-- actor may see has the unique key $3.
SELECT d.id IS NOT NULL, COALESCE($2::text = ANY (d.protocols), false), k.id
FROM (SELECT) one LEFT JOIN drm.devices d ON d.id = $1::uuid
LEFT JOIN drm.jobs k ON k.tenant_id = (SELECT sec.tenant()) AND k.unique_key = $3::text AND k.id <> $4::uuid
