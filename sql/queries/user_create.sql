SELECT adm.user_create($1::uuid, $2::text, COALESCE($3::text, 'none'), COALESCE($4::boolean, true), $5::text, $6::bytea, $7::integer)
