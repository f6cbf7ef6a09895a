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

enum { BATCH = 100, CLIENTS = 2, TRANSACTIONS = 500 }; /* of each client */

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

static bool write_script(bench *b, char *path, const char *submit)
{
    strcpy(path, "/tmp/drm-bench-XXXXXX");
    int fd = mkostemp(path, O_CLOEXEC);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!f) {
        if (fd >= 0)
            close(fd);
        return bench_fail(b, "%s: %s", path, strerror(errno));
    }
    bool written = (!submit || fprintf(f, "%s;\n", submit) > 0) && fputs(script_claim_finish, f) >= 0;
    return (fclose(f) == 0 && written) || bench_fail(b, "%s: %s", path, strerror(errno));
}

static bool run_script(bench *b, const char *figure, const char *submit)
{
    char path[32], transactions[32], clients[16], *output = NULL;
    snprintf(transactions, sizeof transactions, "%zu", bench_scaled(b, TRANSACTIONS, 20));
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
    bool done = write_script(b, path, submit) && child_run(b, argv, b->limit_s, &output);
    unsetenv("PGOPTIONS");
    cpu_times to = processes_cpu(own);
    unlink(path);
    double tps = done ? number_after(output, "tps = ") : NAN;
    if (done && (isnan(tps) || number_after(output, "number of failed transactions:") > 0))
        done = bench_fail(b, "pgbench: %s", output);
    if (done) {
        report_set(figure, tps * BATCH);
        report_cpu(figure, "job", &from, &to, (double)(bench_scaled(b, TRANSACTIONS, 20) * CLIENTS * BATCH));
    }
    free(output);
    return done;
}

bool ceiling_pgbench(bench *b)
{
    char fill[768];
    snprintf(fill, sizeof fill, INSERT_JOBS("%zu") "; VACUUM ANALYZE drm_bench.jobs",
             bench_scaled(b, TRANSACTIONS, 20) * CLIENTS * BATCH);
    char *vacuum = strchr(fill, ';');
    *vacuum = '\0'; /* VACUUM cannot share a statement string */
    bool done = database_run(b, "DROP SCHEMA IF EXISTS drm_bench CASCADE") && database_run(b, tables_sql) &&
                database_run(b, fill) && database_run(b, vacuum + 1) && run_script(b, "ceiling.claim_finish", NULL) &&
                database_run(b, "VACUUM ANALYZE drm_bench.jobs") &&
                run_script(b, "ceiling.submit_claim_finish", INSERT_JOBS("100"));
    return database_run(b, "DROP SCHEMA IF EXISTS drm_bench CASCADE") && done;
}
