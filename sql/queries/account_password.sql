SELECT adm.set_own_password($1::text, $2::text, $3::text, $4::text)
