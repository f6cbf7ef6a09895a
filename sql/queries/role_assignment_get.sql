SELECT @role_assignment@ FROM drm.user_roles a LEFT JOIN drm.rbac_roles r ON r.tenant_id = a.tenant_id AND r.id = a.role_id
WHERE a.tenant_id = (SELECT sec.tenant()) AND a.id = $1::uuid
