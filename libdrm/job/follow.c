/* Following jobs by their events: who may, and then the hub. Called by programs; calls job.c and queue. */
#include <drm/job.h>

#include "queue/queue.h"

/* Events are in Redis, where no row of the database can be checked: so it is asked here, before. */
static int may_follow(drmgmt_session *session, const char *job_id, drmgmt_error **error)
{
    drmgmt_record *job = NULL;

    if (!job_id)
        return drmgmt_session_require(session, DRMGMT_PERM_JOB_READ, error);
    int rc = drmgmt_job_get(session, job_id, &job, error);
    drmgmt_record_free(job);
    return rc;
}

int drmgmt_subscribe(drmgmt_session *session, const char *job_id, const char *last_event_id,
                     drmgmt_subscription **subscription, drmgmt_error **error)
{
    int rc = may_follow(session, job_id, error);

    return rc ? rc : drmgmt__subscribe(session, job_id, last_event_id, subscription, error);
}
