-- The roles of drmgmt and the database's outer grants. Run once per cluster and database, by a superuser or by a role that may create
-- roles and owns the database; running it again changes nothing. `drmctl db migrate` runs it when the roles are missing.
-- Passwords are the operator's: ALTER ROLE drm_app PASSWORD '...', ALTER ROLE drm_migrate PASSWORD '...'.
DO $$
DECLARE
    v_role text;
BEGIN
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
    IF current_user <> 'drm_migrate' AND NOT pg_has_role(current_user, 'drm_owner', 'MEMBER') THEN
        EXECUTE format('GRANT drm_owner TO %I', current_user);
    END IF;

    -- Short statements only: neither parallel workers nor compilation pays, and a generic plan's cost estimate must not start them.
    ALTER ROLE drm_app SET jit = off;
    ALTER ROLE drm_app SET max_parallel_workers_per_gather = 0;
    ALTER ROLE drm_app SET timezone = 'UTC';
    ALTER ROLE drm_app SET datestyle = 'ISO';

    -- The application role may connect and nothing else: no temporary tables to shadow names with, no objects of its own.
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO drm_app, drm_migrate', current_database());
    EXECUTE format('GRANT CREATE ON DATABASE %I TO drm_owner', current_database());
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
END
$$;
