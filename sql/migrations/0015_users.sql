-- Managing people: users, invitations, roles and who has them; one's own password; one person in several tenants.
-- Every adm function that manages others starts with sec.manage_people(), acts in the tenant of the seal only, and grants nothing that who
-- calls it does not hold.
SET ROLE drm_owner;

-- Whether somebody can log in by password may be told; the hash may not.
ALTER TABLE drm.users ADD COLUMN password_set boolean NOT NULL GENERATED ALWAYS AS (password_hash IS NOT NULL) STORED;
GRANT SELECT (password_set) ON drm.users TO drm_app;

-- What lets a person set the first password of a user, or a new one after a reset. One for each user.
CREATE TABLE drm.user_invitations (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32), -- SHA-256 of the whole token
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES drm.users ON DELETE CASCADE
);
SELECT sec.protect('drm.user_invitations'), sec.open_to_scheduler('drm.user_invitations');
GRANT SELECT (tenant_id, user_id, created_at, expires_at) ON drm.user_invitations TO drm_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON drm.user_invitations TO drm_sched;

-- What the policy "scope" would refuse, said in words that help.
CREATE FUNCTION drm.devices_within_scope() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_scope integer := sec.scope();
    v_actor uuid := sec.actor();
    v_wanted text;
BEGIN
    IF EXISTS (SELECT FROM drm.user_roles r WHERE r.tenant_id = NEW.tenant_id AND r.user_id = v_actor AND r.selector <> '{}'
               AND r.mask >> v_scope & 1 = 1 AND r.selector <@ NEW.tags) THEN
        RETURN NEW;
    END IF;
    SELECT pg_catalog.string_agg(pg_catalog.array_to_string(r.selector, ' and '), '; or ') INTO v_wanted FROM drm.user_roles r
        WHERE r.tenant_id = NEW.tenant_id AND r.user_id = v_actor AND r.selector <> '{}' AND r.mask >> v_scope & 1 = 1;
    RAISE EXCEPTION 'tags: your roles reach only devices with the tags %', COALESCE(v_wanted, 'of no selector') USING ERRCODE = 'DR403', CONSTRAINT = 'devices_within_scope';
END
$$;
CREATE TRIGGER within_scope BEFORE INSERT OR UPDATE OF tags ON drm.devices FOR EACH ROW WHEN (sec.scope() IS NOT NULL)
    EXECUTE FUNCTION drm.devices_within_scope();

