-- object: job $1
-- Waits for a claim of this job that is under way, and tells what it has become. No row: it has ended, or never was.
UPDATE drm.jobs j SET cancel_requested = true WHERE j.id = $1::uuid RETURNING j.status
