SELECT i.id, i.linked FROM adm.audit_ids($1::uuid, $2::uuid, $3::text, $4::uuid, $5::uuid) i
