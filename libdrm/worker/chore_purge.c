/* Removes the rows of deleted tenants, a batch a step, so that the keeper beats in between. Called by keeper.c. */
#include "core/context_internal.h"
#include "core/core.h"
#include "worker/chore.h"

enum { BATCH = 2000 };

int drmgmt__chore_purge(drmgmt_worker *w, drmgmt_session *system, bool *again, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *gone = NULL;

    int rc = drmgmt__sched_purge(system, BATCH, &gone, error);
    if (rc || !drmgmt__rows_count(gone))
        return rc;
    *again = true;
    if (drmgmt__rows_bool(gone, 0, 3))
        drmgmt__log(w->context, DRMGMT_LOG_INFO, "a tenant was deleted with all its rows", "tenant",
                    drmgmt__rows_text(gone, 0, 0), NULL);
    return 0;
}
