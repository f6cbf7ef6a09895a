-- The second factor: seeds of one-time codes, recovery codes, and a tenant's word that everybody needs one.
SET ROLE drm_owner;

CREATE TABLE drm.user_totp (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    seed bytea NOT NULL,                  -- sealed under the tenant's data key
    created_at timestamptz NOT NULL DEFAULT now(),
    confirmed_at timestamptz,             -- NULL: the authenticator has not proved yet that it has the seed
    last_step bigint NOT NULL DEFAULT -1, -- of the last code that was taken (RFC 6238, section 5.2): none is good twice
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES drm.users ON DELETE CASCADE
);
-- One in use and one to replace it.
CREATE UNIQUE INDEX user_totp_user ON drm.user_totp (tenant_id, user_id, (confirmed_at IS NOT NULL));

CREATE TABLE drm.recovery_codes (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    code_hash bytea NOT NULL CHECK (octet_length(code_hash) = 32), -- SHA-256 of 80 random bits
    used_at timestamptz,
    PRIMARY KEY (tenant_id, user_id, code_hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES drm.users ON DELETE CASCADE
);

SELECT sec.protect(t) FROM unnest(ARRAY['drm.user_totp', 'drm.recovery_codes']::regclass[]) AS t;
SELECT sec.open_to_scheduler(t) FROM unnest(ARRAY['drm.user_totp', 'drm.recovery_codes']::regclass[]) AS t;
-- Programs see that there is one, neither seeds nor hashes, and change nothing.
GRANT SELECT (tenant_id, id, user_id, confirmed_at) ON drm.user_totp TO drm_app;
GRANT SELECT (tenant_id, user_id, used_at) ON drm.recovery_codes TO drm_app;
GRANT SELECT (second_factor) ON drm.users TO drm_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON drm.user_totp, drm.recovery_codes TO drm_sched;

-- ---- log-in, and changes of one's own ----
-- All with the system context "auth", which only a holder of the keyring can make: the library calls them once it has checked a code.
-- Whoever holds the application's password and somebody's API key can neither read a seed nor take a second factor away.

-- The seed in use, or the one to be confirmed, with the data key that opens it. now_s: the clock that all processes share.
CREATE FUNCTION adm.second_factor_seed(p_tenant uuid, p_user uuid, p_confirmed boolean)
    RETURNS TABLE (id uuid, seed bytea, last_step bigint, key_version integer, wrapped bytea, now_s bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('auth');
    RETURN QUERY
        SELECT s.id, s.seed, s.last_step, k.version, k.wrapped, pg_catalog.floor(EXTRACT(epoch FROM pg_catalog.clock_timestamp()))::bigint
            FROM drm.user_totp s
            LEFT JOIN drm.tenant_keys k ON k.tenant_id = s.tenant_id
                -- bytes 2..5 of a sealed value are the version of the data key that opens it
                AND k.version = (pg_catalog.get_byte(s.seed, 1) << 24 | pg_catalog.get_byte(s.seed, 2) << 16
                               | pg_catalog.get_byte(s.seed, 3) << 8 | pg_catalog.get_byte(s.seed, 4))
            WHERE s.tenant_id = p_tenant AND s.user_id = p_user AND (s.confirmed_at IS NOT NULL) = p_confirmed;
END
$$;

-- Uses a code up. False: one of this step or a later one was used before, or at this moment.
CREATE FUNCTION adm.second_factor_take_step(p_tenant uuid, p_user uuid, p_id uuid, p_step bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('auth');
    UPDATE drm.user_totp SET last_step = p_step
        WHERE tenant_id = p_tenant AND id = p_id AND user_id = p_user AND confirmed_at IS NOT NULL AND last_step < p_step;
    RETURN FOUND;
END
$$;

-- What follows in the transaction is the user's own doing: its audit row.
CREATE FUNCTION sec.go_on_as(p_tenant uuid, p_user uuid) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_catalog.set_config('drm.seal', sec.mint(p_tenant, p_user::text), true);
END
$$;

CREATE FUNCTION adm.second_factor_take_code(p_tenant uuid, p_user uuid, p_hash bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('auth');
    UPDATE drm.recovery_codes SET used_at = pg_catalog.now()
        WHERE tenant_id = p_tenant AND user_id = p_user AND code_hash = p_hash AND used_at IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM sec.go_on_as(p_tenant, p_user);
    RETURN true;
END
$$;

CREATE FUNCTION adm.second_factor_begin(p_tenant uuid, p_user uuid, p_id uuid, p_seed bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('auth');
    INSERT INTO drm.user_totp (tenant_id, id, user_id, seed) VALUES (p_tenant, p_id, p_user, p_seed)
        ON CONFLICT (tenant_id, user_id, (confirmed_at IS NOT NULL))
        DO UPDATE SET id = excluded.id, seed = excluded.seed, created_at = pg_catalog.now();
    PERFORM sec.go_on_as(p_tenant, p_user);
END
$$;

-- p_hashes: 32 bytes for each code, one after the other.
CREATE FUNCTION sec.replace_recovery_codes(p_tenant uuid, p_user uuid, p_hashes bytea) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM drm.recovery_codes WHERE tenant_id = p_tenant AND user_id = p_user;
    INSERT INTO drm.recovery_codes (tenant_id, user_id, code_hash)
        SELECT p_tenant, p_user, pg_catalog.substr(p_hashes, i * 32 + 1, 32)
        FROM pg_catalog.generate_series(0, pg_catalog.octet_length(p_hashes) / 32 - 1) AS i;
END
$$;

-- Ends all log-ins of a user but one (NULL: all): those were made without the second factor.
CREATE FUNCTION sec.end_other_logins_of(p_tenant uuid, p_user uuid, p_family uuid) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_until timestamptz := pg_catalog.now() + interval '16 minutes'; -- an access token lives 15
BEGIN
    -- The first token of a family stands for all of it: one that is exchanged at this moment is waited for, and then seen.
    PERFORM FROM drm.refresh_tokens r WHERE r.tenant_id = p_tenant AND r.user_id = p_user AND r.id = r.family_id
        AND r.family_id IS DISTINCT FROM p_family ORDER BY r.id FOR UPDATE;
    INSERT INTO drm.revoked_families (tenant_id, user_id, family_id, until)
        SELECT DISTINCT p_tenant, p_user, r.family_id, v_until FROM drm.refresh_tokens r
        WHERE r.tenant_id = p_tenant AND r.user_id = p_user AND r.family_id IS DISTINCT FROM p_family
          AND r.revoked_at IS NULL AND r.expires_at > pg_catalog.now()
        ON CONFLICT (tenant_id, user_id, family_id) DO UPDATE SET until = excluded.until;
    UPDATE drm.refresh_tokens SET revoked_at = pg_catalog.now()
        WHERE tenant_id = p_tenant AND user_id = p_user AND family_id IS DISTINCT FROM p_family AND revoked_at IS NULL;
    UPDATE drm.users SET families_revoked_until = v_until WHERE tenant_id = p_tenant AND id = p_user;
END
$$;

-- p_family: the log-in that confirms.
CREATE FUNCTION adm.second_factor_confirm(p_tenant uuid, p_user uuid, p_id uuid, p_step bigint, p_hashes bytea, p_family uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('auth');
    -- One change at a time of one user's.
    UPDATE drm.users SET second_factor = true, updated_at = pg_catalog.now() WHERE tenant_id = p_tenant AND id = p_user;
    IF NOT EXISTS (SELECT FROM drm.user_totp s WHERE s.tenant_id = p_tenant AND s.id = p_id AND s.user_id = p_user AND s.confirmed_at IS NULL) THEN
        RAISE EXCEPTION 'the enrolment was begun anew or confirmed at this moment: begin again' USING ERRCODE = 'DR409';
    END IF;
    DELETE FROM drm.user_totp WHERE tenant_id = p_tenant AND user_id = p_user AND confirmed_at IS NOT NULL;
    UPDATE drm.user_totp SET confirmed_at = pg_catalog.now(), last_step = p_step WHERE tenant_id = p_tenant AND id = p_id;
    PERFORM sec.replace_recovery_codes(p_tenant, p_user, p_hashes);
    PERFORM sec.end_other_logins_of(p_tenant, p_user, p_family);
    PERFORM sec.go_on_as(p_tenant, p_user);
END
$$;

CREATE FUNCTION adm.second_factor_codes(p_tenant uuid, p_user uuid, p_hashes bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('auth');
    PERFORM FROM drm.users u WHERE u.tenant_id = p_tenant AND u.id = p_user AND u.second_factor FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'you have no second factor: begin an enrolment first' USING ERRCODE = 'DR409';
    END IF;
    PERFORM sec.replace_recovery_codes(p_tenant, p_user, p_hashes);
    PERFORM sec.go_on_as(p_tenant, p_user);
END
$$;

-- Whatever there is of it. False: there was nothing in use.
CREATE FUNCTION sec.drop_second_factor(p_tenant uuid, p_user uuid) RETURNS boolean
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_there boolean;
BEGIN
    UPDATE drm.users SET second_factor = false, updated_at = pg_catalog.now() WHERE tenant_id = p_tenant AND id = p_user AND second_factor;
    v_there := FOUND;
    DELETE FROM drm.user_totp WHERE tenant_id = p_tenant AND user_id = p_user;
    DELETE FROM drm.recovery_codes WHERE tenant_id = p_tenant AND user_id = p_user;
    RETURN v_there;
END
$$;

CREATE FUNCTION adm.second_factor_remove(p_tenant uuid, p_user uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('auth');
    IF EXISTS (SELECT FROM drm.tenants t WHERE t.tenant_id = p_tenant AND t.require_second_factor) THEN
        RAISE EXCEPTION 'your tenant requires a second factor: begin an enrolment to replace yours with another' USING ERRCODE = 'DR409';
    END IF;
    IF NOT sec.drop_second_factor(p_tenant, p_user) THEN
        RAISE EXCEPTION 'you have no second factor' USING ERRCODE = 'DR409';
    END IF;
    PERFORM sec.go_on_as(p_tenant, p_user);
END
$$;

-- ---- an administrator's ----

-- For a user who lost authenticator and recovery codes. Not one's own: that wants a code.
CREATE FUNCTION adm.second_factor_reset(p_user uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c record;
    v_mask bigint;
BEGIN
    PERFORM sec.require('user:admin');
    SELECT * INTO c FROM sec.context();
    IF p_user = c.actor THEN
        RAISE EXCEPTION 'this is your own second factor: disable it with a code of it' USING ERRCODE = 'DR409';
    END IF;
    SELECT u.granted | u.scoped INTO v_mask FROM drm.users u
        WHERE u.tenant_id = c.tenant AND u.id = p_user AND u.second_factor FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no such user with a second factor' USING ERRCODE = 'DR404';
    END IF;
    -- Who may reset passwords as well would become who may do more.
    IF v_mask & ~sec.rights() <> 0 THEN
        RAISE EXCEPTION 'this user may do more than you' USING ERRCODE = 'DR403';
    END IF;
    PERFORM sec.drop_second_factor(c.tenant, p_user);
    PERFORM sec.end_logins_of(c.tenant, p_user);
END
$$;

-- What the tenant's administrators decide for all of its users. NULL: as it is.
CREATE FUNCTION adm.tenant_settings(p_require_second_factor boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require('tenant:settings');
    UPDATE drm.tenants t SET require_second_factor = COALESCE(p_require_second_factor, t.require_second_factor)
        FROM sec.context() c WHERE t.tenant_id = c.tenant;
END
$$;

GRANT EXECUTE ON FUNCTION sec.go_on_as(uuid, uuid), sec.replace_recovery_codes(uuid, uuid, bytea),
    sec.end_other_logins_of(uuid, uuid, uuid), sec.drop_second_factor(uuid, uuid) TO drm_sched;
GRANT CREATE ON SCHEMA adm TO drm_sched;
DO $$
DECLARE
    v_function regprocedure;
BEGIN
    FOR v_function IN SELECT p.oid FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'adm'::regnamespace
                      AND (p.proname LIKE 'second\_factor\_%' OR p.proname = 'tenant_settings')
    LOOP
        EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO drm_app', v_function);
        EXECUTE pg_catalog.format('ALTER FUNCTION %s OWNER TO drm_sched', v_function);
    END LOOP;
END
$$;
REVOKE CREATE ON SCHEMA adm FROM drm_sched;
