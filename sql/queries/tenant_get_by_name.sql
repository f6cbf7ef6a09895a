SELECT @tenant@ FROM drm.tenants t WHERE t.name = $1::text AND t.tenant_id <> '00000000-0000-0000-0000-000000000000'
