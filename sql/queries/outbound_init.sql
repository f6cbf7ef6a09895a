WITH made AS (
    INSERT INTO drm.outbound_rules (tenant_id, id, cidr, port_first, port_last, transport, note)
    VALUES ((SELECT sec.tenant()), $1::uuid, $2::text::cidr, $3::integer, $4::integer, $5::text, $6::text)
    RETURNING tenant_id, id)
INSERT INTO drm.audit_logs (tenant_id, id, action, object_type, object_id)
SELECT tenant_id, $7::uuid, 'outbound.allow', 'outbound_rule', id FROM made
