-- Tenants: made, changed, suspended and deleted by the platform's administrators, or made by a registration where that is switched on.
SET ROLE drm_owner;

ALTER TABLE drm.tenants
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN purged bigint NOT NULL DEFAULT 0; -- rows removed so far of one that is being deleted
CREATE INDEX tenants_deleting ON drm.tenants (tenant_id) WHERE status = 'deleting';

-- The platform's administrators see all tenants (their rows here, and nothing that belongs to them).
CREATE FUNCTION sec.may(p_permission text) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM sec.permissions p WHERE p.name = p_permission AND sec.rights() >> p.bit & 1 = 1);
END
$$;
CREATE POLICY platform ON drm.tenants FOR SELECT TO drm_app
    USING ((SELECT sec.tenant()) = '00000000-0000-0000-0000-000000000000' AND (SELECT sec.may('platform:tenant')));

GRANT INSERT, DELETE ON drm.tenants TO drm_sched;
GRANT INSERT, DELETE ON drm.tenant_keys TO drm_sched;

-- ---- making one ----

-- A tenant with its data key, its first administrator and the first row of its audit trail. p_actor: who makes it, as the trail tells.
CREATE FUNCTION sec.tenant_make(p_tenant uuid, p_name text, p_key_version integer, p_wrapped bytea, p_user uuid, p_email text,
                                p_password_hash text, p_actor uuid, p_audit uuid, p_request_id text, p_address text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO drm.tenants (tenant_id, name) VALUES (p_tenant, p_name);
    INSERT INTO drm.tenant_keys (tenant_id, version, wrapped) VALUES (p_tenant, p_key_version, p_wrapped);
    INSERT INTO drm.users (tenant_id, id, email, password_hash, role) VALUES (p_tenant, p_user, p_email, p_password_hash, 'administrator');
    INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action, object_type, object_id, request_id, address)
        VALUES (p_tenant, p_audit, p_actor, 'tenant.create', 'tenant', p_tenant, NULLIF(p_request_id, ''), NULLIF(p_address, ''));
END
$$;

