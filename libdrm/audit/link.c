/* Linking rows to the chain. Called by drmd, the worker's keeper and embedding programs; calls store. */
#include "core/core.h"
#include "queries.h"
#include "store/store.h"
#include <drm/audit.h>

/* Rows a call: some 10 ms of work, and what a step of a verification holds at once. */
enum { ROWS_MAX = 1024 };

int drmgmt_audit_link(drmgmt_context *context, unsigned *linked, bool *waiting, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt_session *system = NULL;
    int rc = drmgmt__session_open_system(context, "audit", &system, error);

    if (rc)
        return rc;
    drmgmt__param_int(&p, ROWS_MAX);
    rc = drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__WRITE | DRMGMT__REPEATABLE, &drmgmt__q_audit_link, &p, &rows,
                     error);
    if (!rc) {
        int64_t n = drmgmt__rows_int(rows, 0, 0);
        *linked = n > 0 ? (unsigned)n : 0;
        if (waiting)
            *waiting = n < 0;
    }
    drmgmt_session_close(system);
    return rc;
}
