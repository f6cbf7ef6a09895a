/* Submitting many jobs at once: all of them or none. Called by programs; calls store and queue. */
#include "job/job_internal.h"

#include "core/context_internal.h"
#include "core/entities.h"
#include "core/strbuf.h"
#include "limit/limit.h"
#include "queries.h"
#include "queue/queue.h"
#include "store/array.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { JOBS_MAX = 10000 };

/* Another job took a unique key after the statement had looked. Takes failure over if so. */
static bool taken_meanwhile(int *rc, drmgmt_error *failure, bool *again, drmgmt_error **error)
{
    const char *detail = *rc ? drmgmt_error_detail(failure) : NULL;

    *again = detail && strcmp(detail, "jobs_unique_key") == 0;
    if (!*again)
        return false;
    drmgmt_error_free(failure);
    *rc = drmgmt__fail_full(error, DRMGMT_ERR_CONFLICT, true, NULL, "unique_key",
                            "unique_key: a job that has one of them was submitted at this moment, or is out of your "
                            "reach: try again");
    return true;
}

static int store_once(drmgmt_session *session, const drmgmt__order *orders, size_t n, drmgmt_permission permission,
                      unsigned flags, drmgmt__rows **rows, bool *again, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt_error *failure = NULL;
    drmgmt__strbuf columns[DRMGMT__ORDER_COLUMNS] = { 0 };
    DRMGMT__STRBUF refuses = DRMGMT__STRBUF_INIT;
    char audit_id[DRMGMT__UUID_SIZE];
    int rc = 0;

    for (int c = 0; c < DRMGMT__ORDER_COLUMNS; c++) {
        for (size_t i = 0; i < n; i++)
            drmgmt__array_add(&columns[c], orders[i].values[c]);
        drmgmt__array_end(&columns[c]);
        drmgmt__param(&p, columns[c].data);
        if (columns[c].failed)
            rc = DRMGMT_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < n; i++)
        drmgmt__array_add(&refuses, orders[i].refuses ? "t" : "f");
    drmgmt__array_end(&refuses);
    drmgmt__param(&p, refuses.data);
    if (rc || refuses.failed)
        rc = drmgmt__fail_memory(error);
    else
        rc = drmgmt__order_add_audit(&p, session, audit_id, error);
    if (!rc) {
        rc = drmgmt__run(session, permission, flags, &drmgmt__q_job_submit_many, &p, rows, &failure);
        drmgmt__full_note(session->context->full, session->tenant_id, failure);
        if (!taken_meanwhile(&rc, failure, again, error))
            rc = drmgmt__order_name_deleted(rc, failure, error);
    }
    for (int c = 0; c < DRMGMT__ORDER_COLUMNS; c++)
        drmgmt__strbuf_free(&columns[c]);
    return rc;
}

/* Who comes between is found by the next look. */
static int store_many(drmgmt_session *session, const drmgmt__order *orders, size_t n, drmgmt_permission permission,
                      unsigned flags, drmgmt__rows **rows, drmgmt_error **error)
{
    enum { TIMES = 3 };
    drmgmt_error *failure = NULL;
    bool again = false;
    int rc = 0;

    for (int i = 0; i < TIMES && (i == 0 || again); i++) {
        drmgmt_error_free(DRMGMT__STEAL(failure));
        rc = store_once(session, orders, n, permission, flags, rows, &again, &failure);
    }
    if (rc && error)
        *error = failure;
    else
        drmgmt_error_free(failure);
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

static int make_orders(const drmgmt_draft *const *drafts, size_t n, drmgmt__order *orders,
                       drmgmt_permission *permission, drmgmt_error **error)
{
    *permission = DRMGMT_PERM_JOB_SUBMIT_READ;
    for (size_t i = 0; i < n; i++) {
        drmgmt_error *failure = NULL;
        int rc = drmgmt__order_make(drafts[i], &orders[i], &failure);
        if (!rc)
            rc = drmgmt__order_check_time(&orders[i], &failure);
        if (rc)
            return name_item(rc, i, failure, error);
        if (drmgmt__order_permission(orders[i].operation) == DRMGMT_PERM_JOB_SUBMIT_WRITE)
            *permission = DRMGMT_PERM_JOB_SUBMIT_WRITE;
    }
    return 0;
}

static int by_unique_key(const void *a, const void *b)
{
    const drmgmt__order *const *x = a, *const *y = b;
    int order = strcmp((*x)->values[DRMGMT__ORDER_UNIQUE_KEY], (*y)->values[DRMGMT__ORDER_UNIQUE_KEY]);

    return order ? order : *x < *y ? -1 : *x > *y;
}

/* Of two with the same key one would have to give way to the other. */
static int check_unique_keys(const drmgmt__order *orders, size_t n, drmgmt_error **error)
{
    DRMGMT__FREE const drmgmt__order **keyed = calloc(n, sizeof *keyed);
    size_t n_keyed = 0;

    if (!keyed)
        return drmgmt__fail_memory(error);
    for (size_t i = 0; i < n; i++)
        if (orders[i].values[DRMGMT__ORDER_UNIQUE_KEY])
            keyed[n_keyed++] = &orders[i];
    qsort(keyed, n_keyed, sizeof *keyed, by_unique_key);
    for (size_t i = 1; i < n_keyed; i++) {
        if (strcmp(keyed[i - 1]->values[DRMGMT__ORDER_UNIQUE_KEY], keyed[i]->values[DRMGMT__ORDER_UNIQUE_KEY]) != 0)
            continue;
        drmgmt_error *failure = NULL;
        int rc = drmgmt__fail_full(&failure, DRMGMT_ERR_INVALID, false, NULL, "unique_key",
                                   "unique_key: job %zu of this call has it as well", (size_t)(keyed[i - 1] - orders));
        return name_item(rc, (size_t)(keyed[i] - orders), failure, error);
    }
    return 0;
}

static int check_many(const drmgmt__rows *rows, const drmgmt__order *orders, size_t n, drmgmt_error **error)
{
    if (drmgmt__rows_count(rows) != n)
        return drmgmt__fail(error, DRMGMT_ERR_INTERNAL, "a job was lost on its way");
    for (size_t i = 0; i < n; i++) {
        drmgmt_error *failure = NULL;
        const size_t more = drmgmt__entity_job.n_fields;
        int rc = drmgmt__order_check_row(rows, i, more, &orders[i], &failure);
        const char *holder = drmgmt__rows_text(rows, i, more + 2);
        if (!rc && holder)
            rc = drmgmt__order_check_holder(&orders[i], holder, &failure);
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
    DRMGMT__FREE drmgmt__order *orders = calloc(count, sizeof *orders);
    if (!orders)
        return drmgmt__fail_memory(error);
    int rc = make_orders(drafts, count, orders, &permission, error);
    if (!rc)
        rc = check_unique_keys(orders, count, error);
    if (!rc)
        rc = drmgmt__full_check(session->context->full, session->tenant_id, error);
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
