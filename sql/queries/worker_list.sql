-- $1 rows after the cursor $2, oldest first; $3 lane, $4 host, $5 state.
SELECT @worker:list@ FROM adm.worker_list() w
WHERE w.id > GREATEST($2::uuid, '00000000-0000-0000-0000-000000000000')
  AND ($3::text IS NULL OR $3::text = ANY (string_to_array(w.lane, ','))) AND ($4::text IS NULL OR w.host = $4::text) AND ($5::text IS NULL OR w.state = $5::text)
ORDER BY w.id LIMIT $1::bigint
