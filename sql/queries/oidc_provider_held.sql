-- The provider as it is before a change. No row: it is not there, or its version is another than $2 (0: any).
SELECT @oidc_provider@ FROM drm.oidc_providers p
WHERE p.tenant_id = (SELECT sec.tenant()) AND p.id = $1::uuid AND ($2::bigint = 0 OR p.version = $2::bigint)
