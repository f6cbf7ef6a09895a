-- Rights: permissions and roles, roles that hold on some devices only, keys that do less than their owner, log-outs that take hold at once.
SET ROLE drm_owner;

-- Calls that change who may do what. Each is owned by drm_sched and asks sec.require() first; programs call them, and write the tables
-- themselves no more than before.
CREATE SCHEMA adm;
GRANT USAGE ON SCHEMA adm TO drm_app, drm_sched;

-- The library's table of permissions (libdrm/auth/permission.c), brought here by `drmctl db migrate` and `drmctl init`. bit: 1 << bit stands
-- for it in masks.
CREATE TABLE sec.permissions (
    bit smallint PRIMARY KEY CHECK (bit BETWEEN 0 AND 61),
    name text NOT NULL UNIQUE,
    min_rank smallint NOT NULL,  -- the least built-in role that holds it: 0 everybody, 1 viewer, 2 operator, 3 administrator
    of_tenant boolean NOT NULL,  -- means something in a tenant
    of_platform boolean NOT NULL, -- ... for the platform's administrators
    on_devices boolean NOT NULL  -- may be held on some devices only
);
REVOKE ALL ON sec.permissions FROM PUBLIC;
GRANT SELECT ON sec.permissions TO drm_sched;

-- Both read where each transaction begins; what keeps them is in 0008.
ALTER TABLE drm.tenants ADD COLUMN require_second_factor boolean NOT NULL DEFAULT false;
ALTER TABLE drm.users
    ADD COLUMN second_factor boolean NOT NULL DEFAULT false, -- has a confirmed one
    ADD COLUMN granted bigint NOT NULL DEFAULT 0,   -- what the user may do anywhere in the tenant
    ADD COLUMN scoped bigint NOT NULL DEFAULT 0,    -- ... on some devices; both are kept by triggers
    ADD COLUMN identity_id uuid,                    -- the same for users of several tenants that proved to be one person
    ADD COLUMN families_after uuid,                 -- log-ins up to this one have ended
    ADD COLUMN families_revoked_until timestamptz,  -- until then drm.revoked_families is worth a look
    ADD COLUMN last_login_at timestamptz,
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    DROP CONSTRAINT users_role_check,
    ADD CONSTRAINT users_role_check CHECK (role IN ('none', 'viewer', 'operator', 'administrator'));
CREATE INDEX users_identity ON drm.users (identity_id) WHERE identity_id IS NOT NULL;

-- Families of refresh tokens that were ended while access tokens of theirs may still be good.
CREATE TABLE drm.revoked_families (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    family_id uuid NOT NULL,
    until timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, user_id, family_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES drm.users ON DELETE CASCADE
);

ALTER TABLE drm.rbac_roles
    ADD COLUMN description text NOT NULL DEFAULT '' CHECK (length(description) <= 1000),
    ADD COLUMN mask bigint NOT NULL DEFAULT 0,
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
    ADD CONSTRAINT rbac_roles_name CHECK (name = btrim(name) AND name NOT IN ('none', 'viewer', 'operator', 'administrator'));

-- What a user was given besides the role in its own row. A selector narrows it to the devices that have all of its tags.
DROP TABLE drm.user_roles;
CREATE TABLE drm.user_roles (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    role_id uuid,
    builtin text CHECK (builtin IN ('viewer', 'operator', 'administrator')),
    selector text[] NOT NULL DEFAULT '{}' CHECK (cardinality(selector) <= 16 AND array_position(selector, NULL) IS NULL),
    mask bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CHECK (num_nonnulls(role_id, builtin) = 1),
    UNIQUE NULLS NOT DISTINCT (tenant_id, user_id, role_id, builtin, selector),
    FOREIGN KEY (tenant_id, user_id) REFERENCES drm.users ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, role_id) REFERENCES drm.rbac_roles
);
CREATE INDEX user_roles_role ON drm.user_roles (tenant_id, role_id) WHERE role_id IS NOT NULL;

