SELECT sec.oidc_begin($1::uuid, $2::uuid, $3::uuid, $4::bytea, $5::bytea, $6::text, $7::bytea, $8::text, $9::boolean, $10::integer)
