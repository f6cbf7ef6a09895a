SELECT r.what, r.partition FROM sched.retention() r
