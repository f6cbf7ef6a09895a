SELECT adm.tenant_settings($1::boolean), adm.tenant_keep($2::bigint, $3::bigint)
