SELECT @role@ FROM drm.rbac_roles r WHERE r.id = $1::uuid
