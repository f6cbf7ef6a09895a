-- The audit trail: what a program may write of it, the chain of hashes that proves it, refused calls, failed log-ins. docs/audit.md is the
-- reference of the hashes; who changes one of the functions that make them makes another format.
SET ROLE drm_owner;

-- ---- rows ----

-- Which transaction wrote a row. Rows are written without waiting for each other and linked to the chain afterwards, when no transaction that
-- old is under way any more: then, in the order (xid, tenant_id, id), none can come before one that is linked.
ALTER TABLE drm.audit_logs ADD COLUMN xid xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id();
CREATE INDEX audit_logs_position ON drm.audit_logs (xid, tenant_id, id);
-- What was done to a thing, and by whom. Each costs 1 us a row.
CREATE INDEX audit_logs_object ON drm.audit_logs (tenant_id, object_id, id);
CREATE INDEX audit_logs_actor ON drm.audit_logs (tenant_id, actor_id, id);

-- A program writes rows of its sealed tenant and actor, as of now and as part of its transaction; and never changes one.
DROP POLICY tenant ON drm.audit_logs;
CREATE POLICY tenant_read ON drm.audit_logs FOR SELECT USING (tenant_id = (SELECT sec.tenant()));
CREATE POLICY tenant_insert ON drm.audit_logs FOR INSERT
    WITH CHECK ((tenant_id, actor_id) = (SELECT c.tenant, c.actor FROM sec.context() c));
-- On the host, as the owner, nobody need have logged in.
CREATE POLICY host ON drm.audit_logs FOR INSERT TO drm_owner WITH CHECK (tenant_id = (SELECT sec.tenant()));
SELECT sec.open_to_scheduler('drm.audit_logs');
REVOKE INSERT ON drm.audit_logs FROM drm_app;
GRANT INSERT (tenant_id, id, actor_id, action, object_type, object_id, detail, request_id, address) ON drm.audit_logs TO drm_app;
GRANT SELECT, INSERT, DELETE, UPDATE (xid) ON drm.audit_logs TO drm_sched;

-- ---- the chain ----

-- One link for some rows of a tenant, in order. hash covers the link before it and the hash of each row.
CREATE TABLE drm.audit_chain (
    tenant_id uuid NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    at timestamptz NOT NULL,
    size integer NOT NULL,
    ids uuid[] NOT NULL,
    row_hashes bytea NOT NULL, -- 32 bytes a row
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (tenant_id, seq)
);
ALTER TABLE drm.audit_chain ALTER COLUMN ids SET STORAGE EXTERNAL, ALTER COLUMN row_hashes SET STORAGE EXTERNAL,
    ALTER COLUMN ids SET STATISTICS 0;
SELECT sec.protect('drm.audit_chain'), sec.open_to_scheduler('drm.audit_chain');
GRANT SELECT ON drm.audit_chain TO drm_app;
GRANT SELECT, INSERT, DELETE ON drm.audit_chain TO drm_sched;

-- Where each tenant's chain ends: what is to be linked next goes on here, and links that vanish from the end are missed.
CREATE TABLE sec.audit_heads (
    tenant_id uuid PRIMARY KEY,
    seq bigint NOT NULL,
    size bigint NOT NULL, -- rows in all links
    hash bytea NOT NULL
);
-- The last row that was linked, of all tenants: what comes after it is not. shift: what is added to transaction ids in a database that was
-- restored from a dump of another server, whose ids were ahead.
CREATE TABLE sec.audit_state (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    xid xid8 NOT NULL DEFAULT '0',
    tenant_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    shift bigint NOT NULL DEFAULT 0
);
INSERT INTO sec.audit_state DEFAULT VALUES;
-- Refusals of an actor since a time: past a number within a minute they are counted, not written one by one.
CREATE TABLE sec.audit_refusals (
    tenant_id uuid NOT NULL,
    actor_id uuid NOT NULL,
    action text NOT NULL,
    since timestamptz NOT NULL,
    refused bigint NOT NULL,
    PRIMARY KEY (tenant_id, actor_id, action)
);
REVOKE ALL ON sec.audit_heads, sec.audit_state, sec.audit_refusals FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON sec.audit_heads, sec.audit_refusals TO drm_sched;
GRANT SELECT, UPDATE ON sec.audit_state TO drm_sched;