-- The newest jobs before p_before that a narrowed context sees, without asking the policy of each: where few devices can be meant, by looking
-- for theirs, else newest first until there are enough.
CREATE FUNCTION sec.scoped_jobs(p_limit bigint, p_before uuid, p_protocol text, p_operation text, p_status text) RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_before uuid := COALESCE(p_before, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
    v_many CONSTANT integer := 1000;
    v_scope integer := sec.scope();
    v_tenant uuid;
    v_selectors jsonb[];
    v_devices uuid[];
BEGIN
    SELECT c.tenant, pg_catalog.array_agg(pg_catalog.to_jsonb(r.selector)) INTO v_tenant, v_selectors FROM sec.context() c
        JOIN drm.user_roles r ON r.tenant_id = c.tenant AND r.user_id = c.actor
        WHERE r.selector <> '{}' AND r.mask >> v_scope & 1 = 1 GROUP BY c.tenant;
    SELECT pg_catalog.array_agg(t.device_id) INTO v_devices FROM (
        SELECT t.device_id FROM (SELECT DISTINCT s ->> 0 AS tag FROM pg_catalog.unnest(v_selectors) s) s
            JOIN drm.device_tags t ON t.tenant_id = v_tenant AND t.tag = s.tag LIMIT v_many + 1) t;
    IF pg_catalog.cardinality(v_devices) > v_many THEN
        RETURN QUERY SELECT x.id FROM (
            (SELECT j.id FROM drm.jobs j JOIN drm.devices d ON d.tenant_id = j.tenant_id AND d.id = j.device_id
                WHERE j.tenant_id = v_tenant AND j.id < v_before AND pg_catalog.to_jsonb(d.tags) @> ANY (v_selectors)
                  AND (p_protocol IS NULL OR j.protocol = p_protocol) AND (p_operation IS NULL OR j.operation = p_operation)
                  AND (p_status IS NULL OR j.status = p_status)
                ORDER BY j.id DESC LIMIT p_limit)
            UNION ALL
            (SELECT j.id FROM drm.job_results j JOIN drm.devices d ON d.tenant_id = j.tenant_id AND d.id = j.device_id
                WHERE j.tenant_id = v_tenant AND j.id < v_before AND pg_catalog.to_jsonb(d.tags) @> ANY (v_selectors)
                  AND (p_protocol IS NULL OR j.protocol = p_protocol) AND (p_operation IS NULL OR j.operation = p_operation)
                  AND (p_status IS NULL OR j.status = p_status)
                ORDER BY j.id DESC LIMIT p_limit)) x ORDER BY x.id DESC LIMIT p_limit;
    ELSE
        RETURN QUERY SELECT x.id FROM (SELECT DISTINCT u AS id FROM pg_catalog.unnest(v_devices) u) v
            JOIN drm.devices d ON d.tenant_id = v_tenant AND d.id = v.id AND pg_catalog.to_jsonb(d.tags) @> ANY (v_selectors)
            CROSS JOIN LATERAL (
            (SELECT j.id FROM drm.jobs j WHERE j.tenant_id = v_tenant AND j.device_id = d.id AND j.id < v_before
                  AND (p_protocol IS NULL OR j.protocol = p_protocol) AND (p_operation IS NULL OR j.operation = p_operation)
                  AND (p_status IS NULL OR j.status = p_status)
                ORDER BY j.id DESC LIMIT p_limit)
            UNION ALL
            (SELECT j.id FROM drm.job_results j WHERE j.tenant_id = v_tenant AND j.device_id = d.id AND j.id < v_before
                  AND (p_protocol IS NULL OR j.protocol = p_protocol) AND (p_operation IS NULL OR j.operation = p_operation)
                  AND (p_status IS NULL OR j.status = p_status)
                ORDER BY j.id DESC LIMIT p_limit)) x ORDER BY x.id DESC LIMIT p_limit;
    END IF;
END
$$;
SELECT sec.open_to_scheduler('drm.device_tags');
GRANT SELECT ON drm.device_tags, drm.devices, drm.jobs, drm.job_results TO drm_sched;

-- ---- what the functions below share; nobody's to call ----

CREATE FUNCTION sec.uuid_v7() RETURNS uuid
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (pg_catalog.lpad(pg_catalog.to_hex((EXTRACT(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
            || pg_catalog.substr(pg_catalog.replace(pg_catalog.gen_random_uuid()::text, '-', ''), 14))::uuid
$$;

-- An audit row in the trail of a tenant that is not the context's.
CREATE FUNCTION sec.audit_in(p_tenant uuid, p_actor uuid, p_action text, p_object uuid, p_detail jsonb, p_request text, p_address text)
    RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO drm.audit_logs (tenant_id, id, actor_id, action, object_type, object_id, detail, request_id, address)
        VALUES (p_tenant, sec.uuid_v7(), p_actor, p_action, 'user', p_object, p_detail, NULLIF(p_request, ''), NULLIF(p_address, ''))
$$;

-- The tenant whose people may be managed now. One at a time: whoever waited here is checked by what holds then, and locks further on are
-- taken in one order.
CREATE FUNCTION sec.manage_people() RETURNS uuid
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid := sec.tenant();
BEGIN
    PERFORM sec.require('user:admin');
    PERFORM FROM drm.tenants t WHERE t.tenant_id = v_tenant FOR NO KEY UPDATE;
    PERFORM sec.require('user:admin');
    RETURN v_tenant;
END
$$;

-- A user to be changed: locked, of that version (0: any), and not one who holds more than who changes it. Who could set the password of a
-- mightier user, or take its roles away, would grant itself what it does not hold.
CREATE FUNCTION sec.user_to_change(p_tenant uuid, p_user uuid, p_version bigint) RETURNS drm.users
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v drm.users;
    v_more bigint;
BEGIN
    SELECT u.* INTO v FROM drm.users u WHERE u.tenant_id = p_tenant AND u.id = p_user FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no such user' USING ERRCODE = 'DR404';
    END IF;
    v_more := (v.granted | v.scoped) & ~sec.rights();
    IF v_more <> 0 THEN
        RAISE EXCEPTION 'this user holds what you do not: %', pg_catalog.array_to_string(sec.mask_names(v_more), ', ') USING ERRCODE = 'DR403';
    END IF;
    IF p_version <> 0 AND p_version <> v.version THEN
        RAISE EXCEPTION 'the user was changed since it was read: read it again, then change it' USING ERRCODE = 'DR412';
    END IF;
    RETURN v;
END
$$;

CREATE FUNCTION sec.role_to_change(p_tenant uuid, p_role uuid, p_version bigint) RETURNS drm.rbac_roles
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v drm.rbac_roles;
    v_more bigint;
BEGIN
    SELECT r.* INTO v FROM drm.rbac_roles r WHERE r.tenant_id = p_tenant AND r.id = p_role FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no such role' USING ERRCODE = 'DR404';
    END IF;
    v_more := v.mask & ~sec.rights();
    IF v_more <> 0 THEN
        RAISE EXCEPTION 'this role holds what you do not: %', pg_catalog.array_to_string(sec.mask_names(v_more), ', ') USING ERRCODE = 'DR403';
    END IF;
    IF p_version <> 0 AND p_version <> v.version THEN
        RAISE EXCEPTION 'the role was changed since it was read: read it again, then change it' USING ERRCODE = 'DR412';
    END IF;
    RETURN v;
END
$$;

CREATE FUNCTION sec.invite(p_tenant uuid, p_user uuid, p_token_hash bytea, p_seconds integer) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM drm.user_invitations WHERE tenant_id = p_tenant AND user_id = p_user;
    INSERT INTO drm.user_invitations (tenant_id, user_id, token_hash, expires_at)
        SELECT p_tenant, p_user, p_token_hash, pg_catalog.now() + p_seconds * interval '1 second' WHERE p_token_hash IS NOT NULL
$$;

-- Holds the tenant's people for the rest of the transaction: what is read of them then is what is changed.
CREATE FUNCTION adm.hold_people() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.manage_people();
END
$$;

-- ---- users ----

-- Either a password's hash or that of an invitation.
CREATE FUNCTION adm.user_create(p_id uuid, p_email text, p_role text, p_active boolean, p_password_hash text, p_token_hash bytea,
                                p_seconds integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid := sec.manage_people();
BEGIN
    PERFORM sec.require_mask(sec.role_mask(v_tenant, p_role));
    INSERT INTO drm.users (tenant_id, id, email, role, active, password_hash)
        VALUES (v_tenant, p_id, p_email, p_role, p_active, p_password_hash);
    PERFORM sec.invite(v_tenant, p_id, p_token_hash, p_seconds);
END
$$;

-- NULL: stays. With another address the user may be another person: it leaves its identity, and an invitation ends.
CREATE FUNCTION adm.user_update(p_id uuid, p_version bigint, p_email text, p_role text, p_active boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid := sec.manage_people();
    v drm.users := sec.user_to_change(v_tenant, p_id, p_version);
BEGIN
    PERFORM sec.require_mask(sec.role_mask(v_tenant, p_role));
    IF p_email <> v.email THEN
        PERFORM sec.invite(v_tenant, p_id, NULL, 0);
        UPDATE drm.users SET identity_id = NULL WHERE tenant_id = v_tenant AND id = p_id;
    END IF;
    UPDATE drm.users SET email = COALESCE(p_email, email), role = COALESCE(p_role, role), active = COALESCE(p_active, active),
            version = version + 1, updated_at = pg_catalog.clock_timestamp()
        WHERE tenant_id = v_tenant AND id = p_id;
    IF v.active AND NOT p_active THEN
        PERFORM sec.end_logins_of(v_tenant, p_id);
    END IF;
END
$$;

CREATE FUNCTION adm.user_delete(p_id uuid, p_version bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid := sec.manage_people();
BEGIN
    PERFORM sec.user_to_change(v_tenant, p_id, p_version);
    DELETE FROM drm.users WHERE tenant_id = v_tenant AND id = p_id;
END
$$;

-- The old password is no longer good, log-ins end, and the user leaves its identity: who knows the new password need not be the person.
CREATE FUNCTION adm.user_reset_password(p_id uuid, p_password_hash text, p_token_hash bytea, p_seconds integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid := sec.manage_people();
BEGIN
    PERFORM sec.user_to_change(v_tenant, p_id, 0);
    IF p_id = sec.actor() THEN
        RAISE EXCEPTION 'your own password is changed by whoever knows the old one, not reset' USING ERRCODE = 'DR409';
    END IF;
    UPDATE drm.users SET password_hash = p_password_hash, identity_id = NULL, version = version + 1, updated_at = pg_catalog.clock_timestamp()
        WHERE tenant_id = v_tenant AND id = p_id;
    PERFORM sec.invite(v_tenant, p_id, p_token_hash, p_seconds);
    PERFORM sec.end_logins_of(v_tenant, p_id);
END
$$;

CREATE FUNCTION adm.user_logout(p_id uuid) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid := sec.manage_people();
BEGIN
    PERFORM sec.user_to_change(v_tenant, p_id, 0);
    RETURN sec.end_logins_of(v_tenant, p_id);
END
$$;

-- ---- roles ----

CREATE FUNCTION adm.role_create(p_id uuid, p_name text, p_description text, p_permissions text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid := sec.manage_people();
    v_mask bigint := sec.names_mask(v_tenant, p_permissions);
BEGIN
    PERFORM sec.require_mask(v_mask);
    INSERT INTO drm.rbac_roles (tenant_id, id, name, description, permissions)
        VALUES (v_tenant, p_id, p_name, p_description, sec.mask_names(v_mask));
END
$$;

-- NULL: stays.
CREATE FUNCTION adm.role_update(p_id uuid, p_version bigint, p_name text, p_description text, p_permissions text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid := sec.manage_people();
    v drm.rbac_roles := sec.role_to_change(v_tenant, p_id, p_version);
    v_mask bigint := COALESCE(sec.names_mask(v_tenant, p_permissions), 0);
BEGIN
    PERFORM sec.require_mask(v_mask);
    UPDATE drm.rbac_roles SET name = COALESCE(p_name, name), description = COALESCE(p_description, description),
            version = version + 1, updated_at = pg_catalog.clock_timestamp()
        WHERE tenant_id = v_tenant AND id = p_id;
    IF p_permissions IS NOT NULL AND v_mask <> v.mask THEN
        UPDATE drm.rbac_roles SET permissions = sec.mask_names(v_mask) WHERE tenant_id = v_tenant AND id = p_id;
    END IF;
END
$$;

CREATE FUNCTION adm.role_delete(p_id uuid, p_version bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid := sec.manage_people();
BEGIN
    PERFORM sec.role_to_change(v_tenant, p_id, p_version);
    DELETE FROM drm.rbac_roles WHERE tenant_id = v_tenant AND id = p_id;
END
$$;

-- A role of the tenant's own or a built-in one. selector: tags that a device must all have; empty: on all.
CREATE FUNCTION adm.role_assign(p_id uuid, p_user uuid, p_role uuid, p_builtin text, p_selector text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid := sec.manage_people();
    v_selector text[] := ARRAY(SELECT DISTINCT s FROM pg_catalog.unnest(p_selector) s ORDER BY s);
    v_mask bigint;
BEGIN
    PERFORM sec.user_to_change(v_tenant, p_user, 0);
    IF p_role IS NOT NULL THEN
        SELECT r.mask INTO v_mask FROM drm.rbac_roles r WHERE r.tenant_id = v_tenant AND r.id = p_role FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'role_id: there is no such role' USING ERRCODE = 'DR404';
        END IF;
    ELSE
        v_mask := sec.role_mask(v_tenant, p_builtin);
    END IF;
    PERFORM sec.require_mask(v_mask);
    IF (SELECT pg_catalog.count(*) FROM drm.user_roles r WHERE r.tenant_id = v_tenant AND r.user_id = p_user) >= 64 THEN
        RAISE EXCEPTION 'the user has 64 roles already, and cannot have more' USING ERRCODE = 'DR409';
    END IF;
    INSERT INTO drm.user_roles (tenant_id, id, user_id, role_id, builtin, selector)
        VALUES (v_tenant, p_id, p_user, p_role, p_builtin, v_selector);
    IF v_selector <> '{}' AND NOT EXISTS (SELECT FROM drm.user_roles r WHERE r.tenant_id = v_tenant AND r.id = p_id AND r.mask <> 0) THEN
        RAISE EXCEPTION 'selector: nothing that this role allows can be held on some devices only' USING ERRCODE = 'DR422';
    END IF;
END
$$;

CREATE FUNCTION adm.role_withdraw(p_id uuid, p_user uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid := sec.manage_people();
BEGIN
    PERFORM sec.user_to_change(v_tenant, p_user, 0);
    DELETE FROM drm.user_roles WHERE tenant_id = v_tenant AND id = p_id AND user_id = p_user;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the user has no such role' USING ERRCODE = 'DR404';
    END IF;
END
$$;

-- ---- one's own account: these act for the user of the context ----

-- Knowing the old hash, which no program can read but by a log-in, stands for knowing the password. The rows of the same identity, which
-- share it, follow; log-ins end in all of them.
CREATE FUNCTION adm.set_own_password(p_old_hash text, p_new_hash text, p_request text, p_address text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c record;
    v_identity uuid;
    v drm.users;
BEGIN
    SELECT * INTO c FROM sec.context();
    SELECT u.identity_id INTO v_identity FROM drm.users u WHERE u.tenant_id = c.tenant AND u.id = c.actor;
    FOR v IN SELECT u.* FROM drm.users u WHERE (u.tenant_id = c.tenant AND u.id = c.actor) OR u.identity_id = v_identity
             ORDER BY u.tenant_id, u.id FOR UPDATE
    LOOP
        IF v.id = c.actor AND v.password_hash IS DISTINCT FROM p_old_hash THEN
            RAISE EXCEPTION 'the password was changed at this moment' USING ERRCODE = 'DR409';
        END IF;
        UPDATE drm.users SET password_hash = p_new_hash, version = version + 1, updated_at = pg_catalog.clock_timestamp()
            WHERE tenant_id = v.tenant_id AND id = v.id;
        PERFORM sec.end_logins_of(v.tenant_id, v.id);
        IF v.tenant_id <> c.tenant THEN
            PERFORM sec.audit_in(v.tenant_id, v.id, 'auth.password', v.id, '{"through":"another tenant"}', p_request, p_address);
        END IF;
    END LOOP;
END
$$;

-- The address an invitation of the context's user is for; NULL when it is not good.
CREATE FUNCTION adm.invitation(p_token_hash bytea) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.email FROM sec.context() c JOIN drm.user_invitations i ON i.tenant_id = c.tenant AND i.user_id = c.actor
            AND i.token_hash = p_token_hash AND i.expires_at > pg_catalog.now()
        JOIN drm.users u ON u.tenant_id = i.tenant_id AND u.id = i.user_id
$$;

CREATE FUNCTION adm.accept_invitation(p_token_hash bytea, p_password_hash text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c record;
BEGIN
    SELECT * INTO c FROM sec.context();
    DELETE FROM drm.user_invitations i
        WHERE i.tenant_id = c.tenant AND i.user_id = c.actor AND i.token_hash = p_token_hash AND i.expires_at > pg_catalog.now();
    IF NOT FOUND THEN
        PERFORM sec.refuse_actor(NULL);
    END IF;
    UPDATE drm.users SET password_hash = p_password_hash, version = version + 1, updated_at = pg_catalog.clock_timestamp()
        WHERE tenant_id = c.tenant AND id = c.actor;
END
$$;

-- Makes the invited user one person with another tenant's user who proved to be there and has the same address. Crosses tenants: only with
-- the system context "auth", by a library that holds both proofs.
CREATE FUNCTION adm.link_invitation(p_tenant uuid, p_user uuid, p_token_hash bytea, p_from_tenant uuid, p_from_user uuid, p_identity uuid,
                                    p_request text, p_address text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v drm.users;
    v_from drm.users;
BEGIN
    PERFORM sec.require_system('auth');
    PERFORM FROM drm.users u WHERE (u.tenant_id = p_tenant AND u.id = p_user) OR (u.tenant_id = p_from_tenant AND u.id = p_from_user)
        ORDER BY u.tenant_id, u.id FOR UPDATE;
    SELECT u.* INTO v FROM drm.users u JOIN drm.tenants t ON t.tenant_id = u.tenant_id
        WHERE u.tenant_id = p_tenant AND u.id = p_user AND u.active AND t.status = 'active';
    SELECT u.* INTO v_from FROM drm.users u JOIN drm.tenants t ON t.tenant_id = u.tenant_id
        WHERE u.tenant_id = p_from_tenant AND u.id = p_from_user AND u.active AND t.status = 'active' AND u.password_hash IS NOT NULL;
    DELETE FROM drm.user_invitations i
        WHERE i.tenant_id = p_tenant AND i.user_id = p_user AND i.token_hash = p_token_hash AND i.expires_at > pg_catalog.now();
    IF NOT FOUND OR v.id IS NULL OR v_from.id IS NULL THEN
        PERFORM sec.refuse_actor(NULL);
    END IF;
    IF v.email <> v_from.email OR p_tenant = p_from_tenant THEN
        RAISE EXCEPTION 'the invitation is for another address than that of your log-in' USING ERRCODE = 'DR409';
    END IF;
    UPDATE drm.users SET identity_id = COALESCE(v_from.identity_id, p_identity) WHERE tenant_id = p_from_tenant AND id = p_from_user;
    UPDATE drm.users SET identity_id = COALESCE(v_from.identity_id, p_identity), password_hash = v_from.password_hash, version = version + 1,
            updated_at = pg_catalog.clock_timestamp()
        WHERE tenant_id = p_tenant AND id = p_user;
    PERFORM sec.audit_in(p_tenant, p_user, 'auth.accept_invitation', p_user, '{"linked":true}', p_request, p_address);
    PERFORM sec.audit_in(p_from_tenant, p_from_user, 'auth.link', p_from_user, NULL, p_request, p_address);
END
$$;

-- The users that are one person with that of the context, itself included, where one may log in now.
CREATE FUNCTION adm.own_tenants() RETURNS TABLE (tenant_id uuid, user_id uuid, name text, current boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.tenant_id, p.id, t.name, p.tenant_id = c.tenant
        FROM sec.context() c JOIN drm.users me ON me.tenant_id = c.tenant AND me.id = c.actor
        CROSS JOIN LATERAL (SELECT me.tenant_id, me.id, me.active
                            UNION ALL
                            SELECT u.tenant_id, u.id, u.active FROM drm.users u
                                WHERE u.identity_id = me.identity_id AND u.tenant_id <> me.tenant_id) p
        JOIN drm.tenants t ON t.tenant_id = p.tenant_id
        WHERE p.active AND t.status = 'active' ORDER BY t.name
$$;

-- ---- owners, grants ----

GRANT EXECUTE ON FUNCTION sec.scoped_jobs(bigint, uuid, text, text, text) TO drm_app;
GRANT EXECUTE ON FUNCTION sec.uuid_v7(), sec.audit_in(uuid, uuid, text, uuid, jsonb, text, text), sec.manage_people(),
    sec.user_to_change(uuid, uuid, bigint), sec.role_to_change(uuid, uuid, bigint), sec.invite(uuid, uuid, bytea, integer) TO drm_sched;
GRANT CREATE ON SCHEMA adm, sec TO drm_sched;
ALTER FUNCTION sec.scoped_jobs(bigint, uuid, text, text, text) OWNER TO drm_sched;
DO $$
DECLARE
    f record;
BEGIN
    FOR f IN SELECT p.oid::regprocedure AS name FROM pg_catalog.pg_proc p
             WHERE p.pronamespace = 'adm'::regnamespace AND p.proowner = 'drm_owner'::regrole
    LOOP
        EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO drm_app', f.name);
        EXECUTE pg_catalog.format('ALTER FUNCTION %s OWNER TO drm_sched', f.name);
    END LOOP;
END
$$;
REVOKE CREATE ON SCHEMA adm, sec FROM drm_sched;
