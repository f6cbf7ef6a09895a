/* Ceiling of jobs in PostgreSQL: pgbench with the same moves - claim a hundred, finish a hundred, and with their
 * submission - as a superuser on tables of the same shape: no row-level security, no seals, no functions, no network of
 * ours. Called by ceilings.c. */
#include "bench.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 100, CLIENTS = 2, TRANSACTIONS = 500, SCHED_TRANSACTIONS = 30, SCHED_BATCH = 512 }; /* of each client */

static const char tables_sql[] =
    "CREATE SCHEMA drm_bench;"
    "CREATE TABLE drm_bench.jobs (LIKE drm.jobs INCLUDING ALL) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = "
    "0.02,"
    " autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);"
    "CREATE TABLE drm_bench.job_results (LIKE drm.job_results INCLUDING ALL) PARTITION BY RANGE (finished_at);"
    "CREATE TABLE drm_bench.job_results_all PARTITION OF drm_bench.job_results DEFAULT";

#define INSERT_JOBS(n)                                                                                                 \
    "INSERT INTO drm_bench.jobs (tenant_id, id, device_id, protocol, operation, params, idempotent, exclusive, "       \
    "timeout_ms)"                                                                                                      \
    " SELECT '00000000-0000-4000-8000-000000000001', gen_random_uuid(), gen_random_uuid(), 'snmp', 'get',"             \
    " '{\"oids\": [\"1.3.6.1.2.1.1.1.0\"]}', true, false, 5000 FROM generate_series(1, " n ")"

/* Claim and finish are two transactions, as they are in the worker. Rows are named by their place and by the primary
 * key, as there: a plan made in the moment when the table was empty would otherwise be the ceiling. */
static const char script_claim_finish[] =
    "WITH u AS (UPDATE drm_bench.jobs j SET status = 'running',"
    " worker_id = '00000000-0000-4000-8000-000000000002', attempt = attempt + 1, started_at = clock_timestamp()"
    " WHERE j.ctid = ANY (ARRAY(SELECT ctid FROM drm_bench.jobs WHERE lane = 'default'"
    " AND tenant_id = '00000000-0000-4000-8000-000000000001' AND status = 'queued' AND NOT exclusive"
    " ORDER BY priority, id LIMIT 100 FOR NO KEY UPDATE SKIP LOCKED)) RETURNING j.id)"
    " SELECT array_agg(id) AS ids FROM u \\gset\n"
    "WITH e AS (DELETE FROM drm_bench.jobs j"
    " WHERE j.tenant_id = '00000000-0000-4000-8000-000000000001' AND j.id = ANY (:ids::uuid[])"
    " AND j.worker_id IS NOT DISTINCT FROM '00000000-0000-4000-8000-000000000002' AND j.attempt = 1 RETURNING j.*)"
    " INSERT INTO drm_bench.job_results (tenant_id, id, device_id, lane, protocol, operation, params, status, priority,"
    " timeout_ms, max_attempts, attempt, worker_id, result, created_at, started_at, finished_at)"
    " SELECT tenant_id, id, device_id, lane, protocol, operation, params, 'completed', priority, timeout_ms, "
    "max_attempts, attempt,"
    " worker_id, '{\"varbinds\": [{\"oid\": \"1.3.6.1.2.1.1.1.0\", \"type\": \"OctetString\", \"value\": "
    "\"Linux\"}]}', created_at,"
    " started_at, clock_timestamp() FROM e;\n";

/* The scheduler's own functions, in the context of a worker: the seal is minted here as the library mints it, by the
 * superuser, who may read the key. What a claim brings goes straight to finish. */
#define SCHED_WORKER "00000000-0000-4000-8000-000000000003"
static const char sched_sql[] = "CREATE SCHEMA drm_bench;"
                                "CREATE FUNCTION drm_bench.enter() RETURNS void LANGUAGE plpgsql AS $$"
                                "DECLARE k sec.seal_keys; t text; "
                                "BEGIN"
                                "  SELECT * INTO k FROM sec.seal_keys ORDER BY id DESC LIMIT 1;"
                                "  t := concat_ws('.', '-', 'worker', pg_backend_pid(), (extract(epoch FROM "
                                "clock_timestamp()) + 60)::bigint, k.id);"
                                "  PERFORM set_config('drm.seal', t || '.' || encode(sha256(k.opad || sha256(k.ipad || "
                                "convert_to(t, 'UTF8'))), 'hex'),"
                                "    true); "
                                "END $$";

