SELECT adm.tenant_delete($1::uuid, $2::bigint)
