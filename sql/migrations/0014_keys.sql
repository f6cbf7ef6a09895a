-- Keys: seal keys that no dump holds, data keys that are wrapped anew and replaced while they are in use, API keys that do less.
SET ROLE drm_owner;

-- ---- seal keys, outside of dumps ----
-- Whoever knows a seal key can enter any tenant, so it must not lie in a file that pg_dump writes. The keys lie in a materialized view:
-- PostgreSQL logs it, recovers it and copies it to standbys as it does with a table, but a dump has its definition only. A restored
-- database knows no seal key until `drmctl key install` brings the keyring's.

-- What the view holds after its next REFRESH: what sec.write_seal_keys() tells; else what it holds now, so that refreshing it by hand
-- changes nothing. In a restored database that is nothing.
CREATE FUNCTION sec.next_seal_keys() RETURNS TABLE (id integer, ipad bytea, opad bytea, installed_at timestamptz)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_next text := pg_catalog.current_setting('drm.next_seal_keys', true);
BEGIN
    IF v_next <> '' THEN
        RETURN QUERY SELECT r.id, pg_catalog.decode(r.ipad, 'hex'), pg_catalog.decode(r.opad, 'hex'), r.installed_at
            FROM pg_catalog.jsonb_to_recordset(v_next::jsonb) AS r (id integer, ipad text, opad text, installed_at timestamptz);
        RETURN;
    END IF;
    RETURN QUERY SELECT k.id, k.ipad, k.opad, k.installed_at FROM sec.seal_keys k;
EXCEPTION WHEN object_not_in_prerequisite_state THEN -- the view has never been filled
    RETURN;
END
$$;

ALTER TABLE sec.seal_keys RENAME TO seal_keys_before;
SELECT set_config('drm.next_seal_keys', COALESCE(jsonb_agg(jsonb_build_object('id', k.id, 'ipad', encode(k.ipad, 'hex'),
    'opad', encode(k.opad, 'hex'), 'installed_at', k.installed_at)), '[]')::text, true) IS NOT NULL FROM sec.seal_keys_before k;
CREATE MATERIALIZED VIEW sec.seal_keys AS SELECT * FROM sec.next_seal_keys();
SELECT set_config('drm.next_seal_keys', '', true) IS NOT NULL;
DROP TABLE sec.seal_keys_before;
ALTER MATERIALIZED VIEW sec.seal_keys ALTER COLUMN ipad SET STATISTICS 0;
ALTER MATERIALIZED VIEW sec.seal_keys ALTER COLUMN opad SET STATISTICS 0;
REVOKE ALL ON sec.seal_keys FROM PUBLIC;

-- Who asks for a tenant waits while the view is filled, and filling it waits for transactions that asked: a second at most, so that a long
-- one cannot make everybody wait. Then it fails with 55P03 and may be tried again.
CREATE FUNCTION sec.write_seal_keys(p_keys jsonb) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_catalog.set_config('lock_timeout', '1s', true);
    PERFORM pg_catalog.set_config('drm.next_seal_keys', p_keys::text, true);
    REFRESH MATERIALIZED VIEW sec.seal_keys;
    PERFORM pg_catalog.set_config('drm.next_seal_keys', '', true);
END
$$;

-- All but one key, as sec.write_seal_keys() takes them, under a lock that holds until the transaction ends.
CREATE FUNCTION sec.other_seal_keys(p_id integer) RETURNS jsonb
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_catalog.pg_advisory_xact_lock(7303016, 1);
    RETURN (SELECT COALESCE(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('id', k.id, 'ipad', pg_catalog.encode(k.ipad, 'hex'),
        'opad', pg_catalog.encode(k.opad, 'hex'), 'installed_at', k.installed_at)), '[]') FROM sec.seal_keys k WHERE k.id <> p_id);
END
$$;

