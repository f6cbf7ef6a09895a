SELECT t.tenant_id, t.name, u.id, u.email, u.role, sec.rights()
FROM drm.users u JOIN drm.tenants t ON t.tenant_id = u.tenant_id
WHERE u.tenant_id = (SELECT sec.tenant()) AND u.id = (SELECT sec.actor())
