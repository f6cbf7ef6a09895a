-- Schedules: batches that are started at times told before. When these are is worked out here, once for those who are shown it and for the
-- worker that starts them.
SET ROLE drm_owner;

GRANT SELECT, INSERT, UPDATE, DELETE ON drm.schedules TO drm_sched;
REVOKE INSERT, UPDATE, DELETE ON drm.schedules FROM drm_app;
GRANT CREATE ON SCHEMA sched, adm TO drm_sched;
SET ROLE drm_sched;
-- No call made any so far: what is there was written by hand, in whose name ever, and would run from now on.
DELETE FROM drm.schedules;
SET ROLE drm_owner;

ALTER TABLE drm.schedules
    ADD CONSTRAINT schedules_name CHECK (name = btrim(name) AND length(name) BETWEEN 1 AND 200),
    ADD CONSTRAINT schedules_spec CHECK (jsonb_typeof(spec) = 'object' AND pg_column_size(spec) <= 8388608),
    ADD COLUMN start_at timestamptz,  -- once; with every_ms from then on; with cron not before
    ADD COLUMN every_ms bigint CHECK (every_ms BETWEEN 1000 AND 31622400000),
    ADD COLUMN cron text CHECK (length(cron) BETWEEN 1 AND 200),
    ADD COLUMN time_zone text NOT NULL DEFAULT 'UTC' CHECK (length(time_zone) BETWEEN 1 AND 64), -- of cron
    ADD CONSTRAINT schedules_when CHECK (num_nonnulls(start_at, every_ms, cron) > 0 AND num_nonnulls(every_ms, cron) < 2),
    ADD COLUMN overlap text NOT NULL DEFAULT 'skip' CHECK (overlap IN ('skip', 'queue', 'replace')),
    ADD COLUMN next_runs timestamptz[] NOT NULL DEFAULT '{}', -- the next few; next_run_at is the first of them
    ADD COLUMN waiting boolean NOT NULL DEFAULT false,        -- a run waits for the end of the one before
    ADD COLUMN skipped bigint NOT NULL DEFAULT 0,             -- runs left out because the one before had not ended
    ADD COLUMN last_batch_id uuid,
    ADD COLUMN last_error text,                               -- why the last run could not be started; NULL: it was
    ADD COLUMN last_error_at timestamptz,
    ADD COLUMN disabled_reason text,                          -- of one that was disabled by no call
    ADD COLUMN runs_as uuid,                                  -- who made, changed or enabled it last: its runs have the rights of that user
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX schedules_due ON drm.schedules (next_run_at) WHERE enabled;
CREATE INDEX schedules_waiting ON drm.schedules (tenant_id, id) WHERE enabled AND waiting;
CREATE INDEX batches_of_schedule ON drm.batches (tenant_id, schedule_id) WHERE finished_at IS NULL AND schedule_id IS NOT NULL;
SELECT sec.hide_statistics('drm.schedules');
-- A narrowed context sees the schedules that its actor made, as with batches.
CREATE POLICY own ON drm.schedules AS RESTRICTIVE TO drm_app
    USING ((SELECT sec.scope()) IS NULL OR created_by = (SELECT sec.actor()));

SET ROLE drm_sched;

-- ---- cron ----

-- One value of a field: a number, or the first three letters of a name (p_names[1] stands for p_min).
CREATE FUNCTION sched.cron_value(p_text text, p_field text, p_min integer, p_max integer, p_names text[]) RETURNS integer
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v integer := CASE WHEN p_text ~ '^[0-9]{1,2}$' THEN p_text::integer
                      ELSE pg_catalog.array_position(p_names, pg_catalog.upper(p_text)) + p_min - 1 END;
BEGIN
    IF v IS NULL OR v < p_min OR v > p_max THEN
        RAISE EXCEPTION 'cron: "%" is no %: % to % is expected', p_text, p_field, p_min, p_max USING ERRCODE = 'DR422';
    END IF;
    RETURN v;
END
$$;

-- The values that a field of a cron expression means: lists of *, a, a-b, each with /step; "a/n" goes on to the greatest.
CREATE FUNCTION sched.cron_field(p_text text, p_field text, p_min integer, p_max integer, p_names text[] DEFAULT '{}') RETURNS integer[]
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_item text;
    m text[];
    v_from integer;
    v_to integer;
    v_step integer;
    v_values integer[] := '{}';
