-- Log-in by OpenID Connect: a tenant's issuers, whom of their accounts are users here, and log-ins that were begun and not finished.
SET ROLE drm_owner;

CREATE TABLE drm.oidc_providers (
    tenant_id uuid NOT NULL REFERENCES drm.tenants ON DELETE CASCADE,
    id uuid NOT NULL,
    -- Stands in URLs, where an id may stand as well: a name must not pass for another's id.
    name text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,63}$' AND name !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'),
    issuer text NOT NULL CHECK (length(issuer) BETWEEN 1 AND 2000),
    client_id text NOT NULL CHECK (length(client_id) BETWEEN 1 AND 255),
    client_secret bytea, -- sealed; NULL: a public client
    has_secret boolean NOT NULL GENERATED ALWAYS AS (client_secret IS NOT NULL) STORED, -- all of it that programs see
    scopes text NOT NULL DEFAULT 'openid email' CHECK (length(scopes) <= 1000),
    redirect_uri text NOT NULL CHECK (length(redirect_uri) BETWEEN 1 AND 2000),
    link_by_email boolean NOT NULL DEFAULT false,
    create_users boolean NOT NULL DEFAULT false,
    default_role text NOT NULL DEFAULT 'viewer' CHECK (default_role IN ('none', 'viewer', 'operator')),
    email_domains text[] NOT NULL DEFAULT '{}' CHECK (cardinality(email_domains) <= 64 AND array_position(email_domains, NULL) IS NULL),
    trust_issuer_factor boolean NOT NULL DEFAULT false,
    enabled boolean NOT NULL DEFAULT true,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);

-- Accounts of issuers that are users of a tenant. By issuer and subject, never by address: addresses change hands. One account of an issuer
-- a user, so that whoever gets an address after somebody does not get the user along with it.
CREATE TABLE drm.user_subjects (
    tenant_id uuid NOT NULL,
    issuer text NOT NULL,
    sub text NOT NULL CHECK (length(sub) BETWEEN 1 AND 255),
    user_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, issuer, sub),
    UNIQUE (tenant_id, user_id, issuer),
    FOREIGN KEY (tenant_id, user_id) REFERENCES drm.users ON DELETE CASCADE
);

CREATE TABLE drm.oidc_logins (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    provider_id uuid NOT NULL,
    state_hash bytea NOT NULL CHECK (octet_length(state_hash) = 32),     -- SHA-256 of what comes back with the browser
    binding_hash bytea NOT NULL CHECK (octet_length(binding_hash) = 32), -- ... and of what only the browser that began it has
    nonce text NOT NULL,
    verifier bytea NOT NULL, -- PKCE, sealed
    redirect_uri text NOT NULL,
    loopback boolean NOT NULL, -- the redirect URI is of a program on the user's machine, not the provider's
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, provider_id) REFERENCES drm.oidc_providers ON DELETE CASCADE
);
CREATE INDEX oidc_logins_state ON drm.oidc_logins (state_hash); -- a state tells no tenant; not unique: no oracle
CREATE INDEX oidc_logins_expiry ON drm.oidc_logins (tenant_id, expires_at);
CREATE INDEX oidc_logins_provider ON drm.oidc_logins (tenant_id, provider_id);

SELECT sec.protect(t) FROM unnest(ARRAY['drm.oidc_providers', 'drm.user_subjects', 'drm.oidc_logins']::regclass[]) AS t;
SELECT sec.open_to_scheduler(t) FROM unnest(ARRAY['drm.oidc_providers', 'drm.user_subjects', 'drm.oidc_logins']::regclass[]) AS t;
GRANT SELECT (tenant_id, id, name, issuer, client_id, has_secret, scopes, redirect_uri, link_by_email, create_users, default_role, email_domains,
              trust_issuer_factor, enabled, version, created_at, updated_at) ON drm.oidc_providers TO drm_app;
