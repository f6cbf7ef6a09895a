/* The scheduler's calls: claim, heartbeat, finish, reap, as one statement each over functions of the database.
 * Called by the worker engine's ledger and keeper threads; calls drmgmt__run(). */
#include "store/sched.h"

#include "core/core.h"
#include "core/strbuf.h"
#include "queries.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* All of them may be done twice: a claim that was lost on the way is found by the reaper's fence, a finish is refused
 * by its own. */
static int call(drmgmt_session *system, const drmgmt__query *query, const drmgmt__params *params, drmgmt__rows **rows,
                drmgmt_error **error)
{
    return drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__WRITE | DRMGMT__REPEATABLE, query, params, rows, error);
}

int drmgmt__sched_register(drmgmt_session *system, const char *worker_id, const char *host, int pid,
                           const char *version, const char *lane, unsigned slots, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param(&p, worker_id);
    drmgmt__param(&p, host);
    drmgmt__param_int(&p, pid);
    drmgmt__param(&p, version);
    drmgmt__param(&p, lane);
    drmgmt__param_int(&p, slots);
    return call(system, &drmgmt__q_sched_register, &p, NULL, error);
}

int drmgmt__sched_leave(drmgmt_session *system, const char *worker_id, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param(&p, worker_id);
    return call(system, &drmgmt__q_sched_leave, &p, NULL, error);
}

int drmgmt__sched_beat(drmgmt_session *system, const char *worker_id, unsigned in_flight, bool *alive,
                       drmgmt__rows **cancels, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt__rows *rows = NULL;

    drmgmt__param(&p, worker_id);
    drmgmt__param_int(&p, in_flight);
    int rc = call(system, &drmgmt__q_sched_beat, &p, &rows, error);
    if (rc)
        return rc;
    *alive = drmgmt__rows_bool(rows, 0, 0);
    *cancels = rows;
    return 0;
}

void drmgmt__claim_clear(drmgmt__claim *claim)
{
    free(claim->jobs);
    drmgmt__rows_free(claim->rows);
    *claim = (drmgmt__claim){ NULL, 0, NULL };
}

static const char *text_or(const char *text, const char *fallback)
{
    return text ? text : fallback;
}

/* The columns of sched_claim.sql, in order. */
static void read_claimed(const drmgmt__rows *rows, size_t i, drmgmt__claimed *job)
{
    job->tenant_id = drmgmt__rows_text(rows, i, 0);
    job->job_id = drmgmt__rows_text(rows, i, 1);
    job->device_id = drmgmt__rows_text(rows, i, 2);
    job->protocol = drmgmt__rows_text(rows, i, 3);
    job->operation = drmgmt__rows_text(rows, i, 4);
    job->params = drmgmt__rows_text(rows, i, 5);
    job->attempt = (unsigned)drmgmt__rows_int(rows, i, 6);
    job->timeout_ms = (unsigned)drmgmt__rows_int(rows, i, 7);
    job->idempotent = drmgmt__rows_bool(rows, i, 8);
    job->address = text_or(drmgmt__rows_text(rows, i, 9), "");
    job->port = (unsigned)drmgmt__rows_int(rows, i, 10);
    job->settings = text_or(drmgmt__rows_text(rows, i, 11), "{}");
    job->credential_id = drmgmt__rows_text(rows, i, 12);
    job->secret_name = "community";
    job->secret_hex = drmgmt__rows_text(rows, i, 13);
    job->wrapped_hex = drmgmt__rows_text(rows, i, 14);
    job->key_version = (unsigned)drmgmt__rows_int(rows, i, 15);
}

int drmgmt__sched_claim(drmgmt_session *system, const char *worker_id, const char *lane, unsigned limit,
                        drmgmt__claim *claim, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt__rows *rows = NULL;

    drmgmt__param(&p, worker_id);
    drmgmt__param(&p, lane);
    drmgmt__param_int(&p, limit);
    int rc = call(system, &drmgmt__q_sched_claim, &p, &rows, error);
    if (rc)
        return rc;
    size_t count = drmgmt__rows_count(rows);
    drmgmt__claimed *jobs = calloc(count ? count : 1, sizeof *jobs);
    if (!jobs) {
        drmgmt__rows_free(rows);
        return drmgmt__fail_memory(error);
    }
    for (size_t i = 0; i < count; i++)
        read_claimed(rows, i, &jobs[i]);
    *claim = (drmgmt__claim){ jobs, count, rows };
    return 0;
}

/* ---- finish: parallel arrays in PostgreSQL's text form ---- */

enum {
    ARRAY_TENANT,
    ARRAY_ID,
    ARRAY_ATTEMPT,
    ARRAY_OUTCOME,
    ARRAY_RETRYABLE,
    ARRAY_RESULT,
    ARRAY_ERROR,
    ARRAY_STARTED,
    ARRAY_FINISHED,
    ARRAY_COUNT
};

