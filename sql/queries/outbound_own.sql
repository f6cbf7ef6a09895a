SELECT r.tenant_id, r.id, r.cidr::text, r.port_first, r.port_last, r.transport
FROM drm.outbound_rules r
WHERE r.tenant_id = (SELECT sec.tenant())
ORDER BY r.id
