-- object: schedule $1
SELECT adm.schedule_hold($1::uuid, $2::bigint)
