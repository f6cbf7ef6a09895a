SELECT sched.audit_link($1::integer)
