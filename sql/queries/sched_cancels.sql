SELECT c.id FROM sched.cancels($1::uuid) AS c
