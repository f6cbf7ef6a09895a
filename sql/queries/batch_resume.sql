-- object: batch $1
SELECT adm.batch_resume($1::uuid)
