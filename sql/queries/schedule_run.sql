-- object: schedule $1
-- The batches that it replaces.
SELECT adm.schedule_run($1::uuid, $2::uuid)
