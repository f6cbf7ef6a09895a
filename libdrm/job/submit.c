/* Submitting one job. Called by programs; calls order.c, order_store.c and idempotency.c. */
#include "job/job_internal.h"

#include "core/context_internal.h"
#include "limit/limit.h"

int drmgmt_job_submit(drmgmt_session *session, const drmgmt_draft *draft, const char *idempotency_key,
                      drmgmt_record **job, drmgmt_error **error)
{
    drmgmt__order o;

    int rc = drmgmt__order_make(draft, &o, error);
    if (!rc && !idempotency_key) /* with one the job may be there already */
        rc = drmgmt__order_check_time(&o, error);
    if (!rc && !idempotency_key)
        rc = drmgmt__full_check(session->context->full, session->tenant_id, error);
    if (rc)
        return rc;
    return idempotency_key ? drmgmt__submit_once(session, &o, idempotency_key, job, error)
                           : drmgmt__order_submit(session, &o, job, error);
}
