SELECT t.tenant_id FROM adm.audit_tenants($1::uuid) t
