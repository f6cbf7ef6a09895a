-- object: schedule $1
SELECT adm.schedule_disable($1::uuid)
