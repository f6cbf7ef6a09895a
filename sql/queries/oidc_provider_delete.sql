-- object: oidc_provider $1
SELECT adm.oidc_provider_delete($1::uuid)