GRANT SELECT ON drm.user_subjects TO drm_app;
GRANT SELECT (tenant_id, id, provider_id, created_at, expires_at) ON drm.oidc_logins TO drm_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON drm.oidc_providers, drm.oidc_logins TO drm_sched;
GRANT SELECT, INSERT ON drm.user_subjects TO drm_sched;

-- ---- providers ----

-- Bytes 2..5 of a sealed value: the version of the data key that opens it; of a wrapped data key: the number of its KEK.
CREATE FUNCTION sec.key_of(p_blob bytea) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN pg_catalog.get_byte(p_blob, 1) << 24 | pg_catalog.get_byte(p_blob, 2) << 16 | pg_catalog.get_byte(p_blob, 3) << 8
        | pg_catalog.get_byte(p_blob, 4);

-- Whoever names the issuer decides who comes in, so nobody may let in more than they are: with link_by_email any user of the tenant, with
-- create_users the default role. Asked of the row as it is to be, whoever wrote the rest of it.
CREATE FUNCTION sec.oidc_may_write(p drm.oidc_providers) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require('tenant:settings');
    IF p.link_by_email THEN
        PERFORM sec.require_mask(sec.role_mask(p.tenant_id, 'administrator'));
    END IF;
    IF p.create_users THEN
        PERFORM sec.require_mask(sec.role_mask(p.tenant_id, p.default_role));
    END IF;
END
$$;

