SELECT @tenant_settings@ FROM drm.tenants t WHERE t.tenant_id = (SELECT sec.tenant())
