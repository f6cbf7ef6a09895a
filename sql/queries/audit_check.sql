SELECT c.seq, c.at, c.size, encode(c.prev_hash, 'hex'), encode(c.hash, 'hex'), c.id, encode(c.row_hash, 'hex'), encode(c.found, 'hex')
FROM adm.audit_check($1::uuid, $2::bigint, $3::bigint) c
