SELECT adm.tenant_create($1::uuid, $2::text, $3::integer, $4::bytea, $5::uuid, $6::text, $7::text, $8::uuid, $9::text, $10::text)
