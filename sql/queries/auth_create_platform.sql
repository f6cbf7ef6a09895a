-- Run by the owner.
SELECT sec.platform_administrator_make($1::integer, $2::bytea, $3::uuid, $4::text, $5::text, $6::uuid)
