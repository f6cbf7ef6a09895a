SELECT m.name, array_to_json(m.label), array_to_json(m.counts) FROM sched.metrics() AS m