ALTER TABLE drm.api_keys
    ADD COLUMN scopes bigint,                -- NULL: all that its owner may
    ADD COLUMN addresses text[] CHECK (cardinality(addresses) BETWEEN 1 AND 64); -- CIDR; NULL: from anywhere
ALTER TABLE drm.refresh_tokens
    ADD COLUMN amr text NOT NULL DEFAULT 'pwd', -- how the person proved who they are (RFC 8176), blank between
    ADD COLUMN address text;
CREATE INDEX refresh_tokens_user ON drm.refresh_tokens (tenant_id, user_id);

SELECT sec.protect(t) FROM unnest(ARRAY['drm.user_roles', 'drm.revoked_families']::regclass[]) AS t;
SELECT sec.hide_statistics(t) FROM unnest(ARRAY['drm.users', 'drm.rbac_roles', 'drm.api_keys', 'drm.refresh_tokens']::regclass[]) AS t;
SELECT sec.open_to_scheduler(t) FROM unnest(ARRAY['drm.rbac_roles', 'drm.user_roles', 'drm.revoked_families', 'drm.refresh_tokens']::regclass[]) AS t;
GRANT SELECT ON drm.user_roles, drm.revoked_families TO drm_app;
GRANT SELECT (granted, scoped, last_login_at, version) ON drm.users TO drm_app;
GRANT INSERT (scopes, addresses) ON drm.api_keys TO drm_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON drm.users, drm.rbac_roles, drm.user_roles, drm.revoked_families, drm.api_keys, drm.refresh_tokens TO drm_sched;
GRANT UPDATE ON drm.tenants TO drm_sched;

-- ---- masks ----

CREATE FUNCTION sec.role_mask(p_tenant uuid, p_role text) RETURNS bigint
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(bit_or(1::bigint << p.bit), 0) FROM sec.permissions p
        WHERE p.min_rank <= pg_catalog.array_position(ARRAY['none', 'viewer', 'operator', 'administrator'], p_role) - 1
          AND CASE WHEN p_tenant = '00000000-0000-0000-0000-000000000000' THEN p.of_platform ELSE p.of_tenant END
$$;

CREATE FUNCTION sec.names_mask(p_tenant uuid, p_names text[]) RETURNS bigint
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_unknown text;
    v_mask bigint;
BEGIN
    SELECT n INTO v_unknown FROM pg_catalog.unnest(p_names) n
        WHERE NOT EXISTS (SELECT FROM sec.permissions p WHERE p.name = n
                          AND CASE WHEN p_tenant = '00000000-0000-0000-0000-000000000000' THEN p.of_platform ELSE p.of_tenant END) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'permissions: there is no permission "%" here', v_unknown USING ERRCODE = 'DR422';
    END IF;
    SELECT COALESCE(bit_or(1::bigint << p.bit), 0) INTO v_mask FROM sec.permissions p WHERE p.name = ANY (p_names);
    RETURN v_mask;
END
$$;

CREATE FUNCTION sec.users_keep_rights() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT sec.role_mask(NEW.tenant_id, NEW.role) | COALESCE(bit_or(r.mask) FILTER (WHERE r.selector = '{}'), 0),
           COALESCE(bit_or(r.mask) FILTER (WHERE r.selector <> '{}'), 0)
        INTO NEW.granted, NEW.scoped FROM drm.user_roles r WHERE r.tenant_id = NEW.tenant_id AND r.user_id = NEW.id;
    IF TG_OP = 'UPDATE' AND (NEW.granted, NEW.scoped) IS DISTINCT FROM (OLD.granted, OLD.scoped) AND NEW.version = OLD.version THEN
        NEW.version := OLD.version + 1;
        NEW.updated_at := pg_catalog.clock_timestamp();
    END IF;
    RETURN NEW;
END
$$;

