-- Devices, their tags and protocol profiles, and the credentials and endpoints of each protocol.
SET ROLE drm_owner;

CREATE TABLE drm.devices (
    tenant_id uuid NOT NULL REFERENCES drm.tenants ON DELETE CASCADE,
    id uuid NOT NULL,
    name text NOT NULL CHECK (name = btrim(name) AND length(name) BETWEEN 1 AND 200),
    description text NOT NULL DEFAULT '' CHECK (length(description) <= 2000),
    tags text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 64 AND array_position(tags, NULL) IS NULL),
    protocols text[] NOT NULL DEFAULT '{}', -- these two are kept by the trigger on device_protocol_profiles,
    profiles jsonb NOT NULL DEFAULT '[]',   -- so that reading a device looks into one table only
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);

-- One row a tag, so that a filter by tag is an index look-up also under row-level security (@> is not leakproof).
CREATE TABLE drm.device_tags (
    tenant_id uuid NOT NULL,
    tag text NOT NULL CHECK (length(tag) BETWEEN 1 AND 100),
    device_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, tag, device_id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES drm.devices ON DELETE CASCADE
);
CREATE INDEX device_tags_device ON drm.device_tags (tenant_id, device_id);

-- Secrets are sealed by the library (AES-256-GCM, bound to table, column, tenant and row); never plain text.
CREATE TABLE drm.snmp_credentials (
    tenant_id uuid NOT NULL REFERENCES drm.tenants ON DELETE CASCADE,
    id uuid NOT NULL,
    name text NOT NULL CHECK (name = btrim(name) AND length(name) BETWEEN 1 AND 200),
    snmp_version text NOT NULL DEFAULT '2c' CHECK (snmp_version IN ('1', '2c', '3')),
    community bytea CHECK (octet_length(community) >= 33), -- the least a sealed value has
    username text,
    auth_protocol text,
    auth_password bytea,
    priv_protocol text,
    priv_password bytea,
    context_name text,
    device_id uuid, -- made together with this device's profile: goes when no profile uses it any more
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name),
    FOREIGN KEY (tenant_id, device_id) REFERENCES drm.devices ON DELETE SET NULL (device_id)
);
CREATE INDEX snmp_credentials_device ON drm.snmp_credentials (tenant_id, device_id) WHERE device_id IS NOT NULL;

CREATE TABLE drm.device_protocol_profiles (
    tenant_id uuid NOT NULL,
    device_id uuid NOT NULL,
    protocol text NOT NULL CHECK (length(protocol) BETWEEN 1 AND 32),
    address text NOT NULL DEFAULT '' CHECK (length(address) <= 255),
    port integer NOT NULL DEFAULT 0 CHECK (port BETWEEN 0 AND 65535), -- 0: the protocol's default
    settings jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object' AND pg_column_size(settings) <= 1048576),
    snmp_credential_id uuid,
    PRIMARY KEY (tenant_id, device_id, protocol),
    FOREIGN KEY (tenant_id, device_id) REFERENCES drm.devices ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, snmp_credential_id) REFERENCES drm.snmp_credentials
);
CREATE INDEX device_protocol_profiles_protocol ON drm.device_protocol_profiles (tenant_id, protocol, device_id);
CREATE INDEX device_protocol_profiles_credential ON drm.device_protocol_profiles (tenant_id, snmp_credential_id)
    WHERE snmp_credential_id IS NOT NULL;

