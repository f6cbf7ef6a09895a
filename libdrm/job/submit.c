/* Submitting one job; then the bell rings. Called by programs; calls order.c, together.c, idempotency.c and queue. */
#include "job/job_internal.h"

#include "core/context_internal.h"
#include "limit/limit.h"
#include "queue/queue.h"

int drmgmt_job_submit(drmgmt_session *session, const drmgmt_draft *draft, const char *idempotency_key,
                      drmgmt_record **job, drmgmt_error **error)
{
    drmgmt__order o;
    drmgmt__rows *rows = NULL;

    int rc = drmgmt__order_make(draft, &o, error);
    if (!rc && !idempotency_key) /* with one the job may be there already */
        rc = drmgmt__full_check(session->context->full, session->tenant_id, error);
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
