SELECT adm.audit_failed_login($1::uuid, $2::uuid, $3::uuid, $4::text, NULLIF($5::text, ''), NULLIF($6::text, ''))
