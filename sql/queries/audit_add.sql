INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action, object_type, object_id, detail, request_id, address)
SELECT c.tenant, $1::uuid, c.actor, $2::text, $3::text, $4::uuid, $5::jsonb, NULLIF($6::text, ''), NULLIF($7::text, '') FROM sec.context() c
