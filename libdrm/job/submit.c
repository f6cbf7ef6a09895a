/* Submitting one job: one statement stores job and audit row, and the bell rings. Called by programs; calls store,
 * queue and together.c. */
#include "job/job_internal.h"

#include "core/context_internal.h"
#include "core/entities.h"
#include "queries.h"
#include "queue/queue.h"

/* In tx when there is one. */
static int run(drmgmt_session *session, drmgmt__tx *tx, const drmgmt__order *o, const drmgmt__query *query,
               const drmgmt__params *p, drmgmt__rows **rows, drmgmt_error **error)
{
    drmgmt_error *failure = NULL;
    int rc = tx ? drmgmt__tx_exec(tx, query, p, rows, &failure)
                : drmgmt__run(session, drmgmt__order_permission(o->operation), DRMGMT__WRITE | DRMGMT__REPEATABLE,
                              query, p, rows, &failure);

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

int drmgmt_job_submit(drmgmt_session *session, const drmgmt_draft *draft, const char *idempotency_key,
                      drmgmt_record **job, drmgmt_error **error)
{
    drmgmt__order o;
    drmgmt__rows *rows = NULL;

    int rc = drmgmt__order_make(draft, &o, error);
    if (rc)
        return rc;
    if (idempotency_key)
        return drmgmt__submit_once(session, &o, idempotency_key, job, error);
    rc = drmgmt__submit_together(session, &o, &rows, error);
    if (rc)
        return rc;
    drmgmt__publish_bell(session->context->publisher, DRMGMT__LANE);
    return drmgmt__order_read_back(session, o.id, rows, job, error);
}
