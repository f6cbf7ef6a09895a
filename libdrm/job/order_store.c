/* Storing one order: one statement for job and audit row, and what to say when it stored nothing. Called by submit.c,
 * together.c and idempotency.c; calls store. */
#include "job/job_internal.h"

#include "core/context_internal.h"
#include "core/entities.h"
#include "limit/limit.h"
#include "queries.h"

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

static int changed_meanwhile(drmgmt_error **error)
{
    return drmgmt__fail_full(error, DRMGMT_ERR_CONFLICT, true, NULL, "device_id",
                             "device_id: the device was changed at this moment: try again");
}

/* Within a transaction nothing is repeated: if all is well by now, the device got its profile in between. */
static int tell_why(drmgmt_session *session, drmgmt__tx *tx, const drmgmt__order *o, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;

    drmgmt__param(&p, o->values[DRMGMT__ORDER_DEVICE]);
    drmgmt__param(&p, o->values[DRMGMT__ORDER_PROTOCOL]);
    int rc = run(session, tx, o, &drmgmt__q_job_submit_why, &p, &rows, error);
    if (!rc)
        rc = drmgmt__order_check_row(rows, 0, 0, o, error);
    return rc || !tx ? rc : changed_meanwhile(error);
}

int drmgmt__order_store(drmgmt_session *session, drmgmt__tx *tx, const drmgmt__order *o, drmgmt__rows **rows,
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
        rc = tell_why(session, tx, o, error);
    if (rc)
        drmgmt__rows_free(got);
    else
        *rows = got;
    return rc;
}

int drmgmt__order_read_back(drmgmt_session *session, const char *id, drmgmt__rows *rows, drmgmt_record **job,
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
    return drmgmt__order_name_deleted(rc, failure, error);
}
