-- Limits: how often somebody may try to prove who they are, and what a tenant may have and do.
SET ROLE drm_owner;

-- ---- attempts to log in ----

-- One row for each thing that attempts are counted by (an account at an address, an address, an account), named by a hash that the library
-- makes: what was typed as an address is not kept, and an account that does not exist looks like one that does.
CREATE TABLE sec.throttle (
    key bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    attempts integer NOT NULL CHECK (attempts >= 0), -- failed or under way
    next_at timestamptz NOT NULL,                    -- none is let in before
    expires_at timestamptz NOT NULL                  -- forgotten then
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX throttle_expiry ON sec.throttle (expires_at);

-- Addresses from where an account was entered before.
CREATE TABLE sec.throttle_known (
    account bytea NOT NULL CHECK (octet_length(account) = 32),
    place bytea NOT NULL CHECK (octet_length(place) = 32),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (account, place)
);
REVOKE ALL ON sec.throttle, sec.throttle_known FROM PUBLIC;

-- From when on the next attempt is let in after so many: at once while some are free, then 1, 2, 4 ... times p_base_ms, at most p_cap_ms.
CREATE FUNCTION sec.throttle_next(p_attempts integer, p_free integer, p_base_ms integer, p_cap_ms integer) RETURNS timestamptz
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS
$$ SELECT CASE WHEN p_attempts < p_free THEN '-infinity'
          ELSE clock_timestamp() + LEAST(p_cap_ms, p_base_ms * power(2, LEAST(p_attempts - p_free, 20))) * interval '1 millisecond' END $$;

-- Whether another attempt may be made: 0, and it is counted as if it had failed (so that guesses made at the same time count each other);
-- or the seconds to wait, and nothing is counted. The rules are the library's (libdrm/auth/throttle.c), one element each: what it counts by,
-- how many attempts are free, and free for an address from where this account was entered before; negative: the rule does not hold.
CREATE FUNCTION sec.throttle_admit(p_account bytea, p_place bytea, p_keys bytea[], p_free integer[], p_known_free integer[],
                                   p_base_ms integer[], p_cap_ms integer[], p_keep_s integer, p_rows_max bigint) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_keep interval := p_keep_s * interval '1 second';
    v_free integer[] := p_free;
    v_until timestamptz;
    v_rule record;
BEGIN
    PERFORM sec.require_system('auth');
    PERFORM pg_catalog.set_config('synchronous_commit', 'off', true); -- a crash of PostgreSQL may forget the last moment's
    IF EXISTS (SELECT FROM sec.throttle_known k WHERE k.account = p_account AND k.place = p_place
               AND k.expires_at > pg_catalog.clock_timestamp()) THEN
        v_free := p_known_free;
    END IF;
    -- Twice at most: who finds the way barred while it is being entered looks again for how long.
    FOR i IN 1..2 LOOP
        -- Who is kept out costs a look and writes nothing.
        SELECT pg_catalog.max(t.next_at) INTO v_until FROM unnest(p_keys, v_free) AS r (key, free)
            JOIN sec.throttle t ON t.key = r.key WHERE r.free >= 0;
        IF v_until > pg_catalog.clock_timestamp() THEN
            RETURN GREATEST(1, pg_catalog.ceil(EXTRACT(epoch FROM v_until - pg_catalog.clock_timestamp())))::integer;
        END IF;
        EXIT WHEN i = 2;
        BEGIN
            -- In the order of the keys, so that two attempts never wait for each other.
            FOR v_rule IN SELECT * FROM unnest(p_keys, v_free, p_base_ms, p_cap_ms) AS r (key, free, base, cap)
                          WHERE r.free >= 0 ORDER BY r.key LOOP
                INSERT INTO sec.throttle AS t (key, attempts, next_at, expires_at)
                    VALUES (v_rule.key, 1, sec.throttle_next(1, v_rule.free, v_rule.base, v_rule.cap), pg_catalog.clock_timestamp() + v_keep)
                    ON CONFLICT (key) DO UPDATE
                        SET attempts = CASE WHEN t.expires_at > pg_catalog.clock_timestamp() THEN t.attempts + 1 ELSE 1 END,
                            next_at = sec.throttle_next(
                                CASE WHEN t.expires_at > pg_catalog.clock_timestamp() THEN t.attempts + 1 ELSE 1 END,
                                v_rule.free, v_rule.base, v_rule.cap),
                            expires_at = excluded.expires_at
                        WHERE t.next_at <= pg_catalog.clock_timestamp();
                IF NOT FOUND THEN
                    RAISE EXCEPTION 'barred meanwhile' USING ERRCODE = 'DR429';
                END IF;
            END LOOP;
            EXIT;
        EXCEPTION WHEN SQLSTATE 'DR429' THEN
            NULL; -- and what was counted by the rules before it is undone
        END;
    END LOOP;
    -- A few of those that are over; and of a table that is too full those that would be over first.
    DELETE FROM sec.throttle WHERE key = ANY (ARRAY(
        SELECT t.key FROM sec.throttle t
            WHERE t.expires_at <= CASE WHEN (SELECT c.reltuples FROM pg_catalog.pg_class c WHERE c.oid = 'sec.throttle'::regclass) > p_rows_max
                                       THEN 'infinity' ELSE pg_catalog.clock_timestamp() END
              AND t.key <> ALL (p_keys)
            ORDER BY t.expires_at LIMIT 16 FOR UPDATE SKIP LOCKED));
    RETURN 0;
END
$$;

-- Takes an attempt back that did not fail. p_succeeded: whoever made it knew what was asked; the account at this address begins anew, and
-- the address is one from where the account is known, up to p_known_max of them. Otherwise it was never decided.
CREATE FUNCTION sec.throttle_settle(p_account bytea, p_place bytea, p_keys bytea[], p_free integer[], p_known_free integer[],
                                    p_succeeded boolean, p_known_s integer, p_known_max integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_free integer[] := p_free;
    v_rule record;
BEGIN
    PERFORM sec.require_system('auth');
    PERFORM pg_catalog.set_config('synchronous_commit', 'off', true);
    IF EXISTS (SELECT FROM sec.throttle_known k WHERE k.account = p_account AND k.place = p_place
               AND k.expires_at > pg_catalog.clock_timestamp()) THEN
        v_free := p_known_free;
    END IF;
    FOR v_rule IN SELECT * FROM unnest(p_keys, v_free) WITH ORDINALITY AS r (key, free, n) WHERE r.free >= 0 ORDER BY r.key LOOP
        UPDATE sec.throttle t
            SET attempts = CASE WHEN p_succeeded AND v_rule.n = 1 THEN 0 ELSE GREATEST(0, t.attempts - 1) END,
                next_at = CASE WHEN (p_succeeded AND v_rule.n = 1) OR t.attempts - 1 < v_rule.free THEN '-infinity' ELSE t.next_at END
            WHERE t.key = v_rule.key;
    END LOOP;
    IF NOT p_succeeded THEN
        RETURN;
    END IF;
    INSERT INTO sec.throttle_known AS k (account, place, expires_at)
        VALUES (p_account, p_place, pg_catalog.clock_timestamp() + p_known_s * interval '1 second')
        ON CONFLICT (account, place) DO UPDATE SET expires_at = excluded.expires_at
            WHERE k.expires_at < excluded.expires_at - interval '1 day';
    IF FOUND THEN
        DELETE FROM sec.throttle_known k WHERE k.account = p_account AND k.place = ANY (ARRAY(
            SELECT o.place FROM sec.throttle_known o WHERE o.account = p_account ORDER BY o.expires_at DESC OFFSET p_known_max));
    END IF;
END
$$;

REVOKE ALL ON FUNCTION sec.throttle_next(integer, integer, integer, integer),
    sec.throttle_admit(bytea, bytea, bytea[], integer[], integer[], integer[], integer[], integer, bigint),
    sec.throttle_settle(bytea, bytea, bytea[], integer[], integer[], boolean, integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sec.throttle_admit(bytea, bytea, bytea[], integer[], integer[], integer[], integer[], integer, bigint),
    sec.throttle_settle(bytea, bytea, bytea[], integer[], integer[], boolean, integer, integer) TO drm_app;

-- ---- quotas ----

-- NULL: no limit. max_running is older: sched.pick() keeps it.
ALTER TABLE drm.tenants
    ADD COLUMN max_devices integer CHECK (max_devices >= 0),
    ADD COLUMN max_queued integer CHECK (max_queued >= 0),    -- jobs that have not ended
    ADD COLUMN max_requests integer CHECK (max_requests > 0); -- API requests a minute; drmd counts them

-- How many there are at most: each that is made is added, none that goes is taken off. So the rows themselves are counted only when this
-- has reached the quota, by which time it may be far too high; and what is true is known only to whoever holds this row.
CREATE TABLE drm.quota_usage (
    tenant_id uuid NOT NULL REFERENCES drm.tenants ON DELETE CASCADE,
    quota text NOT NULL CHECK (quota IN ('devices', 'queued_jobs')),
    at_most bigint NOT NULL,
    PRIMARY KEY (tenant_id, quota)
) WITH (fillfactor = 50);
SELECT sec.protect('drm.quota_usage');
SELECT sec.open_to_scheduler('drm.quota_usage');
GRANT SELECT ON drm.quota_usage TO drm_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON drm.quota_usage TO drm_sched;

-- Adds p_new, which are there already, to what the tenant has; raises when that is more than p_limit. Whoever makes some waits here for
-- those who did before, until their transactions have ended: so the count is exact.
CREATE FUNCTION sched.keep_quota(p_tenant uuid, p_quota text, p_limit integer, p_new bigint, p_state text, p_hint text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_count bigint;
BEGIN
    UPDATE drm.quota_usage u SET at_most = u.at_most + p_new
        WHERE u.tenant_id = p_tenant AND u.quota = p_quota AND u.at_most + p_new <= p_limit;
    IF FOUND THEN
        RETURN;
    END IF;
    INSERT INTO drm.quota_usage AS u (tenant_id, quota, at_most) VALUES (p_tenant, p_quota, 0)
        ON CONFLICT (tenant_id, quota) DO UPDATE SET at_most = u.at_most;
    IF p_quota = 'devices' THEN
        SELECT pg_catalog.count(*) INTO v_count
            FROM (SELECT FROM drm.devices d WHERE d.tenant_id = p_tenant LIMIT p_limit + p_new) AS c;
    ELSE
        SELECT pg_catalog.count(*) INTO v_count
            FROM (SELECT FROM drm.jobs j WHERE j.tenant_id = p_tenant LIMIT p_limit + p_new) AS c;
    END IF;
    IF v_count > p_limit THEN
        RAISE EXCEPTION 'the quota "%" is used up: % of %: %', p_quota, v_count - p_new, p_limit, p_hint
            USING ERRCODE = p_state, DETAIL = pg_catalog.format('quota %s %s %s', p_quota, p_limit, v_count - p_new);
    END IF;
    UPDATE drm.quota_usage u SET at_most = v_count WHERE u.tenant_id = p_tenant AND u.quota = p_quota;
END
$$;

-- After each statement that makes devices or jobs, whoever sent it.
CREATE FUNCTION sched.quota_devices() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sched.keep_quota(t.tenant_id, 'devices', t.max_devices, n.made, 'DR409', 'delete devices, or ask for a higher quota')
        FROM (SELECT m.tenant_id, pg_catalog.count(*) AS made FROM made m GROUP BY m.tenant_id) n
        JOIN drm.tenants t ON t.tenant_id = n.tenant_id WHERE t.max_devices IS NOT NULL;
    RETURN NULL;
END
$$;
CREATE FUNCTION sched.quota_queued_jobs() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sched.keep_quota(t.tenant_id, 'queued_jobs', t.max_queued, n.made, 'DR429', 'wait until some have ended')
        FROM (SELECT m.tenant_id, pg_catalog.count(*) AS made FROM made m GROUP BY m.tenant_id) n
        JOIN drm.tenants t ON t.tenant_id = n.tenant_id WHERE t.max_queued IS NOT NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER quota AFTER INSERT ON drm.devices REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION sched.quota_devices();
CREATE TRIGGER quota AFTER INSERT ON drm.jobs REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION sched.quota_queued_jobs();

-- While a tenant has no quota nothing is added: what was known is worth nothing once it has one again.
CREATE FUNCTION sched.quota_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM drm.quota_usage u WHERE u.tenant_id = NEW.tenant_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER quota AFTER UPDATE OF max_devices, max_queued ON drm.tenants
    FOR EACH ROW EXECUTE FUNCTION sched.quota_changed();

-- The quotas of this transaction's tenant and what it has; limit NULL: none. All of the tenant's rows count, also those that this actor
-- may not see. The limit of API requests is all that the database knows of them.
CREATE FUNCTION sched.quotas() RETURNS TABLE (quota text, "limit" integer, used bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid := sec.tenant();
BEGIN
    PERFORM sec.require('tenant:read');
    RETURN QUERY
        SELECT q.quota, q.most, q.used FROM drm.tenants t
            CROSS JOIN LATERAL (VALUES
                (1, 'devices', t.max_devices, (SELECT pg_catalog.count(*) FROM drm.devices d WHERE d.tenant_id = t.tenant_id)),
                (2, 'queued_jobs', t.max_queued, (SELECT pg_catalog.count(*) FROM drm.jobs j WHERE j.tenant_id = t.tenant_id)),
                (3, 'running_jobs', t.max_running, (SELECT pg_catalog.count(*) FROM drm.jobs j WHERE j.tenant_id = t.tenant_id
                                                    AND j.status = 'running')),
                (4, 'api_requests', t.max_requests, NULL)) AS q (n, quota, most, used)
            WHERE t.tenant_id = v_tenant ORDER BY q.n;
END
$$;

GRANT EXECUTE ON FUNCTION sched.quotas() TO drm_app;
GRANT CREATE ON SCHEMA sched TO drm_sched;
DO $$
DECLARE
    v_function regprocedure;
BEGIN
    FOREACH v_function IN ARRAY ARRAY['sched.keep_quota(uuid, text, integer, bigint, text, text)', 'sched.quota_devices()',
                                      'sched.quota_queued_jobs()', 'sched.quota_changed()', 'sched.quotas()']::regprocedure[]
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', v_function);
        EXECUTE format('ALTER FUNCTION %s OWNER TO drm_sched', v_function);
    END LOOP;
END
$$;
REVOKE CREATE ON SCHEMA sched FROM drm_sched;
