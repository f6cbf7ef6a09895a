-- object: oidc_provider $1
SELECT adm.oidc_provider_update($1::uuid, $2::text, $3::text, $4::text, $5::bytea, $6::boolean, $7::text, $8::text, $9::boolean, $10::boolean,
                                $11::text, $12::text[], $13::boolean, $14::boolean)
