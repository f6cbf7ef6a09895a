/* What a tenant may have and do. The platform's administrators set quotas; a tenant without one is not limited.
 *
 * "devices" and "queued_jobs" (jobs that have not ended) are kept by the database, whoever makes them: a call above
 * them fails with CONFLICT, or with LIMIT where waiting helps, and drmgmt_error_quota() names the quota. "running_jobs"
 * is kept by workers' claims. "api_requests" a minute are counted by whoever calls drmgmt_request_count(), which drmd
 * does for each request; calls of this library are no requests. */
#ifndef DRMGMT_QUOTA_H
#define DRMGMT_QUOTA_H

#include <drm/session.h>
#include <stdint.h>

DRMGMT_BEGIN

/* The quotas of the session's tenant with what is used of them, also by those whom the actor may not see:
 * {"items":[{"quota":"devices","limit":100,"used":3}, ...]}. limit null: none. used null: not known here, which is so
 * for "api_requests" unless this process counts them. *json: free with drmgmt_free().
 * Errors: FORBIDDEN without tenant:read, UNAUTHENTICATED, UNAVAILABLE. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_quota_get(drmgmt_session *session, char **json, drmgmt_error **error);

typedef struct drmgmt_request_quota {
    int64_t limit;     /* requests a minute; 0: the tenant has no such quota, the others mean nothing */
    int64_t remaining; /* in this minute */
    unsigned reset;    /* seconds until the next one begins */
} drmgmt_request_quota;

/* Counts one request of the session's tenant, whose quota is read from the database every few seconds. Minutes are
 * those of the clock. Processes with the same Redis count together, a few milliseconds behind each other: no call waits
 * for Redis. Without Redis each counts for itself. Any thread.
 * Errors: LIMIT when the quota is used up (the request is not counted; drmgmt_error_quota_limit() and
 * drmgmt_error_retry_after() tell limit and reset), NO_MEMORY. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_request_count(drmgmt_session *session, drmgmt_request_quota *quota,
                                                     drmgmt_error **error);

DRMGMT_END

#endif
