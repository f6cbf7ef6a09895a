-- Run by the owner, in the context of the tenant that is being made.
SELECT sec.tenant_make($1::uuid, $2::text, $3::integer, $4::bytea, $5::uuid, $6::text, $7::text, $5::uuid, $8::uuid, $9::text, $10::text)
