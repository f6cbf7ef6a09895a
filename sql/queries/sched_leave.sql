SELECT sched.worker_leave($1::uuid)
