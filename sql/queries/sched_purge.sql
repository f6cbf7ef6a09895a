SELECT p.tenant_id, p.name, p.removed, p.over FROM sched.purge($1::integer, $2::uuid) p
