SELECT sec.rekey_start($1::uuid, $2::integer, $3::bytea, $4::uuid)
