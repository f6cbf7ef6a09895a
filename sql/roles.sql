-- The roles of drmgmt and the database's outer grants. Run once per cluster and database, by a superuser or by a role that may create
-- roles and owns the database; running it again changes nothing. `drmctl db migrate` runs it when the roles are missing.
-- Passwords are the operator's: ALTER ROLE drm_app PASSWORD '...', ALTER ROLE drm_migrate PASSWORD '...'.
DO $$
DECLARE
    v_role text;
BEGIN
    SELECT rolname INTO v_role FROM pg_catalog.pg_roles
        WHERE rolname IN ('drm_owner', 'drm_sched', 'drm_app', 'drm_migrate') AND (rolsuper OR rolbypassrls OR rolcreaterole) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'role % exists with rights that reach past row-level security', v_role
            USING HINT = format('ALTER ROLE %I NOSUPERUSER NOBYPASSRLS NOCREATEROLE', v_role);
    END IF;

    FOR v_role IN SELECT r FROM unnest(ARRAY['drm_owner', 'drm_sched', 'drm_app', 'drm_migrate']) AS r
                  WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = r)
    LOOP
        -- NOINHERIT: the owner must take drm_sched's rights by SET ROLE, so that the policies of drm_sched do not show it every tenant.
        EXECUTE format('CREATE ROLE %I %s NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', v_role,
                       CASE WHEN v_role IN ('drm_app', 'drm_migrate') THEN 'LOGIN' ELSE 'NOLOGIN' END);
    END LOOP;

    -- drm_owner owns every object; drm_sched owns the few functions that cross tenants, and drm_owner must be a member to hand them over.
    GRANT drm_sched TO drm_owner;
    GRANT drm_owner TO drm_migrate;
    -- From PostgreSQL 16 on, who creates a role administers it but may not yet SET ROLE to it.
    IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT drm_owner TO %I', current_user);
    END IF;

    -- Short statements only: neither parallel workers nor compilation pays, and a generic plan's cost estimate must not start them.
    ALTER ROLE drm_app SET jit = off;
    -- Statements are prepared once and written for one plan; without this PostgreSQL plans some of them anew each time, which costs
    -- more than running them.
    ALTER ROLE drm_app SET plan_cache_mode = force_generic_plan;
    -- Such a plan is often made while a table is small, and must be right when it is large: by index, row by row.
    ALTER ROLE drm_app SET enable_seqscan = off;
    ALTER ROLE drm_app SET enable_hashjoin = off;
    ALTER ROLE drm_app SET enable_mergejoin = off;
    -- A page is read in an index's order: of all that a list may be filtered by, a generic plan believes that one row is left, and would
    -- fetch a tenant's 100,000 to sort 50 (17 ms, not 0.04).
    ALTER ROLE drm_app SET enable_sort = off;
    ALTER ROLE drm_app SET max_parallel_workers_per_gather = 0;
    ALTER ROLE drm_app SET timezone = 'UTC';
    ALTER ROLE drm_app SET datestyle = 'ISO';

    -- The application role may connect and nothing else: no temporary tables to shadow names with, no objects of its own.
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO drm_app, drm_migrate', current_database());
    EXECUTE format('GRANT CREATE ON DATABASE %I TO drm_owner', current_database());
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;

    -- Who does not own the database is only warned by REVOKE.
    IF has_database_privilege('drm_app', current_database(), 'TEMP') OR has_database_privilege('drm_app', current_database(), 'CREATE')
        OR has_schema_privilege('drm_app', 'public', 'CREATE') THEN
        RAISE EXCEPTION 'drm_app can still create objects in database %', current_database()
            USING HINT = 'Run this as the owner of the database or as a superuser.';
    END IF;
END
$$;
