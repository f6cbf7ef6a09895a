/* The table of chores. Read by keeper.c. */
#include "worker/chore.h"

#include "core/core.h"

const drmgmt__chore drmgmt__chores[] = {
    { "looking for jobs that are to stop", 1000, drmgmt__chore_cancels },
    { "keeping how far jobs are", 1000, drmgmt__chore_progress },
    { "removing the rows of a deleted tenant", 0, drmgmt__chore_purge },
    { "batches", 1000, drmgmt__chore_batches },
    { "keeping results and events as long as tenants want", 60000, drmgmt__chore_retention },
    { "schedules", 1000, drmgmt__chore_schedules },
    { "counting what is queued", DRMGMT__QUEUE_EVERY_MS, drmgmt__chore_queue },
};
const size_t drmgmt__n_chores = DRMGMT__COUNT(drmgmt__chores);

void drmgmt__chore_ring(drmgmt_worker *w)
{
    pthread_mutex_lock(&w->mutex);
    w->rang = true;
    drmgmt__worker_wake_ledger(w);
    pthread_mutex_unlock(&w->mutex);
    drmgmt__worker_ring(w);
}
