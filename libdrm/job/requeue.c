/* Repeating an ended job by hand: a new job like it, once. Called by programs; calls order.c and order_store.c. */
#include "job/job_internal.h"

#include "core/context_internal.h"
#include "core/entities.h"
#include "limit/limit.h"
#include "queries.h"
#include <stdio.h>
#include <string.h>

/* The columns of job_requeue_read.sql. */
enum { STATUS, DEVICE, PROTOCOL, OPERATION, PARAMS, PRIORITY, TIMEOUT, ATTEMPTS, REPEATED_BY };

static int may_repeat(const drmgmt__rows *rows, bool uncertain_too, drmgmt_error **error)
{
    const char *status = drmgmt__rows_text(rows, 0, STATUS), *by = drmgmt__rows_text(rows, 0, REPEATED_BY);

    if (!drmgmt_job_status_ended(status))
        return drmgmt__fail(error, DRMGMT_ERR_CONFLICT, "the job has not ended: it is %s", status);
    if (by)
        return drmgmt__fail(error, DRMGMT_ERR_CONFLICT,
                            "the job was requeued already, as %s: see how that ended, and requeue that", by);
    if (strcmp(status, "completed") == 0)
        return drmgmt__fail(error, DRMGMT_ERR_CONFLICT, "the job is completed: submit a new one");
    if (strcmp(status, "uncertain") == 0 && !uncertain_too)
        return drmgmt__fail_full(error, DRMGMT_ERR_CONFLICT, false, NULL, "acknowledge_uncertain",
                                 "acknowledge_uncertain: the device may have carried this job out already: look, and "
                                 "say so if it is to be done in any case");
    return 0;
}

static int fill(const drmgmt__rows *rows, const char *unique_key, drmgmt_draft *draft, drmgmt_error **error)
{
    static const char *const fields[] = {
        [DEVICE] = "device_id",  [PROTOCOL] = "protocol",  [OPERATION] = "operation",  [PARAMS] = "params",
        [PRIORITY] = "priority", [TIMEOUT] = "timeout_ms", [ATTEMPTS] = "max_attempts"
    };
    int rc = drmgmt_draft_set(draft, "unique_key", unique_key, error);

    for (int i = DEVICE; i <= ATTEMPTS && !rc; i++)
        if (drmgmt__rows_text(rows, 0, (size_t)i))
            rc = drmgmt_draft_set(draft, fields[i], drmgmt__rows_text(rows, 0, (size_t)i), error);
    return rc;
}

static int submit(drmgmt_session *session, const char *id, const drmgmt_draft *draft, drmgmt_record **job,
                  drmgmt_error **error)
{
    drmgmt__order o;
    int rc = drmgmt__order_make(draft, &o, error);

    if (!rc)
        rc = drmgmt__full_check(session->context->full, session->tenant_id, error);
    o.values[DRMGMT__ORDER_REQUEUED_FROM] = id;
    return rc ? rc : drmgmt__order_submit(session, &o, job, error);
}

int drmgmt_job_requeue(drmgmt_session *session, const char *id, bool uncertain_too, drmgmt_record **job,
                       drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    char canonical[DRMGMT__UUID_SIZE], unique_key[DRMGMT__UUID_SIZE + 16];

    if (!drmgmt__uuid_normalise(id, canonical))
        return drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "there is no such job");
    int rc = drmgmt__job_find(session, NULL, DRMGMT_PERM_JOB_SUBMIT_READ, &drmgmt__q_job_requeue_read,
                              &drmgmt__q_job_requeue_read, canonical, &rows, error);
    if (!rc && !drmgmt__rows_count(rows))
        rc = drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "there is no such job");
    if (!rc)
        rc = may_repeat(rows, uncertain_too, error);
    if (rc)
        return rc;
    drmgmt_draft *draft = drmgmt_draft_new(&drmgmt__entity_job);
    if (!draft)
        return drmgmt__fail_memory(error);
    /* Two who do it at the same moment get the same job. */
    snprintf(unique_key, sizeof unique_key, "requeue:%s", canonical);
    rc = fill(rows, unique_key, draft, error);
    if (!rc)
        rc = submit(session, canonical, draft, job, error);
    drmgmt_draft_free(draft);
    return rc;
}
