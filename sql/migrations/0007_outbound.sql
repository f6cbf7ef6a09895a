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
    CHECK (port_first <= port_last)
);
SELECT sec.protect('drm.outbound_rules');
SELECT sec.open_to_scheduler('drm.outbound_rules');
ALTER TABLE drm.outbound_rules ALTER COLUMN cidr SET STATISTICS 0; -- a histogram would tell the networks of others
GRANT SELECT ON drm.outbound_rules TO drm_app, drm_sched;

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

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA sched FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sched.outbound_rules(uuid[]) TO drm_app;
GRANT CREATE ON SCHEMA sched TO drm_sched;
ALTER FUNCTION sched.outbound_rules(uuid[]) OWNER TO drm_sched;
REVOKE CREATE ON SCHEMA sched FROM drm_sched;
