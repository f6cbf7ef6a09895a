SELECT tenant_id, tenant, login_id, provider_id, provider, issuer, client_id, client_secret, nonce, verifier, redirect_uri, loopback, begun,
       trust_issuer_factor, verifier_key, verifier_wrapped, secret_key, secret_wrapped
FROM sec.oidc_take($1::bytea, $2::bytea)
