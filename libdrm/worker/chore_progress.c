/* Keeps how far long operations are, so that who reads such a job knows without having followed it: one statement a
 * second for all that told something. Called by run.c, which notes it, and keeper.c. */
#include "core/core.h"
#include "core/strbuf.h"
#include "queries.h"
#include "store/array.h"
#include "worker/chore.h"
#include <stdio.h>
#include <stdlib.h>

void drmgmt__worker_note_progress(drmgmt_worker *w, const char *tenant_id, const char *job_id, unsigned percent)
{
    pthread_mutex_lock(&w->mutex);
    if (w->progress.n == w->progress.size) {
        size_t size = w->progress.size ? w->progress.size * 2 : 64;
        drmgmt__progress *grown = realloc(w->progress.items, size * sizeof *grown);
        if (grown) {
            w->progress.items = grown;
            w->progress.size = size;
        }
    }
    if (w->progress.n < w->progress.size) { /* else the next word of it counts */
        drmgmt__progress *p = &w->progress.items[w->progress.n++];
        snprintf(p->tenant_id, sizeof p->tenant_id, "%s", tenant_id);
        snprintf(p->job_id, sizeof p->job_id, "%s", job_id);
        p->percent = percent;
    }
    pthread_mutex_unlock(&w->mutex);
}

static int store(drmgmt_session *system, const char *worker_id, const drmgmt__progress *items, size_t n,
                 drmgmt_error **error)
{
    DRMGMT__STRBUF tenants = DRMGMT__STRBUF_INIT, ids = DRMGMT__STRBUF_INIT, percents = DRMGMT__STRBUF_INIT;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char percent[16];

    for (size_t i = 0; i < n; i++) {
        snprintf(percent, sizeof percent, "%u", items[i].percent);
        drmgmt__array_add(&tenants, items[i].tenant_id);
        drmgmt__array_add(&ids, items[i].job_id);
        drmgmt__array_add(&percents, percent);
    }
    drmgmt__array_end(&tenants);
    drmgmt__array_end(&ids);
    drmgmt__array_end(&percents);
    if (tenants.failed || ids.failed || percents.failed)
        return drmgmt__fail_memory(error);
    drmgmt__param(&p, worker_id);
    drmgmt__param(&p, tenants.data);
    drmgmt__param(&p, ids.data);
    drmgmt__param(&p, percents.data);
    return drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__WRITE | DRMGMT__REPEATABLE, &drmgmt__q_sched_progress, &p,
                       NULL, error);
}

int drmgmt__chore_progress(drmgmt_worker *w, drmgmt_session *system, bool *again, drmgmt_error **error)
{
    (void)again;
    pthread_mutex_lock(&w->mutex);
    const drmgmt__lease *lease = atomic_load(&w->lease);
    drmgmt__progress *items = w->progress.items;
    size_t n = w->progress.n;
    w->progress.items = NULL;
    w->progress.n = w->progress.size = 0;
    pthread_mutex_unlock(&w->mutex);
    int rc = n && lease ? store(system, lease->id, items, n, error) : 0;
    free(items);
    return rc;
}
