-- Tenants, their data keys, users, API keys, refresh tokens, roles, audit; and the functions that enter a transaction.
SET ROLE drm_owner;

CREATE TABLE drm.tenants (
    tenant_id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name = btrim(name) AND length(name) BETWEEN 1 AND 100),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'deleting')),
    max_running integer CHECK (max_running > 0), -- NULL: no cap
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Data keys wrapped by a key-encryption key of the keyring (docs/keyring.md).
CREATE TABLE drm.tenant_keys (
    tenant_id uuid NOT NULL REFERENCES drm.tenants ON DELETE CASCADE,
    version integer NOT NULL CHECK (version > 0),
    wrapped bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, version)
);

CREATE TABLE drm.users (
    tenant_id uuid NOT NULL REFERENCES drm.tenants ON DELETE CASCADE,
    id uuid NOT NULL,
    email text NOT NULL CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 254),
    password_hash text,
    role text NOT NULL CHECK (role IN ('viewer', 'operator', 'administrator')),
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, email)
);
CREATE INDEX users_email ON drm.users (email); -- log-in starts from the address

CREATE TABLE drm.rbac_roles (
    tenant_id uuid NOT NULL REFERENCES drm.tenants ON DELETE CASCADE,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    permissions text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);
CREATE TABLE drm.user_roles (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, user_id, role_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES drm.users ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, role_id) REFERENCES drm.rbac_roles ON DELETE CASCADE
);

CREATE TABLE drm.api_keys (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    label text NOT NULL CHECK (length(label) BETWEEN 1 AND 100),
    prefix text NOT NULL,
    key_hash bytea NOT NULL CHECK (octet_length(key_hash) = 32), -- SHA-256 of the whole key
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    expires_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES drm.users ON DELETE CASCADE
);
CREATE INDEX api_keys_id ON drm.api_keys (id); -- a key tells its id, not its tenant; not unique: no oracle

CREATE TABLE drm.refresh_tokens (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    family_id uuid NOT NULL,
    user_id uuid NOT NULL,
    token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES drm.users ON DELETE CASCADE
);
CREATE INDEX refresh_tokens_family ON drm.refresh_tokens (tenant_id, family_id);

CREATE TABLE drm.audit_logs (
    tenant_id uuid NOT NULL, -- no foreign key: the policy vouches for it, and each row would lock its tenant's
    id uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor_id uuid,
    action text NOT NULL,      -- "device.create"
    object_type text,
    object_id uuid,
    detail jsonb,              -- secrets never
    request_id text,
    address text,
    PRIMARY KEY (tenant_id, id)
);

SELECT sec.protect(t) FROM unnest(ARRAY['drm.tenants', 'drm.tenant_keys', 'drm.users', 'drm.rbac_roles', 'drm.user_roles',
    'drm.api_keys', 'drm.refresh_tokens', 'drm.audit_logs']::regclass[]) AS t;
SELECT sec.open_to_scheduler(t) FROM unnest(ARRAY['drm.tenants', 'drm.tenant_keys', 'drm.users', 'drm.api_keys']::regclass[]) AS t;

GRANT SELECT ON drm.tenants, drm.tenant_keys, drm.rbac_roles, drm.user_roles, drm.audit_logs TO drm_app;
GRANT SELECT (tenant_id, id, email, role, active, created_at, updated_at) ON drm.users TO drm_app;
GRANT SELECT, INSERT ON drm.api_keys, drm.refresh_tokens TO drm_app;
GRANT UPDATE (revoked_at, last_used_at) ON drm.api_keys TO drm_app;
GRANT UPDATE (used_at, revoked_at) ON drm.refresh_tokens TO drm_app;
GRANT INSERT ON drm.audit_logs TO drm_app;
GRANT SELECT ON drm.tenants, drm.tenant_keys, drm.users, drm.api_keys TO drm_sched;
GRANT UPDATE (last_used_at) ON drm.api_keys TO drm_sched;

-- The rank of a user's role; no row unless the user is active in an active tenant. Put into the statements that call it, and not granted to
-- programs: it would tell who exists.
CREATE FUNCTION sec.actor_rank(p_tenant uuid, p_user uuid) RETURNS TABLE (rank integer)
    LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT CASE u.role WHEN 'viewer' THEN 1 WHEN 'operator' THEN 2 WHEN 'administrator' THEN 3 END
        FROM drm.users u JOIN drm.tenants t ON t.tenant_id = u.tenant_id
        WHERE u.tenant_id = p_tenant AND u.id = p_user AND u.active AND t.status = 'active';