CREATE TABLE drm.webpa_endpoints (
    tenant_id uuid NOT NULL,
    device_id uuid NOT NULL,
    gateway_url text NOT NULL,
    webpa_id text NOT NULL,
    auth_scheme text,
    auth_secret bytea,
    PRIMARY KEY (tenant_id, device_id),
    UNIQUE (tenant_id, webpa_id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES drm.devices ON DELETE CASCADE
);
CREATE TABLE drm.tr069_endpoints (
    tenant_id uuid NOT NULL,
    device_id uuid NOT NULL,
    oui text NOT NULL,
    product_class text NOT NULL DEFAULT '',
    serial_number text NOT NULL,
    connection_request_url text,
    connection_request_username text,
    connection_request_password bytea,
    cpe_username text,
    cpe_password bytea,
    last_inform_at timestamptz,
    PRIMARY KEY (tenant_id, device_id),
    UNIQUE (tenant_id, oui, product_class, serial_number),
    FOREIGN KEY (tenant_id, device_id) REFERENCES drm.devices ON DELETE CASCADE
);
CREATE TABLE drm.usp_endpoints (
    tenant_id uuid NOT NULL,
    device_id uuid NOT NULL,
    endpoint_id text NOT NULL,
    mtp text NOT NULL,
    mtp_secret bytea,
    last_seen_at timestamptz,
    PRIMARY KEY (tenant_id, device_id),
    UNIQUE (tenant_id, endpoint_id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES drm.devices ON DELETE CASCADE
);

-- What was last read from a device, and what it told by itself.
CREATE TABLE drm.device_parameters (
    tenant_id uuid NOT NULL,
    device_id uuid NOT NULL,
    path text NOT NULL,
    value text,
    type text NOT NULL,
    read_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, device_id, path),
    FOREIGN KEY (tenant_id, device_id) REFERENCES drm.devices ON DELETE CASCADE
);
CREATE TABLE drm.device_events (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    device_id uuid,
    kind text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}',
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES drm.devices ON DELETE CASCADE
);

CREATE TABLE drm.config_templates (
    tenant_id uuid NOT NULL REFERENCES drm.tenants ON DELETE CASCADE,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    body jsonb NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);
CREATE TABLE drm.device_config_versions (
    tenant_id uuid NOT NULL,
    device_id uuid NOT NULL,
    version bigint NOT NULL,
    template_id uuid,
    body jsonb NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, device_id, version),
    FOREIGN KEY (tenant_id, device_id) REFERENCES drm.devices ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, template_id) REFERENCES drm.config_templates
);

SELECT sec.protect(t) FROM unnest(ARRAY['drm.devices', 'drm.device_tags', 'drm.snmp_credentials', 'drm.device_protocol_profiles',
    'drm.webpa_endpoints', 'drm.tr069_endpoints', 'drm.usp_endpoints', 'drm.device_parameters', 'drm.device_events',
    'drm.config_templates', 'drm.device_config_versions']::regclass[]) AS t;
SELECT sec.open_to_scheduler(t) FROM unnest(ARRAY['drm.devices', 'drm.snmp_credentials', 'drm.device_protocol_profiles']::regclass[]) AS t;
GRANT SELECT, INSERT, UPDATE, DELETE ON drm.devices, drm.device_tags, drm.snmp_credentials, drm.device_protocol_profiles,
    drm.webpa_endpoints, drm.tr069_endpoints, drm.usp_endpoints, drm.device_parameters, drm.config_templates,
    drm.device_config_versions TO drm_app;
GRANT SELECT, INSERT ON drm.device_events TO drm_app;
GRANT SELECT ON drm.devices, drm.snmp_credentials, drm.device_protocol_profiles TO drm_sched;

CREATE FUNCTION drm.devices_write_tags() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.tags = OLD.tags THEN
            RETURN NULL;
        END IF;
        DELETE FROM drm.device_tags WHERE tenant_id = NEW.tenant_id AND device_id = NEW.id AND tag <> ALL (NEW.tags);
    END IF;
    INSERT INTO drm.device_tags (tenant_id, tag, device_id)
        SELECT DISTINCT NEW.tenant_id, t, NEW.id FROM pg_catalog.unnest(NEW.tags) AS t ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER write_tags AFTER INSERT OR UPDATE OF tags ON drm.devices
    FOR EACH ROW EXECUTE FUNCTION drm.devices_write_tags();

CREATE FUNCTION drm.profiles_write_device() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_row record := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    UPDATE drm.devices d SET (protocols, profiles) = (
            SELECT COALESCE(pg_catalog.array_agg(p.protocol ORDER BY p.protocol), '{}'),
                   COALESCE(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('protocol', p.protocol, 'address', p.address, 'port', p.port,
                       'settings', p.settings, 'credential_id', p.snmp_credential_id) ORDER BY p.protocol), '[]')
                FROM drm.device_protocol_profiles p WHERE p.tenant_id = v_row.tenant_id AND p.device_id = v_row.device_id)
        WHERE d.tenant_id = v_row.tenant_id AND d.id = v_row.device_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER write_device AFTER INSERT OR UPDATE OR DELETE ON drm.device_protocol_profiles
    FOR EACH ROW EXECUTE FUNCTION drm.profiles_write_device();
REVOKE ALL ON FUNCTION drm.devices_write_tags(), drm.profiles_write_device() FROM PUBLIC;