BEGIN
    FOREACH v_item IN ARRAY pg_catalog.string_to_array(p_text, ',') LOOP
        m := pg_catalog.regexp_match(v_item, '^(\*|[0-9A-Za-z]+)(?:-([0-9A-Za-z]+))?(?:/([0-9]{1,4}))?$');
        IF m IS NULL OR (m[1] = '*' AND m[2] IS NOT NULL) THEN
            RAISE EXCEPTION 'cron: "%" is no %: *, a, a-b or a list of these, each with /step, is expected', v_item, p_field
                USING ERRCODE = 'DR422';
        END IF;
        v_step := COALESCE(m[3]::integer, 1);
        v_from := CASE m[1] WHEN '*' THEN p_min ELSE sched.cron_value(m[1], p_field, p_min, p_max, p_names) END;
        v_to := CASE WHEN m[2] IS NOT NULL THEN sched.cron_value(m[2], p_field, p_min, p_max, p_names)
                     WHEN m[1] = '*' OR m[3] IS NOT NULL THEN p_max ELSE v_from END;
        IF v_step = 0 OR v_to < v_from THEN
            RAISE EXCEPTION 'cron: "%" in the % is empty: its step must be 1 or more, its end not before its start', v_item, p_field
                USING ERRCODE = 'DR422';
        END IF;
        v_values := v_values || ARRAY(SELECT pg_catalog.generate_series(v_from, v_to, v_step));
    END LOOP;
    RETURN ARRAY(SELECT DISTINCT u FROM unnest(v_values) u ORDER BY u);
END
$$;

-- When a local time of a zone is. One that does not exist (clocks went forward): when the next one is that does. One that comes twice
-- (they went back): its first time.
CREATE FUNCTION sched.instant_of(p_local timestamp, p_zone text) RETURNS timestamptz
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_at timestamptz := p_local AT TIME ZONE p_zone; -- in a gap: by the offset before it; of two: the second
BEGIN
    IF v_at AT TIME ZONE p_zone = p_local THEN
        RETURN (SELECT pg_catalog.min(v_at - d) FROM unnest(ARRAY['0', '30 min', '1 h', '2 h']::interval[]) d
                WHERE (v_at - d) AT TIME ZONE p_zone = p_local);
    END IF;
    WHILE (v_at - interval '1 min') AT TIME ZONE p_zone > p_local LOOP
        v_at := v_at - interval '1 min';
    END LOOP;
    RETURN v_at;
END
$$;

-- Whether the IANA has the time zone. AT TIME ZONE takes more than that: abbreviations, which know no daylight saving, and rules of
-- one's own. Reads all files of zones: asked once, when a schedule is written.
CREATE FUNCTION sched.zone_check(p_zone text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_timezone_names z WHERE z.name = p_zone AND z.name !~ '^(posix|right)/|^posixrules$') THEN
        RAISE EXCEPTION 'time_zone: there is no such zone: one of the IANA is expected, as Europe/Berlin or UTC' USING ERRCODE = 'DR422';
    END IF;
END
$$;

-- What an expression means. As in cron(8), a day matches by either of day of month and day of week if neither starts with *, else by
-- both. each_hour: its hours start with *, so it runs by the time that passes; else by what clocks show. Errors: DR422.
CREATE FUNCTION sched.cron_parse(p_expression text, OUT minutes integer[], OUT hours integer[], OUT days integer[], OUT months integer[],
                                 OUT weekdays integer[], OUT either boolean, OUT each_hour boolean)
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    f text[];
BEGIN
    IF pg_catalog.length(p_expression) > 200 THEN
        RAISE EXCEPTION 'cron: an expression has at most 200 characters' USING ERRCODE = 'DR422';
    END IF;
    f := pg_catalog.regexp_split_to_array(pg_catalog.btrim(CASE pg_catalog.lower(pg_catalog.btrim(p_expression, E' \t'))
        WHEN '@hourly' THEN '0 * * * *' WHEN '@daily' THEN '0 0 * * *' WHEN '@midnight' THEN '0 0 * * *'
        WHEN '@weekly' THEN '0 0 * * 0' WHEN '@monthly' THEN '0 0 1 * *' WHEN '@yearly' THEN '0 0 1 1 *'
        WHEN '@annually' THEN '0 0 1 1 *' ELSE p_expression END, E' \t'), '[ \t]+');
    IF pg_catalog.cardinality(f) IS DISTINCT FROM 5 THEN
        RAISE EXCEPTION 'cron: five fields are expected (minute, hour, day of month, month, day of week), or @hourly, @daily, @weekly,'
            ' @monthly, @yearly' USING ERRCODE = 'DR422';
    END IF;
    minutes := sched.cron_field(f[1], 'minute', 0, 59);
    hours := sched.cron_field(f[2], 'hour', 0, 23);
    days := sched.cron_field(f[3], 'day of month', 1, 31);
    months := sched.cron_field(f[4], 'month', 1, 12, '{JAN,FEB,MAR,APR,MAY,JUN,JUL,AUG,SEP,OCT,NOV,DEC}');
    weekdays := sched.cron_field(f[5], 'day of week', 0, 7, '{SUN,MON,TUE,WED,THU,FRI,SAT}');
    either := f[3] NOT LIKE '*%' AND f[5] NOT LIKE '*%';
    each_hour := f[2] LIKE '*%';
