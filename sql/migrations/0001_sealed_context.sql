-- The sealed tenant context: who a transaction acts for, in a form that SQL text cannot forge.
-- drm.seal = tenant.user.backend_pid.expiry.key_id.hmac; sec.tenant() verifies it in every statement that touches a tenant's rows.
SET ROLE drm_owner;

CREATE SCHEMA IF NOT EXISTS drm;
CREATE SCHEMA sec;
CREATE SCHEMA app;
CREATE SCHEMA sched;
GRANT USAGE ON SCHEMA drm, sec, app, sched TO drm_app, drm_sched;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
-- Functions name pg_temp last: left out it would be searched first, and a type of a caller's own could stand in for uuid.

-- HMAC-SHA256 keys, kept as their padded halves (RFC 2104) so that a check is two hashes. No grants: only the owner's
-- functions read it.
CREATE TABLE sec.seal_keys (
    id integer PRIMARY KEY CHECK (id > 0),
    ipad bytea NOT NULL CHECK (octet_length(ipad) = 64),
    opad bytea NOT NULL CHECK (octet_length(opad) = 64),
    installed_at timestamptz NOT NULL DEFAULT now()
);
REVOKE ALL ON sec.seal_keys FROM PUBLIC;

CREATE FUNCTION sec.install_seal_key(p_id integer, p_key bytea) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_ipad bytea := pg_catalog.decode(pg_catalog.repeat('36', 64), 'hex');
    v_opad bytea := pg_catalog.decode(pg_catalog.repeat('5c', 64), 'hex');
BEGIN
    IF pg_catalog.octet_length(p_key) <> 32 THEN
        RAISE EXCEPTION 'a seal key has 32 bytes' USING ERRCODE = '22023';
    END IF;
    FOR i IN 0..31 LOOP
        v_ipad := pg_catalog.set_byte(v_ipad, i, pg_catalog.get_byte(p_key, i) # 54);
        v_opad := pg_catalog.set_byte(v_opad, i, pg_catalog.get_byte(p_key, i) # 92);
    END LOOP;
    INSERT INTO sec.seal_keys (id, ipad, opad) VALUES (p_id, v_ipad, v_opad) ON CONFLICT (id) DO NOTHING;
    IF NOT EXISTS (SELECT FROM sec.seal_keys WHERE id = p_id AND ipad = v_ipad) THEN
        RAISE EXCEPTION 'another seal key is installed under number %', p_id USING ERRCODE = 'DR409';
    END IF;
END
$$;

-- Whether a seal was made with this key, for this backend, and has not expired. A function that PostgreSQL puts into the statements that
-- call it: what a seal costs is paid in every statement, and most of that would be calls.
CREATE FUNCTION sec.seal_is_good(p_seal text, p_ipad bytea, p_opad bytea) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    -- Both sides hashed once more: what a comparison's time tells of them is of no use. The expiry is read only of a seal that is ours.
    RETURN CASE WHEN pg_catalog.split_part(p_seal, '.', 3) = pg_catalog.pg_backend_pid()::text
                 AND pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.split_part(p_seal, '.', 6), 'UTF8'))
                   = pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.encode(pg_catalog.sha256(p_opad || pg_catalog.sha256(p_ipad
                     || pg_catalog.convert_to(pg_catalog.left(p_seal, -65), 'UTF8'))), 'hex'), 'UTF8'))
                THEN pg_catalog.to_timestamp(pg_catalog.split_part(p_seal, '.', 4)::double precision) >= pg_catalog.statement_timestamp()
                ELSE false END;

CREATE FUNCTION sec.refuse_seal() RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'the tenant context is not valid' USING ERRCODE = '42501',
        HINT = 'The seal is forged, expired, or belongs to another connection.';
END
$$;

