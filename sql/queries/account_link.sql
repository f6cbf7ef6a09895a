SELECT adm.link_invitation($1::uuid, $2::uuid, $3::bytea, $4::uuid, $5::uuid, $6::uuid, $7::text, $8::text)