CREATE FUNCTION adm.oidc_provider_create(p_id uuid, p_name text, p_issuer text, p_client_id text, p_client_secret bytea, p_scopes text,
                                         p_redirect_uri text, p_link_by_email boolean, p_create_users boolean, p_default_role text,
                                         p_email_domains text[], p_trust_issuer_factor boolean, p_enabled boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_row drm.oidc_providers;
BEGIN
    PERFORM sec.require('tenant:settings');
    INSERT INTO drm.oidc_providers (tenant_id, id, name, issuer, client_id, client_secret, scopes, redirect_uri, link_by_email, create_users,
                                    default_role, email_domains, trust_issuer_factor, enabled)
        VALUES (sec.tenant(), p_id, p_name, p_issuer, p_client_id, p_client_secret, COALESCE(p_scopes, 'openid email'), p_redirect_uri,
                COALESCE(p_link_by_email, false), COALESCE(p_create_users, false), COALESCE(p_default_role, 'viewer'),
                COALESCE(p_email_domains, '{}'), COALESCE(p_trust_issuer_factor, false), COALESCE(p_enabled, true))
        RETURNING * INTO v_row;
    PERFORM sec.oidc_may_write(v_row);
END
$$;

-- Keeps others from changing it for the rest of the transaction, so that it can be read as it is before.
CREATE FUNCTION adm.oidc_provider_hold(p_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require('tenant:settings');
    PERFORM FROM drm.oidc_providers p WHERE p.tenant_id = sec.tenant() AND p.id = p_id FOR UPDATE;
END
$$;

-- NULL: as it is. False: it is not there.
CREATE FUNCTION adm.oidc_provider_update(p_id uuid, p_name text, p_issuer text, p_client_id text, p_client_secret bytea,
                                         p_drop_secret boolean, p_scopes text, p_redirect_uri text, p_link_by_email boolean,
                                         p_create_users boolean, p_default_role text, p_email_domains text[],
                                         p_trust_issuer_factor boolean, p_enabled boolean) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_row drm.oidc_providers;
BEGIN
    PERFORM sec.require('tenant:settings');
    UPDATE drm.oidc_providers p
        SET name = COALESCE(p_name, p.name), issuer = COALESCE(p_issuer, p.issuer), client_id = COALESCE(p_client_id, p.client_id),
            client_secret = CASE WHEN p_drop_secret THEN NULL ELSE COALESCE(p_client_secret, p.client_secret) END,
            scopes = COALESCE(p_scopes, p.scopes), redirect_uri = COALESCE(p_redirect_uri, p.redirect_uri),
            link_by_email = COALESCE(p_link_by_email, p.link_by_email), create_users = COALESCE(p_create_users, p.create_users),
            default_role = COALESCE(p_default_role, p.default_role), email_domains = COALESCE(p_email_domains, p.email_domains),
            trust_issuer_factor = COALESCE(p_trust_issuer_factor, p.trust_issuer_factor), enabled = COALESCE(p_enabled, p.enabled),
            version = p.version + 1, updated_at = pg_catalog.clock_timestamp()
        WHERE p.tenant_id = sec.tenant() AND p.id = p_id
        RETURNING * INTO v_row;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM sec.oidc_may_write(v_row);
    -- What was begun with the provider as it was is not finished with the one it is now.
    DELETE FROM drm.oidc_logins l WHERE l.tenant_id = v_row.tenant_id AND l.provider_id = v_row.id;
    RETURN true;
END
$$;

CREATE FUNCTION adm.oidc_provider_delete(p_id uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require('tenant:settings');
    DELETE FROM drm.oidc_providers p WHERE p.tenant_id = sec.tenant() AND p.id = p_id;
    RETURN FOUND;
END
$$;

-- ---- log-ins: before anybody is known, so only with the system context "auth" ----

-- A provider that may be used now.
CREATE FUNCTION sec.oidc_provider(p_tenant text, p_provider text)
    RETURNS TABLE (tenant_id uuid, provider_id uuid, issuer text, client_id text, scopes text, redirect_uri text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('auth');
    RETURN QUERY SELECT p.tenant_id, p.id, p.issuer, p.client_id, p.scopes, p.redirect_uri
        FROM drm.tenants t JOIN drm.oidc_providers p ON p.tenant_id = t.tenant_id
        WHERE (t.name = p_tenant OR t.tenant_id::text = p_tenant) AND t.status = 'active'
          AND (p.name = p_provider OR p.id::text = p_provider) AND p.enabled;
END
$$;

-- The data key to seal a verifier with. It stays until this transaction ends: sec.data_key(), which wants the tenant's context.
CREATE FUNCTION sec.oidc_key(p_tenant uuid) RETURNS TABLE (version integer, wrapped bytea)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_seal text := pg_catalog.current_setting('drm.seal', true);
BEGIN
    PERFORM sec.require_system('auth');
    PERFORM pg_catalog.set_config('drm.seal', sec.mint(p_tenant, p_tenant::text), true);
    RETURN QUERY SELECT k.version, k.wrapped FROM sec.data_key() k;
    PERFORM pg_catalog.set_config('drm.seal', v_seal, true);
END
$$;

-- False: the tenant has ten thousand log-ins that nobody finishes; they go as they expire.
CREATE FUNCTION sec.oidc_begin(p_tenant uuid, p_provider uuid, p_id uuid, p_state_hash bytea, p_binding_hash bytea, p_nonce text,
                               p_verifier bytea, p_redirect_uri text, p_loopback boolean, p_seconds integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('auth');
    DELETE FROM drm.oidc_logins l WHERE l.tenant_id = p_tenant AND l.id IN (
        SELECT x.id FROM drm.oidc_logins x WHERE x.tenant_id = p_tenant AND x.expires_at < pg_catalog.now()
            ORDER BY x.expires_at LIMIT 100 FOR UPDATE SKIP LOCKED);
    IF (SELECT count(*) FROM (SELECT FROM drm.oidc_logins x WHERE x.tenant_id = p_tenant LIMIT 10000) AS waiting) >= 10000 THEN
        RETURN false;
    END IF;
    INSERT INTO drm.oidc_logins (tenant_id, id, provider_id, state_hash, binding_hash, nonce, verifier, redirect_uri, loopback, expires_at)
        VALUES (p_tenant, p_id, p_provider, p_state_hash, p_binding_hash, p_nonce, p_verifier, p_redirect_uri, p_loopback,
                pg_catalog.now() + pg_catalog.make_interval(secs => p_seconds));
    RETURN true;
END
$$;

-- Uses a log-in up: the row is gone with the answer, so of two that bring the same state one gets it. Who is not the browser that began
-- it changes nothing. With the data keys that its secrets are sealed with.
CREATE FUNCTION sec.oidc_take(p_state_hash bytea, p_binding_hash bytea)
    RETURNS TABLE (tenant_id uuid, tenant text, login_id uuid, provider_id uuid, provider text, issuer text, client_id text, client_secret bytea,
                   nonce text, verifier bytea, redirect_uri text, loopback boolean, begun bigint, trust_issuer_factor boolean,
                   verifier_key integer, verifier_wrapped bytea, secret_key integer, secret_wrapped bytea)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('auth');
    RETURN QUERY WITH taken AS (
            DELETE FROM drm.oidc_logins l WHERE l.state_hash = p_state_hash AND l.binding_hash = p_binding_hash
                AND l.expires_at > pg_catalog.now() RETURNING l.*)
        SELECT l.tenant_id, t.name, l.id, p.id, p.name, p.issuer, p.client_id, p.client_secret, l.nonce, l.verifier, l.redirect_uri,
               l.loopback, EXTRACT(epoch FROM l.created_at)::bigint, p.trust_issuer_factor, k.version, k.wrapped, s.version, s.wrapped
        FROM taken l JOIN drm.tenants t ON t.tenant_id = l.tenant_id AND t.status = 'active'
            JOIN drm.oidc_providers p ON p.tenant_id = l.tenant_id AND p.id = l.provider_id AND p.enabled
            JOIN drm.tenant_keys k ON k.tenant_id = l.tenant_id AND k.version = sec.key_of(l.verifier)
            LEFT JOIN drm.tenant_keys s ON s.tenant_id = l.tenant_id AND s.version = sec.key_of(p.client_secret);
END
$$;

-- Whose account this is, as the issuer has just vouched: the user linked to it ("known"); else the user of its verified address (p_email), if
-- the provider links ("linked"); else a new user, if it creates ("created"). No row: nobody that may come in. "factor": nor may this one, who
-- or whose tenant wants a second factor, because the issuer did not say that it asked for several (p_factors) or is not trusted with that;
-- nothing was changed. Goes on as the user, so that the audit row of a link is the user's own.
CREATE FUNCTION sec.oidc_user(p_tenant uuid, p_provider uuid, p_issuer text, p_sub text, p_email text, p_factors boolean, p_new_user uuid)
    RETURNS TABLE (user_id uuid, outcome text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    p drm.oidc_providers;
    v_user uuid;
    v_outcome text := 'known';
    v_required boolean;
BEGIN
    PERFORM sec.require_system('auth');
    SELECT x.* INTO p FROM drm.oidc_providers x
        WHERE x.tenant_id = p_tenant AND x.id = p_provider AND x.issuer = p_issuer AND x.enabled;
    SELECT t.require_second_factor INTO v_required FROM drm.tenants t WHERE t.tenant_id = p_tenant AND t.status = 'active';
    IF p.id IS NULL OR v_required IS NULL THEN
        RETURN;
    END IF;
    SELECT s.user_id INTO v_user FROM drm.user_subjects s WHERE s.tenant_id = p_tenant AND s.issuer = p_issuer AND s.sub = p_sub;
    IF v_user IS NULL THEN
        -- Two first log-ins of one account at the same time: the second finds what the first has made.
        PERFORM pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(pg_catalog.concat_ws(' ', p_tenant, p_issuer, p_sub), 0));
        SELECT s.user_id INTO v_user FROM drm.user_subjects s WHERE s.tenant_id = p_tenant AND s.issuer = p_issuer AND s.sub = p_sub;
    END IF;
    IF v_user IS NULL AND p.link_by_email THEN
        SELECT u.id, 'linked' INTO v_user, v_outcome FROM drm.users u WHERE u.tenant_id = p_tenant AND u.email = p_email AND u.active;
    END IF;
    IF v_user IS NULL AND p.create_users AND p_email IS NOT NULL
            AND (p.email_domains = '{}' OR pg_catalog.split_part(p_email, '@', 2) = ANY (p.email_domains)) THEN
        v_outcome := 'created';
    END IF;
    IF NOT (p.trust_issuer_factor AND p_factors) AND (v_user IS NOT NULL OR v_outcome = 'created') AND (v_required
            OR EXISTS (SELECT FROM drm.users u WHERE u.tenant_id = p_tenant AND u.id = v_user AND u.second_factor)) THEN
        RETURN QUERY SELECT v_user, 'factor'::text;
        RETURN;
    END IF;
    IF v_outcome = 'created' THEN
        INSERT INTO drm.users (tenant_id, id, email, role) VALUES (p_tenant, p_new_user, p_email, p.default_role)
            ON CONFLICT DO NOTHING RETURNING id INTO v_user;
    END IF;
    IF v_user IS NOT NULL AND v_outcome <> 'known' THEN
        INSERT INTO drm.user_subjects AS s (tenant_id, issuer, sub, user_id) VALUES (p_tenant, p_issuer, p_sub, v_user)
            ON CONFLICT DO NOTHING RETURNING s.user_id INTO v_user;
    END IF;
    IF EXISTS (SELECT FROM drm.users u WHERE u.tenant_id = p_tenant AND u.id = v_user AND u.active) THEN
        PERFORM sec.go_on_as(p_tenant, v_user);
        RETURN QUERY SELECT v_user, v_outcome;
    ELSIF v_user IS NOT NULL THEN
        RETURN QUERY SELECT v_user, 'disabled'::text;
    END IF;
END
$$;

REVOKE ALL ON FUNCTION sec.oidc_may_write(drm.oidc_providers), sec.key_of(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION adm.oidc_provider_create(uuid, text, text, text, bytea, text, text, boolean, boolean, text, text[], boolean, boolean),
    adm.oidc_provider_update(uuid, text, text, text, bytea, boolean, text, text, boolean, boolean, text, text[], boolean, boolean),
    adm.oidc_provider_hold(uuid), adm.oidc_provider_delete(uuid), sec.oidc_provider(text, text), sec.oidc_key(uuid),
    sec.oidc_begin(uuid, uuid, uuid, bytea, bytea, text, bytea, text, boolean, integer), sec.oidc_take(bytea, bytea),
    sec.oidc_user(uuid, uuid, text, text, text, boolean, uuid) TO drm_app;
GRANT EXECUTE ON FUNCTION sec.oidc_may_write(drm.oidc_providers), sec.key_of(bytea) TO drm_sched;
GRANT CREATE ON SCHEMA sec, adm TO drm_sched;
ALTER FUNCTION adm.oidc_provider_create(uuid, text, text, text, bytea, text, text, boolean, boolean, text, text[], boolean, boolean) OWNER TO drm_sched;
ALTER FUNCTION adm.oidc_provider_update(uuid, text, text, text, bytea, boolean, text, text, boolean, boolean, text, text[], boolean, boolean)
    OWNER TO drm_sched;
ALTER FUNCTION adm.oidc_provider_hold(uuid) OWNER TO drm_sched;
ALTER FUNCTION adm.oidc_provider_delete(uuid) OWNER TO drm_sched;
ALTER FUNCTION sec.oidc_provider(text, text) OWNER TO drm_sched;
ALTER FUNCTION sec.oidc_key(uuid) OWNER TO drm_sched;
ALTER FUNCTION sec.oidc_begin(uuid, uuid, uuid, bytea, bytea, text, bytea, text, boolean, integer) OWNER TO drm_sched;
ALTER FUNCTION sec.oidc_take(bytea, bytea) OWNER TO drm_sched;
ALTER FUNCTION sec.oidc_user(uuid, uuid, text, text, text, boolean, uuid) OWNER TO drm_sched;
REVOKE CREATE ON SCHEMA sec, adm FROM drm_sched;
