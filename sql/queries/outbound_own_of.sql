SELECT r.tenant_id, r.id, r.cidr::text, r.port_first, r.port_last, r.transport
FROM adm.outbound_rules_of($1::text) r
