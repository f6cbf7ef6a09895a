SELECT r.id, r.status
FROM sched.worker_recover($1::uuid, $2::uuid[], $3::timestamptz) AS r
