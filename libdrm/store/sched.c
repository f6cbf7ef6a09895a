/* The scheduler's calls: claim, heartbeat, finish, reap, as one statement each over functions of the database.
 * Called by the worker engine's ledger and keeper threads; calls drmgmt__run(). */
#include "store/sched.h"

#include "core/core.h"
#include "core/strbuf.h"
#include "queries.h"
#include "store/array.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All of them may be done twice: a second finish is refused by its fence. A claim whose answer was lost leaves jobs
 * with this worker that it does not know of; they come back when its id is given up. */
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

int drmgmt__sched_beat(drmgmt_session *system, const char *worker_id, unsigned in_flight, bool draining, bool *alive,
                       drmgmt__rows **cancels, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt__rows *rows = NULL;

    drmgmt__param(&p, worker_id);
    drmgmt__param_int(&p, in_flight);
    drmgmt__param_bool(&p, draining);
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
    free(claim->credentials);
    drmgmt__rows_free(claim->rows);
    *claim = (drmgmt__claim){ NULL, 0, NULL, NULL };
}

static const char *text_or(const char *text, const char *fallback)
{
    return text ? text : fallback;
}

/* The columns of sched_claim.sql, in order. */
enum claim_column {
    CLAIM_TENANT,
    CLAIM_JOB,
    CLAIM_DEVICE,
    CLAIM_PROTOCOL,
    CLAIM_OPERATION,
    CLAIM_PARAMS,
    CLAIM_ATTEMPT,
    CLAIM_TIMEOUT,
    CLAIM_IDEMPOTENT,
    CLAIM_EXPIRED,
    CLAIM_ADDRESS,
    CLAIM_PORT,
    CLAIM_SETTINGS,
    CLAIM_CREDENTIAL
};

static void read_claimed(const drmgmt__rows *rows, size_t i, drmgmt__claimed *job)
{
    job->tenant_id = drmgmt__rows_text(rows, i, CLAIM_TENANT);
    job->job_id = drmgmt__rows_text(rows, i, CLAIM_JOB);
    job->device_id = drmgmt__rows_text(rows, i, CLAIM_DEVICE);
    job->protocol = drmgmt__rows_text(rows, i, CLAIM_PROTOCOL);
    job->operation = drmgmt__rows_text(rows, i, CLAIM_OPERATION);
    job->params = drmgmt__rows_text(rows, i, CLAIM_PARAMS);
    job->attempt = (unsigned)drmgmt__rows_int(rows, i, CLAIM_ATTEMPT);
    job->timeout_ms = (unsigned)drmgmt__rows_int(rows, i, CLAIM_TIMEOUT);
    job->idempotent = drmgmt__rows_bool(rows, i, CLAIM_IDEMPOTENT);
    job->expired = drmgmt__rows_bool(rows, i, CLAIM_EXPIRED);
    job->address = text_or(drmgmt__rows_text(rows, i, CLAIM_ADDRESS), "");
    job->port = (unsigned)drmgmt__rows_int(rows, i, CLAIM_PORT);
    job->settings = text_or(drmgmt__rows_text(rows, i, CLAIM_SETTINGS), "{}");
}

/* A credential's columns, from its id on. */
enum credential_column {
    CREDENTIAL_ID,
    CREDENTIAL_VERSION,
    CREDENTIAL_USERNAME,
    CREDENTIAL_AUTH_PROTOCOL,
    CREDENTIAL_PRIV_PROTOCOL,
    CREDENTIAL_CONTEXT,
    CREDENTIAL_COMMUNITY, /* each of these with its key behind it */
    CREDENTIAL_AUTH_PASSWORD = CREDENTIAL_COMMUNITY + 2,
    CREDENTIAL_PRIV_PASSWORD = CREDENTIAL_AUTH_PASSWORD + 2
};

static struct drmgmt__claimed_secret read_secret(const drmgmt__rows *rows, size_t row, size_t column)
{
    return (struct drmgmt__claimed_secret){ drmgmt__rows_text(rows, row, column),
                                            drmgmt__rows_text(rows, row, column + 1) };
}

void drmgmt__claimed_credential_read(const drmgmt__rows *rows, size_t row, size_t first,
                                     drmgmt__claimed_credential *credential)
{
    *credential = (drmgmt__claimed_credential){
        .id = drmgmt__rows_text(rows, row, first + CREDENTIAL_ID),
        .snmp_version = drmgmt__rows_text(rows, row, first + CREDENTIAL_VERSION),
        .username = drmgmt__rows_text(rows, row, first + CREDENTIAL_USERNAME),
        .auth_protocol = drmgmt__rows_text(rows, row, first + CREDENTIAL_AUTH_PROTOCOL),
        .priv_protocol = drmgmt__rows_text(rows, row, first + CREDENTIAL_PRIV_PROTOCOL),
        .context_name = drmgmt__rows_text(rows, row, first + CREDENTIAL_CONTEXT),
        .community = read_secret(rows, row, first + CREDENTIAL_COMMUNITY),
        .auth_password = read_secret(rows, row, first + CREDENTIAL_AUTH_PASSWORD),
        .priv_password = read_secret(rows, row, first + CREDENTIAL_PRIV_PASSWORD),
    };
}