END
$$;

-- The first minute of a day after p_after at which the clocks show one of the hours and minutes: one that they show twice is meant twice,
-- one that they leave out never. NULL: there is none left.
CREATE FUNCTION sched.cron_passing(p_day date, p_hours integer[], p_minutes integer[], p_zone text, p_after timestamptz) RETURNS timestamptz
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_at timestamptz := GREATEST(sched.instant_of(p_day::timestamp, p_zone), pg_catalog.date_trunc('minute', p_after) + interval '1 min');
    v_local timestamp := v_at AT TIME ZONE p_zone;
    v_minute integer;
    v_next integer;
BEGIN
    WHILE v_local::date = p_day LOOP
        v_minute := EXTRACT(minute FROM v_local);
        v_next := CASE WHEN EXTRACT(hour FROM v_local)::integer = ANY (p_hours)
                       THEN (SELECT m FROM unnest(p_minutes) m WHERE m >= v_minute LIMIT 1) END; -- they are in order
        IF v_next = v_minute THEN
            RETURN v_at;
        END IF;
        v_at := v_at + (COALESCE(v_next, 60) - v_minute) * interval '1 min';
        v_local := v_at AT TIME ZONE p_zone;
    END LOOP;
    RETURN NULL;
END
$$;

-- The same by what is written: a time that comes twice is meant once, one that is left out is the next one that comes.
CREATE FUNCTION sched.cron_shown(p_day date, p_hours integer[], p_minutes integer[], p_zone text, p_after timestamptz) RETURNS timestamptz
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_least timestamp := p_after AT TIME ZONE p_zone - interval '3 h'; -- clocks that went back: what they showed before may come again
    v_local timestamp;
    v_hour integer;
    v_minute integer;
    v_at timestamptz;
BEGIN
    FOREACH v_hour IN ARRAY p_hours LOOP
        FOREACH v_minute IN ARRAY p_minutes LOOP
            v_local := p_day + pg_catalog.make_time(v_hour, v_minute, 0);
            CONTINUE WHEN v_local < v_least;
            v_at := sched.instant_of(v_local, p_zone);
            IF v_at > p_after THEN
                RETURN v_at;
            END IF;
        END LOOP;
    END LOOP;
    RETURN NULL;
END
$$;

-- The first time after p_after that a cron expression means in a time zone, which sched.zone_check() took; NULL: none before the year
-- 10000. Looks 41 years ahead: after that, no 29 February has a weekday it did not have before. Errors: DR422.
CREATE FUNCTION sched.cron_next(p_expression text, p_zone text, p_after timestamptz) RETURNS timestamptz
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c_end CONSTANT date := '9999-12-31';
    c record;
    v_day date;
    v_last date;
    v_in_month boolean;
    v_in_week boolean;
    v_at timestamptz;
