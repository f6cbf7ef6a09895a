/* The worker engine; drm-worker is a thin main over it, and an embedding program may run it in a thread. */
#ifndef DRMGMT_WORKER_H
#define DRMGMT_WORKER_H

#include <drm/session.h>
#include <stdint.h>

DRMGMT_BEGIN

typedef struct drmgmt_worker drmgmt_worker;

typedef struct drmgmt_worker_stats {
    uint64_t claimed, completed, failed, cancelled, refused; /* refused: results of a lost lease */
    uint64_t claims;                                         /* claim statements */
    uint32_t in_flight, unsent;                              /* running now; results not yet stored */
} drmgmt_worker_stats;

/* A worker that claims from lanes - "default", or up to 16 with commas between them, which take turns - with up to
 * slots operations in flight (1..100,000). The context needs a keyring. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_worker_new(drmgmt_context *context, const char *lanes, unsigned slots,
                                                  drmgmt_worker **worker, drmgmt_error **error);
/* Runs until drmgmt_worker_stop(); blocks the calling thread. Survives loss of PostgreSQL and Redis: it keeps results
 * until they are stored. Returns 0 after a stop. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_worker_run(drmgmt_worker *worker, drmgmt_error **error);
/* Asks it to stop: no further claims, what runs may finish within grace_ms, the rest goes back to the queue. Any
 * thread; safe in a signal handler. A second call with 0 ends the grace. */
DRMGMT_API void drmgmt_worker_stop(drmgmt_worker *worker, unsigned grace_ms);
DRMGMT_API void drmgmt_worker_stats_get(drmgmt_worker *worker, drmgmt_worker_stats *stats); /* any thread */
DRMGMT_API const char *drmgmt_worker_id(const drmgmt_worker *worker);
DRMGMT_API void drmgmt_worker_free(drmgmt_worker *worker); /* NULL is allowed; not while it runs */

/* Lists the processes that run jobs, whichever host they run on, by filters lane, host and state ("alive", "draining",
 * "gone"); oldest first. Those that ended are listed for a day. Needs platform:worker.
 * Entity "worker" {id host pid version lane slots in_flight state started_at beat_at beat_age_ms}. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_worker_list(drmgmt_session *session, const drmgmt_query *query,
                                                   drmgmt_page **page, drmgmt_error **error);

DRMGMT_END

#endif
