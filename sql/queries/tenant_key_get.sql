-- The tenant's newest data key, wrapped.
SELECT k.version, k.wrapped FROM drm.tenant_keys k ORDER BY k.version DESC LIMIT 1
