/* Devices by the thousand, and jobs for them in lanes that the stack's worker does not serve: written by the superuser,
 * for making them is not what is measured. Called by dead.c, engine.c, memory.c, pgbench.c and soak.c. */
#include "agents.h"
#include "bench.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool run(bench *b, const char *sql, const char *const *params, int n)
{
    PGresult *result = PQexecParams(b->admin, sql, n, NULL, params, NULL, NULL, 0);
    bool done = PQresultStatus(result) == PGRES_COMMAND_OK;

    if (!done)
        bench_fail(b, "PostgreSQL: %s", PQerrorMessage(b->admin));
    PQclear(result);
    return done;
}

static bool read_ids(bench *b, fleet *f)
{
    char pattern[80];
    const char *params[] = { b->tenant_id, pattern };

    snprintf(pattern, sizeof pattern, "%s-%%", f->name);
    PGresult *result =
        PQexecParams(b->admin, "SELECT id FROM drm.devices WHERE tenant_id = $1::uuid AND name LIKE $2 ORDER BY name",
                     2, NULL, params, NULL, NULL, 0);
    size_t n = (size_t)PQntuples(result);
    f->ids = n == f->n ? calloc(n, ID_SIZE) : NULL;
    for (size_t i = 0; f->ids && i < n; i++)
        memcpy(f->ids[i], PQgetvalue(result, (int)i, 0), ID_SIZE);
    PQclear(result);
    return f->ids || bench_fail(b, "%zu devices where %zu were made", n, f->n);
}

static bool make_devices(bench *b, const fleet *f)
{
    char count[24];
    const char *params[] = { b->tenant_id, f->name, count };

    snprintf(count, sizeof count, "%zu", f->n);
    return run(
        b,
        "INSERT INTO drm.devices (tenant_id, id, name)"
        " SELECT $1::uuid, sec.uuid_v7(), $2 || '-' || lpad(i::text, 6, '0') FROM generate_series(1, $3::integer) i",
        params, 3);
}

static bool make_profiles(bench *b, const fleet *f, unsigned port, bool silent, const char *settings)
{
    char pattern[80], base[AGENTS_ADDRESS], port_text[16];
    const char *params[] = { b->tenant_id, pattern, base, port_text, settings, b->credential };

    snprintf(pattern, sizeof pattern, "%s-%%", f->name);
    snprintf(port_text, sizeof port_text, "%u", port);
    (silent ? agents_silent_address : agents_address)(0, base);
    return run(
        b,
        "INSERT INTO drm.device_protocol_profiles"
        " (tenant_id, device_id, protocol, address, port, settings, snmp_credential_id)"
        " SELECT d.tenant_id, d.id, 'snmp', host($3::inet + right(d.name, 6)::integer - 1), $4::integer, $5::jsonb,"
        " $6::uuid FROM drm.devices d WHERE d.tenant_id = $1::uuid AND d.name LIKE $2",
        params, 6);
}

bool fleet_make(bench *b, fleet *f, const char *name, size_t n, unsigned port, bool silent, const char *settings)
{
    *f = (fleet){ .n = n };
    snprintf(f->name, sizeof f->name, "%s-%s", b->run_name, name);
    return make_devices(b, f) && make_profiles(b, f, port, silent, settings) &&
           database_run(b, "ANALYZE drm.devices, drm.device_protocol_profiles") && read_ids(b, f);
}

bool fleet_queue(bench *b, const char *name, size_t n, const char *lane, size_t count)
{
    char count_text[24], n_text[24], pattern[80];
    const char *params[] = { b->tenant_id, pattern, lane, count_text, n_text };

    snprintf(pattern, sizeof pattern, "%s-%%", name);
    snprintf(count_text, sizeof count_text, "%zu", count);
    snprintf(n_text, sizeof n_text, "%zu", n);
    return run(
        b,
        "INSERT INTO drm.jobs (tenant_id, id, device_id, lane, protocol, operation, params, idempotent, exclusive,"
        " timeout_ms) SELECT $1::uuid, sec.uuid_v7(), d.id, $3, 'snmp', 'get',"
        " '{\"oids\": [\"1.3.6.1.2.1.1.1.0\"]}', true, false, 120000 - d.silent::integer"
        " FROM (SELECT id, name LIKE '%-silent-%' AS silent, row_number() OVER (ORDER BY md5(name)) AS n FROM "
        "drm.devices"
        "       WHERE tenant_id = $1::uuid AND name LIKE $2) d"
        " CROSS JOIN generate_series(0, ($4::integer - 1) / $5::integer) r"
        " WHERE r * $5::integer + d.n <= $4::integer ORDER BY r, d.n",
        params, 5);
}

void fleet_remove(bench *b, fleet *f)
{
    char pattern[80];
    const char *params[] = { b->tenant_id, pattern };
    static const char *const statements[] = {
        "DELETE FROM drm.jobs j USING drm.devices d WHERE j.tenant_id = $1::uuid AND d.tenant_id = $1::uuid"
        " AND j.device_id = d.id AND d.name LIKE $2",
        "DELETE FROM drm.job_results j USING drm.devices d WHERE j.tenant_id = $1::uuid AND d.tenant_id = $1::uuid"
        " AND j.device_id = d.id AND d.name LIKE $2",
        "DELETE FROM drm.devices WHERE tenant_id = $1::uuid AND name LIKE $2",
    };

    snprintf(pattern, sizeof pattern, "%s-%%", f->name);
    for (size_t i = 0; f->n && i < COUNT(statements); i++)
        run(b, statements[i], params, 2);
    free(f->ids);
    *f = (fleet){ .n = 0 };
}
