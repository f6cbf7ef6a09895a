-- $1: id of the API key that asks, whose scopes narrow what is held on some devices as well; null for a log-in.
SELECT t.tenant_id, t.name, u.id, u.email, u.role, sec.rights(),
       u.scoped & COALESCE((SELECT k.scopes FROM drm.api_keys k WHERE k.tenant_id = u.tenant_id AND k.id = $1::uuid), -1)
FROM drm.users u JOIN drm.tenants t ON t.tenant_id = u.tenant_id
WHERE u.tenant_id = (SELECT sec.tenant()) AND u.id = (SELECT sec.actor())