-- The role's row is locked against a change of it at the same time, which then sees this row.
CREATE FUNCTION sec.user_roles_keep_mask() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.role_id IS NULL THEN
        NEW.mask := sec.role_mask(NEW.tenant_id, NEW.builtin);
    ELSE
        SELECT r.mask INTO NEW.mask FROM drm.rbac_roles r WHERE r.tenant_id = NEW.tenant_id AND r.id = NEW.role_id FOR SHARE;
        NEW.mask := COALESCE(NEW.mask, 0);
    END IF;
    IF NEW.selector <> '{}' THEN
        NEW.mask := NEW.mask & (SELECT COALESCE(bit_or(1::bigint << p.bit), 0) FROM sec.permissions p WHERE p.on_devices);
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION sec.user_roles_tell_user() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_row record := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    UPDATE drm.users SET role = role WHERE tenant_id = v_row.tenant_id AND id = v_row.user_id;
    RETURN NULL;
END
$$;

CREATE FUNCTION sec.rbac_roles_keep_mask() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.mask := sec.names_mask(NEW.tenant_id, NEW.permissions);
    RETURN NEW;
END
$$;

CREATE FUNCTION sec.rbac_roles_tell_users() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE drm.user_roles SET mask = 0 WHERE tenant_id = NEW.tenant_id AND role_id = NEW.id; -- its trigger knows better
    RETURN NULL;
END
$$;

-- A tenant always has somebody who may manage its people: an active user with a password. Counted under the tenant's lock, so that two
-- cannot remove each other.
CREATE FUNCTION sec.users_keep_administrator() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_bit bigint := (SELECT 1::bigint << p.bit FROM sec.permissions p WHERE p.name = 'user:admin');
    v_status text;
BEGIN
    IF NOT (OLD.active AND OLD.password_hash IS NOT NULL AND OLD.granted & v_bit <> 0)
        OR (TG_OP = 'UPDATE' AND NEW.active AND NEW.password_hash IS NOT NULL AND NEW.granted & v_bit <> 0) THEN
        RETURN NULL;
    END IF;
    SELECT t.status INTO v_status FROM drm.tenants t WHERE t.tenant_id = OLD.tenant_id FOR NO KEY UPDATE;
    IF v_status <> 'deleting' AND NOT EXISTS (SELECT FROM drm.users u WHERE u.tenant_id = OLD.tenant_id AND u.active
            AND u.password_hash IS NOT NULL AND u.granted & v_bit <> 0) THEN
        RAISE EXCEPTION 'this is the last administrator of the tenant' USING ERRCODE = 'DR409',
            HINT = 'Make another user an administrator first.';
    END IF;
    RETURN NULL;
END
$$;

-- Brings the library's table here, and all masks up to it. The owner's; no grants.
CREATE FUNCTION sec.apply_permissions() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE drm.rbac_roles SET permissions = ARRAY(SELECT n FROM pg_catalog.unnest(permissions) n
                                                  WHERE EXISTS (SELECT FROM sec.permissions p WHERE p.name = n));
    UPDATE drm.user_roles SET mask = 0;
    UPDATE drm.users SET role = role;
END
$$;

CREATE FUNCTION sec.install_permissions(p_bits smallint[], p_names text[], p_ranks smallint[], p_of_tenant boolean[],
                                        p_of_platform boolean[], p_on_devices boolean[]) RETURNS boolean
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    LOCK TABLE sec.permissions IN SHARE ROW EXCLUSIVE MODE;
    IF NOT EXISTS (
        (SELECT * FROM sec.permissions EXCEPT SELECT * FROM unnest(p_bits, p_names, p_ranks, p_of_tenant, p_of_platform, p_on_devices))
        UNION ALL
        (SELECT * FROM unnest(p_bits, p_names, p_ranks, p_of_tenant, p_of_platform, p_on_devices) EXCEPT SELECT * FROM sec.permissions)) THEN
        RETURN false;
    END IF;
    DELETE FROM sec.permissions;
    INSERT INTO sec.permissions SELECT * FROM unnest(p_bits, p_names, p_ranks, p_of_tenant, p_of_platform, p_on_devices);
    PERFORM sec.apply_permissions();
    RETURN true;
