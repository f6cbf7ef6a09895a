SELECT sched.metrics_add($1::uuid, $2::bigint, $3::jsonb)
