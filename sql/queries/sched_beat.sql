-- One row for each job to stop; one row with a null job where there is none.
SELECT b.alive, c.job_id
FROM sched.worker_beat($1::uuid, $2::integer, $3::boolean) AS b
LEFT JOIN LATERAL unnest(b.cancels) AS c (job_id) ON true
