SELECT adm.second_factor_reset($1::uuid)