/* Rows of one job, one a credential, follow each other. */
static void read_claim(const drmgmt__rows *rows, drmgmt__claim *claim)
{
    drmgmt__claimed_credential *credential = claim->credentials;
    drmgmt__claimed *job = NULL;

    for (size_t i = 0; i < drmgmt__rows_count(rows); i++) {
        if (!job || strcmp(job->job_id, drmgmt__rows_text(rows, i, CLAIM_JOB)) != 0) {
            job = &claim->jobs[claim->count++];
            read_claimed(rows, i, job);
            job->credentials = credential;
        }
        if (drmgmt__rows_text(rows, i, CLAIM_CREDENTIAL)) {
            drmgmt__claimed_credential_read(rows, i, CLAIM_CREDENTIAL, credential++);
            job->n_credentials++;
        }
    }
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
    size_t n = drmgmt__rows_count(rows) ? drmgmt__rows_count(rows) : 1;
    drmgmt__claim made = { calloc(n, sizeof *made.jobs), 0, calloc(n, sizeof *made.credentials), rows };
    if (!made.jobs || !made.credentials) {
        drmgmt__claim_clear(&made);
        return drmgmt__fail_memory(error);
    }
    read_claim(rows, &made);
    *claim = made;
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
    ARRAY_DELAY,
    ARRAY_COUNT
};

static void add_time(drmgmt__strbuf *b, int64_t ms)
{
    char text[DRMGMT__TIME_SIZE];

    drmgmt__time_write(ms, text);
    drmgmt__array_add(b, ms > 0 ? text : NULL);
}

static void add_finish(drmgmt__strbuf b[ARRAY_COUNT], const drmgmt__finish *f)
{
    char attempt[16], delay[16];

    snprintf(attempt, sizeof attempt, "%u", f->attempt);
    drmgmt__array_add(&b[ARRAY_TENANT], f->tenant_id);
    drmgmt__array_add(&b[ARRAY_ID], f->job_id);
    drmgmt__array_add(&b[ARRAY_ATTEMPT], attempt);
    drmgmt__array_add(&b[ARRAY_OUTCOME], f->outcome);
    drmgmt__array_add(&b[ARRAY_RETRYABLE], f->retryable ? "t" : "f");
    drmgmt__array_add(&b[ARRAY_RESULT], f->result);
    drmgmt__array_add(&b[ARRAY_ERROR], f->error);
    add_time(&b[ARRAY_STARTED], f->started_ms);
    add_time(&b[ARRAY_FINISHED], f->finished_ms);
    snprintf(delay, sizeof delay, "%u", f->delay_ms);
    drmgmt__array_add(&b[ARRAY_DELAY], f->delay_ms ? delay : NULL);
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

static int finish_together(drmgmt_session *system, const char *worker_id, drmgmt__finish *results, size_t n,
                           drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt__strbuf arrays[ARRAY_COUNT] = { 0 };
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    int rc = 0;

    for (size_t i = 0; i < n; i++)
        add_finish(arrays, &results[i]);
    drmgmt__param(&p, worker_id);
    for (int a = 0; a < ARRAY_COUNT; a++) {
        drmgmt__array_end(&arrays[a]);
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

/* What PostgreSQL does not take as JSON (a NUL, bytes that are not UTF-8) must not keep the job from ending. */
static int replace_result(drmgmt__finish *f, drmgmt_error **error)
{
    char *text = strdup("{\"code\":\"invalid-result\",\"retryable\":false,"
                        "\"message\":\"The driver's answer cannot be stored: it is not valid JSON in UTF-8.\"}");

    if (!text)
        return drmgmt__fail_memory(error);
    free(f->result);
    free(f->error);
    f->result = NULL;
    f->error = text;
    f->retryable = false;
    f->code = "invalid-result";
    snprintf(f->outcome, sizeof f->outcome, "failed");
    return 0;
}

/* Whether it was a value that PostgreSQL did not take, rather than the statement or the server. */
static bool refused_a_value(int rc, const drmgmt_error *failure)
{
    return rc == DRMGMT_ERR_INVALID || rc == DRMGMT_ERR_CONFLICT ||
           (rc == DRMGMT_ERR_DATABASE && !drmgmt_error_retryable(failure));
}

/* One bad result must not hold up those of other tenants: a batch that is refused is halved until the bad one stands
 * alone. */
int drmgmt__sched_finish(drmgmt_session *system, const char *worker_id, drmgmt__finish *results, size_t n,
                         drmgmt_error **error)
{
    drmgmt_error *failure = NULL;
    int rc = n ? finish_together(system, worker_id, results, n, &failure) : 0;

    if (!refused_a_value(rc, failure)) {
        if (rc && error)
            *error = DRMGMT__STEAL(failure);
        drmgmt_error_free(failure);
        return rc;
    }
    drmgmt_error_free(failure);
    if (n > 1) {
        rc = drmgmt__sched_finish(system, worker_id, results, n / 2, error);
        return rc ? rc : drmgmt__sched_finish(system, worker_id, results + n / 2, n - n / 2, error);
    }
    rc = replace_result(results, error);
    return rc ? rc : finish_together(system, worker_id, results, n, error);
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

int drmgmt__sched_purge(drmgmt_session *system, unsigned limit, drmgmt__rows **gone, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char audit_id[DRMGMT__UUID_SIZE];

    if (drmgmt__uuid_v7(audit_id))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    drmgmt__param_int(&p, limit);
    drmgmt__param(&p, audit_id);
    return call(system, &drmgmt__q_sched_purge, &p, gone, error);
}
