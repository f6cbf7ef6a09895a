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
        bool lost = c->broken && (rc == DRMGMT_ERR_UNAVAILABLE || rc == DRMGMT_ERR_TIMEOUT);
        bool unknown = lost && !may_repeat && !c->refused;
        /* A server that went silent once would most likely cost the same time again. */
        bool again = lost && !unknown && rc == DRMGMT_ERR_UNAVAILABLE && attempt == 0;
        if (rc == DRMGMT_ERR_FORBIDDEN && !(flags & DRMGMT__TRIAL)) {
            drmgmt__refusal refusal;
            drmgmt__refusal_note(&refusal, query, params);
            drmgmt__refusal_audit(&refusal, c, session, permission);
        }
        drmgmt__pool_put(pool, c);
        if (!rc)
            return 0;
        if (error && !again && !unknown) {
            *error = failure;
            return rc;
        }
        drmgmt_error_free(failure);
        if (unknown)
            return drmgmt__pg_outcome_unknown(error);
        if (!again)
            return rc;
    }
}
