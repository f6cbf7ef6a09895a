SELECT @role@ FROM drm.rbac_roles r WHERE r.tenant_id = (SELECT sec.tenant()) AND r.name = $1::text