static const char script_sched[] =
    "BEGIN;\n"
    "SELECT drm_bench.enter();\n"
    "SELECT array_agg(c.tenant_id) AS tenants, array_agg(c.id) AS ids, array_agg(c.attempt) AS attempts, count(*) AS n"
    " FROM sched.claim('" SCHED_WORKER "', 'bench-ceiling', 512) AS c \\gset\n"
    "COMMIT;\n"
    "BEGIN;\n"
    "SELECT drm_bench.enter();\n"
    "SELECT count(f.status) FROM sched.finish('" SCHED_WORKER "', :tenants::uuid[], :ids::uuid[], :attempts::integer[],"
    " array_fill('completed'::text, ARRAY[:n::integer]), array_fill(false, ARRAY[:n::integer]),"
    " array_fill('{\"varbinds\": [{\"oid\": \"1.3.6.1.2.1.1.1.0\", \"name\": \"sysDescr.0\", \"type\": \"OctetString\","
    " \"value\": \"An agent of drm-bench, as fast as it can\"}]}'::jsonb, ARRAY[:n::integer]),"
    " array_fill(NULL::jsonb, ARRAY[:n::integer]), array_fill(clock_timestamp(), ARRAY[:n::integer]),"
    " array_fill(clock_timestamp(), ARRAY[:n::integer])) AS f;\n"
    "COMMIT;\n";

static bool write_script(bench *b, char *path, const char *submit, const char *script)
{
    strcpy(path, "/tmp/drm-bench-XXXXXX");
    int fd = mkostemp(path, O_CLOEXEC);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!f) {
        if (fd >= 0)
            close(fd);
        return bench_fail(b, "%s: %s", path, strerror(errno));
    }
    bool written = (!submit || fprintf(f, "%s;\n", submit) > 0) && fputs(script, f) >= 0;
    return (fclose(f) == 0 && written) || bench_fail(b, "%s: %s", path, strerror(errno));
}

static bool run_script(bench *b, const char *figure, const char *submit, const char *script, size_t each, size_t batch)
{
    char path[32], transactions[32], clients[16], *output = NULL;
    snprintf(transactions, sizeof transactions, "%zu", each);
    snprintf(clients, sizeof clients, "%d", CLIENTS);
    const char *argv[] = { b->pgbench,
                           "-n",
                           "-M",
                           "prepared",
                           "-c",
                           clients,
                           "-j",
                           clients,
                           "-t",
                           transactions,
                           "-f",
                           path,
                           b->admin_database_url,
                           NULL };
    int own = PQbackendPID(b->admin);
    setenv("PGOPTIONS", "-c enable_seqscan=off -c plan_cache_mode=force_generic_plan", 1); /* as drm_app has them */
    cpu_times from = processes_cpu(own);
    bool done = write_script(b, path, submit, script) && child_run(b, argv, b->limit_s, &output);
    unsetenv("PGOPTIONS");
    cpu_times to = processes_cpu(own);
    unlink(path);
    double tps = done ? number_after(output, "tps = ") : NAN;
    if (done && (isnan(tps) || number_after(output, "number of failed transactions:") > 0))
        done = bench_fail(b, "pgbench: %s", output);
    if (done) {
        report_set(figure, tps * (double)batch);
        report_cpu(figure, "job", &from, &to, (double)(each * CLIENTS * batch));
    }
    free(output);
    return done;
}

bool ceiling_pgbench(bench *b)
{
    char fill[768];
    size_t each = bench_scaled(b, TRANSACTIONS, 20);
    snprintf(fill, sizeof fill, INSERT_JOBS("%zu") "; VACUUM ANALYZE drm_bench.jobs", each * CLIENTS * BATCH);
    char *vacuum = strchr(fill, ';');
    *vacuum = '\0'; /* VACUUM cannot share a statement string */
    bool done = database_run(b, "DROP SCHEMA IF EXISTS drm_bench CASCADE") && database_run(b, tables_sql) &&
                database_run(b, fill) && database_run(b, vacuum + 1) &&
                run_script(b, "ceiling.claim_finish", NULL, script_claim_finish, each, BATCH) &&
                database_run(b, "VACUUM ANALYZE drm_bench.jobs") &&
                run_script(b, "ceiling.submit_claim_finish", INSERT_JOBS("100"), script_claim_finish, each, BATCH);
    return database_run(b, "DROP SCHEMA IF EXISTS drm_bench CASCADE") && done;
}

bool ceiling_sched(bench *b, const fleet *f)
{
    static const char lane[] = "bench-ceiling";
    size_t each = bench_scaled(b, SCHED_TRANSACTIONS, 5);
    bool done = database_run(b, "DROP SCHEMA IF EXISTS drm_bench CASCADE") && database_run(b, sched_sql) &&
                database_run(b, "INSERT INTO drm.workers (id, host, pid, version, lane, slots) VALUES ('" SCHED_WORKER
                                "', 'bench', 1, '0', 'bench-ceiling', 1) ON CONFLICT (id) DO UPDATE SET alive = true,"
                                " beat_at = clock_timestamp()") &&
                fleet_queue(b, f->name, f->n, lane, each * CLIENTS * SCHED_BATCH) &&
                database_run(b, "VACUUM ANALYZE drm.jobs") &&
                run_script(b, "ceiling.sched", NULL, script_sched, each, SCHED_BATCH);
    database_run(b, "DELETE FROM drm.workers WHERE id = '" SCHED_WORKER "'");
    return database_run(b, "DROP SCHEMA IF EXISTS drm_bench CASCADE") && done;
}
