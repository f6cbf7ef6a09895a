SELECT @outbound_rule@
FROM adm.outbound_allow($1::text, $2::uuid, $3::text, $4::integer, $5::integer, $6::text, $7::text) r
