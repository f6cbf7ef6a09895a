SELECT adm.second_factor_remove($1::uuid, $2::uuid)
