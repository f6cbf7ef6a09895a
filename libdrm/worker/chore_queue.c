/* Counts what is queued, for the metrics. Called by keeper.c of each worker; sched.queue_count() sees to it that one of
 * them does it, as often as DRMGMT__QUEUE_EVERY_MS and what it costs allow. */
#include "core/core.h"
#include "queries.h"
#include "worker/chore.h"

enum { MOST = 1000000 /* entries of indexes a time: two or three seconds of work */ };

int drmgmt__chore_queue(drmgmt_worker *w, drmgmt_session *system, bool *again, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    (void)w;
    (void)again;
    drmgmt__param_int(&p, DRMGMT__QUEUE_EVERY_MS / 2); /* by clocks that differ */
    drmgmt__param_int(&p, MOST);
    return drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__WRITE | DRMGMT__REPEATABLE, &drmgmt__q_sched_queue_count, &p,
                       NULL, error);
}
