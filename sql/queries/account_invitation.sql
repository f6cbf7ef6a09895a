SELECT adm.invitation($1::bytea)
