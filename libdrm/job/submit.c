/* Submitting jobs: what is asked is checked against the driver, then one statement stores job and audit row, and the
 * bell rings. Called by programs; calls the drivers' check(), store and queue. */
#include <drm/job.h>

#include "auth/auth.h"
#include "core/context_internal.h"
#include "core/core.h"
#include "core/entities.h"
#include "core/record_internal.h"
#include "core/strbuf.h"
#include "job/job_internal.h"
#include "queries.h"
#include "queue/queue.h"
#include "store/array.h"
#include "store/store.h"
#include <drm/driver.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

/* A claim carries the parameters of hundreds of jobs: all of them together must fit into a worker's memory. */
enum { JOBS_MAX = 10000, KEY_MAX = 255, PRIORITY_DEFAULT = 5, PARAMS_MAX = 256 << 10 };

/* The parameters of job_submit.sql: one a column of the job, then those of the audit row. */
enum column {
    COLUMN_ID,
    COLUMN_DEVICE,
    COLUMN_PROTOCOL,
    COLUMN_OPERATION,
    COLUMN_PARAMS,
    COLUMN_PRIORITY,
    COLUMN_TIMEOUT,
    COLUMN_ATTEMPTS,
    COLUMN_IDEMPOTENT,
    COLUMN_EXCLUSIVE,
    COLUMNS
};

/* One job as it goes into the database. */
struct order {
    const drmgmt_operation *operation;
    char id[DRMGMT__UUID_SIZE], priority[8], timeout[16], attempts[8];
    const char *values[COLUMNS];
};

/* ---- checking ---- */

static int check_params(const drmgmt_driver *driver, const drmgmt_operation *operation, const char *params,
                        drmgmt_error **error)
{
    if (params[strspn(params, " \t\r\n")] != '{')
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "params", "params: an object is expected");
    if (strlen(params) > PARAMS_MAX)
        return drmgmt__fail_full(error, DRMGMT_ERR_TOO_LARGE, false, NULL, "params",
                                 "params: at most %d KiB are allowed", PARAMS_MAX >> 10);
    return driver->check ? driver->check(operation, params, error) : 0;
}

static int find_operation(const drmgmt_draft *draft, const drmgmt_driver **driver, const drmgmt_operation **operation,
                          drmgmt_error **error)
{
    const char *protocol = drmgmt__draft_text(draft, "protocol"), *word = drmgmt__draft_text(draft, "operation");

    *driver = drmgmt_driver_find(protocol);
    if (!*driver)
        return drmgmt__fail_full(error, DRMGMT_ERR_UNSUPPORTED, false, NULL, "protocol",
                                 "protocol: there is no driver \"%.40s\" here", protocol);
    *operation = drmgmt_driver_operation(*driver, word);
    if (!*operation)
        return drmgmt__fail_full(error, DRMGMT_ERR_UNSUPPORTED, false, NULL, "operation",
                                 "operation: the driver %s has no operation \"%.40s\"", protocol, word);
    return 0;
}

static const char *number_or(const drmgmt_draft *draft, const char *field, unsigned fallback, char *text, size_t size)
{
    const char *given = drmgmt__draft_text(draft, field);

    snprintf(text, size, "%u", fallback);
    return given ? given : text;
}

/* Reads a draft into an order, whose values point into both. */
static int make_order(const drmgmt_draft *draft, struct order *o, drmgmt_error **error)
{
    const drmgmt_driver *driver = NULL;
    const char *params = drmgmt__draft_text(draft, "params");

    int rc = drmgmt__draft_require(draft, error);
    if (!rc)
        rc = find_operation(draft, &driver, &o->operation, error);
    if (!rc)
        rc = check_params(driver, o->operation, params ? params : "{}", error);
    if (rc)
        return rc;
    if (drmgmt__uuid_v7(o->id))
        return drmgmt__fail(error, DRMGMT_ERR_INTERNAL, "no randomness for an id");
    o->values[COLUMN_ID] = o->id;
    o->values[COLUMN_DEVICE] = drmgmt__draft_text(draft, "device_id");
    o->values[COLUMN_PROTOCOL] = driver->name;
    o->values[COLUMN_OPERATION] = o->operation->name;
    o->values[COLUMN_PARAMS] = params ? params : "{}";
    o->values[COLUMN_PRIORITY] = number_or(draft, "priority", PRIORITY_DEFAULT, o->priority, sizeof o->priority);
    o->values[COLUMN_TIMEOUT] = number_or(draft, "timeout_ms", o->operation->timeout_ms, o->timeout, sizeof o->timeout);
    o->values[COLUMN_ATTEMPTS] = number_or(draft, "max_attempts", 1, o->attempts, sizeof o->attempts);
    o->values[COLUMN_IDEMPOTENT] = o->operation->flags & DRMGMT_OP_IDEMPOTENT ? "t" : "f";
    o->values[COLUMN_EXCLUSIVE] = o->operation->flags & DRMGMT_OP_WRITES ? "t" : "f";
    return 0;
}

