SELECT adm.tenant_settings($1::boolean)
