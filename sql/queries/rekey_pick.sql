SELECT r.row_id, r.blob FROM sec.rekey_pick($1::uuid, $2::text, $3::text, $4::uuid, $5::integer) r
