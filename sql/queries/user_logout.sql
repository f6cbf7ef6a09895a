SELECT adm.user_logout($1::uuid)
