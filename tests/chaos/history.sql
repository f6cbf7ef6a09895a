-- What happened to each job, written down by the database itself in the transactions that did it: for the proofs of verdict.py, and to
-- be read when one fails. The superuser's; programs neither see nor change it.
CREATE SCHEMA chaos;
GRANT USAGE ON SCHEMA chaos TO PUBLIC;
CREATE TABLE chaos.history (
    n bigserial PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    job uuid NOT NULL,
    event text NOT NULL,
    status text,
    worker uuid,
    attempt integer,
    failures integer,
    losses integer
);
CREATE TABLE chaos.workers (id uuid PRIMARY KEY, pid integer NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp(), given_up timestamptz);

CREATE FUNCTION chaos.note_job() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_job drm.jobs := COALESCE(NEW, OLD);
BEGIN
    INSERT INTO chaos.history (job, event, status, worker, attempt, failures, losses)
        VALUES (v_job.id, lower(TG_OP), v_job.status, v_job.worker_id, v_job.attempt, v_job.failures, v_job.losses);
    RETURN NULL;
END
$$;
CREATE TRIGGER chaos AFTER INSERT OR UPDATE OR DELETE ON drm.jobs FOR EACH ROW EXECUTE FUNCTION chaos.note_job();

CREATE FUNCTION chaos.note_result() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO chaos.history (job, event, status, worker, attempt) VALUES (NEW.id, 'result', NEW.status, NEW.worker_id, NEW.attempt);
    RETURN NULL;
END
$$;
CREATE TRIGGER chaos AFTER INSERT ON drm.job_results FOR EACH ROW EXECUTE FUNCTION chaos.note_result();

CREATE FUNCTION chaos.note_worker() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO chaos.workers (id, pid) VALUES (NEW.id, NEW.pid) ON CONFLICT DO NOTHING;
    ELSIF OLD.alive AND NOT NEW.alive THEN
        UPDATE chaos.workers SET given_up = clock_timestamp() WHERE id = NEW.id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER chaos_new AFTER INSERT ON drm.workers FOR EACH ROW EXECUTE FUNCTION chaos.note_worker();
CREATE TRIGGER chaos_end AFTER UPDATE OF alive ON drm.workers FOR EACH ROW EXECUTE FUNCTION chaos.note_worker();
