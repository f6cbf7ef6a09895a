SELECT adm.user_reset_password($1::uuid, $2::text, $3::bytea, $4::integer)
