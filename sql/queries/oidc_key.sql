SELECT version, wrapped FROM sec.oidc_key($1::uuid)
