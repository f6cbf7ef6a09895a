-- The user of the same person in another tenant, by the tenant's name or id.
SELECT tenant_id, user_id FROM adm.own_tenants() WHERE NOT current AND (name = $1::text OR tenant_id::text = lower($1::text))
