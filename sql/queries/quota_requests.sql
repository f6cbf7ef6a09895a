SELECT t.max_requests FROM drm.tenants t