END
$$;

-- ---- the context, narrowed ----
-- In a seal that sec.enter*() made, the user is followed by ":mask:bit": all that this context may do, and the permission that it holds on
-- some devices only (empty: on all).

CREATE OR REPLACE FUNCTION sec.context(OUT tenant uuid, OUT actor uuid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_seal text := pg_catalog.current_setting('drm.seal', true);
BEGIN
    IF v_seal IS NULL OR v_seal = '' THEN
        RETURN;
    END IF;
    SELECT NULLIF(pg_catalog.split_part(v_seal, '.', 1), '-')::uuid,
           CASE WHEN v_seal NOT LIKE '-.%' THEN pg_catalog.left(pg_catalog.split_part(v_seal, '.', 2), 36)::uuid END
        INTO tenant, actor FROM sec.seal_keys k
        WHERE k.id::text = pg_catalog.split_part(v_seal, '.', 5) AND sec.seal_is_good(v_seal, k.ipad, k.opad);
    IF NOT FOUND THEN
        PERFORM sec.refuse_seal();
    END IF;
END
$$;

-- The permission of a context that holds it on some devices only; else NULL. Not verified: where it stands, sec.tenant() of the same
-- statement is.
CREATE FUNCTION sec.scope() RETURNS integer
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    RETURN NULLIF(pg_catalog.split_part(pg_catalog.split_part(pg_catalog.current_setting('drm.seal', true), '.', 2), ':', 3), '')::integer;

-- What this context may do anywhere in its tenant; 0 without one.
CREATE FUNCTION sec.rights() RETURNS bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_seal text := pg_catalog.current_setting('drm.seal', true);
    v_mask text := pg_catalog.split_part(pg_catalog.split_part(v_seal, '.', 2), ':', 2);
    v_rights bigint;
BEGIN
    SELECT u.granted & CASE WHEN v_mask <> '' THEN v_mask::bigint ELSE -1 END INTO v_rights
        FROM sec.context() c JOIN drm.users u ON u.tenant_id = c.tenant AND u.id = c.actor;
    RETURN COALESCE(v_rights, 0);
END
$$;

CREATE FUNCTION sec.require(p_permission text) RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM sec.permissions p WHERE p.name = p_permission AND sec.rights() >> p.bit & 1 = 1) THEN
        RAISE EXCEPTION 'your role does not allow this' USING ERRCODE = 'DR403', DETAIL = p_permission;
    END IF;
END
$$;

-- Nobody grants what they do not hold.
CREATE FUNCTION sec.require_mask(p_mask bigint) RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_rights bigint := sec.rights();
    v_names text;
BEGIN
    IF p_mask & ~v_rights <> 0 THEN
        SELECT pg_catalog.string_agg(p.name, ', ' ORDER BY p.bit) INTO v_names FROM sec.permissions p
            WHERE (p_mask & ~v_rights) >> p.bit & 1 = 1;
        RAISE EXCEPTION 'you cannot grant what you do not hold: %', v_names USING ERRCODE = 'DR403';
    END IF;
END
$$;

DROP FUNCTION sec.enter(text, integer);
DROP FUNCTION sec.enter_api_key(text, integer);
DROP FUNCTION sec.actor_rank(uuid, uuid);
DROP FUNCTION sec.mint(uuid, uuid);

CREATE FUNCTION sec.mint(p_tenant uuid, p_user text) RETURNS text
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

