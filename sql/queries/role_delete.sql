SELECT adm.role_delete($1::uuid, $2::bigint)
