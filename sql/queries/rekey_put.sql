SELECT sec.rekey_put($1::uuid, $2::text, $3::text, $4::uuid[], $5::bytea[], $6::bytea[])