-- A value in a text to be hashed: its length in bytes and itself, so that no two lists of values look alike; "-" for null.
CREATE FUNCTION sec.audit_field(p_value text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN COALESCE(pg_catalog.octet_length(p_value)::text || ':' || p_value, '-') || ',';

CREATE FUNCTION sec.audit_time(p_at timestamptz) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN pg_catalog.to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

CREATE FUNCTION sec.audit_row_hash(a drm.audit_logs) RETURNS bytea
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN pg_catalog.sha256(pg_catalog.convert_to('drmgmt-audit-row-1,' || sec.audit_field(a.tenant_id::text)
        || sec.audit_field(a.id::text) || sec.audit_field(a.xid::text) || sec.audit_field(sec.audit_time(a.at))
        || sec.audit_field(a.actor_id::text) || sec.audit_field(a.action) || sec.audit_field(a.object_type)
        || sec.audit_field(a.object_id::text) || sec.audit_field(a.detail::text) || sec.audit_field(a.request_id)
        || sec.audit_field(a.address), 'UTF8'));

CREATE FUNCTION sec.audit_link_hash(p_tenant uuid, p_seq bigint, p_at timestamptz, p_size integer, p_prev bytea, p_row_hashes bytea) RETURNS bytea
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN pg_catalog.sha256(pg_catalog.convert_to('drmgmt-audit-link-1,' || sec.audit_field(p_tenant::text)
        || sec.audit_field(p_seq::text) || sec.audit_field(sec.audit_time(p_at)) || sec.audit_field(p_size::text), 'UTF8')
        || p_prev || p_row_hashes);

-- The n-th hash of a link; the last one with whatever stands behind it.
CREATE FUNCTION sec.audit_nth(p_row_hashes bytea, p_n bigint, p_count integer) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN p_n < p_count THEN pg_catalog.substr(p_row_hashes, (32 * p_n - 31)::integer, 32)
                ELSE pg_catalog.substr(p_row_hashes, (32 * p_n - 31)::integer) END;

-- The first transaction that may still write rows, as they count them.
CREATE FUNCTION sec.audit_horizon(p_shift bigint) RETURNS xid8
    LANGUAGE sql STABLE
    RETURN (pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text::bigint + p_shift)::text::xid8;

-- Links up to p_limit rows that are not yet, one link a tenant; how many it were. -1: none, but some wait for a transaction that is under
-- way, or another program is linking. Safe to be called by any number of programs at any time: one of them works, and for the others, or when
-- there is nothing to do, it is one look at an index.
CREATE FUNCTION sched.audit_link(p_limit integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    s sec.audit_state;
    v_until xid8;
    v_last record;
    v_count integer;
BEGIN
    PERFORM sec.require_system('audit');
    PERFORM sec.audit_settle();
    SELECT * INTO s FROM sec.audit_state;
    v_until := sec.audit_horizon(s.shift);
    IF s.xid >= v_until THEN
        RAISE EXCEPTION 'the audit chain was made on another PostgreSQL server, whose dump was restored here: run drmctl db migrate once'
            USING ERRCODE = 'DR409';
    END IF;
    SELECT a.xid INTO v_last FROM drm.audit_logs a WHERE (a.xid, a.tenant_id, a.id) > (s.xid, s.tenant_id, s.id)
        ORDER BY a.xid, a.tenant_id, a.id LIMIT 1;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    IF v_last.xid >= v_until THEN
        RETURN -1;
    END IF;
    SELECT * INTO s FROM sec.audit_state FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN -1;
    END IF;
    WITH batch AS MATERIALIZED (
        SELECT a.tenant_id, a.xid, a.id, sec.audit_row_hash(a) AS hash FROM drm.audit_logs a
            WHERE (a.xid, a.tenant_id, a.id) > (s.xid, s.tenant_id, s.id) AND a.xid < v_until
            ORDER BY a.xid, a.tenant_id, a.id LIMIT p_limit),
    part AS (
        SELECT b.tenant_id, pg_catalog.count(*)::integer AS size, pg_catalog.array_agg(b.id ORDER BY b.xid, b.id) AS ids,
               pg_catalog.string_agg(b.hash, ''::bytea ORDER BY b.xid, b.id) AS row_hashes
            FROM batch b GROUP BY b.tenant_id),
    link AS (
        INSERT INTO drm.audit_chain AS c (tenant_id, seq, at, size, ids, row_hashes, prev_hash, hash)
            SELECT p.tenant_id, n.seq, n.at, p.size, p.ids, p.row_hashes, n.prev_hash,
                   sec.audit_link_hash(p.tenant_id, n.seq, n.at, p.size, n.prev_hash, p.row_hashes)
                FROM part p LEFT JOIN sec.audit_heads h ON h.tenant_id = p.tenant_id
                CROSS JOIN LATERAL (SELECT COALESCE(h.seq, 0) + 1 AS seq, pg_catalog.statement_timestamp() AS at,
                                           COALESCE(h.hash, pg_catalog.decode(pg_catalog.repeat('00', 32), 'hex')) AS prev_hash) n
            RETURNING c.tenant_id, c.seq, c.size, c.hash),
    head AS (
        INSERT INTO sec.audit_heads AS h (tenant_id, seq, size, hash) SELECT l.tenant_id, l.seq, l.size, l.hash FROM link l
            ON CONFLICT (tenant_id) DO UPDATE SET seq = excluded.seq, size = h.size + excluded.size, hash = excluded.hash)
    SELECT b.xid, b.tenant_id, b.id, (SELECT pg_catalog.count(*) FROM batch) AS n INTO v_last
        FROM batch b ORDER BY b.xid DESC, b.tenant_id DESC, b.id DESC LIMIT 1;
    v_count := COALESCE(v_last.n, -1); -- what was there a moment ago, another program has linked
    IF v_count > 0 THEN
        UPDATE sec.audit_state SET xid = v_last.xid, tenant_id = v_last.tenant_id, id = v_last.id;
    END IF;
    RETURN v_count;
END
$$;

-- ---- refused calls and failed log-ins: a flood by one actor must not fill the disk ----

CREATE FUNCTION sec.audit_limit() RETURNS integer LANGUAGE sql IMMUTABLE RETURN 60; -- rows a minute of one actor

-- A new UUIDv7 (RFC 9562, section 5.7), for rows that the database writes by itself.
CREATE FUNCTION sec.audit_id() RETURNS uuid
    LANGUAGE sql VOLATILE
    RETURN (pg_catalog.lpad(pg_catalog.to_hex((EXTRACT(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
        || pg_catalog.substr(pg_catalog.replace(pg_catalog.gen_random_uuid()::text, '-', ''), 14))::uuid;

-- The one row for those of a minute that were not written.
CREATE FUNCTION sec.audit_count(p_tenant uuid, p_actor uuid, p_action text, p_since timestamptz, p_refused bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action, object_type, object_id, detail)
        SELECT p_tenant, sec.audit_id(), CASE WHEN p_action = 'refused' THEN p_actor END, p_action, 'user', p_actor,
               pg_catalog.jsonb_build_object('more', p_refused - sec.audit_limit(), 'since', sec.audit_time(p_since))
            WHERE p_refused > sec.audit_limit()
$$;

-- Whether this one is written as a row of its own. Counts it in any case.
CREATE FUNCTION sec.audit_admits(p_tenant uuid, p_actor uuid, p_action text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r sec.audit_refusals;
    v_now timestamptz := pg_catalog.clock_timestamp();
BEGIN
    INSERT INTO sec.audit_refusals (tenant_id, actor_id, action, since, refused) VALUES (p_tenant, p_actor, p_action, v_now, 0)
        ON CONFLICT DO NOTHING;
    SELECT * INTO r FROM sec.audit_refusals a WHERE a.tenant_id = p_tenant AND a.actor_id = p_actor AND a.action = p_action FOR UPDATE;
    IF NOT FOUND THEN
        RETURN true; -- settled at this moment
    END IF;
    IF r.since < v_now - interval '1 minute' THEN
        PERFORM sec.audit_count(p_tenant, p_actor, p_action, r.since, r.refused);
        r.since := v_now;
        r.refused := 0;
    END IF;
    UPDATE sec.audit_refusals a SET since = r.since, refused = r.refused + 1
        WHERE a.tenant_id = p_tenant AND a.actor_id = p_actor AND a.action = p_action;
    IF r.refused >= sec.audit_limit() THEN
        PERFORM pg_catalog.set_config('synchronous_commit', 'off', true); -- a flood is not to wait for the disk, nor make others wait
        RETURN false;
    END IF;
    RETURN true;
END
$$;

-- Closes the minutes that are over.
CREATE FUNCTION sec.audit_settle() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r sec.audit_refusals;
BEGIN
    FOR r IN SELECT * FROM sec.audit_refusals a WHERE a.since < pg_catalog.clock_timestamp() - interval '1 minute'
             ORDER BY a.since LIMIT 1000 FOR UPDATE SKIP LOCKED
    LOOP
        PERFORM sec.audit_count(r.tenant_id, r.actor_id, r.action, r.since, r.refused);
        DELETE FROM sec.audit_refusals a WHERE a.tenant_id = r.tenant_id AND a.actor_id = r.actor_id AND a.action = r.action;
    END LOOP;
END
$$;

-- A call of the context's actor was refused. Called by the library after the refusal, in a transaction of its own.
CREATE FUNCTION adm.audit_refused(p_id uuid, p_permission text, p_call text, p_object_type text, p_object_id uuid, p_request_id text,
                                  p_address text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c record;
BEGIN
    SELECT * INTO c FROM sec.context();
    IF c.actor IS NULL THEN
        RAISE EXCEPTION 'this needs the context of an actor' USING ERRCODE = '42501';
    END IF;
    IF sec.audit_admits(c.tenant, c.actor, 'refused') THEN
        INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action, object_type, object_id, detail, request_id, address)
            VALUES (c.tenant, p_id, c.actor, 'refused', pg_catalog.left(p_object_type, 64), p_object_id,
                    pg_catalog.jsonb_build_object('permission', pg_catalog.left(p_permission, 64), 'call', pg_catalog.left(p_call, 64)),
                    pg_catalog.left(p_request_id, 64), pg_catalog.left(p_address, 64));
    END IF;
END
$$;

-- A log-in to a known account failed. Only with the system context "auth".
CREATE FUNCTION adm.audit_failed_login(p_id uuid, p_tenant uuid, p_user uuid, p_reason text, p_request_id text, p_address text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('auth');
    -- The time of an answer must not tell whether there was a row to wait for.
    PERFORM pg_catalog.set_config('synchronous_commit', 'off', true);
    IF EXISTS (SELECT FROM drm.users u WHERE u.tenant_id = p_tenant AND u.id = p_user)
        AND sec.audit_admits(p_tenant, p_user, 'auth.login_failed') THEN
        INSERT INTO drm.audit_logs (tenant_id, id, action, object_type, object_id, detail, request_id, address)
            VALUES (p_tenant, p_id, 'auth.login_failed', 'user', p_user,
                    pg_catalog.jsonb_build_object('reason', pg_catalog.left(p_reason, 64)), pg_catalog.left(p_request_id, 64),
                    pg_catalog.left(p_address, 64));
    END IF;
END
$$;

-- ---- proving it ----
-- The tenant's own people see theirs; the platform's may prove any tenant's, and see no content: only hashes and ids come out here.

CREATE FUNCTION sec.audit_tenant(p_tenant uuid) RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_own uuid := sec.tenant();
BEGIN
    IF p_tenant IS NULL OR p_tenant = v_own THEN
        PERFORM sec.require('audit:read');
        RETURN v_own;
    END IF;
    PERFORM sec.require('platform:audit');
    IF NOT EXISTS (SELECT FROM drm.tenants t WHERE t.tenant_id = p_tenant) THEN
        RAISE EXCEPTION 'there is no such tenant' USING ERRCODE = 'DR404';
    END IF;
    RETURN p_tenant;
END
$$;

-- The end of the chain, the last linked row of all tenants as it is at the same moment, and how many rows wait for a link (at most 10,000
-- are looked for).
CREATE FUNCTION adm.audit_head(p_tenant uuid, OUT tenant_id uuid, OUT seq bigint, OUT size bigint, OUT hash bytea, OUT last_xid text,
                               OUT last_tenant uuid, OUT last_id uuid, OUT pending bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    tenant_id := sec.audit_tenant(p_tenant);
    SELECT COALESCE(h.seq, 0), COALESCE(h.size, 0), COALESCE(h.hash, pg_catalog.decode(pg_catalog.repeat('00', 32), 'hex')),
           s.xid::text, s.tenant_id, s.id
        INTO seq, size, hash, last_xid, last_tenant, last_id
        FROM sec.audit_state s LEFT JOIN sec.audit_heads h ON h.tenant_id = audit_head.tenant_id;
    SELECT pg_catalog.count(*) FILTER (WHERE p.tenant_id = audit_head.tenant_id) INTO pending
        FROM (SELECT a.tenant_id FROM drm.audit_logs a
                  WHERE (a.xid, a.tenant_id, a.id) > (last_xid::xid8, last_tenant, last_id)
                  ORDER BY a.xid, a.tenant_id, a.id LIMIT 10000) p;
END
$$;

-- Some links after p_after up to p_until, a row for each of their rows: what its hash was, and what it is (null: it is not there). What
-- belongs to the link stands in its first row.
CREATE FUNCTION adm.audit_check(p_tenant uuid, p_after bigint, p_until bigint)
    RETURNS TABLE (seq bigint, at text, size integer, prev_hash bytea, hash bytea, id uuid, row_hash bytea, found bytea)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid := sec.audit_tenant(p_tenant);
BEGIN
    RETURN QUERY
    WITH next AS MATERIALIZED (
        SELECT n.seq, pg_catalog.sum(n.size) OVER (ORDER BY n.seq) - n.size AS before
            FROM (SELECT c.seq, c.size FROM drm.audit_chain c WHERE c.tenant_id = v_tenant AND c.seq > p_after AND c.seq <= p_until
                  ORDER BY c.seq LIMIT 1024) n)
    SELECT c.seq, CASE WHEN r.n = 1 THEN sec.audit_time(c.at) END, CASE WHEN r.n = 1 THEN c.size END,
           CASE WHEN r.n = 1 THEN c.prev_hash END, CASE WHEN r.n = 1 THEN c.hash END, r.id,
           sec.audit_nth(c.row_hashes, r.n, pg_catalog.cardinality(c.ids)),
           CASE WHEN a.id IS NOT NULL THEN sec.audit_row_hash(a) END
        FROM next x JOIN drm.audit_chain c ON c.tenant_id = v_tenant AND c.seq = x.seq
        CROSS JOIN LATERAL (SELECT u.id, u.n FROM pg_catalog.unnest(c.ids) WITH ORDINALITY AS u (id, n)
                            UNION ALL SELECT NULL, 1 WHERE pg_catalog.cardinality(c.ids) = 0) r
        LEFT JOIN drm.audit_logs a ON a.tenant_id = v_tenant AND a.id = r.id
        WHERE x.before < 1024 ORDER BY c.seq, r.n;
END
$$;

-- Ids of rows that must be in the chain, in order: those up to the last linked row.
CREATE FUNCTION adm.audit_ids(p_tenant uuid, p_after uuid, p_last_xid text, p_last_tenant uuid, p_last_id uuid)
    RETURNS TABLE (id uuid, linked boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid := sec.audit_tenant(p_tenant);
BEGIN
    RETURN QUERY SELECT a.id, (a.xid, a.tenant_id, a.id) <= (p_last_xid::xid8, p_last_tenant, p_last_id) FROM drm.audit_logs a
        WHERE a.tenant_id = v_tenant AND a.id > p_after ORDER BY a.id LIMIT 10000;
END
$$;

-- Tenants whose chain can be proved, in order: of one that is being deleted rows go before their links.
CREATE FUNCTION adm.audit_tenants(p_after uuid) RETURNS TABLE (tenant_id uuid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require('platform:audit');
    RETURN QUERY SELECT t.tenant_id FROM drm.tenants t WHERE t.status <> 'deleting' AND (p_after IS NULL OR t.tenant_id > p_after)
        ORDER BY t.tenant_id LIMIT 1000;
END
$$;

-- Rows of one's own tenant that are not linked yet, after one of them.
CREATE FUNCTION adm.audit_pending(p_xid text, p_tenant uuid, p_id uuid) RETURNS SETOF drm.audit_logs
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid := sec.audit_tenant(NULL);
BEGIN
    RETURN QUERY SELECT a.* FROM drm.audit_logs a
        WHERE (a.xid, a.tenant_id, a.id) > (p_xid::xid8, p_tenant, p_id) AND a.tenant_id = v_tenant
        ORDER BY a.xid, a.tenant_id, a.id LIMIT 1024;
END
$$;

-- ---- for the owner, and for the end of a tenant ----

-- Takes away up to p_limit rows of a tenant that is deleted, at last its chain; how many rows it were.
CREATE FUNCTION sec.audit_forget(p_tenant uuid, p_limit integer) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_count bigint;
BEGIN
    DELETE FROM drm.audit_logs a WHERE a.tenant_id = p_tenant
        AND a.id = ANY (ARRAY(SELECT b.id FROM drm.audit_logs b WHERE b.tenant_id = p_tenant ORDER BY b.id LIMIT p_limit));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    IF v_count < p_limit THEN
        DELETE FROM drm.audit_chain c WHERE c.tenant_id = p_tenant;
        DELETE FROM sec.audit_heads h WHERE h.tenant_id = p_tenant;
        DELETE FROM sec.audit_refusals r WHERE r.tenant_id = p_tenant;
    END IF;
    RETURN v_count;
END
$$;

-- Rows written on this server before audit_rebase(): they look older than the chain.
CREATE FUNCTION sec.audit_shift_rows(p_shift bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE drm.audit_logs a SET xid = (a.xid::text::bigint + p_shift)::text::xid8
        WHERE a.at > (SELECT pg_catalog.max(c.at) FROM drm.audit_chain c)
          AND (a.xid, a.tenant_id, a.id) <= (SELECT s.xid, s.tenant_id, s.id FROM sec.audit_state s)
          AND (a.tenant_id, a.id) NOT IN (SELECT c.tenant_id, u.id FROM drm.audit_chain c, pg_catalog.unnest(c.ids) AS u (id))
$$;

-- Called by `drmctl db migrate`. In a database restored from a dump of another server, whose transaction ids were ahead of this one's, rows
-- written from now on count on from there. True: that was so.
CREATE FUNCTION sec.audit_rebase() RETURNS boolean
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    s sec.audit_state;
    v_shift bigint;
BEGIN
    SELECT * INTO s FROM sec.audit_state FOR UPDATE;
    IF s.xid < sec.audit_horizon(s.shift) THEN
        RETURN false;
    END IF;
    LOCK TABLE drm.audit_logs IN ACCESS EXCLUSIVE MODE;
    v_shift := s.xid::text::bigint + 1; -- whatever this server's ids are
    EXECUTE pg_catalog.format('ALTER TABLE drm.audit_logs ALTER COLUMN xid SET DEFAULT'
        ' ((pg_catalog.pg_current_xact_id()::text::bigint + %s)::text::xid8)', v_shift);
    PERFORM sec.audit_shift_rows(v_shift - s.shift);
    UPDATE sec.audit_state SET shift = v_shift;
    RETURN true;
END
$$;

GRANT EXECUTE ON FUNCTION sched.audit_link(integer), adm.audit_refused(uuid, text, text, text, uuid, text, text),
    adm.audit_failed_login(uuid, uuid, uuid, text, text, text), adm.audit_head(uuid), adm.audit_check(uuid, bigint, bigint),
    adm.audit_ids(uuid, uuid, text, uuid, uuid), adm.audit_tenants(uuid), adm.audit_pending(text, uuid, uuid) TO drm_app;
GRANT EXECUTE ON FUNCTION sec.audit_field(text), sec.audit_time(timestamptz), sec.audit_row_hash(drm.audit_logs),
    sec.audit_link_hash(uuid, bigint, timestamptz, integer, bytea, bytea), sec.audit_nth(bytea, bigint, integer),
    sec.audit_horizon(bigint), sec.audit_limit(), sec.audit_id(),
    sec.audit_forget(uuid, integer) TO drm_sched;
GRANT CREATE ON SCHEMA sec, adm, sched TO drm_sched;
DO $$
DECLARE
    v_function regprocedure;
BEGIN
    FOR v_function IN SELECT p.oid FROM pg_catalog.pg_proc p
        WHERE (p.pronamespace IN ('sec'::regnamespace, 'adm'::regnamespace) AND p.prosecdef AND p.proname ~ '^audit_')
           OR p.oid = 'sched.audit_link(integer)'::regprocedure
    LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO drm_sched', v_function);
    END LOOP;
END
$$;
REVOKE CREATE ON SCHEMA sec, adm, sched FROM drm_sched;
SET ROLE drm_sched;
GRANT EXECUTE ON FUNCTION sec.audit_shift_rows(bigint) TO drm_owner;
SET ROLE drm_owner;
