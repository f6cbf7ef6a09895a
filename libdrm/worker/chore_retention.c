/* Makes the partitions of results and events that are missing next, and drops those whose time is over, one a step.
 * Called by keeper.c; the work is sched.retention(). */
#include "core/context_internal.h"
#include "core/core.h"
#include "queries.h"
#include "worker/chore.h"
#include <string.h>

enum { WHAT, PARTITION };

/* What the function says it did, and what there is to say of it. */
static const struct {
    const char *what;
    bool more; /* to do at once */
    drmgmt_log_level level;
    const char *text;
} steps[] = {
    { "made", true, DRMGMT_LOG_DEBUG, "a partition was made" },
    { "dropped", true, DRMGMT_LOG_INFO, "a partition was dropped: its time was over" },
    { "emptied", true, DRMGMT_LOG_INFO, "a partition was emptied: the time of all that it held was over" },
    { "busy", false, DRMGMT_LOG_WARNING, "a partition waits: a transaction has been reading the table for long" },
};

int drmgmt__chore_retention(drmgmt_worker *w, drmgmt_session *system, bool *again, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;

    int rc = drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__WRITE | DRMGMT__REPEATABLE, &drmgmt__q_sched_retention, NULL,
                         &rows, error);
    for (size_t i = 0; !rc && i < drmgmt__rows_count(rows); i++)
        for (size_t s = 0; s < DRMGMT__COUNT(steps); s++)
            if (strcmp(drmgmt__rows_text(rows, i, WHAT), steps[s].what) == 0) {
                *again = *again || steps[s].more;
                drmgmt__log(w->context, steps[s].level, steps[s].text, "partition",
                            drmgmt__rows_text(rows, i, PARTITION), NULL);
            }
    return rc;
}
