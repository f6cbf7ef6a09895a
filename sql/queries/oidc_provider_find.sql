SELECT tenant_id, provider_id, issuer, client_id, scopes, redirect_uri FROM sec.oidc_provider($1::text, $2::text)
