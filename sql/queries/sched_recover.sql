SELECT r.tenant_id, r.id
FROM sched.worker_recover($1::uuid, $2::uuid[]) AS r
