/* Starts the batches of schedules whose time has come. Called by keeper.c; each call of sched.schedules_fire() is a
 * transaction that takes one schedule, so that any number of workers share them, each run being started once. */
#include "batch/batch.h"
#include "core/context_internal.h"
#include "core/core.h"
#include "queries.h"
#include "store/array.h"
#include "worker/chore.h"
#include <string.h>

enum { TENANT, SCHEDULE, WHAT, BATCH, MESSAGE, REPLACED };
enum { FOR_MS = 500 }; /* before the keeper looks up again */

/* Ids of an array as PostgreSQL writes it: {a,b}. */
static void tell_replaced(drmgmt_worker *w, const char *tenant_id, const char *array)
{
    char id[DRMGMT__UUID_SIZE];

    for (const char *p = array; p && *p; p += *p != '\0') {
        p += strspn(p, "{,");
        size_t n = strcspn(p, ",}");
        if (n != DRMGMT__UUID_SIZE - 1)
            return;
        memcpy(id, p, n);
        id[n] = '\0';
        drmgmt__batch_publish(w->context, tenant_id, id, "cancelling");
        p += n;
    }
}

static void tell(drmgmt_worker *w, const drmgmt__rows *row)
{
    const char *what = drmgmt__rows_text(row, 0, WHAT), *message = drmgmt__rows_text(row, 0, MESSAGE);

    tell_replaced(w, drmgmt__rows_text(row, 0, TENANT), drmgmt__rows_text(row, 0, REPLACED));
    if (message)
        drmgmt__log(w->context, DRMGMT_LOG_WARNING, "a schedule did not run", "tenant",
                    drmgmt__rows_text(row, 0, TENANT), "schedule", drmgmt__rows_text(row, 0, SCHEDULE), "outcome", what,
                    "why", message, NULL);
}

int drmgmt__chore_schedules(drmgmt_worker *w, drmgmt_session *system, bool *again, drmgmt_error **error)
{
    uint64_t until = drmgmt__monotonic_ms() + FOR_MS;
    bool started = false;
    int rc = 0;

    for (*again = true; !rc && *again && drmgmt__monotonic_ms() < until;) {
        DRMGMT__ROWS drmgmt__rows *row = NULL;
        rc = drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__WRITE | DRMGMT__REPEATABLE, &drmgmt__q_sched_schedules_fire,
                         NULL, &row, error);
        *again = !rc && drmgmt__rows_count(row) > 0;
        if (*again) {
            tell(w, row);
            started = started || drmgmt__rows_text(row, 0, BATCH);
        }
    }
    if (started)
        drmgmt__chore_ring(w);
    return rc;
}
