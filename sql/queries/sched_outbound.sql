SELECT r.tenant_id, r.id, r.cidr, r.port_first, r.port_last, r.transport
FROM sched.outbound_rules($1::uuid[]) AS r
