/* One statement in one transaction. Called by every domain room; calls the pool and the connection. */
#include "core/context_internal.h"
#include "core/core.h"
#include "store/connection.h"

int drmgmt__run(drmgmt_session *session, drmgmt_permission permission, unsigned flags, const drmgmt__query *query,
                const drmgmt__params *params, drmgmt__rows **rows, drmgmt_error **error)
{
    struct drmgmt__pool *pool = session->context->pool;
    bool may_repeat = !(flags & DRMGMT__WRITE) || (flags & DRMGMT__REPEATABLE);

    for (int attempt = 0;; attempt++) {
        drmgmt__connection *c = NULL;
        drmgmt_error *failure = NULL;
        int rc = drmgmt__pool_get(pool, &c, error);
        if (rc)
            return rc;
        rc = drmgmt__connection_run(c, session, permission, query, params, rows, &failure);
        bool lost = c->broken && rc == DRMGMT_ERR_UNAVAILABLE;
        drmgmt__pool_put(pool, c);
        if (!rc)
            return 0;
        if (lost && may_repeat && attempt == 0) {
            drmgmt_error_free(failure);
            continue;
        }
        if (lost && !may_repeat) {
            drmgmt_error_free(failure);
            return drmgmt__fail_full(error, DRMGMT_ERR_UNAVAILABLE, true, NULL, NULL,
                                     "the connection to PostgreSQL was lost: whether the change was made is not known");
        }
        if (error)
            *error = failure;
        else
            drmgmt_error_free(failure);
        return rc;
    }
}
