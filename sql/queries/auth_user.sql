SELECT tenant_id, user_id, password_hash, active, tenant FROM sec.auth_user($1, $2)
