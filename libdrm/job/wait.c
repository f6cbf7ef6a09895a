/* Waiting for the end of a job: woken by its events, read again now and then, because events may be lost. Called by
 * programs; calls the subscription and drmgmt_job_get(). */
#include <drm/job.h>

#include "auth/auth.h"
#include "core/context_internal.h"
#include "core/core.h"
#include "queue/queue.h"
#include <string.h>

/* Events may be lost, and nobody tells when Redis is away: the job is read once a second in any case. */
enum { REREAD_MS = 1000 };

static bool ended(const drmgmt_record *job)
{
    const char *status = drmgmt_record_text(job, "status");

    return status && drmgmt_job_status_ended(status);
}

/* Reads it; *job stays NULL while it is active. A database that is away for a moment is no end of waiting. */
static int look(drmgmt_session *session, const char *id, drmgmt_record **job, drmgmt_error **error)
{
    drmgmt_record *now = NULL;
    drmgmt_error *failure = NULL;
    int rc = drmgmt_job_get(session, id, &now, &failure);

    if (!rc && ended(now))
        *job = DRMGMT__STEAL(now);
    drmgmt_record_free(now);
    if (rc && drmgmt_error_retryable(failure)) {
        drmgmt_error_free(failure);
        return 0;
    }
    if (rc && error)
        *error = failure;
    else
        drmgmt_error_free(failure);
    return rc;
}

/* Sleeps until an event worth a look, or for ms. */
static int doze(drmgmt_subscription *subscription, unsigned ms, drmgmt_error **error)
{
    uint64_t until = drmgmt__monotonic_ms() + ms;

    for (uint64_t now; (now = drmgmt__monotonic_ms()) < until;) {
        drmgmt_event event = { 0 };
        int got = drmgmt_subscription_next(subscription, (unsigned)(until - now), &event, error);
        if (got < 0)
            return got;
        bool worth = got > 0 && event.kind != DRMGMT_EVENT_UPDATE;
        if (got > 0)
            drmgmt_event_clear(&event);
        if (worth)
            return 0;
    }
    return 0;
}

static int wait_for(drmgmt_session *session, drmgmt_subscription *subscription, const char *id, unsigned timeout_ms,
                    drmgmt_record **job, drmgmt_error **error)
{
    uint64_t began = drmgmt__monotonic_ms();

    for (;;) {
        int rc = look(session, id, job, error);
        if (rc || *job)
            return rc;
        uint64_t waited = drmgmt__monotonic_ms() - began;
        if (timeout_ms && waited >= timeout_ms)
            return drmgmt__fail_full(error, DRMGMT_ERR_TIMEOUT, true, NULL, NULL,
                                     "the job has not ended within %u ms; it goes on", timeout_ms);
        uint64_t left = timeout_ms ? timeout_ms - waited : REREAD_MS;
        rc = doze(subscription, left < REREAD_MS ? (unsigned)left : REREAD_MS, error);
        if (rc)
            return rc;
    }
}

int drmgmt_job_wait(drmgmt_session *session, const char *id, unsigned timeout_ms, drmgmt_record **job,
                    drmgmt_error **error)
{
    drmgmt_subscription *subscription = NULL;
    drmgmt_record *end = NULL;
    char canonical[DRMGMT__UUID_SIZE];

    if (!drmgmt__uuid_normalise(id, canonical))
        return drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "there is no such job");
    int rc = drmgmt__subscribe(session, canonical, false, NULL, &subscription, error);
    if (rc)
        return rc;
    rc = wait_for(session, subscription, canonical, timeout_ms, &end, error);
    drmgmt_subscription_free(subscription);
    if (!rc)
        *job = end;
    return rc;
}