BEGIN
    IF NOT pg_catalog.isfinite(p_after) THEN
        RAISE EXCEPTION 'after: a time is expected' USING ERRCODE = 'DR422';
    END IF;
    SELECT * INTO c FROM sched.cron_parse(p_expression);
    v_day := (p_after AT TIME ZONE p_zone - interval '3 h')::date;
    v_last := (v_day + interval '41 years')::date;
    WHILE v_day <= LEAST(v_last, c_end) LOOP
        IF EXTRACT(month FROM v_day)::integer <> ALL (c.months) THEN
            v_day := (pg_catalog.date_trunc('month', v_day::timestamp) + interval '1 month')::date;
            CONTINUE;
        END IF;
        v_in_month := EXTRACT(day FROM v_day)::integer = ANY (c.days);
        v_in_week := EXTRACT(dow FROM v_day)::integer = ANY (c.weekdays) OR EXTRACT(isodow FROM v_day)::integer = ANY (c.weekdays);
        IF (v_in_month AND v_in_week) OR (c.either AND (v_in_month OR v_in_week)) THEN
            v_at := CASE WHEN c.each_hour THEN sched.cron_passing(v_day, c.hours, c.minutes, p_zone, p_after)
                         ELSE sched.cron_shown(v_day, c.hours, c.minutes, p_zone, p_after) END;
            IF v_at IS NOT NULL THEN
                RETURN v_at;
            END IF;
        END IF;
        v_day := v_day + 1;
    END LOOP;
    IF v_last > c_end THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'cron: there is no day that "%" means', p_expression USING ERRCODE = 'DR422';
END
$$;

-- ---- when ----

-- The first time after p_after at which a schedule runs; NULL: never more.
CREATE FUNCTION sched.schedule_next(s drm.schedules, p_after timestamptz) RETURNS timestamptz
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_next timestamptz := s.start_at;
BEGIN
    IF s.cron IS NOT NULL THEN
        v_next := sched.cron_next(s.cron, s.time_zone, GREATEST(p_after, s.start_at - interval '1 microsecond'));
    ELSIF s.every_ms IS NOT NULL AND p_after >= s.start_at THEN
        v_next := s.start_at + interval '1 millisecond'
            * (s.every_ms * (pg_catalog.floor(EXTRACT(epoch FROM p_after - s.start_at) * 1000 / s.every_ms) + 1))::double precision;
    END IF;
    RETURN CASE WHEN v_next > p_after AND v_next < '10000-01-01 00:00:00+00' THEN v_next END;
END
$$;

