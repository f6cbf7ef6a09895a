-- Outbound rules: which addresses a tenant's jobs may reach beyond the public Internet (docs/outbound.md). Made by platform administrators.
SET ROLE drm_owner;

CREATE TABLE drm.outbound_rules (
    tenant_id uuid NOT NULL REFERENCES drm.tenants ON DELETE CASCADE,
    id uuid NOT NULL,
    cidr cidr NOT NULL CHECK (NOT cidr <<= '::ffff:0:0/96'), -- IPv4 is written as IPv4
    port_first integer NOT NULL DEFAULT 0 CHECK (port_first BETWEEN 0 AND 65535),
    port_last integer NOT NULL DEFAULT 65535 CHECK (port_last BETWEEN 0 AND 65535),
    transport text NOT NULL DEFAULT 'any' CHECK (transport IN ('udp', 'tcp', 'any')),
    note text CHECK (length(note) <= 200),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, cidr, port_first, port_last, transport),
    CHECK (port_first <= port_last)
);
SELECT sec.protect('drm.outbound_rules');
SELECT sec.open_to_scheduler('drm.outbound_rules');
ALTER TABLE drm.outbound_rules ALTER COLUMN cidr SET STATISTICS 0; -- a histogram would tell the networks of others
GRANT SELECT ON drm.outbound_rules TO drm_app;
GRANT SELECT, INSERT, DELETE ON drm.outbound_rules TO drm_sched;

-- What processes that talk to tenants' hosts ask every second or two: the rules of these tenants, those of one together.
CREATE FUNCTION sched.outbound_rules(p_tenants uuid[])
    RETURNS TABLE (tenant_id uuid, id uuid, cidr text, port_first integer, port_last integer, transport text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_seal text := pg_catalog.current_setting('drm.seal', true);
BEGIN
    IF v_seal IS NULL OR v_seal = '' OR (sec.open_seal(v_seal))[1] <> '-' THEN
        RAISE EXCEPTION 'this call needs a system context' USING ERRCODE = '42501';
    END IF;
    RETURN QUERY SELECT r.tenant_id, r.id, r.cidr::text, r.port_first, r.port_last, r.transport
        FROM pg_catalog.unnest(p_tenants) AS t (id) JOIN drm.outbound_rules r ON r.tenant_id = t.id
        ORDER BY r.tenant_id, r.id;
END
$$;

-- ---- for platform administrators ----

-- A tenant by name or id, for those who have asked sec.require(); not granted to programs.
CREATE FUNCTION sec.outbound_tenant(p_tenant text) RETURNS uuid
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_id uuid := CASE WHEN p_tenant ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN p_tenant::uuid END;
    v_tenant uuid;
BEGIN
    IF v_id IS NULL THEN
        SELECT t.tenant_id INTO v_tenant FROM drm.tenants t WHERE t.name = p_tenant;
    ELSE
        SELECT t.tenant_id INTO v_tenant FROM drm.tenants t WHERE t.tenant_id = v_id;
    END IF;
    IF v_tenant IS NULL THEN
        RAISE EXCEPTION 'there is no such tenant' USING ERRCODE = 'DR404';
    END IF;
    RETURN v_tenant;
END
$$;

CREATE FUNCTION adm.outbound_rules_of(p_tenant text) RETURNS SETOF drm.outbound_rules
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require('platform:outbound');
    RETURN QUERY SELECT r.* FROM drm.outbound_rules r WHERE r.tenant_id = sec.outbound_tenant(p_tenant) ORDER BY r.id;
END
$$;

CREATE FUNCTION adm.outbound_allow(p_tenant text, p_id uuid, p_cidr text, p_first integer, p_last integer, p_transport text, p_note text)
    RETURNS SETOF drm.outbound_rules
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant uuid;
BEGIN
    PERFORM sec.require('platform:outbound');
    v_tenant := sec.outbound_tenant(p_tenant);
    PERFORM FROM drm.tenants t WHERE t.tenant_id = v_tenant FOR NO KEY UPDATE; -- two at once count one after the other
    IF (SELECT pg_catalog.count(*) FROM drm.outbound_rules r WHERE r.tenant_id = v_tenant) >= 256 THEN
        RAISE EXCEPTION 'a tenant has at most 256 outbound rules: remove some, or take wider blocks' USING ERRCODE = 'DR409';
    END IF;
    RETURN QUERY INSERT INTO drm.outbound_rules (tenant_id, id, cidr, port_first, port_last, transport, note)
        VALUES (v_tenant, p_id, p_cidr::cidr, p_first, p_last, p_transport, p_note) RETURNING *;
END
$$;

CREATE FUNCTION adm.outbound_remove(p_tenant text, p_id uuid) RETURNS SETOF drm.outbound_rules
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sec.require('platform:outbound');
    RETURN QUERY DELETE FROM drm.outbound_rules r WHERE r.tenant_id = sec.outbound_tenant(p_tenant) AND r.id = p_id RETURNING r.*;
END
$$;

-- ---- owners, grants ----

REVOKE ALL ON FUNCTION sched.outbound_rules(uuid[]), sec.outbound_tenant(text), adm.outbound_rules_of(text), adm.outbound_remove(text, uuid),
    adm.outbound_allow(text, uuid, text, integer, integer, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sched.outbound_rules(uuid[]), adm.outbound_rules_of(text), adm.outbound_remove(text, uuid),
    adm.outbound_allow(text, uuid, text, integer, integer, text, text) TO drm_app;
GRANT EXECUTE ON FUNCTION sec.outbound_tenant(text) TO drm_sched;
GRANT CREATE ON SCHEMA sched, adm TO drm_sched;
ALTER FUNCTION sched.outbound_rules(uuid[]) OWNER TO drm_sched;
ALTER FUNCTION adm.outbound_rules_of(text) OWNER TO drm_sched;
ALTER FUNCTION adm.outbound_allow(text, uuid, text, integer, integer, text, text) OWNER TO drm_sched;
ALTER FUNCTION adm.outbound_remove(text, uuid) OWNER TO drm_sched;
REVOKE CREATE ON SCHEMA sched, adm FROM drm_sched;