-- Parts of a seal after it was verified: {tenant or '-', user or purpose}. Raises 42501 for anything but a good one.
CREATE FUNCTION sec.open_seal(p_seal text) RETURNS text[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_part text[];
BEGIN
    SELECT (pg_catalog.string_to_array(p_seal, '.'))[1:2] INTO v_part FROM sec.seal_keys k
        WHERE k.id::text = pg_catalog.split_part(p_seal, '.', 5) AND sec.seal_is_good(p_seal, k.ipad, k.opad);
    IF NOT FOUND THEN
        PERFORM sec.refuse_seal();
    END IF;
    RETURN v_part;
END
$$;

-- The tenant of this transaction: NULL without a seal (so policies show no rows) and for a system seal; a bad seal raises.
CREATE FUNCTION sec.tenant() RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_seal text := pg_catalog.current_setting('drm.seal', true);
    v_tenant uuid;
BEGIN
    IF v_seal IS NULL OR v_seal = '' THEN
        RETURN NULL;
    END IF;
    SELECT NULLIF(pg_catalog.split_part(v_seal, '.', 1), '-')::uuid INTO v_tenant FROM sec.seal_keys k
        WHERE k.id::text = pg_catalog.split_part(v_seal, '.', 5) AND sec.seal_is_good(v_seal, k.ipad, k.opad);
    IF NOT FOUND THEN
        PERFORM sec.refuse_seal();
    END IF;
    RETURN v_tenant;
END
$$;

-- Tenant and user of this transaction in one verification; both NULL without a seal and for a system seal.
CREATE FUNCTION sec.context(OUT tenant uuid, OUT actor uuid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_seal text := pg_catalog.current_setting('drm.seal', true);
BEGIN
    IF v_seal IS NULL OR v_seal = '' THEN
        RETURN;
    END IF;
    SELECT NULLIF(pg_catalog.split_part(v_seal, '.', 1), '-')::uuid,
           CASE WHEN v_seal NOT LIKE '-.%' THEN pg_catalog.split_part(v_seal, '.', 2)::uuid END INTO tenant, actor FROM sec.seal_keys k
        WHERE k.id::text = pg_catalog.split_part(v_seal, '.', 5) AND sec.seal_is_good(v_seal, k.ipad, k.opad);
    IF NOT FOUND THEN
        PERFORM sec.refuse_seal();
    END IF;
END
$$;

CREATE FUNCTION sec.actor() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS 'SELECT c.actor FROM sec.context() c';

CREATE FUNCTION app.current_tenant() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS 'SELECT sec.tenant()';
CREATE FUNCTION app.current_user_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS 'SELECT sec.actor()';

-- A seal made by the database itself, for API keys. drm_sched's functions only.
CREATE FUNCTION sec.mint(p_tenant uuid, p_user uuid) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_key sec.seal_keys;
    v_text text;
BEGIN
    SELECT * INTO v_key FROM sec.seal_keys ORDER BY id DESC LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no seal key is installed' USING ERRCODE = '42501', HINT = 'Run drmctl init.';
    END IF;
    v_text := pg_catalog.concat_ws('.', p_tenant, p_user, pg_catalog.pg_backend_pid(),
        (EXTRACT(epoch FROM pg_catalog.clock_timestamp()) + 60)::bigint, v_key.id);
    RETURN v_text || '.' || pg_catalog.encode(pg_catalog.sha256(v_key.opad || pg_catalog.sha256(v_key.ipad ||
        pg_catalog.convert_to(v_text, 'UTF8'))), 'hex');
END
$$;

-- For the owner's own set-up: enters a tenant's context without its user having to exist yet. No grants.
CREATE FUNCTION sec.seed_context(p_seal text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.open_seal(p_seal);
    PERFORM pg_catalog.set_config('drm.seal', p_seal, true);
END
$$;

-- A system seal: no tenant, a purpose. Opens the few functions that cross tenants, and no table.
CREATE FUNCTION sec.enter_system(p_seal text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (sec.open_seal(p_seal))[1] <> '-' THEN
        RAISE EXCEPTION 'not a system seal' USING ERRCODE = '42501';
    END IF;
    PERFORM pg_catalog.set_config('drm.seal', p_seal, true);
END
$$;

CREATE FUNCTION sec.require_system(p_purpose text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_seal text := pg_catalog.current_setting('drm.seal', true);
BEGIN
    IF v_seal IS NULL OR v_seal = '' OR sec.open_seal(v_seal) <> ARRAY['-', p_purpose] THEN
        RAISE EXCEPTION 'this call needs the system context "%"', p_purpose USING ERRCODE = '42501';
    END IF;
END
$$;

-- No statistics of a table's texts. The planner's estimates do not know row-level security: EXPLAIN of name < 'x' would let a tenant search
-- the histogram for the names of others. Codes, which say nothing, keep theirs.
CREATE FUNCTION sec.hide_statistics(p_table regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_column name;
BEGIN
    FOR v_column IN SELECT a.attname FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = p_table AND a.attnum > 0 AND NOT a.attisdropped
                      AND a.atttypid IN ('text'::regtype, 'text[]'::regtype, 'bytea'::regtype)
                      AND a.attname <> ALL (ARRAY['status', 'lane', 'protocol', 'operation', 'role', 'kind', 'snmp_version'])
    LOOP
        EXECUTE pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS 0', p_table, v_column);
    END LOOP;
END
$$;

-- Row-level security for a tenant-scoped table: enabled, forced, one policy for everybody. Refuses a table whose primary key does not
-- start with tenant_id. p_global: rows without a tenant are everybody's to read and nobody's to change.
CREATE FUNCTION sec.protect(p_table regclass, p_global boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a
                       ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                   WHERE i.indrelid = p_table AND i.indisunique AND i.indisvalid AND a.attname = 'tenant_id')
        OR EXISTS (SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a
                       ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                   WHERE i.indrelid = p_table AND i.indisprimary AND a.attname <> 'tenant_id') THEN
        RAISE EXCEPTION 'keys of % do not start with tenant_id', p_table;
    END IF;
    EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', p_table);
    EXECUTE pg_catalog.format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', p_table);
    PERFORM sec.hide_statistics(p_table);
    IF p_global THEN
        EXECUTE pg_catalog.format('CREATE POLICY tenant_read ON %s FOR SELECT USING (tenant_id = (SELECT sec.tenant())'
            ' OR (tenant_id IS NULL AND (SELECT sec.tenant()) IS NOT NULL))', p_table);
        EXECUTE pg_catalog.format('CREATE POLICY tenant_insert ON %s FOR INSERT WITH CHECK (tenant_id = (SELECT sec.tenant()))', p_table);
        EXECUTE pg_catalog.format('CREATE POLICY tenant_update ON %s FOR UPDATE USING (tenant_id = (SELECT sec.tenant()))'
            ' WITH CHECK (tenant_id = (SELECT sec.tenant()))', p_table);
        EXECUTE pg_catalog.format('CREATE POLICY tenant_delete ON %s FOR DELETE USING (tenant_id = (SELECT sec.tenant()))', p_table);
    ELSE
        EXECUTE pg_catalog.format('CREATE POLICY tenant ON %s USING (tenant_id = (SELECT sec.tenant()))'
            ' WITH CHECK (tenant_id = (SELECT sec.tenant()))', p_table);
    END IF;
END
$$;

-- The scheduler's functions cross tenants: drm_sched sees all rows of the tables named to this one.
CREATE FUNCTION sec.open_to_scheduler(p_table regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE pg_catalog.format('CREATE POLICY scheduler ON %s TO drm_sched USING (true) WITH CHECK (true)', p_table);
END
$$;

GRANT EXECUTE ON FUNCTION sec.open_seal(text), sec.tenant(), sec.context(), sec.actor(), sec.enter_system(text), sec.require_system(text),
    app.current_tenant(), app.current_user_id() TO drm_app, drm_sched;
GRANT EXECUTE ON FUNCTION sec.mint(uuid, uuid) TO drm_sched;
