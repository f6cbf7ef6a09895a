-- object: batch $2
SELECT adm.batch_retry($1::uuid, $2::uuid, $3::boolean)
