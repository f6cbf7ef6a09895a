-- Schedules: when the next run is. One implementation for those who are shown it and for the worker that starts it.
SET ROLE drm_owner;
GRANT CREATE ON SCHEMA sched TO drm_sched;
SET ROLE drm_sched;

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

-- The first time after p_after that a cron expression means in a time zone, which sched.zone_check() took. As in cron(8), a day matches by either of day of
-- month and day of week if neither starts with *, else by both. Looks 41 years ahead: after that, no 29 February has a weekday it did
-- not have before. Errors: DR422.
CREATE FUNCTION sched.cron_next(p_expression text, p_zone text, p_after timestamptz) RETURNS timestamptz
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_fields text[];
    v_minutes integer[];
    v_hours integer[];
    v_days integer[];
    v_months integer[];
    v_weekdays integer[];
    v_either boolean;
    v_local timestamp;
    v_day date;
    v_last date;
    v_in_month boolean;
    v_in_week boolean;
    v_next timestamptz;
BEGIN
    IF pg_catalog.length(p_expression) > 200 THEN
        RAISE EXCEPTION 'cron: an expression has at most 200 characters' USING ERRCODE = 'DR422';
    ELSIF NOT pg_catalog.isfinite(p_after) THEN
        RAISE EXCEPTION 'after: a time is expected' USING ERRCODE = 'DR422';
    END IF;
    v_fields := pg_catalog.regexp_split_to_array(pg_catalog.btrim(CASE pg_catalog.lower(pg_catalog.btrim(p_expression, E' \t'))
        WHEN '@hourly' THEN '0 * * * *' WHEN '@daily' THEN '0 0 * * *' WHEN '@midnight' THEN '0 0 * * *'
        WHEN '@weekly' THEN '0 0 * * 0' WHEN '@monthly' THEN '0 0 1 * *' WHEN '@yearly' THEN '0 0 1 1 *'
        WHEN '@annually' THEN '0 0 1 1 *' ELSE p_expression END, E' \t'), '[ \t]+');
    IF pg_catalog.cardinality(v_fields) IS DISTINCT FROM 5 THEN
        RAISE EXCEPTION 'cron: five fields are expected (minute, hour, day of month, month, day of week), or @hourly, @daily, @weekly,'
            ' @monthly, @yearly' USING ERRCODE = 'DR422';
    END IF;
    v_minutes := sched.cron_field(v_fields[1], 'minute', 0, 59);
    v_hours := sched.cron_field(v_fields[2], 'hour', 0, 23);
    v_days := sched.cron_field(v_fields[3], 'day of month', 1, 31);
    v_months := sched.cron_field(v_fields[4], 'month', 1, 12, '{JAN,FEB,MAR,APR,MAY,JUN,JUL,AUG,SEP,OCT,NOV,DEC}');
    v_weekdays := sched.cron_field(v_fields[5], 'day of week', 0, 7, '{SUN,MON,TUE,WED,THU,FRI,SAT}');
    v_either := v_fields[3] NOT LIKE '*%' AND v_fields[5] NOT LIKE '*%';

    -- From before the last change of the clocks on: a local time that was passed once may still be to come.
    v_local := p_after AT TIME ZONE p_zone - interval '3 h';
    v_day := v_local::date;
    v_last := (v_local + interval '41 years')::date;
    WHILE v_day <= v_last LOOP
        IF EXTRACT(month FROM v_day)::integer <> ALL (v_months) THEN
            v_day := (pg_catalog.date_trunc('month', v_day::timestamp) + interval '1 month')::date;
            CONTINUE;
        END IF;
        v_in_month := EXTRACT(day FROM v_day)::integer = ANY (v_days);
        v_in_week := EXTRACT(dow FROM v_day)::integer = ANY (v_weekdays) OR EXTRACT(isodow FROM v_day)::integer = ANY (v_weekdays);
        IF (v_in_month AND v_in_week) OR (v_either AND (v_in_month OR v_in_week)) THEN
            FOR v_next IN SELECT sched.instant_of(t.local, p_zone)
                    FROM (SELECT v_day + pg_catalog.make_time(h, m, 0) AS local FROM unnest(v_hours) h, unnest(v_minutes) m) t
                    WHERE t.local > v_local ORDER BY t.local LOOP
                IF v_next > p_after THEN
                    RETURN v_next;
                END IF;
            END LOOP;
        END IF;
        v_day := v_day + 1;
    END LOOP;
    RAISE EXCEPTION 'cron: there is no day that "%" means', p_expression USING ERRCODE = 'DR422';
END
$$;

-- The next p_count times, in their order.
CREATE FUNCTION sched.cron_runs(p_expression text, p_zone text, p_after timestamptz, p_count integer) RETURNS SETOF timestamptz
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_next timestamptz := p_after;
BEGIN
    PERFORM sched.zone_check(p_zone);
    FOR i IN 1..LEAST(p_count, 50) LOOP
        v_next := sched.cron_next(p_expression, p_zone, v_next);
        RETURN NEXT v_next;
    END LOOP;
END
$$;

REVOKE ALL ON FUNCTION sched.cron_value(text, text, integer, integer, text[]), sched.cron_field(text, text, integer, integer, text[]),
    sched.instant_of(timestamp, text), sched.zone_check(text), sched.cron_next(text, text, timestamptz),
    sched.cron_runs(text, text, timestamptz, integer) FROM PUBLIC;
SET ROLE drm_owner;
REVOKE CREATE ON SCHEMA sched FROM drm_sched;
