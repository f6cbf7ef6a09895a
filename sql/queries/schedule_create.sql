SELECT adm.schedule_create($1::uuid, $2::jsonb)
