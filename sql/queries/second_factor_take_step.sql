SELECT adm.second_factor_take_step($1::uuid, $2::uuid, $3::uuid, $4::bigint)