static drmgmt_permission permission_of(const drmgmt_operation *operation)
{
    return operation->flags & DRMGMT_OP_WRITES ? DRMGMT_PERM_JOB_SUBMIT_WRITE : DRMGMT_PERM_JOB_SUBMIT_READ;
}

/* ---- storing ---- */

static int add_audit(drmgmt__params *p, const drmgmt_session *session, char audit_id[DRMGMT__UUID_SIZE],
                     drmgmt_error **error)
{
    if (drmgmt__uuid_v7(audit_id))
        return drmgmt__fail(error, DRMGMT_ERR_INTERNAL, "no randomness for an id");
    drmgmt__param(p, audit_id);
    drmgmt__param(p, session->request_id);
    drmgmt__param(p, session->address);
    return 0;
}

/* What a statement says of an order that did not become a job, from the two columns at first. */
static int check_row(const drmgmt__rows *rows, size_t row, size_t first, const struct order *o, drmgmt_error **error)
{
    if (!drmgmt__rows_bool(rows, row, first))
        return drmgmt__fail_full(error, DRMGMT_ERR_NOT_FOUND, false, NULL, "device_id",
                                 "device_id: there is no device %s", o->values[COLUMN_DEVICE]);
    if (!drmgmt__rows_bool(rows, row, first + 1))
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "protocol",
                                 "protocol: device %s has no %s profile: add one first", o->values[COLUMN_DEVICE],
                                 o->values[COLUMN_PROTOCOL]);
    return 0;
}

/* The statement saw the device, but it was deleted before the job referred to it. Takes failure over. */
static int name_deleted(int rc, drmgmt_error *failure, drmgmt_error **error)
{
    const char *detail = drmgmt_error_detail(failure);

    if (rc && detail && strcmp(detail, "jobs_tenant_id_device_id_fkey") == 0) {
        drmgmt_error_free(failure);
        return drmgmt__fail_full(error, DRMGMT_ERR_NOT_FOUND, false, NULL, "device_id",
                                 "device_id: the device was deleted at this moment");
    }
    if (rc && error)
        *error = failure;
    else
        drmgmt_error_free(failure);
    return rc;
}

/* In tx when there is one. */
static int run(drmgmt_session *session, drmgmt__tx *tx, const struct order *o, const drmgmt__query *query,
               const drmgmt__params *p, drmgmt__rows **rows, drmgmt_error **error)
{
    drmgmt_error *failure = NULL;
    int rc = tx ? drmgmt__tx_exec(tx, query, p, rows, &failure)
                : drmgmt__run(session, permission_of(o->operation), DRMGMT__WRITE | DRMGMT__REPEATABLE, query, p, rows,
                              &failure);

    return name_deleted(rc, failure, error);
}

static int changed_meanwhile(drmgmt_error **error)
{
    return drmgmt__fail_full(error, DRMGMT_ERR_CONFLICT, true, NULL, "device_id",
                             "device_id: the device was changed at this moment: try again");
}

/* Within a transaction nothing is repeated: if all is well by now, the device got its profile in between. */
static int tell_why(drmgmt_session *session, drmgmt__tx *tx, const struct order *o, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;

    drmgmt__param(&p, o->values[COLUMN_DEVICE]);
    drmgmt__param(&p, o->values[COLUMN_PROTOCOL]);
    int rc = run(session, tx, o, &drmgmt__q_job_submit_why, &p, &rows, error);
    if (!rc)
        rc = check_row(rows, 0, 0, o, error);
    return rc || !tx ? rc : changed_meanwhile(error);
}

/* One order. *rows: the job, or none when this was a repetition of a statement whose answer got lost. */
static int store_one(drmgmt_session *session, drmgmt__tx *tx, const struct order *o, drmgmt__rows **rows,
                     drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char audit_id[DRMGMT__UUID_SIZE];
    drmgmt__rows *got = NULL;

    for (int c = 0; c < COLUMNS; c++)
        drmgmt__param(&p, o->values[c]);
    int rc = add_audit(&p, session, audit_id, error);
    if (!rc)
        rc = run(session, tx, o, &drmgmt__q_job_submit, &p, &got, error);
    if (!rc && drmgmt__rows_count(got) == 0)
        rc = tell_why(session, tx, o, error);
    if (rc)
        drmgmt__rows_free(got);
    else
        *rows = got;
    return rc;
}

