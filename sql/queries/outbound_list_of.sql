SELECT @outbound_rule:list@
FROM adm.outbound_rules_of($3::text) r
WHERE $2::uuid IS NULL OR r.id > $2::uuid
ORDER BY r.id
LIMIT $1::integer
