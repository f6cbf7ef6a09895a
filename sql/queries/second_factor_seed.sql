SELECT id, seed, last_step, key_version, wrapped, now_s FROM adm.second_factor_seed($1::uuid, $2::uuid, $3::boolean)
