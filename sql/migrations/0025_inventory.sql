-- What was last read from devices: drm.device_parameters (0003) is filled by workers after the results of jobs are stored, and searched
-- by device, path and value.
SET ROLE drm_owner;

-- Only the scheduler's function below writes it. Paths are compared byte by byte, whatever the database's collation: a prefix is a range then.
REVOKE INSERT, UPDATE, DELETE ON drm.device_parameters FROM drm_app;
ALTER TABLE drm.device_parameters
    ALTER COLUMN path TYPE text COLLATE "C",
    ADD COLUMN name text CHECK (length(name) <= 2000),       -- the path by name, where it has one
    ADD COLUMN text text CHECK (octet_length(text) <= 4096), -- what the object's syntax makes of the value, where that says more
    ADD COLUMN size integer NOT NULL DEFAULT 0 CHECK (size >= 0), -- octets of the value; more than are kept: the rest was cut off
    ADD COLUMN changed_at timestamptz NOT NULL DEFAULT now(), -- since when it has been read like this
    -- What a search for a value goes by; null for what counts on and on: nobody looks for that, and to change it writes no index.
    ADD COLUMN value_head text COLLATE "C" GENERATED ALWAYS AS (
        CASE WHEN type IN ('Counter32', 'Counter64', 'TimeTicks') THEN NULL ELSE pg_catalog.left(value, 100) END) STORED,
    ADD CONSTRAINT device_parameters_path CHECK (length(path) BETWEEN 1 AND 2000),
    ADD CONSTRAINT device_parameters_type CHECK (length(type) <= 100),
    ADD CONSTRAINT device_parameters_value CHECK (octet_length(value) <= 4096);
ALTER TABLE drm.device_parameters SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX device_parameters_of_path ON drm.device_parameters (tenant_id, path, device_id);
CREATE INDEX device_parameters_of_value ON drm.device_parameters (tenant_id, path, value_head, device_id);
SELECT sec.hide_statistics('drm.device_parameters');
SELECT sec.open_to_scheduler('drm.device_parameters');
GRANT SELECT, INSERT, UPDATE, DELETE ON drm.device_parameters TO drm_sched;

-- How many rows a device has there, kept by the function below, which holds the device's row.
ALTER TABLE drm.devices ADD COLUMN parameters integer NOT NULL DEFAULT 0 CHECK (parameters >= 0);
GRANT UPDATE (parameters) ON drm.devices TO drm_sched;

GRANT CREATE ON SCHEMA sched TO drm_sched;
SET ROLE drm_sched;

-- The firmware of a device as its hardware tells it: the first of entPhysicalSoftwareRev (ENTITY-MIB, RFC 6933) that tells something. The chassis
-- has the least index.
CREATE FUNCTION sched.inventory_firmware(p_tenant uuid, p_device uuid) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT pg_catalog.left(pg_catalog.btrim(p.value), 200) FROM drm.device_parameters p
            WHERE p.tenant_id = p_tenant AND p.device_id = p_device AND p.path >= '1.3.6.1.2.1.47.1.1.1.1.10.'
              AND p.path < '1.3.6.1.2.1.47.1.1.1.1.10/' AND pg_catalog.btrim(p.value) <> ''
            ORDER BY pg_catalog.length(p.path), p.path LIMIT 1);
END
$$;

