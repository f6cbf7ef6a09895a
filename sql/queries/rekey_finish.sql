SELECT sec.rekey_finish($1::uuid, $2::integer, $3::uuid)
