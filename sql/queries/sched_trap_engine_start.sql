SELECT e.engine_id, e.boots FROM sched.trap_engine_start($1::text, $2::text) AS e
