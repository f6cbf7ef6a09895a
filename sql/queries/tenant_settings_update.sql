SELECT adm.tenant_settings($1::boolean), adm.tenant_keep($2::integer, $3::integer)
