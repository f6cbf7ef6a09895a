/* Lets the next waves of batches go, stops those with too many failures, and closes those that have ended. Called by
 * keeper.c; the work is sched.batch_advance(). */
#include "batch/batch.h"
#include "core/context_internal.h"
#include "queries.h"
#include "worker/chore.h"

enum { TENANT, BATCH, STATUS, QUEUED, MORE };

int drmgmt__chore_batches(drmgmt_worker *w, drmgmt_session *system, bool *again, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    bool queued = false;

    int rc = drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__WRITE | DRMGMT__REPEATABLE, &drmgmt__q_sched_batch_advance,
                         NULL, &rows, error);
    if (rc)
        return rc;
    for (size_t i = 0; i < drmgmt__rows_count(rows); i++) {
        if (drmgmt__rows_text(rows, i, STATUS))
            drmgmt__batch_publish(w->context, drmgmt__rows_text(rows, i, TENANT), drmgmt__rows_text(rows, i, BATCH),
                                  drmgmt__rows_text(rows, i, STATUS));
        queued = queued || drmgmt__rows_bool(rows, i, QUEUED);
        *again = *again || drmgmt__rows_bool(rows, i, MORE);
    }
    if (queued)
        drmgmt__chore_ring(w);
    return 0;
}
