SELECT adm.audit_refused($1::uuid, $2::text, $3::text, $4::text, $5::uuid, NULLIF($6::text, ''), NULLIF($7::text, ''))
