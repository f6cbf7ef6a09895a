-- Run by the owner, in the context of the tenant that is being made.
WITH tenant AS (
    INSERT INTO drm.tenants (tenant_id, name) VALUES ($1::uuid, $2)),
data_key AS (
    INSERT INTO drm.tenant_keys (tenant_id, version, wrapped) VALUES ($1::uuid, $3::integer, $4::bytea)),
administrator AS (
    INSERT INTO drm.users (tenant_id, id, email, password_hash, role) VALUES ($1::uuid, $5::uuid, $6, $7, 'administrator'))
INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action, object_type, object_id)
VALUES ($1::uuid, $8::uuid, $5::uuid, 'tenant.create', 'tenant', $1::uuid)