END;

CREATE FUNCTION sec.refuse_actor(p_rank integer) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF p_rank IS NULL THEN
        RAISE EXCEPTION 'not authenticated' USING ERRCODE = 'DR401';
    END IF;
    RAISE EXCEPTION 'your role does not allow this' USING ERRCODE = 'DR403';
END
$$;

-- First statement of every tenant transaction of a program that holds the seal key: sets the context, and raises unless the seal is good
-- and the actor may.
CREATE FUNCTION sec.enter(p_seal text, p_min_role integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid;
    v_rank integer;
BEGIN
    PERFORM pg_catalog.set_config('drm.seal', p_seal, true);
    SELECT c.tenant, a.rank INTO v_tenant, v_rank
        FROM sec.context() c LEFT JOIN LATERAL sec.actor_rank(c.tenant, c.actor) a ON true;
    IF v_tenant IS NULL THEN
        RAISE EXCEPTION 'this seal opens no tenant' USING ERRCODE = '42501';
    END IF;
    IF (v_rank >= p_min_role) IS NOT TRUE THEN
        PERFORM sec.refuse_actor(v_rank);
    END IF;
END
$$;

-- The same for a program that holds only an API key: the database checks the key's hash and mints the seal.
CREATE FUNCTION sec.enter_api_key(p_key text, p_min_role integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_key drm.api_keys;
    v_rank integer;
BEGIN
    IF p_key ~ '^drm_[0-9a-f]{32}_[A-Za-z0-9_-]{43}$' THEN
        SELECT k.* INTO v_key FROM drm.api_keys k
            WHERE k.id = pg_catalog.substr(p_key, 5, 32)::uuid
              AND k.key_hash = pg_catalog.sha256(pg_catalog.convert_to(p_key, 'UTF8'))
              AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > pg_catalog.now());
    END IF;
    IF v_key.id IS NULL THEN
        PERFORM sec.refuse_actor(NULL);
    END IF;
    SELECT a.rank INTO v_rank FROM sec.actor_rank(v_key.tenant_id, v_key.user_id) a;
    IF (v_rank >= p_min_role) IS NOT TRUE THEN
        PERFORM sec.refuse_actor(v_rank);
    END IF;
    IF v_key.last_used_at IS NULL OR v_key.last_used_at < pg_catalog.now() - interval '1 minute' THEN
        UPDATE drm.api_keys SET last_used_at = pg_catalog.now()
            WHERE tenant_id = v_key.tenant_id AND id = v_key.id
              AND (last_used_at IS NULL OR last_used_at < pg_catalog.now() - interval '1 minute');
    END IF;
    PERFORM pg_catalog.set_config('drm.seal', sec.mint(v_key.tenant_id, v_key.user_id), true);
END
$$;

-- Log-in starts from an address, before any tenant is known: only with the system context "auth". At most 8 rows.
CREATE FUNCTION sec.auth_user(p_email text, p_tenant text)
    RETURNS TABLE (tenant_id uuid, user_id uuid, password_hash text, active boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('auth');
    RETURN QUERY SELECT u.tenant_id, u.id, u.password_hash, u.active AND t.status = 'active'
        FROM drm.users u JOIN drm.tenants t ON t.tenant_id = u.tenant_id
        WHERE u.email = pg_catalog.lower(p_email) AND (p_tenant IS NULL OR t.name = p_tenant OR t.tenant_id::text = p_tenant)
        ORDER BY u.tenant_id LIMIT 8;
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA sec FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sec.enter(text, integer), sec.enter_api_key(text, integer), sec.auth_user(text, text) TO drm_app;
GRANT EXECUTE ON FUNCTION sec.actor_rank(uuid, uuid), sec.refuse_actor(integer) TO drm_sched;
GRANT CREATE ON SCHEMA sec TO drm_sched;
ALTER FUNCTION sec.enter(text, integer) OWNER TO drm_sched;
ALTER FUNCTION sec.enter_api_key(text, integer) OWNER TO drm_sched;
ALTER FUNCTION sec.auth_user(text, text) OWNER TO drm_sched;
REVOKE CREATE ON SCHEMA sec FROM drm_sched;
