SELECT adm.role_withdraw($1::uuid, $2::uuid)
