SELECT @user@ FROM drm.users u WHERE u.id = $1::uuid
