-- $12: the key that it is made with, or null: one made by a key may no more, from nowhere else and no longer.
WITH k AS (
    SELECT * FROM adm.api_key_create($1::uuid, $2::text, $3::text, $4::bytea, $8::text[], $9::text[], $10::timestamptz, $11::bigint, $12::uuid)),
audit AS (
    INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action, object_type, object_id, detail, request_id, address)
    SELECT k.tenant_id, $5::uuid, k.user_id, 'api_key.create', 'api_key', k.id,
           jsonb_build_object('label', k.label, 'scopes', sec.mask_names(k.scopes), 'addresses', k.addresses, 'expires_at', k.expires_at), $6, $7
    FROM k)
SELECT @api_key@ FROM k
