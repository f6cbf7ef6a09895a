SELECT sched.worker_register($1::uuid, $2, $3::integer, $4, $5, $6::integer)
