SELECT @outbound_rule@
FROM adm.outbound_remove($1::text, $2::uuid) r
