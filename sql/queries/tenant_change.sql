-- Of each quota whether it is to change, and to what.
SELECT adm.tenant_change($1::uuid, $2::bigint, $3::text, $4::text, $5::boolean, $6::integer, $7::boolean, $8::integer, $9::boolean,
                         $10::integer, $11::boolean, $12::integer)
