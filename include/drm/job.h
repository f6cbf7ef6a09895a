/* Jobs: one operation on one device, done by a worker; and the stream of their events.
 *
 * Entity "job": id, device_id, protocol, operation, params, status, priority, timeout_ms, max_attempts, retry_ms,
 * deadline, unique_key, batch_id, requeued_from, progress, attempt, worker_id, result, error, created_at, run_at,
 * started_at, finished_at. status: queued, running, waiting, then one of completed, failed, cancelled, dead (attempts
 * spent), uncertain (a non-idempotent operation whose outcome is unknown after a crash; it is never repeated by
 * itself). error: {"code":"timeout","message":"...","retryable":true}. */
#ifndef DRMGMT_JOB_H
#define DRMGMT_JOB_H

#include <drm/session.h>

DRMGMT_BEGIN

/* Whether a status is one of the ended ones. */
DRMGMT_API bool drmgmt_job_status_ended(const char *status);

/* Submits one job. Draft fields: device_id, protocol, operation, params (object), priority (0 first .. 9, default 5),
 * timeout_ms (one attempt) and max_attempts, both the operation's own when left out, retry_ms (base of the wait between
 * attempts, default 1000), run_at and deadline (not begun before, not begun after), unique_key (one active job of the
 * tenant has it at a time: while there is one, that is the answer, or with unique_conflict "refuse" CONFLICT).
 * Permission job:submit:read or job:submit:write, as the operation says. idempotency_key: NULL, or 1..255 printable
 * characters: the same key with the same request answers with the same job for 24 hours. Errors: INVALID, UNSUPPORTED
 * (protocol or operation), NOT_FOUND (device), IDEMPOTENCY, CONFLICT, TOO_LARGE (params above 256 KiB). Jobs that one
 * actor submits from several threads at the same time are stored together. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_job_submit(drmgmt_session *session, const drmgmt_draft *draft,
                                                  const char *idempotency_key, drmgmt_record **job,
                                                  drmgmt_error **error);
/* Submits 1..10,000 jobs in one transaction: all or none. *page (may be NULL) receives them in the order given. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_job_submit_many(drmgmt_session *session, const drmgmt_draft *const *drafts,
                                                       size_t count, drmgmt_page **page, drmgmt_error **error);
/* Reads one, active or ended. Permission job:read. Errors: NOT_FOUND. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_job_get(drmgmt_session *session, const char *id, drmgmt_record **job,
                                               drmgmt_error **error);
/* Lists, newest first, by filters device_id, protocol, operation, status. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_job_list(drmgmt_session *session, const drmgmt_query *query, drmgmt_page **page,
                                                drmgmt_error **error);
/* Cancels: a queued or waiting job ends at once, a running one is asked to stop (the worker sees it within
 * a second). *job: as it stands after the call. Errors: NOT_FOUND, CONFLICT (already ended). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_job_cancel(drmgmt_session *session, const char *id, drmgmt_record **job,
                                                  drmgmt_error **error);
/* Makes a new job like one that ended failed, cancelled, dead or uncertain, and links it to that: requeued_from. Once:
 * who does it again is told the new job's id, by CONFLICT, unless both came at the same moment. uncertain_too: whether
 * a job may be repeated of which nobody knows whether the device carried it out. Permission as for submitting it.
 * Errors: NOT_FOUND, CONFLICT (not ended, completed, requeued already; field "acknowledge_uncertain"), those of a
 * submission. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_job_requeue(drmgmt_session *session, const char *id, bool uncertain_too,
                                                   drmgmt_record **job, drmgmt_error **error);
/* Waits until a job ends or timeout_ms (0: for ever) is over. Woken by events; without Redis it reads once a second.
 * Returns 0 for a job that ended in whatever way: look at its status. Errors: TIMEOUT, NOT_FOUND. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_job_wait(drmgmt_session *session, const char *id, unsigned timeout_ms,
                                                drmgmt_record **job, drmgmt_error **error);

/* ---- events; those of devices, and all of a tenant's with filters: drm/event.h ---- */
typedef struct drmgmt_subscription drmgmt_subscription;

typedef enum drmgmt_event_kind {
    DRMGMT_EVENT_UPDATE, /* data: {"job_id","status",...} */
    DRMGMT_EVENT_DONE,   /* data: the same with an ended status */
    DRMGMT_EVENT_RESYNC, /* events may have been lost: read the job again. No data. */
    DRMGMT_EVENT_DEVICE  /* data: the entity "event"; of drmgmt_event_follow() only */
} drmgmt_event_kind;

typedef struct drmgmt_event {
    drmgmt_event_kind kind;
    char id[64]; /* "<epoch>-<redis id>", for Last-Event-ID */
    char job_id[37];
    char *data;         /* JSON; malloc()ed */
    char name[64];      /* "job.update", "job.done", "resync", or a device event's kind, such as "snmp.trap" */
    char device_id[37]; /* of a device event; of a job's where it is known */
} drmgmt_event;
/* Frees what event points to. NULL is allowed. */
DRMGMT_API void drmgmt_event_clear(drmgmt_event *event);

/* Subscribes to the events of one job (job_id) or of all the tenant's jobs (NULL), after last_event_id (NULL: from
 * now). One reader thread per context reads Redis and fans out. A last_event_id of a lost epoch or trimmed from the
 * stream yields RESYNC first. Without Redis a subscription only times out. Permission job:read (for all jobs: on all
 * devices), checked now and not with each event: what follows events for long reads the job now and then. Errors:
 * NOT_FOUND (job), NO_MEMORY, LIMIT.
 */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_subscribe(drmgmt_session *session, const char *job_id, const char *last_event_id,
                                                 drmgmt_subscription **subscription, drmgmt_error **error);
/* Next event within timeout_ms. Returns 1 with *event filled (clear it), 0 on time-out, negative on error. One thread
 * at a time. */
DRMGMT_API int drmgmt_subscription_next(drmgmt_subscription *subscription, unsigned timeout_ms, drmgmt_event *event,
                                        drmgmt_error **error);
/* Makes a drmgmt_subscription_next() of another thread, and all later ones, return DRMGMT_ERR_CANCELLED. */
DRMGMT_API void drmgmt_subscription_wake(drmgmt_subscription *subscription);
DRMGMT_API void drmgmt_subscription_free(drmgmt_subscription *subscription); /* NULL is allowed */

DRMGMT_END

#endif
