SELECT adm.role_assign($1::uuid, $2::uuid, $3::uuid, $4::text, COALESCE($5::text[], '{}'))
