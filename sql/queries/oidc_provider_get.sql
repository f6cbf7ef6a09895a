-- object: oidc_provider $1
SELECT @oidc_provider@ FROM drm.oidc_providers p WHERE p.tenant_id = (SELECT sec.tenant()) AND p.id = $1::uuid
