-- $5 the hashes of the recovery codes, one after the other; $6 the log-in that stays.
SELECT adm.second_factor_confirm($1::uuid, $2::uuid, $3::uuid, $4::bigint, $5::bytea, NULLIF($6::text, '')::uuid)
