SELECT adm.second_factor_begin($1::uuid, $2::uuid, $3::uuid, $4::bytea)
