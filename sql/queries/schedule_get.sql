-- object: schedule $1
SELECT @schedule@ FROM drm.schedules s WHERE s.id = $1::uuid
