-- object: oidc_provider $1
SELECT adm.oidc_provider_create($1::uuid, $2::text, $3::text, $4::text, $5::bytea, $6::text, $7::text, $8::boolean, $9::boolean, $10::text,
                                $11::text[], $12::boolean, $13::boolean)
