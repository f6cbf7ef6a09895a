-- object: oidc_provider $1
SELECT adm.oidc_provider_hold($1::uuid)
