-- object: batch $1
-- The running jobs that were asked to stop.
SELECT adm.batch_cancel($1::uuid)