static int read_back(drmgmt_session *session, const char *id, drmgmt__rows *rows, drmgmt_record **job,
                     drmgmt_error **error)
{
    drmgmt_error *failure = NULL;

    if (drmgmt__rows_count(rows))
        return drmgmt__record_new(&drmgmt__entity_job, rows, 0, job, error);
    drmgmt__rows_free(rows);
    int rc = drmgmt_job_get(session, id, job, &failure);
    if (rc == DRMGMT_ERR_NOT_FOUND) { /* it was no repetition: the device got its profile in between */
        drmgmt_error_free(failure);
        return changed_meanwhile(error);
    }
    return name_deleted(rc, failure, error);
}

/* ---- the same key gives the same job ---- */

static int check_key(const char *key, drmgmt_error **error)
{
    size_t n = strlen(key);

    for (size_t i = 0; i < n; i++)
        if (key[i] < 0x20 || key[i] > 0x7e)
            n = 0;
    if (n < 1 || n > KEY_MAX)
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "Idempotency-Key",
                                 "Idempotency-Key: 1..%d printable ASCII characters are expected", KEY_MAX);
    return 0;
}

/* What makes two requests the same: all values but the id, the parameters in a canonical order. */
static int request_hash(const struct order *o, uint8_t hash[32], drmgmt_error **error)
{
    DRMGMT__STRBUF b = DRMGMT__STRBUF_INIT;
    DRMGMT__JSON json_t *params = json_loads(o->values[COLUMN_PARAMS], 0, NULL);
    DRMGMT__FREE char *canonical = params ? json_dumps(params, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    unsigned length = 0;

    for (int c = COLUMN_DEVICE; c <= COLUMN_ATTEMPTS; c++) {
        const char *text = c == COLUMN_PARAMS ? canonical : o->values[c];
        if (text)
            drmgmt__strbuf_add(&b, text, strlen(text) + 1);
    }
    if (!canonical || b.failed || EVP_Digest(b.data, b.length, hash, &length, EVP_sha256(), NULL) != 1)
        return drmgmt__fail_memory(error);
    return 0;
}

/* Takes the key for this order, or tells which job took it before. *job_id: "" when it is taken now. */
static int take_key(drmgmt__tx *tx, const char *key, const struct order *o, char job_id[DRMGMT__UUID_SIZE],
                    drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__ROWS drmgmt__rows *taken = NULL, *before = NULL;
    uint8_t hash[32];

    int rc = request_hash(o, hash, error);
    if (rc)
        return rc;
    drmgmt__param(&p, key);
    drmgmt__param_bytes(&p, hash, sizeof hash);
    drmgmt__param(&p, o->id);
    rc = drmgmt__tx_exec(tx, &drmgmt__q_idempotency_put, &p, &taken, error);
    job_id[0] = '\0';
    if (rc || drmgmt__rows_count(taken))
        return rc;
    p.n = 2;
    rc = drmgmt__tx_exec(tx, &drmgmt__q_idempotency_get, &p, &before, error);
    if (rc)
        return rc;
    if (!drmgmt__rows_count(before))
        return drmgmt__fail_full(error, DRMGMT_ERR_CONFLICT, true, NULL, "Idempotency-Key",
                                 "a request with this key is being carried out: try again");
    if (!drmgmt__rows_bool(before, 0, 1))
        return drmgmt__fail_full(error, DRMGMT_ERR_IDEMPOTENCY, false, NULL, "Idempotency-Key",
                                 "this key was used for another request within the last 24 hours");
    snprintf(job_id, DRMGMT__UUID_SIZE, "%s", drmgmt__rows_text(before, 0, 0));
    return 0;
}

static int submit_once(drmgmt_session *session, const struct order *o, const char *key, drmgmt_record **job,
                       drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    drmgmt__rows *rows = NULL;
    char job_id[DRMGMT__UUID_SIZE];

    int rc = check_key(key, error);
    if (!rc)
        rc = drmgmt__tx_begin(session, permission_of(o->operation), &tx, error);
    if (!rc)
        rc = take_key(tx, key, o, job_id, error);
    if (rc)
        return rc;
    if (job_id[0]) {
        drmgmt__tx_rollback(DRMGMT__STEAL(tx));
        return drmgmt_job_get(session, job_id, job, error);
    }
    rc = store_one(session, tx, o, &rows, error);
    if (!rc)
        rc = drmgmt__tx_commit(&tx, error);
    if (rc) {
        drmgmt__rows_free(rows);
        return rc;
    }
    drmgmt__publish_bell(session->context->publisher, DRMGMT__LANE);
    return read_back(session, o->id, rows, job, error);
}

int drmgmt_job_submit(drmgmt_session *session, const drmgmt_draft *draft, const char *idempotency_key,
                      drmgmt_record **job, drmgmt_error **error)
{
    struct order o;
    drmgmt__rows *rows = NULL;

    int rc = make_order(draft, &o, error);
    if (rc)
        return rc;
    if (idempotency_key)
        return submit_once(session, &o, idempotency_key, job, error);
    rc = store_one(session, NULL, &o, &rows, error);
    if (rc)
        return rc;
    drmgmt__publish_bell(session->context->publisher, DRMGMT__LANE);
    return read_back(session, o.id, rows, job, error);
}

/* ---- many ---- */

static int store_many(drmgmt_session *session, const struct order *orders, size_t n, drmgmt_permission permission,
                      unsigned flags, drmgmt__rows **rows, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt_error *failure = NULL;
    drmgmt__strbuf columns[COLUMNS] = { 0 };
    char audit_id[DRMGMT__UUID_SIZE];
    int rc = 0;

    for (int c = 0; c < COLUMNS; c++) {
        for (size_t i = 0; i < n; i++)
            drmgmt__array_add(&columns[c], orders[i].values[c]);
        drmgmt__array_end(&columns[c]);
        drmgmt__param(&p, columns[c].data);
        if (columns[c].failed)
            rc = DRMGMT_ERR_NO_MEMORY;
    }
    if (rc)
        drmgmt__fail_memory(error);
    else
        rc = add_audit(&p, session, audit_id, error);
    if (!rc) {
        rc = drmgmt__run(session, permission, flags, &drmgmt__q_job_submit_many, &p, rows, &failure);
        rc = name_deleted(rc, failure, error);
    }
    for (int c = 0; c < COLUMNS; c++)
        drmgmt__strbuf_free(&columns[c]);
    return rc;
}

/* Tells which of the jobs an error is about. */
static int name_item(int rc, size_t i, drmgmt_error *failure, drmgmt_error **error)
{
    const char *inner = drmgmt_error_field(failure);
    char field[128];

    snprintf(field, sizeof field, "jobs[%zu]%s%s", i, inner ? "." : "", inner ? inner : "");
    drmgmt__fail_full(error, rc, drmgmt_error_retryable(failure), drmgmt_error_detail(failure), field, "job %zu: %s", i,
                      drmgmt_error_message(failure));
    drmgmt_error_free(failure);
    return rc;
}

static int make_orders(const drmgmt_draft *const *drafts, size_t n, struct order *orders, drmgmt_permission *permission,
                       drmgmt_error **error)
{
    *permission = DRMGMT_PERM_JOB_SUBMIT_READ;
    for (size_t i = 0; i < n; i++) {
        drmgmt_error *failure = NULL;
        int rc = make_order(drafts[i], &orders[i], &failure);
        if (rc)
            return name_item(rc, i, failure, error);
        if (permission_of(orders[i].operation) == DRMGMT_PERM_JOB_SUBMIT_WRITE)
            *permission = DRMGMT_PERM_JOB_SUBMIT_WRITE;
    }
    return 0;
}

static int check_many(const drmgmt__rows *rows, const struct order *orders, size_t n, drmgmt_error **error)
{
    if (drmgmt__rows_count(rows) != n)
        return drmgmt__fail(error, DRMGMT_ERR_INTERNAL, "a job was lost on its way");
    for (size_t i = 0; i < n; i++) {
        drmgmt_error *failure = NULL;
        int rc = check_row(rows, i, drmgmt__entity_job.n_fields, &orders[i], &failure);
        if (rc)
            return name_item(rc, i, failure, error);
    }
    return 0;
}

int drmgmt_job_submit_many(drmgmt_session *session, const drmgmt_draft *const *drafts, size_t count, drmgmt_page **page,
                           drmgmt_error **error)
{
    /* The answer to a repetition has no jobs in it: whoever wants them is told that the outcome is not known. */
    const unsigned flags = page ? DRMGMT__WRITE : DRMGMT__WRITE | DRMGMT__REPEATABLE;
    drmgmt_permission permission;
    drmgmt__rows *rows = NULL;

    if (count < 1 || count > JOBS_MAX)
        return drmgmt__fail(error, DRMGMT_ERR_INVALID, "1..%d jobs are expected", JOBS_MAX);
    DRMGMT__FREE struct order *orders = calloc(count, sizeof *orders);
    if (!orders)
        return drmgmt__fail_memory(error);
    int rc = make_orders(drafts, count, orders, &permission, error);
    if (!rc)
        rc = store_many(session, orders, count, permission, flags, &rows, error);
    if (!rc)
        rc = check_many(rows, orders, count, error);
    if (rc) {
        drmgmt__rows_free(rows);
        return rc;
    }
    drmgmt__publish_bell(session->context->publisher, DRMGMT__LANE);
    if (page)
        return drmgmt__page_new(&drmgmt__entity_job, rows, count, NULL, page, error);
    drmgmt__rows_free(rows);
    return 0;
}
