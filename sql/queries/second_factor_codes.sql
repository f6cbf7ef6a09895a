-- $3 the hashes of the new recovery codes, one after the other.
SELECT adm.second_factor_codes($1::uuid, $2::uuid, $3::bytea)
