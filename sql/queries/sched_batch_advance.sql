SELECT * FROM sched.batch_advance()
