SELECT adm.tenant_class($1::uuid, $2::text)
