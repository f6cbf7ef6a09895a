/* Looks for jobs of this worker that are to stop. Redis tells it at once; this finds out within a second what Redis did
 * not tell. Called by keeper.c. */
#include "core/core.h"
#include "queries.h"
#include "worker/chore.h"

int drmgmt__chore_cancels(drmgmt_worker *w, drmgmt_session *system, bool *again, drmgmt_error **error)
{
    const drmgmt__lease *lease = atomic_load(&w->lease);
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;

    (void)again;
    if (!lease || !atomic_load(&w->in_flight))
        return 0;
    drmgmt__param(&p, lease->id);
    int rc = drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__READ, &drmgmt__q_sched_cancels, &p, &rows, error);
    if (rc || !drmgmt__rows_count(rows))
        return rc;
    pthread_mutex_lock(&w->mutex);
    for (size_t i = 0; i < drmgmt__rows_count(rows); i++)
        drmgmt__ids_add(&w->cancels, drmgmt__rows_text(rows, i, 0)); /* without memory: the next time tells it again */
    pthread_mutex_unlock(&w->mutex);
    drmgmt__loop_wake(w->loop);
    return 0;
}
