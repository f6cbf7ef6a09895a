/* Cancelling, pausing and resuming batches. Called by programs; calls store, audit and queue. */
#include "batch/batch.h"

#include "audit/audit.h"
#include "audit/change.h"
#include "auth/auth.h"
#include "core/context_internal.h"
#include "core/core.h"
#include "core/entities.h"
#include "queries.h"
#include "queue/queue.h"

/* *running: ids of jobs that workers must be told of. */
static int steer(drmgmt_session *session, const char *id, const drmgmt__query *query, const char *action,
                 drmgmt__rows **running, drmgmt_record **batch, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__TX drmgmt__tx *tx = NULL;
    DRMGMT__RECORD drmgmt_record *after = NULL;

    if (!drmgmt__uuid_valid(id))
        return drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "there is no such batch");
    drmgmt__param(&p, id);
    int rc = drmgmt__tx_begin(session, DRMGMT_PERM_JOB_CANCEL, &tx, error);
    if (!rc)
        rc = drmgmt__tx_exec(tx, query, &p, running, error);
    if (!rc)
        rc = drmgmt__read_one(tx, &drmgmt__entity_batch, &drmgmt__q_batch_get, id, &after, error);
    if (!rc)
        rc = drmgmt__audit(tx, session, action, "batch", drmgmt_record_id(after), NULL, error);
    if (!rc)
        rc = drmgmt__tx_commit(&tx, error);
    if (rc)
        return rc;
    drmgmt__batch_publish(session->context, session->tenant_id, drmgmt_record_id(after),
                          drmgmt_record_text(after, "status"));
    *batch = DRMGMT__STEAL(after);
    return 0;
}

int drmgmt_batch_cancel(drmgmt_session *session, const char *id, drmgmt_record **batch, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *running = NULL;
    int rc = steer(session, id, &drmgmt__q_batch_cancel, "batch.cancel", &running, batch, error);

    for (size_t i = 0; !rc && i < drmgmt__rows_count(running); i++)
        drmgmt__publish_cancel(session->context->publisher, drmgmt__rows_text(running, i, 0));
    return rc;
}

int drmgmt_batch_pause(drmgmt_session *session, const char *id, drmgmt_record **batch, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *none = NULL;

    return steer(session, id, &drmgmt__q_batch_pause, "batch.pause", &none, batch, error);
}

int drmgmt_batch_resume(drmgmt_session *session, const char *id, drmgmt_record **batch, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *none = NULL;

    return steer(session, id, &drmgmt__q_batch_resume, "batch.resume", &none, batch, error);
}
