SELECT * FROM sched.schedules_fire()