-- What a user may do; no row unless active in an active tenant, and the log-in (NULL: none, of an API key) has not ended with all others.
-- held: good for nothing but enrolling a second factor, because the tenant requires one and the user has none.
-- looks: whether drm.revoked_families is to be asked, too. Put into the statements that call it, and not granted to programs: it would tell
-- who exists.
CREATE FUNCTION sec.actor_rights(p_tenant uuid, p_user uuid, p_family uuid)
    RETURNS TABLE (granted bigint, scoped bigint, looks boolean, held boolean)
    LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT u.granted, u.scoped, u.families_revoked_until > pg_catalog.now(), t.require_second_factor AND NOT u.second_factor
        FROM drm.users u JOIN drm.tenants t ON t.tenant_id = u.tenant_id
        WHERE u.tenant_id = p_tenant AND u.id = p_user AND u.active AND t.status = 'active' AND (p_family <= u.families_after) IS NOT TRUE;
END;

-- For a permission that is held on some devices only, or by an API key that does less than its owner: the seal that says so.
CREATE FUNCTION sec.narrow(p_tenant uuid, p_user uuid, p_permission integer, p_granted bigint, p_scoped bigint) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- "Any authenticated actor" is no right to see devices: those that device:read would show.
    v_bit integer := CASE WHEN p_permission = 0 THEN 1 ELSE p_permission END;
    v_anywhere boolean := p_granted >> v_bit & 1 = 1;
    v_somewhere boolean := p_scoped >> v_bit & 1 = 1;
BEGIN
    IF p_permission <> 0 AND NOT v_anywhere AND NOT v_somewhere THEN
        PERFORM sec.refuse_actor(0);
    END IF;
    -- No role holds bit 0 on some devices: it shows none.
    PERFORM pg_catalog.set_config('drm.seal', sec.mint(p_tenant, p_user || ':' || p_granted || ':'
        || CASE WHEN v_anywhere THEN '' WHEN v_somewhere THEN v_bit::text ELSE '0' END), true);
END
$$;