-- Notes what was read from devices. A device a row of the first six arrays: when it answered last; vendor and firmware as it tells
-- them itself (null: it told nothing of that); whether its hardware's revisions are among the readings. A reading a row of the others: p_of is the
-- place of its device among those. Both are in the order of (tenant, device, path), each path of a device once: so workers side by side
-- wait for each other, and do not deadlock. An older reading changes nothing. A device that is gone, or whose tenant is not active, is left out.
-- Rows: devices that have more paths than are kept of one, and how many of these were left out.
CREATE FUNCTION sched.inventory_put(p_tenants uuid[], p_devices uuid[], p_seen timestamptz[], p_vendors text[], p_firmwares text[], p_revisions boolean[],
                                    p_of integer[], p_paths text[], p_names text[], p_types text[], p_values text[], p_texts text[], p_sizes integer[],
                                    p_times timestamptz[]) RETURNS TABLE (device_id uuid, left_out bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c_most CONSTANT integer := 10000;             -- paths of a device
    c_stale CONSTANT interval := '30 days';       -- not read for so long, they make room for others
    c_seen_every CONSTANT interval := '5 minutes'; -- last_seen_at moves on by that at least
    v_now timestamptz := pg_catalog.clock_timestamp(); -- no reading is of later, whatever a worker's clock says
    v_room integer[];  -- of each device: how many more paths; null: it is not there
    v_made integer[];  -- of each device: how many there are more of now
    v_gone integer;
    v_vendors integer[];   -- devices whose vendor is told here, by a reading that none that is newer has come before
    v_firmwares integer[]; -- the same of sysDescr
    r record;
BEGIN
    PERFORM sec.require_system('worker');
    PERFORM pg_catalog.set_config('synchronous_commit', 'off', true); -- what a crash forgets is read again
    -- The device's row is held: nobody else adds paths to it, and it stays until this has ended.
    SELECT pg_catalog.array_agg(c_most - d.parameters ORDER BY u.n), pg_catalog.array_agg(0 ORDER BY u.n) INTO v_room, v_made
        FROM unnest(p_tenants, p_devices) WITH ORDINALITY AS u (tenant_id, id, n)
        LEFT JOIN LATERAL (SELECT d.parameters FROM drm.devices d JOIN drm.tenants t ON t.tenant_id = d.tenant_id AND t.status = 'active'
                           WHERE d.tenant_id = u.tenant_id AND d.id = u.id FOR NO KEY UPDATE OF d) d ON true;
    UPDATE drm.device_parameters p
        SET name = g.name, type = g.type, text = g.text, size = g.size, read_at = LEAST(g.at, v_now),
            -- the old one where it is the same: a long one lies elsewhere, and is not written anew
            value = CASE WHEN p.value IS NOT DISTINCT FROM g.value THEN p.value ELSE g.value END,
            changed_at = CASE WHEN p.value IS NOT DISTINCT FROM g.value AND p.size = g.size THEN p.changed_at ELSE LEAST(g.at, v_now) END
        FROM unnest(p_of, p_paths, p_names, p_types, p_values, p_texts, p_sizes, p_times) AS g (of, path, name, type, value, text, size, at)
        WHERE p.tenant_id = p_tenants[g.of] AND p.device_id = p_devices[g.of] AND p.path = g.path AND p.read_at < LEAST(g.at, v_now)
          AND v_room[g.of] IS NOT NULL;
    FOR r IN SELECT g.of, pg_catalog.count(*)::integer AS n FROM unnest(p_of, p_paths) AS g (of, path)
             WHERE v_room[g.of] IS NOT NULL
               AND NOT EXISTS (SELECT FROM drm.device_parameters p
                               WHERE p.tenant_id = p_tenants[g.of] AND p.device_id = p_devices[g.of] AND p.path = g.path)
             GROUP BY g.of LOOP
        IF r.n > v_room[r.of] THEN
            DELETE FROM drm.device_parameters p
                WHERE p.tenant_id = p_tenants[r.of] AND p.device_id = p_devices[r.of] AND p.read_at < v_now - c_stale;
            GET DIAGNOSTICS v_gone = ROW_COUNT;
            v_room[r.of] := GREATEST(0, v_room[r.of] + v_gone);
            v_made[r.of] := -v_gone;
        END IF;
        IF r.n > v_room[r.of] THEN
            device_id := p_devices[r.of];
            left_out := r.n - v_room[r.of];
            RETURN NEXT;
        END IF;
        v_made[r.of] := v_made[r.of] + LEAST(r.n, v_room[r.of]);
    END LOOP;
    IF FOUND THEN
        INSERT INTO drm.device_parameters (tenant_id, device_id, path, name, type, value, text, size, read_at, changed_at)
            SELECT p_tenants[n.of], p_devices[n.of], n.path, n.name, n.type, n.value, n.text, n.size, LEAST(n.at, v_now), LEAST(n.at, v_now)
                FROM (SELECT g.*, pg_catalog.row_number() OVER (PARTITION BY g.of ORDER BY g.n) AS nth
                      FROM unnest(p_of, p_paths, p_names, p_types, p_values, p_texts, p_sizes, p_times)
                          WITH ORDINALITY AS g (of, path, name, type, value, text, size, at, n)
                      WHERE v_room[g.of] IS NOT NULL
                        AND NOT EXISTS (SELECT FROM drm.device_parameters p
                                        WHERE p.tenant_id = p_tenants[g.of] AND p.device_id = p_devices[g.of] AND p.path = g.path)) n
                WHERE n.nth <= v_room[n.of];
    END IF;
    SELECT pg_catalog.array_agg(g.of) FILTER (WHERE g.path = '1.3.6.1.2.1.1.2.0'), pg_catalog.array_agg(g.of) FILTER (WHERE g.path = '1.3.6.1.2.1.1.1.0')
        INTO v_vendors, v_firmwares
        FROM unnest(p_of, p_paths, p_times) AS g (of, path, at)
        WHERE g.path IN ('1.3.6.1.2.1.1.1.0', '1.3.6.1.2.1.1.2.0') -- sysDescr.0, sysObjectID.0
          AND NOT EXISTS (SELECT FROM drm.device_parameters p WHERE p.tenant_id = p_tenants[g.of] AND p.device_id = p_devices[g.of]
                          AND p.path = g.path AND p.read_at > LEAST(g.at, v_now));
    UPDATE drm.devices d
        SET parameters = GREATEST(0, d.parameters + t.made),
            last_seen_at = CASE WHEN d.last_seen_at > t.seen - c_seen_every THEN d.last_seen_at ELSE t.seen END,
            vendor = COALESCE(t.vendor, d.vendor), firmware = COALESCE(t.firmware, d.firmware)
        FROM (SELECT u.tenant_id, u.id, LEAST(u.seen, v_now) AS seen, v_made[u.n] AS made, CASE WHEN u.n = ANY (v_vendors) THEN u.vendor END AS vendor,
                     CASE WHEN u.revisions OR u.n = ANY (v_firmwares)
                          THEN COALESCE(sched.inventory_firmware(u.tenant_id, u.id), CASE WHEN u.n = ANY (v_firmwares) THEN u.firmware END)
                          END AS firmware
              FROM unnest(p_tenants, p_devices, p_seen, p_vendors, p_firmwares, p_revisions)
                  WITH ORDINALITY AS u (tenant_id, id, seen, vendor, firmware, revisions, n)
              WHERE v_room[u.n] IS NOT NULL) t
        WHERE d.tenant_id = t.tenant_id AND d.id = t.id
          AND (t.made <> 0 OR d.last_seen_at IS NULL OR d.last_seen_at <= t.seen - c_seen_every OR t.vendor <> d.vendor OR t.firmware <> d.firmware);
END
$$;

REVOKE ALL ON FUNCTION sched.inventory_firmware(uuid, uuid),
    sched.inventory_put(uuid[], uuid[], timestamptz[], text[], text[], boolean[], integer[], text[], text[], text[], text[], text[], integer[],
                        timestamptz[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    sched.inventory_put(uuid[], uuid[], timestamptz[], text[], text[], boolean[], integer[], text[], text[], text[], text[], text[], integer[],
                        timestamptz[]) TO drm_app;
SET ROLE drm_owner;
REVOKE CREATE ON SCHEMA sched FROM drm_sched;
