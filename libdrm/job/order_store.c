/* Storing one order: one statement for job and audit row, and what to say when it stored nothing. Called by submit.c,
 * together.c and idempotency.c; calls store. */
#include "job/job_internal.h"

#include "core/context_internal.h"
#include "core/entities.h"
#include "limit/limit.h"
#include "queries.h"
#include "queue/queue.h"
#include <stdio.h>

/* In tx when there is one. */
static int run(drmgmt_session *session, drmgmt__tx *tx, const drmgmt__order *o, const drmgmt__query *query,
               const drmgmt__params *p, drmgmt__rows **rows, drmgmt_error **error)
{
    drmgmt_error *failure = NULL;
    int rc = tx ? drmgmt__tx_exec(tx, query, p, rows, &failure)
                : drmgmt__run(session, drmgmt__order_permission(o->operation), DRMGMT__WRITE | DRMGMT__REPEATABLE,
                              query, p, rows, &failure);

    drmgmt__full_note(session->context->full, session->tenant_id, failure);
    return drmgmt__order_name_deleted(rc, failure, error);
}

static int changed_meanwhile(const drmgmt__order *o, drmgmt_error **error)
{
    if (o->values[DRMGMT__ORDER_UNIQUE_KEY])
        return drmgmt__fail_full(error, DRMGMT_ERR_CONFLICT, true, NULL, "unique_key",
                                 "unique_key: a job that has it has just ended, or is out of your reach: try again");
    return drmgmt__fail_full(error, DRMGMT_ERR_CONFLICT, true, NULL, "device_id",
                             "device_id: the device was changed at this moment: try again");
}

/* Within a transaction nothing is repeated: if all is well by now, the device got its profile in between, or the job
 * that had the unique key has ended. */
static int tell_why(drmgmt_session *session, drmgmt__tx *tx, const drmgmt__order *o, char holder[DRMGMT__UUID_SIZE],
                    drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;

    drmgmt__param(&p, o->values[DRMGMT__ORDER_DEVICE]);
    drmgmt__param(&p, o->values[DRMGMT__ORDER_PROTOCOL]);
    drmgmt__param(&p, o->values[DRMGMT__ORDER_UNIQUE_KEY]);
    drmgmt__param(&p, o->id);
    int rc = run(session, tx, o, &drmgmt__q_job_submit_why, &p, &rows, error);
    if (!rc)
        rc = drmgmt__order_check_row(rows, 0, 0, o, error);
    const char *has_key = rc ? NULL : drmgmt__rows_text(rows, 0, 2);
    if (has_key) {
        snprintf(holder, DRMGMT__UUID_SIZE, "%s", has_key);
        return drmgmt__order_check_holder(o, holder, error);
    }
    return rc || !tx ? rc : changed_meanwhile(o, error);
}

int drmgmt__order_store(drmgmt_session *session, drmgmt__tx *tx, const drmgmt__order *o, drmgmt__stored *stored,
                        drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char audit_id[DRMGMT__UUID_SIZE];
    drmgmt__rows *got = NULL;

    for (int c = 0; c < DRMGMT__ORDER_COLUMNS; c++)
        drmgmt__param(&p, o->values[c]);
    int rc = drmgmt__order_add_audit(&p, session, audit_id, error);
    if (!rc)
        rc = run(session, tx, o, &drmgmt__q_job_submit, &p, &got, error);
    if (!rc && drmgmt__rows_count(got) == 0)
        rc = tell_why(session, tx, o, stored->holder, error);
    if (rc)
        drmgmt__rows_free(got);
    else
        stored->rows = got;
    return rc;
}

int drmgmt__order_read_back(drmgmt_session *session, const drmgmt__order *o, drmgmt__stored *stored,
                            drmgmt_record **job, drmgmt_error **error)
{
    drmgmt_error *failure = NULL;

    if (drmgmt__rows_count(stored->rows))
        return drmgmt__record_new(&drmgmt__entity_job, stored->rows, 0, job, error);
    drmgmt__rows_free(stored->rows);
    int rc = drmgmt_job_get(session, stored->holder[0] ? stored->holder : o->id, job, &failure);
    if (rc == DRMGMT_ERR_NOT_FOUND) { /* it was no repetition: the device got its profile in between */
        drmgmt_error_free(failure);
        return changed_meanwhile(o, error);
    }
    return drmgmt__order_name_deleted(rc, failure, error);
}

int drmgmt__order_submit(drmgmt_session *session, const drmgmt__order *o, drmgmt_record **job, drmgmt_error **error)
{
    drmgmt__stored stored = { .rows = NULL };
    int rc = drmgmt__submit_together(session, o, &stored, error);

    if (rc)
        return rc;
    drmgmt__publish_bell(session->context->publisher, DRMGMT__LANE);
    return drmgmt__order_read_back(session, o, &stored, job, error);
}
