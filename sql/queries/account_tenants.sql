SELECT tenant_id, name, current FROM adm.own_tenants()
