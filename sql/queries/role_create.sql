SELECT adm.role_create($1::uuid, $2::text, COALESCE($3::text, ''), $4::text[])
