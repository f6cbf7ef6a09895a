-- What is known of parameters: MIB modules and objects, TR-181 parameters. Rows without a tenant are everybody's to read.
SET ROLE drm_owner;

CREATE TABLE drm.mib_modules (
    tenant_id uuid REFERENCES drm.tenants ON DELETE CASCADE,
    id uuid NOT NULL,
    name text NOT NULL,
    revision text,
    organization text,
    contact text,
    description text,
    source_sha256 bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (tenant_id, id),
    UNIQUE NULLS NOT DISTINCT (tenant_id, name)
);
CREATE TABLE drm.mib_oids (
    tenant_id uuid REFERENCES drm.tenants ON DELETE CASCADE,
    id uuid NOT NULL,
    module_id uuid NOT NULL,
    name text NOT NULL,
    oid text NOT NULL,
    kind text NOT NULL,
    syntax text,
    access text,
    description text,
    UNIQUE NULLS NOT DISTINCT (tenant_id, id),
    UNIQUE NULLS NOT DISTINCT (tenant_id, module_id, name),
    FOREIGN KEY (tenant_id, module_id) REFERENCES drm.mib_modules (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX mib_oids_oid ON drm.mib_oids (tenant_id, oid);
CREATE TABLE drm.tr181_parameters (
    tenant_id uuid REFERENCES drm.tenants ON DELETE CASCADE,
    id uuid NOT NULL,
    model text NOT NULL,
    path text NOT NULL,
    kind text NOT NULL,
    type text,
    access text,
    description text,
    UNIQUE NULLS NOT DISTINCT (tenant_id, id),
    UNIQUE NULLS NOT DISTINCT (tenant_id, model, path)
);
SELECT sec.protect(t, true) FROM unnest(ARRAY['drm.mib_modules', 'drm.mib_oids', 'drm.tr181_parameters']::regclass[]) AS t;
GRANT SELECT, INSERT, UPDATE, DELETE ON drm.mib_modules, drm.mib_oids, drm.tr181_parameters TO drm_app;
