SELECT adm.second_factor_take_code($1::uuid, $2::uuid, $3::bytea)
