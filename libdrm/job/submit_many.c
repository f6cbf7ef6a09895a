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

enum { JOBS_MAX = 10000 };

static int store_many(drmgmt_session *session, const drmgmt__order *orders, size_t n, drmgmt_permission permission,
                      unsigned flags, drmgmt__rows **rows, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt_error *failure = NULL;
    drmgmt__strbuf columns[DRMGMT__ORDER_COLUMNS] = { 0 };
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
    if (rc)
        drmgmt__fail_memory(error);
    else
        rc = drmgmt__order_add_audit(&p, session, audit_id, error);
    if (!rc) {
        rc = drmgmt__run(session, permission, flags, &drmgmt__q_job_submit_many, &p, rows, &failure);
        drmgmt__full_note(session->context->full, session->tenant_id, failure);
        rc = drmgmt__order_name_deleted(rc, failure, error);
    }
    for (int c = 0; c < DRMGMT__ORDER_COLUMNS; c++)
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

static int make_orders(const drmgmt_draft *const *drafts, size_t n, drmgmt__order *orders,
                       drmgmt_permission *permission, drmgmt_error **error)
{
    *permission = DRMGMT_PERM_JOB_SUBMIT_READ;
    for (size_t i = 0; i < n; i++) {
        drmgmt_error *failure = NULL;
        int rc = drmgmt__order_make(drafts[i], &orders[i], &failure);
        if (rc)
            return name_item(rc, i, failure, error);
        if (drmgmt__order_permission(orders[i].operation) == DRMGMT_PERM_JOB_SUBMIT_WRITE)
            *permission = DRMGMT_PERM_JOB_SUBMIT_WRITE;
    }
    return 0;
}

static int check_many(const drmgmt__rows *rows, const drmgmt__order *orders, size_t n, drmgmt_error **error)
{
    if (drmgmt__rows_count(rows) != n)
        return drmgmt__fail(error, DRMGMT_ERR_INTERNAL, "a job was lost on its way");
    for (size_t i = 0; i < n; i++) {
        drmgmt_error *failure = NULL;
        int rc = drmgmt__order_check_row(rows, i, drmgmt__entity_job.n_fields, &orders[i], &failure);
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
