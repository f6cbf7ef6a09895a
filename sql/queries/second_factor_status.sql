SELECT u.second_factor, t.require_second_factor,
       EXISTS (SELECT FROM drm.user_totp s WHERE s.tenant_id = u.tenant_id AND s.user_id = u.id AND s.confirmed_at IS NULL),
       (SELECT count(*) FROM drm.recovery_codes c WHERE c.tenant_id = u.tenant_id AND c.user_id = u.id AND c.used_at IS NULL)
FROM drm.users u JOIN drm.tenants t ON t.tenant_id = u.tenant_id
WHERE u.tenant_id = (SELECT sec.tenant()) AND u.id = (SELECT sec.actor())
