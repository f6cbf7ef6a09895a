SELECT r.kind, r.tenant_id, r.job_id, r.status
FROM sched.reap($1::uuid, $2::integer * interval '1 millisecond') AS r
