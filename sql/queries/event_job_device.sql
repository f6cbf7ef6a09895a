-- The device of a job that the caller sees; no row when there is none. It did not end before $2, the time its id was made less a day.
SELECT j.device_id FROM drm.jobs j WHERE j.id = $1::uuid
UNION ALL
SELECT r.device_id FROM drm.job_results r WHERE r.id = $1::uuid AND r.finished_at >= $2::timestamptz
LIMIT 1
