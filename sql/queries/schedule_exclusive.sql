-- object: schedule $1
-- Whether its operation changes devices: which permission it needs.
SELECT COALESCE((s.spec ->> 'exclusive')::boolean, false) FROM drm.schedules s WHERE s.id = $1::uuid
