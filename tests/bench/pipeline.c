/* Ceiling of reads in PostgreSQL: libpq in pipeline mode over two connections, a prepared statement, one transaction a
 * statement, as a superuser (no row-level security). Called by ceilings.c. */
#include "bench.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { CONNECTIONS = 2, WINDOW = 64, SECONDS = 3 };

typedef struct reader {
    bench *b;
    const char *sql;
    int64_t until_us;
    size_t answers;
    bool done;
    pthread_t thread;
} reader;

static bool send_window(reader *r, PGconn *connection, size_t offset, bool by_id)
{
    for (size_t i = 0; i < WINDOW; i++) {
        const char *params[] = { r->b->tenant_id, r->b->devices[(offset + i) % DEVICES] };
        if (!PQsendQueryPrepared(connection, "read", by_id ? 2 : 1, params, NULL, NULL, 0) ||
            !PQpipelineSync(connection))
            return bench_fail(r->b, "PostgreSQL: %s", PQerrorMessage(connection));
    }
    return true;
}

/* Of each: the rows, the end of the statement, the end of the transaction. */
static bool take_window(reader *r, PGconn *connection)
{
    for (size_t i = 0; i < WINDOW; i++) {
        PGresult *rows = PQgetResult(connection);
        bool right = PQresultStatus(rows) == PGRES_TUPLES_OK && PQntuples(rows) > 0;
        if (!right)
            bench_fail(r->b, "PostgreSQL: %s", PQerrorMessage(connection));
        PQclear(rows);
        PQclear(PQgetResult(connection));
        PQclear(PQgetResult(connection));
        if (!right)
            return false;
        r->answers++;
    }
    return true;
}

static void *read_thread(void *user)
{
    reader *r = user;
    PGconn *connection = PQconnectdb(r->b->admin_database_url);
    bool by_id = strstr(r->sql, "$2") != NULL;
    PGresult *prepared = PQstatus(connection) == CONNECTION_OK ? PQprepare(connection, "read", r->sql, 0, NULL) : NULL;
    r->done = PQresultStatus(prepared) == PGRES_COMMAND_OK && PQenterPipelineMode(connection);
    if (!r->done)
        bench_fail(r->b, "PostgreSQL: %s", PQerrorMessage(connection));
    PQclear(prepared);
    for (size_t offset = 0; r->done && now_us() < r->until_us; offset += WINDOW)
        r->done = !bench_stopped && send_window(r, connection, offset, by_id) && take_window(r, connection);
    PQfinish(connection);
    return NULL;
}

static bool measure(bench *b, const char *figure, const char *sql)
{
    reader readers[CONNECTIONS];
    cpu_times from = processes_cpu(PQbackendPID(b->admin));
    int64_t until = from.at_us + (int64_t)bench_scaled(b, SECONDS * 1000, 500) * 1000;
    size_t answers = 0;
    bool done = true;
    int started = 0;
    for (; done && started < CONNECTIONS; started++) {
        readers[started] = (reader){ .b = b, .sql = sql, .until_us = until };
        if (pthread_create(&readers[started].thread, NULL, read_thread, &readers[started])) {
            done = bench_fail(b, "a thread cannot be started");
            break;
        }
    }
    for (int i = 0; i < started; i++) {
        pthread_join(readers[i].thread, NULL);
        done = done && readers[i].done;
        answers += readers[i].answers;
    }
    cpu_times to = processes_cpu(PQbackendPID(b->admin));
    if (done) {
        report_set(figure, (double)answers * 1e6 / (double)(to.at_us - from.at_us));
        report_cpu(figure, "statement", &from, &to, (double)answers);
    }
    return done;
}

bool ceiling_libpq(bench *b)
{
    return measure(b, "ceiling.row", "SELECT * FROM drm.devices WHERE tenant_id = $1::uuid AND id = $2::uuid") &&
           measure(b, "ceiling.list50", "SELECT * FROM drm.devices WHERE tenant_id = $1::uuid ORDER BY id LIMIT 50");
}
