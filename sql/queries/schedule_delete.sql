-- object: schedule $1
SELECT adm.schedule_delete($1::uuid, $2::bigint)