CREATE FUNCTION sched.schedule_runs(s drm.schedules, p_after timestamptz, p_count integer DEFAULT 5) RETURNS timestamptz[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_runs timestamptz[] := '{}';
    v_next timestamptz := p_after;
BEGIN
    WHILE pg_catalog.cardinality(v_runs) < LEAST(p_count, 100) LOOP
        v_next := sched.schedule_next(s, v_next);
        EXIT WHEN v_next IS NULL;
        v_runs := v_runs || v_next;
    END LOOP;
    RETURN v_runs;
END
$$;

-- ---- making, changing, removing ----

-- What of a spec can be wrong and is known already: each run tells it again. p_selectors: the devices that the actor reaches.
CREATE FUNCTION sched.schedule_check_spec(p_tenant uuid, p_selectors jsonb[], p_spec jsonb) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sched.share_of(p_spec ->> f, 100, 'batch.' || f) FROM unnest(ARRAY['canary', 'wave', 'max_failures']) f;
    IF p_spec ? 'device_ids' THEN
        PERFORM sched.devices_in(p_tenant, p_selectors, ARRAY(SELECT l::uuid FROM pg_catalog.jsonb_array_elements_text(p_spec -> 'device_ids') l),
                                 p_spec ->> 'protocol');
    END IF;
END
$$;

-- A schedule as a change makes it. p_change: name, start_at, every_ms, cron, time_zone, overlap, enabled, spec; what is not there stays.
CREATE FUNCTION sched.schedule_apply(s drm.schedules, p_change jsonb, p_actor uuid) RETURNS drm.schedules
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_now timestamptz := pg_catalog.clock_timestamp();
    v_again boolean := p_change ?| '{start_at,every_ms,cron,time_zone,enabled}'; -- when it runs is told, or that it does
BEGIN
    s.name := CASE WHEN p_change ? 'name' THEN p_change ->> 'name' ELSE s.name END;
    s.start_at := CASE WHEN p_change ? 'start_at' THEN (p_change ->> 'start_at')::timestamptz ELSE s.start_at END;
    s.every_ms := CASE WHEN p_change ? 'every_ms' THEN (p_change ->> 'every_ms')::bigint ELSE s.every_ms END;
    s.cron := CASE WHEN p_change ? 'cron' THEN p_change ->> 'cron' ELSE s.cron END;
    s.time_zone := COALESCE(CASE WHEN p_change ? 'time_zone' THEN p_change ->> 'time_zone' ELSE s.time_zone END, 'UTC');
    s.overlap := COALESCE(CASE WHEN p_change ? 'overlap' THEN p_change ->> 'overlap' ELSE s.overlap END, 'skip');
    s.enabled := COALESCE(CASE WHEN p_change ? 'enabled' THEN (p_change ->> 'enabled')::boolean ELSE s.enabled END, true);
    s.spec := COALESCE(p_change -> 'spec', s.spec);
    IF pg_catalog.num_nonnulls(s.start_at, s.every_ms, s.cron) = 0 THEN
        RAISE EXCEPTION 'start_at: when it runs is not told: start_at (once), every_ms or cron is expected' USING ERRCODE = 'DR422';
    ELSIF pg_catalog.num_nonnulls(s.every_ms, s.cron) = 2 THEN
        RAISE EXCEPTION 'every_ms: either this or cron is expected; set the other one to null' USING ERRCODE = 'DR422';
    ELSIF NOT pg_catalog.isfinite(s.start_at) THEN
        RAISE EXCEPTION 'start_at: a time is expected' USING ERRCODE = 'DR422';
    ELSIF s.cron IS NOT NULL AND p_change ?| '{cron,time_zone}' THEN
        PERFORM sched.zone_check(s.time_zone);
    END IF;
    IF s.every_ms IS NOT NULL AND s.start_at IS NULL THEN
        s.start_at := pg_catalog.date_trunc('second', v_now) + s.every_ms * interval '1 millisecond';
    END IF;
    s.next_runs := CASE WHEN s.enabled THEN sched.schedule_runs(s, v_now) ELSE '{}' END;
    IF s.enabled AND v_again AND pg_catalog.cardinality(s.next_runs) = 0 THEN
        RAISE EXCEPTION 'start_at: there is no run to come: it lies in the past' USING ERRCODE = 'DR422';
    END IF;
    s.next_run_at := s.next_runs[1];
    s.waiting := s.waiting AND s.enabled AND s.overlap = 'queue';
    s.disabled_reason := CASE WHEN NOT s.enabled THEN s.disabled_reason END;
    s.runs_as := p_actor;
    s.updated_at := v_now;
    RETURN s;
END
$$;

-- A schedule that the actor of this context may change, locked. p_permission NULL: the one that its operation needs.
CREATE FUNCTION sched.schedule_to_change(p_id uuid, p_version bigint, p_permission text, OUT s drm.schedules, OUT actor uuid,
                                         OUT selectors jsonb[])
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid := sec.tenant();
    c record;
BEGIN
    SELECT * INTO c FROM sec.require_on_devices(COALESCE(p_permission, sched.submit_permission(COALESCE(
        (SELECT (x.spec ->> 'exclusive')::boolean FROM drm.schedules x WHERE x.tenant_id = v_tenant AND x.id = p_id), false))));
    SELECT x.* INTO s FROM drm.schedules x WHERE x.tenant_id = v_tenant AND x.id = p_id
        AND (c.selectors IS NULL OR x.created_by = c.actor) FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no such schedule' USING ERRCODE = 'DR404';
    ELSIF p_version <> 0 AND s.version <> p_version THEN
        RAISE EXCEPTION 'the schedule was changed since it was read: read it again, then change it' USING ERRCODE = 'DR412';
    END IF;
    actor := c.actor;
    selectors := c.selectors;
END
$$;

-- For the actor of this context. An id that is there already: a repetition of a call whose answer got lost.
CREATE FUNCTION adm.schedule_create(p_id uuid, p_change jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c_most CONSTANT bigint := 1000;
    c record;
    s drm.schedules;
BEGIN
    SELECT * INTO c FROM sec.require_on_devices(sched.submit_permission((p_change #>> '{spec,exclusive}')::boolean));
    PERFORM FROM drm.tenants t WHERE t.tenant_id = c.tenant FOR NO KEY UPDATE; -- one at a time, so that the count is exact
    IF EXISTS (SELECT FROM drm.schedules x WHERE x.tenant_id = c.tenant AND x.id = p_id) THEN
        RETURN;
    ELSIF (SELECT pg_catalog.count(*) FROM drm.schedules x WHERE x.tenant_id = c.tenant) >= c_most THEN
        RAISE EXCEPTION 'a tenant has % schedules at most: remove some', c_most USING ERRCODE = 'DR409';
    END IF;
    PERFORM sched.schedule_check_spec(c.tenant, c.selectors, p_change -> 'spec');
    s.tenant_id := c.tenant;
    s.id := p_id;
    s.created_by := c.actor;
    s.created_at := pg_catalog.clock_timestamp();
    s.version := 1;
    s.skipped := 0;
    s.waiting := false;
    s := sched.schedule_apply(s, p_change, c.actor);
    INSERT INTO drm.schedules SELECT s.*;
END
$$;

-- Locks one that the actor of this context may change, which asks for the permission of its operation, until the end of the transaction.
CREATE FUNCTION adm.schedule_hold(p_id uuid, p_version bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.tenant();
    PERFORM sched.schedule_to_change(p_id, p_version, NULL);
END
$$;

-- Whoever changes it gives it the own rights: another operation needs its permission, too.
CREATE FUNCTION adm.schedule_update(p_id uuid, p_change jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid := sec.tenant();
    c record;
    s drm.schedules;
BEGIN
    SELECT * INTO c FROM sched.schedule_to_change(p_id, 0, CASE WHEN p_change ? 'spec'
        THEN sched.submit_permission((p_change #>> '{spec,exclusive}')::boolean) END);
    IF p_change ? 'spec' THEN
        PERFORM sched.schedule_check_spec(v_tenant, c.selectors, p_change -> 'spec');
    END IF;
    s := sched.schedule_apply(c.s, p_change, c.actor);
    UPDATE drm.schedules x SET name = s.name, spec = s.spec, start_at = s.start_at, every_ms = s.every_ms, cron = s.cron, time_zone = s.time_zone,
            overlap = s.overlap, enabled = s.enabled, next_runs = s.next_runs, next_run_at = s.next_run_at, waiting = s.waiting,
            disabled_reason = s.disabled_reason, runs_as = s.runs_as, version = x.version + 1, updated_at = s.updated_at
        WHERE x.tenant_id = v_tenant AND x.id = p_id;
END
$$;

-- Its batches go on.
CREATE FUNCTION adm.schedule_disable(p_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid := sec.tenant();
BEGIN
    PERFORM sched.schedule_to_change(p_id, 0, 'job:cancel');
    UPDATE drm.schedules x SET enabled = false, next_runs = '{}', next_run_at = NULL, waiting = false, version = x.version + 1,
            updated_at = pg_catalog.clock_timestamp()
        WHERE x.tenant_id = v_tenant AND x.id = p_id AND x.enabled;
END
$$;

CREATE FUNCTION adm.schedule_delete(p_id uuid, p_version bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid := sec.tenant();
BEGIN
    PERFORM sched.schedule_to_change(p_id, p_version, 'job:cancel');
    DELETE FROM drm.schedules x WHERE x.tenant_id = v_tenant AND x.id = p_id;
END
$$;

-- When a schedule runs next, as UTC and as the clocks of its zone show it.
CREATE FUNCTION adm.schedule_runs(p_id uuid, p_count integer) RETURNS TABLE (at timestamptz, local timestamp)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c record;
    s drm.schedules;
BEGIN
    SELECT * INTO c FROM sec.require_on_devices('job:read');
    SELECT x.* INTO s FROM drm.schedules x WHERE x.tenant_id = c.tenant AND x.id = p_id
        AND (c.selectors IS NULL OR x.created_by = c.actor);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no such schedule' USING ERRCODE = 'DR404';
    END IF;
    RETURN QUERY SELECT r, r AT TIME ZONE s.time_zone
        FROM unnest(CASE WHEN s.enabled THEN sched.schedule_runs(s, pg_catalog.clock_timestamp(), p_count) END) r;
END
$$;

-- ---- running ----

-- The batches of a schedule that have not ended.
CREATE FUNCTION sched.schedule_open(p_tenant uuid, p_schedule uuid) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT b.id FROM drm.batches b WHERE b.tenant_id = p_tenant AND b.schedule_id = p_schedule AND b.finished_at IS NULL);
END
$$;

-- Ends them: what no worker has at once; running jobs are asked to stop, which their workers see within a second.
CREATE FUNCTION sched.schedule_replace(p_tenant uuid, p_batches uuid[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_batch uuid;
BEGIN
    UPDATE drm.batches b SET status = 'cancelling' WHERE b.tenant_id = p_tenant AND b.id = ANY (p_batches) AND b.finished_at IS NULL;
    FOREACH v_batch IN ARRAY p_batches LOOP
        PERFORM sched.batch_clear(p_tenant, v_batch);
    END LOOP;
END
$$;

-- One run now, by hand and with the rights of who asks. Rows: batches that it replaces. An id that is there already: a repetition.
CREATE FUNCTION adm.schedule_run(p_id uuid, p_batch uuid) RETURNS SETOF uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid := sec.tenant();
    v_open uuid[];
    c record;
BEGIN
    SELECT * INTO c FROM sched.schedule_to_change(p_id, 0, NULL);
    IF EXISTS (SELECT FROM drm.batches b WHERE b.tenant_id = v_tenant AND b.id = p_batch) THEN
        RETURN;
    END IF;
    v_open := sched.schedule_open(v_tenant, p_id);
    IF pg_catalog.cardinality(v_open) > 0 AND (c.s).overlap <> 'replace' THEN
        RAISE EXCEPTION 'the run before has not ended: wait for batch %, or cancel it', v_open[1] USING ERRCODE = 'DR409';
    END IF;
    PERFORM sched.schedule_replace(v_tenant, v_open);
    PERFORM sched.batch_make(v_tenant, c.actor, c.selectors, p_batch, (c.s).spec, NULL, NULL, p_id);
    UPDATE drm.schedules x SET last_run_at = pg_catalog.clock_timestamp(), last_batch_id = p_batch, last_error = NULL, last_error_at = NULL,
            waiting = false
        WHERE x.tenant_id = v_tenant AND x.id = p_id;
    RETURN QUERY SELECT u FROM unnest(v_open) u;
END
$$;

-- Why nobody may start a schedule's batches in the name of its user: NULL if that is not why.
CREATE FUNCTION sched.schedule_why_not(s drm.schedules, p_permission text) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_active boolean := (SELECT u.active FROM drm.users u WHERE u.tenant_id = s.tenant_id AND u.id = s.runs_as);
BEGIN
    RETURN CASE WHEN v_active THEN 'the user who made or last changed it may no longer do this: ' || p_permission
                WHEN v_active IS NULL THEN 'the user who made or last changed it is gone'
                ELSE 'the user who made or last changed it is disabled' END || '; who enables it gives it the own rights';
END
$$;

-- Starts the batch of a run, in the place of p_open. what: started; failed or disabled, and why.
CREATE FUNCTION sched.schedule_start(s drm.schedules, p_open uuid[], OUT what text, OUT batch uuid, OUT message text)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_detail text;
BEGIN
    batch := sec.uuid_v7();
    what := 'started';
    PERFORM sched.schedule_replace(s.tenant_id, p_open);
    PERFORM sched.batch_start(s.tenant_id, batch, s.runs_as, s.spec, s.id);
EXCEPTION
    WHEN query_canceled THEN
        what := 'failed';
        message := 'it took too long to start: its devices are too many for the database as it is now';
    WHEN SQLSTATE 'DR403' THEN
        GET STACKED DIAGNOSTICS v_detail = PG_EXCEPTION_DETAIL;
        what := 'disabled';
        message := sched.schedule_why_not(s, v_detail);
    WHEN OTHERS THEN
        -- A state of the database that passes: this run waits for the next look.
        IF SQLSTATE ~ '^(40|53|58)' THEN
            RAISE;
        END IF;
        what := 'failed';
        message := CASE WHEN SQLSTATE LIKE 'DR%' THEN pg_catalog.left(SQLERRM, 500)
                        ELSE pg_catalog.format('the database refuses what it is to do (%s)', SQLSTATE) END;
END
$$;

-- What becomes of a schedule whose time has come (p_due), or whose waiting run may have its turn.
CREATE FUNCTION sched.schedule_tick(INOUT s drm.schedules, p_due boolean, p_now timestamptz, OUT what text, OUT batch uuid, OUT message text,
                                    OUT replaced uuid[])
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_open uuid[] := sched.schedule_open(s.tenant_id, s.id);
BEGIN
    IF p_due THEN
        BEGIN
            s.next_runs := sched.schedule_runs(s, p_now);
        EXCEPTION WHEN OTHERS THEN -- its zone, which was there when it was made
            what := 'disabled';
            message := pg_catalog.left('its next run cannot be worked out: ' || SQLERRM, 500);
            RETURN;
        END;
    END IF;
    IF NOT EXISTS (SELECT FROM drm.tenants t WHERE t.tenant_id = s.tenant_id AND t.status = 'active') THEN
        what := 'failed';
        message := 'the tenant is suspended';
    ELSIF pg_catalog.cardinality(v_open) > 0 AND s.overlap <> 'replace' THEN
        -- At most one waits: the others are left out.
        s.skipped := s.skipped + (p_due AND (s.overlap = 'skip' OR s.waiting))::integer;
        s.waiting := s.overlap = 'queue';
        what := CASE WHEN s.waiting THEN 'waits' ELSE 'skipped' END;
    ELSE
        SELECT t.what, t.batch, t.message INTO what, batch, message FROM sched.schedule_start(s, v_open) t;
        replaced := CASE what WHEN 'started' THEN v_open END;
    END IF;
END
$$;

CREATE FUNCTION sched.schedule_keep(s drm.schedules, p_what text, p_batch uuid, p_message text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_now timestamptz := pg_catalog.clock_timestamp();
    v_wrong boolean := p_what IN ('failed', 'disabled');
BEGIN
    IF p_what = 'disabled' THEN
        s.enabled := false;
        s.next_runs := '{}';
        s.disabled_reason := p_message;
        s.version := s.version + 1;
        s.updated_at := v_now;
        INSERT INTO drm.audit_logs (tenant_id, id, action, object_type, object_id, detail)
            VALUES (s.tenant_id, sec.uuid_v7(), 'schedule.disable', 'schedule', s.id, pg_catalog.jsonb_build_object('reason', p_message));
    END IF;
    UPDATE drm.schedules x SET enabled = s.enabled, next_runs = s.next_runs, next_run_at = s.next_runs[1], skipped = s.skipped,
            waiting = s.waiting AND p_what = 'waits', disabled_reason = s.disabled_reason, version = s.version, updated_at = s.updated_at,
            last_run_at = CASE p_what WHEN 'started' THEN v_now ELSE x.last_run_at END,
            last_batch_id = CASE p_what WHEN 'started' THEN p_batch ELSE x.last_batch_id END,
            last_error = CASE WHEN v_wrong THEN p_message WHEN p_what = 'started' THEN NULL ELSE x.last_error END,
            last_error_at = CASE WHEN v_wrong THEN v_now WHEN p_what = 'started' THEN NULL ELSE x.last_error_at END
        WHERE x.tenant_id = s.tenant_id AND x.id = s.id;
END
$$;

-- Takes one schedule that is due and that nobody else has just now, or one whose waiting run may have its turn, and starts its batch. One
-- a transaction: none holds up the others, or takes them with it when it fails. No row: there was none. Runs that were missed while
-- nobody looked are one run.
CREATE FUNCTION sched.schedules_fire() RETURNS TABLE (tenant_id uuid, schedule_id uuid, what text, batch_id uuid, message text, replaced uuid[])
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_now timestamptz := pg_catalog.clock_timestamp();
    v_due boolean := true;
    s drm.schedules;
    r record;
BEGIN
    PERFORM sec.require_system('worker');
    SELECT x.* INTO s FROM drm.schedules x WHERE x.enabled AND x.next_run_at <= v_now
        ORDER BY x.next_run_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        v_due := false;
        SELECT x.* INTO s FROM drm.schedules x WHERE x.enabled AND x.waiting
            AND NOT EXISTS (SELECT FROM drm.batches b WHERE b.tenant_id = x.tenant_id AND b.schedule_id = x.id AND b.finished_at IS NULL)
            LIMIT 1 FOR NO KEY UPDATE OF x SKIP LOCKED;
        IF NOT FOUND THEN
            RETURN;
        END IF;
    END IF;
    SELECT * INTO r FROM sched.schedule_tick(s, v_due, v_now);
    PERFORM sched.schedule_keep(r.s, r.what, r.batch, r.message);
    RETURN QUERY SELECT s.tenant_id, s.id, r.what, CASE r.what WHEN 'started' THEN r.batch END, r.message, r.replaced;
END
$$;

DO $$
DECLARE
    f regprocedure;
BEGIN
    FOR f IN SELECT p.oid FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
             WHERE n.nspname IN ('sched', 'adm') AND (p.proname ~ '^(cron|schedule)' OR p.proname IN ('instant_of', 'zone_check'))
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION adm.schedule_create(uuid, jsonb), adm.schedule_hold(uuid, bigint), adm.schedule_update(uuid, jsonb),
    adm.schedule_disable(uuid), adm.schedule_delete(uuid, bigint), adm.schedule_runs(uuid, integer), adm.schedule_run(uuid, uuid),
    sched.schedules_fire() TO drm_app;
SET ROLE drm_owner;
REVOKE CREATE ON SCHEMA sched, adm FROM drm_sched;