-- First statement of every tenant transaction of a program that holds the seal key: sets the context, and raises unless the seal is good
-- and the actor may. p_family: the log-in of an access token.
CREATE FUNCTION sec.enter(p_seal text, p_permission integer, p_family uuid DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid; -- one by one: a record costs 4 us more, and every transaction begins here
    v_actor uuid;
    v_granted bigint;
    v_scoped bigint;
    v_looks boolean;
    v_held boolean;
BEGIN
    PERFORM pg_catalog.set_config('drm.seal', p_seal, true);
    SELECT c.tenant, c.actor, a.granted, a.scoped, a.looks, a.held INTO v_tenant, v_actor, v_granted, v_scoped, v_looks, v_held
        FROM sec.context() c LEFT JOIN LATERAL sec.actor_rights(c.tenant, c.actor, p_family) a ON true;
    IF v_tenant IS NULL THEN
        RAISE EXCEPTION 'this seal opens no tenant' USING ERRCODE = '42501';
    END IF;
    IF v_granted IS NULL OR (v_looks AND EXISTS (SELECT FROM drm.revoked_families f WHERE f.tenant_id = v_tenant AND f.user_id = v_actor
                                                 AND f.family_id = p_family)) THEN
        PERFORM sec.refuse_actor(NULL);
    END IF;
    -- An issuer that the tenant trusts may have asked for several factors: that is kept with the log-in, of which its first token stands for all.
    IF v_held AND NOT EXISTS (SELECT FROM drm.refresh_tokens r WHERE r.tenant_id = v_tenant AND r.id = p_family AND r.user_id = v_actor
                              AND 'mfa' = ANY (pg_catalog.string_to_array(r.amr, ' '))) THEN
        IF p_permission <> 0 THEN
            RAISE EXCEPTION 'your tenant requires a second factor: enrol one first' USING ERRCODE = 'DR428';
        END IF;
        v_granted := 1;
        v_scoped := 0;
    END IF;
    IF v_granted & 3 <> 3 OR v_granted >> p_permission & 1 = 0 THEN
        PERFORM sec.narrow(v_tenant, v_actor, p_permission, v_granted, v_scoped);
    END IF;
END
$$;

-- The same for a program that holds only an API key: the database checks the key's hash, its scopes and where it is used from, and mints
-- the seal.
CREATE FUNCTION sec.enter_api_key(p_key text, p_permission integer, p_address text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_key drm.api_keys;
    v record;
BEGIN
    IF p_key ~ '^drm_[0-9a-f]{32}_[A-Za-z0-9_-]{43}$' THEN
        SELECT k.* INTO v_key FROM drm.api_keys k
            WHERE k.id = pg_catalog.substr(p_key, 5, 32)::uuid
              AND k.key_hash = pg_catalog.sha256(pg_catalog.convert_to(p_key, 'UTF8'))
              AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > pg_catalog.now());
    END IF;
    IF v_key.id IS NULL OR (v_key.addresses IS NOT NULL AND (p_address ~ '^[0-9a-fA-F:.]+$'
            AND EXISTS (SELECT FROM pg_catalog.unnest(v_key.addresses) a WHERE p_address::inet <<= a::cidr)) IS NOT TRUE) THEN
        PERFORM sec.refuse_actor(NULL);
    END IF;
    SELECT a.granted & COALESCE(v_key.scopes | 1, -1) AS granted, a.scoped & COALESCE(v_key.scopes, -1) AS scoped INTO v
        FROM sec.actor_rights(v_key.tenant_id, v_key.user_id, NULL) a;
    IF v.granted IS NULL THEN
        PERFORM sec.refuse_actor(NULL);
    END IF;
    IF v_key.last_used_at IS NULL OR v_key.last_used_at < pg_catalog.now() - interval '1 minute' THEN
        UPDATE drm.api_keys SET last_used_at = pg_catalog.now()
            WHERE tenant_id = v_key.tenant_id AND id = v_key.id
              AND (last_used_at IS NULL OR last_used_at < pg_catalog.now() - interval '1 minute');
    END IF;
    PERFORM sec.narrow(v_key.tenant_id, v_key.user_id, p_permission, v.granted, v.scoped);
END
$$;

-- Log-in starts from an address, before any tenant is known: only with the system context "auth". At most 8 rows. The platform's own
-- people name the platform.
DROP FUNCTION sec.auth_user(text, text);
CREATE FUNCTION sec.auth_user(p_email text, p_tenant text)
    RETURNS TABLE (tenant_id uuid, user_id uuid, password_hash text, active boolean, tenant text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('auth');
    RETURN QUERY SELECT u.tenant_id, u.id, u.password_hash, u.active AND t.status = 'active', t.name
        FROM drm.users u JOIN drm.tenants t ON t.tenant_id = u.tenant_id
        WHERE u.email = pg_catalog.lower(p_email)
          AND CASE WHEN p_tenant IS NULL THEN u.tenant_id <> '00000000-0000-0000-0000-000000000000'
                   ELSE t.name = p_tenant OR t.tenant_id::text = p_tenant END
        ORDER BY u.active AND t.status = 'active' DESC, u.tenant_id LIMIT 8;
END
$$;

-- ---- the ends of log-ins ----

-- Access tokens of a family are refused from now on; called when its refresh tokens are revoked. Acts for the user of the context.
CREATE FUNCTION adm.end_family(p_family uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c record;
    v_until timestamptz := pg_catalog.now() + interval '16 minutes'; -- an access token lives 15
BEGIN
    SELECT * INTO c FROM sec.context();
    DELETE FROM drm.revoked_families f WHERE f.tenant_id = c.tenant AND f.user_id = c.actor AND f.until < pg_catalog.now();
    INSERT INTO drm.revoked_families (tenant_id, user_id, family_id, until)
        SELECT c.tenant, c.actor, p_family, v_until WHERE c.actor IS NOT NULL ON CONFLICT DO NOTHING;
    UPDATE drm.users SET families_revoked_until = v_until WHERE tenant_id = c.tenant AND id = c.actor;
END
$$;

-- Ends all log-ins of a user: refresh tokens are revoked, access tokens refused from the next call on. Not granted: adm.* functions that
-- have asked sec.require(), and adm.end_logins(), call it.
CREATE FUNCTION sec.end_logins_of(p_tenant uuid, p_user uuid) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_ended bigint;
BEGIN
    UPDATE drm.users SET families_after = GREATEST(families_after,
            (SELECT r.family_id FROM drm.refresh_tokens r WHERE r.tenant_id = p_tenant AND r.user_id = p_user
             ORDER BY r.family_id DESC LIMIT 1))
        WHERE tenant_id = p_tenant AND id = p_user;
    UPDATE drm.refresh_tokens SET revoked_at = pg_catalog.now()
        WHERE tenant_id = p_tenant AND user_id = p_user AND revoked_at IS NULL AND expires_at > pg_catalog.now();
    GET DIAGNOSTICS v_ended = ROW_COUNT;
    RETURN v_ended;
END
$$;

-- When the user of the context last logged in.
CREATE FUNCTION adm.note_login() RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE drm.users u SET last_login_at = pg_catalog.now() FROM sec.context() c WHERE u.tenant_id = c.tenant AND u.id = c.actor
$$;

-- "Everywhere": one's own.
CREATE FUNCTION adm.end_logins() RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT sec.end_logins_of(c.tenant, c.actor) FROM sec.context() c';

-- ---- devices of a selector ----

-- The selectors by which the actor holds the permission of its narrowed context, as JSON arrays of tags. Policies call it in a subquery that
-- runs only where the context is narrowed, and then once a statement. Not a plain SQL function: put into every statement it would be planned
-- and started there (5 us).
CREATE FUNCTION sec.selectors() RETURNS jsonb[]
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT pg_catalog.to_jsonb(r.selector) FROM sec.context() c
                     JOIN drm.user_roles r ON r.tenant_id = c.tenant AND r.user_id = c.actor
                     WHERE r.selector <> '{}' AND r.mask >> sec.scope() & 1 = 1);
END
$$;
-- A function also for the planner's sake: of @> it would believe that one row is left, and sort for a page what an index has in order.
CREATE FUNCTION sec.tags_match(p_tags text[], p_selectors jsonb[]) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN pg_catalog.to_jsonb(p_tags) @> ANY (p_selectors);
END
$$;
CREATE POLICY scope ON drm.devices AS RESTRICTIVE TO drm_app
    USING ((SELECT sec.scope()) IS NULL OR sec.tags_match(tags, (SELECT sec.selectors())));

-- Whether the caller sees a device: with the caller's rights, so that it tells nothing else.
CREATE FUNCTION sec.sees_device(p_tenant uuid, p_device uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM drm.devices d WHERE d.tenant_id = p_tenant AND d.id = p_device);
END
$$;

-- For a table of what belongs to devices: a narrowed context sees the rows of the devices that it sees.
CREATE FUNCTION sec.scope_by_device(p_table regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE pg_catalog.format('CREATE POLICY scope ON %s AS RESTRICTIVE TO drm_app USING ((SELECT sec.scope()) IS NULL'
        ' OR sec.sees_device(tenant_id, device_id))', p_table);
END
$$;
SELECT sec.scope_by_device(t) FROM unnest(ARRAY['drm.device_tags', 'drm.device_protocol_profiles', 'drm.webpa_endpoints', 'drm.tr069_endpoints',
    'drm.usp_endpoints', 'drm.device_parameters', 'drm.device_events', 'drm.device_config_versions', 'drm.jobs', 'drm.job_results']::regclass[]) AS t;

-- ---- triggers, owners, grants ----

CREATE TRIGGER keep_rights BEFORE INSERT OR UPDATE OF role ON drm.users FOR EACH ROW EXECUTE FUNCTION sec.users_keep_rights();
CREATE TRIGGER keep_administrator AFTER UPDATE OF role, active, password_hash OR DELETE ON drm.users FOR EACH ROW EXECUTE FUNCTION sec.users_keep_administrator();
CREATE TRIGGER keep_mask BEFORE INSERT OR UPDATE ON drm.user_roles FOR EACH ROW EXECUTE FUNCTION sec.user_roles_keep_mask();
CREATE TRIGGER tell_user AFTER INSERT OR UPDATE OR DELETE ON drm.user_roles FOR EACH ROW EXECUTE FUNCTION sec.user_roles_tell_user();
CREATE TRIGGER keep_mask BEFORE INSERT OR UPDATE OF permissions ON drm.rbac_roles FOR EACH ROW EXECUTE FUNCTION sec.rbac_roles_keep_mask();
CREATE TRIGGER tell_users AFTER UPDATE OF permissions ON drm.rbac_roles FOR EACH ROW EXECUTE FUNCTION sec.rbac_roles_tell_users();

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA sec, adm FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sec.enter(text, integer, uuid), sec.enter_api_key(text, integer, text), sec.scope(), sec.rights(), sec.selectors(),
    sec.sees_device(uuid, uuid), sec.tags_match(text[], jsonb[]),    sec.auth_user(text, text),    adm.end_family(uuid), adm.end_logins(), adm.note_login() TO drm_app;
GRANT EXECUTE ON FUNCTION sec.role_mask(uuid, text), sec.names_mask(uuid, text[]), sec.mint(uuid, text), sec.narrow(uuid, uuid, integer, bigint, bigint),
    sec.actor_rights(uuid, uuid, uuid), sec.scope(), sec.require(text), sec.require_mask(bigint), sec.rights(), sec.end_logins_of(uuid, uuid) TO drm_sched;
GRANT CREATE ON SCHEMA sec, adm TO drm_sched;
ALTER FUNCTION sec.enter(text, integer, uuid) OWNER TO drm_sched;
ALTER FUNCTION sec.enter_api_key(text, integer, text) OWNER TO drm_sched;
ALTER FUNCTION sec.auth_user(text, text) OWNER TO drm_sched;
ALTER FUNCTION sec.rights() OWNER TO drm_sched;
ALTER FUNCTION sec.require(text) OWNER TO drm_sched;
ALTER FUNCTION sec.require_mask(bigint) OWNER TO drm_sched;
ALTER FUNCTION sec.apply_permissions() OWNER TO drm_sched;
ALTER FUNCTION sec.users_keep_rights() OWNER TO drm_sched;
ALTER FUNCTION sec.users_keep_administrator() OWNER TO drm_sched;
ALTER FUNCTION sec.user_roles_keep_mask() OWNER TO drm_sched;
ALTER FUNCTION sec.user_roles_tell_user() OWNER TO drm_sched;
ALTER FUNCTION sec.rbac_roles_keep_mask() OWNER TO drm_sched;
ALTER FUNCTION sec.rbac_roles_tell_users() OWNER TO drm_sched;
ALTER FUNCTION adm.end_family(uuid) OWNER TO drm_sched;
ALTER FUNCTION adm.end_logins() OWNER TO drm_sched;
ALTER FUNCTION adm.note_login() OWNER TO drm_sched;
REVOKE CREATE ON SCHEMA sec, adm FROM drm_sched;
-- The owner makes users (drmctl init) and installs permissions; it holds nothing of drm_sched's but by name.
SET ROLE drm_sched;
GRANT EXECUTE ON FUNCTION sec.apply_permissions() TO drm_owner;
SET ROLE drm_owner;

-- The platform: the tenant of those who manage tenants. It has people and an audit trail, and no devices.
ALTER TABLE drm.tenants NO FORCE ROW LEVEL SECURITY;
INSERT INTO drm.tenants (tenant_id, name) VALUES ('00000000-0000-0000-0000-000000000000', 'platform');
ALTER TABLE drm.tenants FORCE ROW LEVEL SECURITY;
