-- $4: whether there is a description, which may be taken away.
SELECT adm.role_update($1::uuid, $2::bigint, $3::text, CASE WHEN $4::boolean THEN COALESCE($5::text, '') END, $6::text[])
