SELECT adm.accept_invitation($1::bytea, $2::text)
