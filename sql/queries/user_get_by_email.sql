SELECT @user@ FROM drm.users u WHERE u.tenant_id = (SELECT sec.tenant()) AND u.email = lower($1::text)
