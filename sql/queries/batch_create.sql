SELECT adm.batch_create($1::uuid, $2::jsonb)
