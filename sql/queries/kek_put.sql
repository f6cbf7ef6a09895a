SELECT sec.kek_put($1::uuid, $2::integer, $3::bytea, $4::bytea)