CREATE OR REPLACE FUNCTION sec.install_seal_key(p_id integer, p_key bytea) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_ipad bytea := pg_catalog.decode(pg_catalog.repeat('36', 64), 'hex');
    v_opad bytea := pg_catalog.decode(pg_catalog.repeat('5c', 64), 'hex');
    v_others jsonb;
    v_before bytea;
BEGIN
    IF pg_catalog.octet_length(p_key) <> 32 OR p_id < 1 THEN
        RAISE EXCEPTION 'a seal key has 32 bytes and a number above 0' USING ERRCODE = '22023';
    END IF;
    FOR i IN 0..31 LOOP
        v_ipad := pg_catalog.set_byte(v_ipad, i, pg_catalog.get_byte(p_key, i) # 54);
        v_opad := pg_catalog.set_byte(v_opad, i, pg_catalog.get_byte(p_key, i) # 92);
    END LOOP;
    v_others := sec.other_seal_keys(p_id);
    SELECT k.ipad INTO v_before FROM sec.seal_keys k WHERE k.id = p_id;
    IF v_before = v_ipad THEN
        RETURN;
    ELSIF v_before IS NOT NULL THEN
        RAISE EXCEPTION 'another seal key is installed under number %', p_id USING ERRCODE = 'DR409';
    END IF;
    PERFORM sec.write_seal_keys(v_others || pg_catalog.jsonb_build_object('id', p_id, 'ipad', pg_catalog.encode(v_ipad, 'hex'),
        'opad', pg_catalog.encode(v_opad, 'hex'), 'installed_at', pg_catalog.now()));
END
$$;

CREATE FUNCTION sec.remove_seal_key(p_id integer) RETURNS boolean
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_others jsonb := sec.other_seal_keys(p_id);
BEGIN
    IF NOT EXISTS (SELECT FROM sec.seal_keys k WHERE k.id = p_id) THEN
        RETURN false;
    END IF;
    PERFORM sec.write_seal_keys(v_others);
    RETURN true;
END
$$;

-- ---- data keys, and what is sealed by them ----

-- The library's table of sealed columns (libdrm/key/sealed_columns.c), brought here by `drmctl db migrate`. row_id: the column whose value
-- a sealed value is bound to.
CREATE TABLE sec.sealed_columns (
    table_name text NOT NULL, -- in schema drm
    column_name text NOT NULL,
    row_id text NOT NULL,
    PRIMARY KEY (table_name, column_name)
);
REVOKE ALL ON sec.sealed_columns FROM PUBLIC;
GRANT SELECT ON sec.sealed_columns TO drm_sched;

CREATE FUNCTION sec.install_sealed_columns(p_tables text[], p_columns text[], p_row_ids text[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM sec.sealed_columns;
    INSERT INTO sec.sealed_columns SELECT * FROM unnest(p_tables, p_columns, p_row_ids);
END
$$;

ALTER TABLE drm.tenant_keys
    ADD COLUMN superseded_at timestamptz, -- since when a newer version seals; this one goes when nothing is sealed by it any more
    ADD COLUMN rekey_at timestamptz;      -- when somebody last worked on that
CREATE INDEX tenant_keys_superseded ON drm.tenant_keys (superseded_at) WHERE superseded_at IS NOT NULL;

-- The tenant's newest data key, for sealing. It stays until this transaction ends: who replaces data keys waits for those that seal with the
-- old one (sec.rekey_next), and this function looks again after it has locked the key, so that none slips through between.
CREATE FUNCTION sec.data_key(OUT version integer, OUT wrapped bytea)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid := sec.tenant();
BEGIN
    LOOP
        SELECT k.version, k.wrapped INTO version, wrapped FROM drm.tenant_keys k
            WHERE k.tenant_id = v_tenant ORDER BY k.version DESC LIMIT 1 FOR KEY SHARE;
        EXIT WHEN NOT EXISTS (SELECT FROM drm.tenant_keys k WHERE k.tenant_id = v_tenant AND k.version > COALESCE(data_key.version, 0));
    END LOOP;
END
$$;

-- How many data keys each KEK wraps.
CREATE FUNCTION sec.kek_uses() RETURNS TABLE (kek integer, uses bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('keys');
    RETURN QUERY SELECT sec.key_of(k.wrapped), pg_catalog.count(*) FROM drm.tenant_keys k GROUP BY 1 ORDER BY 1;
END
$$;

-- Data keys that another KEK than this one wraps, tenant by tenant.
CREATE FUNCTION sec.kek_pick(p_kek integer, p_after uuid, p_limit integer)
    RETURNS TABLE (tenant_id uuid, version integer, wrapped bytea)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('keys');
    RETURN QUERY SELECT k.tenant_id, k.version, k.wrapped FROM drm.tenant_keys k
        WHERE k.tenant_id > p_after AND sec.key_of(k.wrapped) <> p_kek ORDER BY k.tenant_id, k.version LIMIT p_limit;
END
$$;

-- Puts a data key's new wrapping in the place of the old, unless it was changed meanwhile.
CREATE FUNCTION sec.kek_put(p_tenant uuid, p_version integer, p_old bytea, p_new bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('keys');
    UPDATE drm.tenant_keys k SET wrapped = p_new WHERE k.tenant_id = p_tenant AND k.version = p_version AND k.wrapped = p_old;
    RETURN FOUND;
END
$$;

-- ---- a new data key for a tenant: what is sealed by the old one is sealed anew, then the old one goes ----

-- Tenants by name or id (NULL: all) after an id, with their newest data key, and whether an older one is being replaced.
CREATE FUNCTION sec.rekey_tenants(p_tenant text, p_after uuid, p_limit integer)
    RETURNS TABLE (tenant_id uuid, name text, version integer, under_way boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('keys');
    RETURN QUERY SELECT t.tenant_id, t.name, pg_catalog.max(k.version), pg_catalog.bool_or(k.superseded_at IS NOT NULL)
        FROM drm.tenants t JOIN drm.tenant_keys k ON k.tenant_id = t.tenant_id
        WHERE t.tenant_id > p_after AND t.status <> 'deleting' AND (p_tenant IS NULL OR t.name = p_tenant OR t.tenant_id::text = p_tenant)
        GROUP BY t.tenant_id, t.name ORDER BY t.tenant_id LIMIT p_limit;
END
$$;

-- Adds a version. False: that is not the next one, or the one before it is still being replaced.
CREATE FUNCTION sec.rekey_start(p_tenant uuid, p_version integer, p_wrapped bytea, p_audit uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_newest integer;
BEGIN
    PERFORM sec.require_system('keys');
    SELECT k.version INTO v_newest FROM drm.tenant_keys k WHERE k.tenant_id = p_tenant AND k.superseded_at IS NULL
        ORDER BY k.version DESC LIMIT 1 FOR NO KEY UPDATE;
    IF v_newest IS DISTINCT FROM p_version - 1
        OR EXISTS (SELECT FROM drm.tenant_keys k WHERE k.tenant_id = p_tenant AND (k.superseded_at IS NOT NULL OR k.version > v_newest)) THEN
        RETURN false;
    END IF;
    INSERT INTO drm.tenant_keys (tenant_id, version, wrapped) VALUES (p_tenant, p_version, p_wrapped);
    UPDATE drm.tenant_keys k SET superseded_at = pg_catalog.clock_timestamp() WHERE k.tenant_id = p_tenant AND k.version = v_newest;
    INSERT INTO drm.audit_logs (tenant_id, id, action, object_type, object_id, detail)
        VALUES (p_tenant, p_audit, 'data_key.add', 'tenant', p_tenant, pg_catalog.jsonb_build_object('version', p_version));
    RETURN true;
END
$$;

-- A tenant whose superseded data key nobody is at work on, with all its data keys; no row when there is none. The lock waits for nobody: a
-- key that is being sealed with is left for later. Once it was had, nothing more is sealed by the superseded one (sec.data_key).
CREATE FUNCTION sec.rekey_next() RETURNS TABLE (tenant_id uuid, version integer, wrapped bytea, superseded boolean)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid;
BEGIN
    PERFORM sec.require_system('keys');
    SELECT k.tenant_id INTO v_tenant FROM drm.tenant_keys k
        WHERE k.superseded_at IS NOT NULL
          AND (k.rekey_at IS NULL OR k.rekey_at < pg_catalog.clock_timestamp() - interval '1 minute')
        ORDER BY k.superseded_at LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    UPDATE drm.tenant_keys k SET rekey_at = pg_catalog.clock_timestamp() WHERE k.tenant_id = v_tenant AND k.superseded_at IS NOT NULL;
    RETURN QUERY SELECT k.tenant_id, k.version, k.wrapped, k.superseded_at IS NOT NULL FROM drm.tenant_keys k WHERE k.tenant_id = v_tenant;
END
$$;

CREATE FUNCTION sec.sealed_row_id(p_table text, p_column text) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_row_id text;
BEGIN
    SELECT s.row_id INTO v_row_id FROM sec.sealed_columns s WHERE s.table_name = p_table AND s.column_name = p_column;
    IF NOT FOUND THEN
        RAISE EXCEPTION '%.% is no sealed column', p_table, p_column USING ERRCODE = '22023', HINT = 'Run drmctl db migrate.';
    END IF;
    RETURN v_row_id;
END
$$;

-- The next rows of a sealed column, in order of their ids.
CREATE FUNCTION sec.rekey_pick(p_tenant uuid, p_table text, p_column text, p_after uuid, p_limit integer)
    RETURNS TABLE (row_id uuid, blob bytea)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('keys');
    UPDATE drm.tenant_keys k SET rekey_at = pg_catalog.clock_timestamp()
        WHERE k.tenant_id = p_tenant AND k.superseded_at IS NOT NULL AND k.rekey_at < pg_catalog.clock_timestamp() - interval '10 seconds';
    RETURN QUERY EXECUTE pg_catalog.format('SELECT t.%1$I, t.%2$I FROM drm.%3$I t WHERE t.tenant_id = $1 AND t.%1$I > $2'
        ' ORDER BY t.%1$I LIMIT $3', sec.sealed_row_id(p_table, p_column), p_column, p_table) USING p_tenant, p_after, p_limit;
END
$$;

-- Puts values sealed anew in the place of those they were made from. Whoever changed a row meanwhile has sealed it by the newest key, and a
-- row that somebody has locked is left for the next round.
CREATE FUNCTION sec.rekey_put(p_tenant uuid, p_table text, p_column text, p_ids uuid[], p_old bytea[], p_new bytea[]) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_count integer;
BEGIN
    PERFORM sec.require_system('keys');
    EXECUTE pg_catalog.format('WITH l AS (SELECT u.%1$I AS id, n.old, n.new FROM unnest($2, $3, $4) AS n (id, old, new)'
        ' JOIN drm.%3$I u ON u.tenant_id = $1 AND u.%1$I = n.id AND u.%2$I = n.old FOR UPDATE OF u SKIP LOCKED)'
        ' UPDATE drm.%3$I t SET %2$I = l.new FROM l WHERE t.tenant_id = $1 AND t.%1$I = l.id AND t.%2$I = l.old',
        sec.sealed_row_id(p_table, p_column), p_column, p_table) USING p_tenant, p_ids, p_old, p_new;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;

-- Nothing is sealed by the superseded version any more: it goes.
CREATE FUNCTION sec.rekey_finish(p_tenant uuid, p_version integer, p_audit uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('keys');
    DELETE FROM drm.tenant_keys k WHERE k.tenant_id = p_tenant AND k.version = p_version AND k.superseded_at IS NOT NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO drm.audit_logs (tenant_id, id, action, object_type, object_id, detail)
        VALUES (p_tenant, p_audit, 'data_key.remove', 'tenant', p_tenant, pg_catalog.jsonb_build_object('version', p_version));
    RETURN true;
END
$$;

-- ---- API keys: made and revoked here, so that none can do more than who makes it ----

-- The names of a mask's permissions; NULL for NULL, which is no limit.
CREATE FUNCTION sec.mask_names(p_mask bigint) RETURNS text[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF p_mask IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN ARRAY(SELECT p.name FROM sec.permissions p WHERE p_mask >> p.bit & 1 = 1 AND p.bit > 0 ORDER BY p.bit);
END
$$;

-- Makes a key for the actor. p_scopes NULL: all that its owner may; p_addresses NULL: from anywhere. p_with: the key that this context was
-- entered by, if any: one made with it may no more, from nowhere else and no longer.
CREATE FUNCTION adm.api_key_create(p_id uuid, p_label text, p_prefix text, p_hash bytea, p_scopes text[], p_addresses text[],
                                   p_expires timestamptz, p_seconds bigint, p_with uuid) RETURNS SETOF drm.api_keys
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c record;
    v_with drm.api_keys;
    v_rights bigint := sec.rights();
    v_granted bigint;
    v_scoped bigint;
    v_mask bigint;
    v_names text;
    v_addresses text[] := (SELECT pg_catalog.array_agg(DISTINCT pg_catalog.network(a::inet)::text) FROM pg_catalog.unnest(p_addresses) a);
    v_expires timestamptz := COALESCE(p_expires, pg_catalog.now() + p_seconds * interval '1 second');
BEGIN
    PERFORM sec.require('api-key:own');
    SELECT * INTO c FROM sec.context();
    SELECT u.granted, u.scoped INTO v_granted, v_scoped FROM drm.users u WHERE u.tenant_id = c.tenant AND u.id = c.actor;
    SELECT * INTO v_with FROM drm.api_keys k WHERE k.tenant_id = c.tenant AND k.id = p_with;

    -- What the actor holds on some devices only can be a scope, too; a narrowed context tells nothing of it.
    v_mask := sec.names_mask(c.tenant, p_scopes);
    SELECT pg_catalog.string_agg(n, ', ') INTO v_names
        FROM pg_catalog.unnest(sec.mask_names(v_mask & ~(v_rights | CASE WHEN v_granted = v_rights THEN v_scoped ELSE 0 END))) n;
    IF v_names IS NOT NULL THEN
        RAISE EXCEPTION 'a key cannot have scopes that you do not hold: %', v_names USING ERRCODE = 'DR403';
    END IF;
    v_mask := CASE WHEN p_scopes IS NOT NULL THEN v_mask WHEN v_with.scopes IS NOT NULL THEN v_with.scopes
                   WHEN v_granted <> v_rights THEN v_rights END;

    IF v_with.addresses IS NOT NULL AND EXISTS (SELECT FROM pg_catalog.unnest(v_addresses) a
            WHERE NOT EXISTS (SELECT FROM pg_catalog.unnest(v_with.addresses) w WHERE a::inet <<= w::inet)) THEN
        RAISE EXCEPTION 'a key that is made with another one can be used from nowhere else' USING ERRCODE = 'DR403';
    END IF;
    IF v_expires <= pg_catalog.now() THEN
        RAISE EXCEPTION 'expires_at: a time to come is expected' USING ERRCODE = 'DR422';
    ELSIF v_expires > v_with.expires_at THEN
        RAISE EXCEPTION 'a key that is made with another one does not outlive it' USING ERRCODE = 'DR403';
    END IF;
    RETURN QUERY INSERT INTO drm.api_keys (tenant_id, id, user_id, label, prefix, key_hash, scopes, addresses, expires_at)
        VALUES (c.tenant, p_id, c.actor, p_label, p_prefix, p_hash, v_mask, COALESCE(v_addresses, v_with.addresses),
                COALESCE(v_expires, v_with.expires_at))
        RETURNING *;
END
$$;

-- One's own, and with user:admin anybody's; no row when there is none.
CREATE FUNCTION adm.api_key_revoke(p_id uuid) RETURNS SETOF drm.api_keys
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c record;
    v_all boolean := EXISTS (SELECT FROM sec.permissions p WHERE p.name = 'user:admin' AND sec.rights() >> p.bit & 1 = 1);
BEGIN
    PERFORM sec.require('api-key:own');
    SELECT * INTO c FROM sec.context();
    RETURN QUERY UPDATE drm.api_keys k SET revoked_at = pg_catalog.now()
        WHERE k.tenant_id = c.tenant AND k.id = p_id AND (k.user_id = c.actor OR v_all) AND k.revoked_at IS NULL RETURNING k.*;
END
$$;

REVOKE INSERT, UPDATE ON drm.api_keys FROM drm_app;
REVOKE INSERT (scopes, addresses), UPDATE (revoked_at, last_used_at) ON drm.api_keys FROM drm_app;

-- ---- policies, owners, grants ----

SELECT sec.open_to_scheduler(t) FROM unnest(ARRAY['drm.webpa_endpoints', 'drm.tr069_endpoints', 'drm.usp_endpoints']::regclass[]) AS t;
GRANT INSERT, UPDATE, DELETE ON drm.tenant_keys TO drm_sched;
GRANT UPDATE (community, auth_password, priv_password) ON drm.snmp_credentials TO drm_sched;
GRANT SELECT, UPDATE (auth_secret) ON drm.webpa_endpoints TO drm_sched;
GRANT SELECT, UPDATE (connection_request_password, cpe_password) ON drm.tr069_endpoints TO drm_sched;
GRANT SELECT, UPDATE (mtp_secret) ON drm.usp_endpoints TO drm_sched;

DO $$
DECLARE
    v_function regprocedure;
BEGIN
    FOR v_function IN SELECT p.oid FROM pg_catalog.pg_proc p
                      WHERE p.pronamespace = 'sec'::regnamespace AND (p.proname ~ '^(kek|rekey)_' OR p.proname = 'data_key')
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO drm_app', v_function);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION sec.next_seal_keys(), sec.write_seal_keys(jsonb), sec.other_seal_keys(integer), sec.remove_seal_key(integer),
    sec.install_sealed_columns(text[], text[], text[]), sec.sealed_row_id(text, text), sec.mask_names(bigint),
    adm.api_key_create(uuid, text, text, bytea, text[], text[], timestamptz, bigint, uuid), adm.api_key_revoke(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sec.sealed_row_id(text, text) TO drm_sched;
GRANT EXECUTE ON FUNCTION sec.mask_names(bigint), adm.api_key_create(uuid, text, text, bytea, text[], text[], timestamptz, bigint, uuid),
    adm.api_key_revoke(uuid) TO drm_app;
GRANT CREATE ON SCHEMA sec, adm TO drm_sched;
ALTER FUNCTION sec.mask_names(bigint) OWNER TO drm_sched;
ALTER FUNCTION adm.api_key_create(uuid, text, text, bytea, text[], text[], timestamptz, bigint, uuid) OWNER TO drm_sched;
ALTER FUNCTION adm.api_key_revoke(uuid) OWNER TO drm_sched;
DO $$
DECLARE
    v_function regprocedure;
BEGIN
    FOR v_function IN SELECT p.oid FROM pg_catalog.pg_proc p
                      WHERE p.pronamespace = 'sec'::regnamespace AND (p.proname ~ '^(kek|rekey)_' OR p.proname = 'data_key')
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', v_function);
        EXECUTE format('ALTER FUNCTION %s OWNER TO drm_sched', v_function);
    END LOOP;
END
$$;
REVOKE CREATE ON SCHEMA sec, adm FROM drm_sched;
