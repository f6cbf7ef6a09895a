SELECT @outbound_rule:list@
FROM drm.outbound_rules r
WHERE r.tenant_id = (SELECT sec.tenant()) AND ($2::uuid IS NULL OR r.id > $2::uuid)
ORDER BY r.id
LIMIT $1::integer
