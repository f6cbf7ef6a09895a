/* The superuser's connection to the stack's PostgreSQL: watches jobs come to their end and makes scratch tables.
 * Called by the benchmarks; calls libpq. Its backend is left out of PostgreSQL's CPU time. */
#include "bench.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool database_open(bench *b)
{
    b->admin = PQconnectdb(b->admin_database_url);
    if (PQstatus(b->admin) != CONNECTION_OK)
        return bench_fail(b, "PostgreSQL: %s", PQerrorMessage(b->admin));
    return database_run(b, "SET client_min_messages = warning; SET jit = off");
}

void database_close(bench *b)
{
    PQfinish(b->admin);
    b->admin = NULL;
}

bool database_run(bench *b, const char *sql)
{
    PGresult *result = PQexec(b->admin, sql);
    ExecStatusType status = PQresultStatus(result);
    bool done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!done)
        bench_fail(b, "PostgreSQL: %s", PQerrorMessage(b->admin));
    PQclear(result);
    return done;
}

bool database_text(bench *b, const char *sql, const char *const *params, int n_params, char *text, size_t size)
{
    PGresult *result = PQexecParams(b->admin, sql, n_params, NULL, params, NULL, NULL, 0);
    bool done = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0;
    if (done)
        snprintf(text, size, "%s", PQgetvalue(result, 0, 0));
    else
        bench_fail(b, "PostgreSQL: %s", PQntuples(result) ? PQerrorMessage(b->admin) : "no row");
    PQclear(result);
    return done;
}

static const char outcomes_sql[] =
    "SELECT count(*) FILTER (WHERE status = 'completed') || ' completed, ' || count(*) || ' ended, '"
    "       || coalesce(min(error->>'code') || ': ' || min(error->>'message'), 'no error')"
    "  FROM drm.job_results WHERE tenant_id = $1 AND created_at >= $2::timestamptz";

bool database_wait_jobs(bench *b, const char *since, size_t count, int64_t *done_us)
{
    const char *params[] = { b->tenant_id, since };
    char text[512];
    do {
        if (bench_over(b)) {
            database_text(b, "SELECT count(*) FROM drm.jobs WHERE tenant_id = $1", params, 1, text, sizeof text);
            return bench_fail(b, "gave up with %s jobs still active", text);
        }
        pause_ms(20);
        if (!database_text(b, "SELECT EXISTS (SELECT FROM drm.jobs WHERE tenant_id = $1)", params, 1, text,
                           sizeof text))
            return false;
    } while (text[0] == 't');
    *done_us = now_us();
    if (!database_text(b, outcomes_sql, params, 2, text, sizeof text))
        return false;
    size_t completed = 0, ended = 0;
    sscanf(text, "%zu completed, %zu", &completed, &ended);
    if (completed != count || ended != count)
        return bench_fail(b, "of %zu jobs: %s", count, text);
    return true;
}
