-- What devices tell by themselves: their events, read as a list and as a stream; and who may have sent a trap.
SET ROLE drm_owner;

ALTER TABLE drm.device_events
    ADD COLUMN source text CHECK (length(source) <= 64), -- the address it came from; NULL: not from the network
    ADD COLUMN oid text CHECK (length(oid) <= 1600),     -- of a trap: snmpTrapOID.0
    ADD COLUMN name text CHECK (length(name) <= 200),    -- the same by name, where it has one
    ADD CONSTRAINT device_events_kind CHECK (length(kind) BETWEEN 1 AND 64),
    ADD CONSTRAINT device_events_detail CHECK (pg_column_size(detail) <= 1048576);
-- The device first: only the primary key is to fit a look-up by tenant and id.
CREATE INDEX device_events_device ON drm.device_events (device_id, tenant_id, id);
SELECT sec.hide_statistics('drm.device_events');
SELECT sec.open_to_scheduler('drm.device_events');
GRANT SELECT, INSERT ON drm.device_events TO drm_sched;

-- ---- who sent it ----

-- An address literal in the one form that compares; NULL for a host name. IPv4 in IPv6 is IPv4.
CREATE FUNCTION sec.address_of(p_text text) RETURNS inet
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF p_text ~ '^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$' THEN
        RETURN p_text::inet;
    ELSIF p_text !~ '^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$' THEN
        RETURN NULL;
    ELSIF p_text::inet << '::ffff:0:0/96' THEN
        RETURN pg_catalog.replace(pg_catalog.host(p_text::inet), '::ffff:', '')::inet;
    END IF;
    RETURN p_text::inet;
EXCEPTION WHEN invalid_text_representation THEN
    RETURN NULL;
END
$$;
CREATE INDEX device_protocol_profiles_address ON drm.device_protocol_profiles (sec.address_of(address));

-- The devices of all tenants at these addresses, with what their messages are authenticated by. At most 256 devices a tenant, so that none
-- keeps others out. Written so that the address is looked up by its index and the rest by primary keys, whatever PostgreSQL believes of sizes.
CREATE FUNCTION sched.trap_senders(p_addresses text[])
    RETURNS TABLE (address text, tenant_id uuid, device_id uuid, relayed boolean, credential_id uuid, snmp_version text, username text,
                   auth_protocol text, priv_protocol text, context_name text, community bytea, community_key bytea,
                   auth_password bytea, auth_key bytea, priv_password bytea, priv_key bytea)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('worker');
    RETURN QUERY
    SELECT a.address, p.tenant_id, p.device_id, p.relayed, c.id, c.snmp_version, c.username, c.auth_protocol, c.priv_protocol,
           c.context_name, c.community, sched.data_key(c.tenant_id, c.community), c.auth_password,
           sched.data_key(c.tenant_id, c.auth_password), c.priv_password, sched.data_key(c.tenant_id, c.priv_password)
        FROM pg_catalog.unnest(p_addresses) AS a (address)
        CROSS JOIN LATERAL (
            SELECT d.tenant_id, d.device_id, d.snmp_credential_id, COALESCE(d.settings -> 'trap_agent_address' = 'true', false) AS relayed,
                   pg_catalog.row_number() OVER (PARTITION BY d.tenant_id ORDER BY d.device_id) AS nth
                FROM (SELECT f.tenant_id, f.device_id, f.snmp_credential_id, f.settings FROM drm.device_protocol_profiles f
                      WHERE f.protocol IS NOT DISTINCT FROM 'snmp' AND sec.address_of(f.address) = a.address::inet OFFSET 0) d) p
        CROSS JOIN LATERAL (SELECT k.* FROM drm.snmp_credentials k
                            WHERE k.tenant_id = p.tenant_id AND k.id = p.snmp_credential_id OFFSET 0) c
        CROSS JOIN LATERAL (SELECT true AS active FROM drm.tenants n
                            WHERE n.tenant_id = p.tenant_id AND n.status = 'active' OFFSET 0) t
        WHERE p.nth <= 256;
END
$$;

-- The SNMP engines of listeners (RFC 3411, section 3.1.1.1), which informs of version 3 are sent to: an engine keeps its id, and counts
-- how often it started.
CREATE TABLE drm.trap_engines (
    name text PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 400), -- host and address of the listener
    engine_id text NOT NULL CHECK (engine_id ~ '^([0-9a-f]{2}){5,32}$'),
    boots integer NOT NULL DEFAULT 1 CHECK (boots > 0),
    started_at timestamptz NOT NULL DEFAULT now()
);
-- Not tenant-scoped: the scheduler's functions alone see it.
ALTER TABLE drm.trap_engines ENABLE ROW LEVEL SECURITY;
ALTER TABLE drm.trap_engines FORCE ROW LEVEL SECURITY;
SELECT sec.open_to_scheduler('drm.trap_engines');
GRANT SELECT, INSERT, UPDATE ON drm.trap_engines TO drm_sched;

-- Starts a listener's engine. p_engine_id: the id of a new one, also of one whose starts cannot be counted any further.
CREATE FUNCTION sched.trap_engine_start(p_name text, p_engine_id text) RETURNS TABLE (engine_id text, boots integer)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('worker');
    RETURN QUERY
    INSERT INTO drm.trap_engines AS e (name, engine_id) VALUES (p_name, p_engine_id)
        ON CONFLICT ON CONSTRAINT trap_engines_pkey DO UPDATE
            SET engine_id = CASE WHEN e.boots >= 2147483646 THEN EXCLUDED.engine_id ELSE e.engine_id END,
                boots = CASE WHEN e.boots >= 2147483646 THEN 1 ELSE e.boots + 1 END,
                started_at = pg_catalog.clock_timestamp()
        RETURNING e.engine_id, e.boots;
