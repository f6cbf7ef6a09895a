SELECT @tenant@ FROM drm.tenants t WHERE t.tenant_id = $1::uuid AND t.tenant_id <> '00000000-0000-0000-0000-000000000000'
