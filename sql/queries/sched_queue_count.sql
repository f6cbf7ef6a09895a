SELECT sched.queue_count($1::integer, $2::bigint)
