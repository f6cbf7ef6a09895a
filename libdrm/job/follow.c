/* Following jobs by their events: who may, and then the hub. Called by programs; calls job.c and queue. */
#include <drm/job.h>

#include "core/core.h"
#include "queries.h"
#include "queue/queue.h"
#include "store/store.h"

/* Events of all jobs are for those who may read jobs on all devices. */
static int may_follow_all(drmgmt_session *session, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    int rc =
        drmgmt__run(session, DRMGMT_PERM_JOB_READ, DRMGMT__READ, &drmgmt__q_auth_on_all_devices, NULL, &rows, error);

    if (rc || drmgmt__rows_bool(rows, 0, 0))
        return rc;
    return drmgmt__fail(error, DRMGMT_ERR_FORBIDDEN,
                        "your role holds on some devices only: follow one of their jobs at a time");
}

/* Events are in Redis, where no row of the database can be checked: so it is asked here, before. */
static int may_follow(drmgmt_session *session, const char *job_id, drmgmt_error **error)
{
    drmgmt_record *job = NULL;

    if (!job_id)
        return may_follow_all(session, error);
    int rc = drmgmt_job_get(session, job_id, &job, error);
    drmgmt_record_free(job);
    return rc;
}

int drmgmt_subscribe(drmgmt_session *session, const char *job_id, const char *last_event_id,
                     drmgmt_subscription **subscription, drmgmt_error **error)
{
    int rc = may_follow(session, job_id, error);

    return rc ? rc : drmgmt__subscribe(session, job_id, false, last_event_id, subscription, error);
}
