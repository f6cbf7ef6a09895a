SELECT @oidc_provider@ FROM drm.oidc_providers p WHERE p.tenant_id = (SELECT sec.tenant()) AND p.name = $1::text
