INSERT INTO drm.devices (tenant_id, id, name, description, tags)
VALUES (sec.tenant(), $1::uuid, $2::text, COALESCE($3::text, ''), COALESCE($4::text[], '{}'))