END
$$;

-- ---- storing ----

-- Stores events; those of devices that are no more are left out. Rows: the ids that are stored, now or by an earlier call of which the answer
-- was lost.
CREATE FUNCTION sched.events_store(p_tenants uuid[], p_ids uuid[], p_devices uuid[], p_kinds text[], p_sources text[], p_oids text[],
                                   p_names text[], p_details jsonb[], p_at timestamptz[]) RETURNS SETOF uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require_system('worker');
    RETURN QUERY
    WITH given AS MATERIALIZED (
        SELECT e.* FROM unnest(p_tenants, p_ids, p_devices, p_kinds, p_sources, p_oids, p_names, p_details, p_at)
                AS e (tenant_id, id, device_id, kind, source, oid, name, detail, at)
            CROSS JOIN LATERAL (SELECT true AS there FROM drm.devices d WHERE d.tenant_id = e.tenant_id AND d.id = e.device_id OFFSET 0) d),
    stored AS (
        INSERT INTO drm.device_events (tenant_id, id, device_id, kind, source, oid, name, detail, at)
            SELECT g.tenant_id, g.id, g.device_id, g.kind, g.source, g.oid, g.name, g.detail, g.at FROM given g
            ON CONFLICT DO NOTHING)
    SELECT g.id FROM given g;
END
$$;

-- ---- reading ----

-- The newest events between two ids that a narrowed context sees, without asking the policy of each (as sec.scoped_jobs()).
CREATE FUNCTION sec.scoped_events(p_limit bigint, p_before uuid, p_from uuid, p_kind text, p_since timestamptz, p_until timestamptz)
    RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_many CONSTANT integer := 1000;
    v_tenant uuid := sec.tenant();
    v_selectors jsonb[] := sec.selectors();
    v_devices uuid[];
BEGIN
    SELECT pg_catalog.array_agg(t.device_id) INTO v_devices FROM (
        SELECT t.device_id FROM (SELECT DISTINCT s ->> 0 AS tag FROM pg_catalog.unnest(v_selectors) s) s
            JOIN drm.device_tags t ON t.tenant_id = v_tenant AND t.tag = s.tag LIMIT v_many + 1) t;
    IF pg_catalog.cardinality(v_devices) > v_many THEN
        RETURN QUERY SELECT e.id FROM drm.device_events e JOIN drm.devices d ON d.tenant_id = e.tenant_id AND d.id = e.device_id
            WHERE e.tenant_id = v_tenant AND e.id < p_before AND e.id >= p_from AND pg_catalog.to_jsonb(d.tags) @> ANY (v_selectors)
              AND (p_kind IS NULL OR e.kind LIKE p_kind) AND (p_since IS NULL OR e.at >= p_since) AND (p_until IS NULL OR e.at < p_until)
            ORDER BY e.id DESC LIMIT p_limit;
    ELSE
        RETURN QUERY SELECT x.id FROM (SELECT DISTINCT u AS id FROM pg_catalog.unnest(v_devices) u) v
            JOIN drm.devices d ON d.tenant_id = v_tenant AND d.id = v.id AND pg_catalog.to_jsonb(d.tags) @> ANY (v_selectors)
            CROSS JOIN LATERAL (
                SELECT e.id FROM drm.device_events e
                    WHERE e.tenant_id = v_tenant AND e.device_id = d.id AND e.id < p_before AND e.id >= p_from
                      AND (p_kind IS NULL OR e.kind LIKE p_kind) AND (p_since IS NULL OR e.at >= p_since)
                      AND (p_until IS NULL OR e.at < p_until)
                    ORDER BY e.id DESC LIMIT p_limit) x
            ORDER BY x.id DESC LIMIT p_limit;
    END IF;
END
$$;

-- ---- owners, grants ----

REVOKE ALL ON FUNCTION sec.address_of(text), sched.trap_senders(text[]),
    sched.trap_engine_start(text, text), sec.scoped_events(bigint, uuid, uuid, text, timestamptz, timestamptz),
    sched.events_store(uuid[], uuid[], uuid[], text[], text[], text[], text[], jsonb[], timestamptz[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sec.address_of(text), sched.trap_senders(text[]), sched.trap_engine_start(text, text),
    sec.scoped_events(bigint, uuid, uuid, text, timestamptz, timestamptz),
    sched.events_store(uuid[], uuid[], uuid[], text[], text[], text[], text[], jsonb[], timestamptz[]) TO drm_app;
GRANT EXECUTE ON FUNCTION sec.address_of(text), sec.selectors() TO drm_sched;
GRANT CREATE ON SCHEMA sec, sched TO drm_sched;
ALTER FUNCTION sched.trap_senders(text[]) OWNER TO drm_sched;
ALTER FUNCTION sched.trap_engine_start(text, text) OWNER TO drm_sched;
ALTER FUNCTION sched.events_store(uuid[], uuid[], uuid[], text[], text[], text[], text[], jsonb[], timestamptz[]) OWNER TO drm_sched;
ALTER FUNCTION sec.scoped_events(bigint, uuid, uuid, text, timestamptz, timestamptz) OWNER TO drm_sched;
REVOKE CREATE ON SCHEMA sec, sched FROM drm_sched;
