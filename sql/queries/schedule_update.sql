-- object: schedule $1
SELECT adm.schedule_update($1::uuid, $2::jsonb)
