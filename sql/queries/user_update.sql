SELECT adm.user_update($1::uuid, $2::bigint, $3::text, $4::text, $5::boolean)
