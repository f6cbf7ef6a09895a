SELECT t.tenant_id, t.name, t.version, t.under_way FROM sec.rekey_tenants($1::text, $2::uuid, $3::integer) t