/* An array element in double quotes; NULL as the bare word. */
static void add_quoted(drmgmt__strbuf *b, const char *text)
{
    if (!text) {
        drmgmt__strbuf_puts(b, "NULL");
        return;
    }
    drmgmt__strbuf_putc(b, '"');
    for (const char *run = text;;) {
        size_t n = strcspn(run, "\"\\");
        drmgmt__strbuf_add(b, run, n);
        if (!run[n])
            break;
        drmgmt__strbuf_putc(b, '\\');
        drmgmt__strbuf_putc(b, run[n]);
        run += n + 1;
    }
    drmgmt__strbuf_putc(b, '"');
}

static void add_time(drmgmt__strbuf *b, int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char text[32];

    if (ms <= 0 || !gmtime_r(&seconds, &tm)) {
        drmgmt__strbuf_puts(b, "NULL");
        return;
    }
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
    drmgmt__strbuf_printf(b, "\"%s.%03d+00\"", text, (int)(ms % 1000));
}

static void add_finish(drmgmt__strbuf b[ARRAY_COUNT], const drmgmt__finish *f)
{
    drmgmt__strbuf_puts(&b[ARRAY_TENANT], f->tenant_id);
    drmgmt__strbuf_puts(&b[ARRAY_ID], f->job_id);
    drmgmt__strbuf_printf(&b[ARRAY_ATTEMPT], "%u", f->attempt);
    drmgmt__strbuf_puts(&b[ARRAY_OUTCOME], f->outcome);
    drmgmt__strbuf_puts(&b[ARRAY_RETRYABLE], f->retryable ? "t" : "f");
    add_quoted(&b[ARRAY_RESULT], f->result);
    add_quoted(&b[ARRAY_ERROR], f->error);
    add_time(&b[ARRAY_STARTED], f->started_ms);
    add_time(&b[ARRAY_FINISHED], f->finished_ms);
}

static int by_job_id(const void *a, const void *b)
{
    return strcmp((*(drmgmt__finish *const *)a)->job_id, (*(drmgmt__finish *const *)b)->job_id);
}

/* Rows come in no order: each is given to the result with its id. */
static int read_statuses(const drmgmt__rows *rows, drmgmt__finish *results, size_t n, drmgmt_error **error)
{
    DRMGMT__FREE drmgmt__finish **sorted = calloc(n, sizeof *sorted);

    if (!sorted)
        return drmgmt__fail_memory(error);
    for (size_t i = 0; i < n; i++) {
        results[i].status[0] = '\0';
        sorted[i] = &results[i];
    }
    qsort(sorted, n, sizeof *sorted, by_job_id);
    for (size_t row = 0; row < drmgmt__rows_count(rows); row++) {
        drmgmt__finish key;
        const drmgmt__finish *wanted = &key;
        snprintf(key.job_id, sizeof key.job_id, "%s", drmgmt__rows_text(rows, row, 0));
        drmgmt__finish **found = bsearch(&wanted, sorted, n, sizeof *sorted, by_job_id);
        if (found)
            snprintf((*found)->status, sizeof(*found)->status, "%s", drmgmt__rows_text(rows, row, 1));
    }
    return 0;
}

int drmgmt__sched_finish(drmgmt_session *system, const char *worker_id, drmgmt__finish *results, size_t n,
                         drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt__strbuf arrays[ARRAY_COUNT] = { 0 };
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    int rc = 0;

    if (n == 0)
        return 0;
    for (size_t i = 0; i < n; i++) {
        for (int a = 0; a < ARRAY_COUNT; a++)
            drmgmt__strbuf_putc(&arrays[a], i ? ',' : '{');
        add_finish(arrays, &results[i]);
    }
    drmgmt__param(&p, worker_id);
    for (int a = 0; a < ARRAY_COUNT; a++) {
        drmgmt__strbuf_putc(&arrays[a], '}');
        drmgmt__param(&p, arrays[a].data);
        if (arrays[a].failed)
            rc = DRMGMT_ERR_NO_MEMORY;
    }
    if (rc)
        drmgmt__fail_memory(error);
    else
        rc = call(system, &drmgmt__q_sched_finish, &p, &rows, error);
    for (int a = 0; a < ARRAY_COUNT; a++)
        drmgmt__strbuf_free(&arrays[a]);
    return rc ? rc : read_statuses(rows, results, n, error);
}

int drmgmt__sched_reap(drmgmt_session *system, const char *worker_id, unsigned reap_after_ms, bool *rang,
                       drmgmt__rows **moved, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt__rows *rows = NULL;

    drmgmt__param(&p, worker_id);
    if (reap_after_ms)
        drmgmt__param_int(&p, reap_after_ms);
    else
        drmgmt__param(&p, NULL);
    int rc = call(system, &drmgmt__q_sched_reap, &p, &rows, error);
    if (rc)
        return rc;
    *rang = false;
    for (size_t i = 0; i < drmgmt__rows_count(rows); i++)
        *rang = *rang || strcmp(drmgmt__rows_text(rows, i, 3), "queued") == 0;
    *moved = rows;
    return 0;
}
