SELECT adm.user_delete($1::uuid, $2::bigint)