CREATE FUNCTION adm.tenant_create(p_tenant uuid, p_name text, p_key_version integer, p_wrapped bytea, p_user uuid, p_email text,
                                  p_password_hash text, p_audit uuid, p_request_id text, p_address text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require('platform:tenant');
    PERFORM sec.tenant_make(p_tenant, p_name, p_key_version, p_wrapped, p_user, p_email, p_password_hash, sec.actor(), p_audit,
                            p_request_id, p_address);
END
$$;

-- A stranger's own: for the program that was told to allow it.
CREATE FUNCTION adm.tenant_register(p_tenant uuid, p_name text, p_key_version integer, p_wrapped bytea, p_user uuid, p_email text,
                                    p_password_hash text, p_audit uuid, p_request_id text, p_address text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('register');
    PERFORM sec.tenant_make(p_tenant, p_name, p_key_version, p_wrapped, p_user, p_email, p_password_hash, p_user, p_audit, p_request_id,
                            p_address);
END
$$;

-- An administrator of the platform, and with the first one the platform's data key. The owner's.
CREATE FUNCTION sec.platform_administrator_make(p_key_version integer, p_wrapped bytea, p_user uuid, p_email text, p_password_hash text,
                                                p_audit uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_platform uuid := '00000000-0000-0000-0000-000000000000';
BEGIN
    INSERT INTO drm.tenant_keys (tenant_id, version, wrapped)
        SELECT v_platform, p_key_version, p_wrapped WHERE NOT EXISTS (SELECT FROM drm.tenant_keys k WHERE k.tenant_id = v_platform)
        ON CONFLICT DO NOTHING;
    INSERT INTO drm.users (tenant_id, id, email, password_hash, role) VALUES (v_platform, p_user, p_email, p_password_hash, 'administrator');
    INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action, object_type, object_id)
        VALUES (v_platform, p_audit, p_user, 'user.create', 'user', p_user);
END
$$;

-- ---- changing and deleting ----

-- False: there is none of this id with this version (0: any). NULLs stay as they are.
CREATE FUNCTION adm.tenant_change(p_tenant uuid, p_version bigint, p_name text, p_status text, p_set_devices boolean, p_devices integer,
                                  p_set_queued boolean, p_queued integer, p_set_running boolean, p_running integer,
                                  p_set_requests boolean, p_requests integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_status text;
BEGIN
    PERFORM sec.require('platform:tenant');
    SELECT t.status INTO v_status FROM drm.tenants t
        WHERE t.tenant_id = p_tenant AND (p_version = 0 OR t.version = p_version) FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF p_tenant = '00000000-0000-0000-0000-000000000000' THEN
        RAISE EXCEPTION 'the platform itself cannot be changed' USING ERRCODE = 'DR409';
    END IF;
    IF v_status = 'deleting' THEN
        RAISE EXCEPTION 'the tenant is being deleted' USING ERRCODE = 'DR409';
    END IF;
    IF p_status NOT IN ('active', 'suspended') THEN
        RAISE EXCEPTION 'status: active or suspended is wanted' USING ERRCODE = '22023';
    END IF;
    UPDATE drm.tenants SET name = COALESCE(p_name, name), status = COALESCE(p_status, status), version = version + 1,
            max_devices = CASE WHEN p_set_devices THEN p_devices ELSE max_devices END,
            max_queued = CASE WHEN p_set_queued THEN p_queued ELSE max_queued END,
            max_running = CASE WHEN p_set_running THEN p_running ELSE max_running END,
            max_requests = CASE WHEN p_set_requests THEN p_requests ELSE max_requests END,
            updated_at = pg_catalog.clock_timestamp() WHERE tenant_id = p_tenant;
    RETURN true;
END
$$;

-- From here on nobody enters, no job begins, and no secret of the tenant opens: its data keys are gone. Its rows follow, in batches.
CREATE FUNCTION adm.tenant_delete(p_tenant uuid, p_version bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require('platform:tenant');
    IF p_tenant = '00000000-0000-0000-0000-000000000000' THEN
        RAISE EXCEPTION 'the platform itself cannot be deleted' USING ERRCODE = 'DR409';
    END IF;
    UPDATE drm.tenants SET status = 'deleting', version = version + 1, updated_at = pg_catalog.clock_timestamp()
        WHERE tenant_id = p_tenant AND (p_version = 0 OR version = p_version) AND status <> 'deleting';
    IF NOT FOUND THEN
        -- Twice is once.
        RETURN EXISTS (SELECT FROM drm.tenants t WHERE t.tenant_id = p_tenant AND t.status = 'deleting'
                       AND (p_version = 0 OR t.version = p_version));
    END IF;
    DELETE FROM drm.tenant_keys WHERE tenant_id = p_tenant;
    UPDATE drm.jobs SET cancel_requested = true WHERE tenant_id = p_tenant AND status = 'running';
    RETURN true;
END
$$;

-- Removes up to p_limit of a tenant's rows, from tables that nothing refers to any more first; how many it were. The owner's rights, and the
-- tenant's own context: row-level security holds here as anywhere, and a new table is covered by itself.
CREATE FUNCTION sec.purge_rows(p_tenant uuid, p_limit integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_seal text := pg_catalog.current_setting('drm.seal', true);
    v_table regclass;
    v_count integer;
    v_left integer := p_limit;
BEGIN
    PERFORM pg_catalog.set_config('drm.seal', sec.mint(p_tenant, p_tenant::text), true);
    FOR v_table IN
        WITH RECURSIVE tables (id) AS (
            SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
                WHERE c.relnamespace = 'drm'::regnamespace AND c.relkind = 'r'
                      AND c.oid <> 'drm.tenants'::regclass AND c.relname NOT LIKE 'audit\_%'),
        depth (id, n) AS (
            SELECT t.id, 0 FROM tables t
            UNION
            SELECT k.confrelid, d.n + 1 FROM depth d JOIN pg_catalog.pg_constraint k ON k.conrelid = d.id AND k.contype = 'f'
                WHERE k.confrelid <> k.conrelid AND d.n < 20)
        SELECT d.id FROM depth d JOIN tables t ON t.id = d.id GROUP BY d.id ORDER BY pg_catalog.max(d.n), d.id
    LOOP
        EXECUTE pg_catalog.format('DELETE FROM %1$s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %1$s WHERE tenant_id = $1 LIMIT $2))', v_table)
            USING p_tenant, v_left;
        GET DIAGNOSTICS v_count = ROW_COUNT;
        v_left := v_left - v_count;
        EXIT WHEN v_left <= 0;
    END LOOP;
    PERFORM pg_catalog.set_config('drm.seal', COALESCE(v_seal, ''), true);
    RETURN p_limit - v_left;
END
$$;

-- One batch of one tenant that is being deleted; no row: there is none, or others are at it. over: the tenant itself is gone, too.
CREATE FUNCTION sched.purge(p_limit integer, p_audit uuid) RETURNS TABLE (tenant_id uuid, name text, removed integer, over boolean)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant drm.tenants;
    v_removed integer;
    v_trail integer;
BEGIN
    PERFORM sec.require_system('worker');
    SELECT * INTO v_tenant FROM drm.tenants t WHERE t.status = 'deleting' ORDER BY t.tenant_id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    v_removed := sec.purge_rows(v_tenant.tenant_id, p_limit);
    IF v_removed = 0 THEN
        -- The trail last, and with it what programs may not delete.
        v_removed := sec.audit_forget(v_tenant.tenant_id, p_limit);
    END IF;
    UPDATE drm.tenants t SET purged = t.purged + v_removed WHERE t.tenant_id = v_tenant.tenant_id;
    IF v_removed = 0 THEN
        DELETE FROM drm.tenants t WHERE t.tenant_id = v_tenant.tenant_id;
        INSERT INTO drm.audit_logs (tenant_id, id, action, object_type, object_id, detail)
            VALUES ('00000000-0000-0000-0000-000000000000', p_audit, 'tenant.purge', 'tenant', v_tenant.tenant_id,
                    pg_catalog.jsonb_build_object('name', v_tenant.name, 'rows', v_tenant.purged));
    END IF;
    RETURN QUERY SELECT v_tenant.tenant_id, v_tenant.name, v_removed, v_removed = 0;
END
$$;

-- No job of a tenant begins that is suspended or being deleted. (The function as 0005 made it, with one more condition.)
DO $$
DECLARE
    v_old text := pg_catalog.pg_get_functiondef('sched.pick(text, integer, boolean)'::regprocedure);
    v_new text := pg_catalog.replace(v_old, 'CASE WHEN t.max_running IS NULL OR',
                                     'CASE WHEN t.status <> ''active'' THEN 0 WHEN t.max_running IS NULL OR');
BEGIN
    IF v_new = v_old THEN
        RAISE EXCEPTION 'sched.pick() is not what this migration was written for';
    END IF;
    GRANT CREATE ON SCHEMA sched TO drm_sched;
    SET LOCAL ROLE drm_sched;
    EXECUTE v_new;
    SET LOCAL ROLE drm_owner;
    REVOKE CREATE ON SCHEMA sched FROM drm_sched;
END
$$;

GRANT EXECUTE ON FUNCTION sec.may(text), adm.tenant_create(uuid, text, integer, bytea, uuid, text, text, uuid, text, text),
    adm.tenant_register(uuid, text, integer, bytea, uuid, text, text, uuid, text, text), adm.tenant_change(uuid, bigint, text, text, boolean, integer, boolean, integer,
    boolean, integer, boolean, integer),
    adm.tenant_delete(uuid, bigint), sched.purge(integer, uuid) TO drm_app;
GRANT EXECUTE ON FUNCTION sec.purge_rows(uuid, integer) TO drm_sched;
GRANT CREATE ON SCHEMA sec, adm, sched TO drm_sched;
ALTER FUNCTION sec.may(text) OWNER TO drm_sched;
ALTER FUNCTION sec.tenant_make(uuid, text, integer, bytea, uuid, text, text, uuid, uuid, text, text) OWNER TO drm_sched;
ALTER FUNCTION sec.platform_administrator_make(integer, bytea, uuid, text, text, uuid) OWNER TO drm_sched;
ALTER FUNCTION adm.tenant_create(uuid, text, integer, bytea, uuid, text, text, uuid, text, text) OWNER TO drm_sched;
ALTER FUNCTION adm.tenant_register(uuid, text, integer, bytea, uuid, text, text, uuid, text, text) OWNER TO drm_sched;
ALTER FUNCTION adm.tenant_change(uuid, bigint, text, text, boolean, integer, boolean, integer,
    boolean, integer, boolean, integer) OWNER TO drm_sched;
ALTER FUNCTION adm.tenant_delete(uuid, bigint) OWNER TO drm_sched;
ALTER FUNCTION sched.purge(integer, uuid) OWNER TO drm_sched;
REVOKE CREATE ON SCHEMA sec, adm, sched FROM drm_sched;
SET ROLE drm_sched;
GRANT EXECUTE ON FUNCTION sec.tenant_make(uuid, text, integer, bytea, uuid, text, text, uuid, uuid, text, text),
    sec.platform_administrator_make(integer, bytea, uuid, text, text, uuid) TO drm_owner;
SET ROLE drm_owner;
