-- object: batch $1
SELECT adm.batch_pause($1::uuid)
