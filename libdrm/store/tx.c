/* Several statements in one transaction. Called by domain rooms that write more than one table. */
#include "core/context_internal.h"
#include "core/core.h"
#include "store/connection.h"
#include <stdlib.h>

struct drmgmt__tx {
    drmgmt_session *session;
    drmgmt_permission permission;
    drmgmt__connection *connection; /* NULL until the first statement */
    bool failed;
    drmgmt__refusal refusal; /* audited after the rollback */
};

int drmgmt__tx_begin(drmgmt_session *session, drmgmt_permission permission, drmgmt__tx **tx, drmgmt_error **error)
{
    drmgmt__tx *t = calloc(1, sizeof *t);

    if (!t)
        return drmgmt__fail_memory(error);
    t->session = session;
    t->permission = permission;
    *tx = t;
    return 0;
}

static void release(drmgmt__tx *tx)
{
    if (tx->connection)
        drmgmt__pool_put(tx->session->context->pool, tx->connection);
    free(tx);
}

/* The first statement may meet a connection that died while it was idle: nothing was done yet, so once more on a fresh
 * one. */
static int first(drmgmt__tx *tx, const drmgmt__query *query, const drmgmt__params *params, drmgmt__rows **rows,
                 drmgmt_error **error)
{
    struct drmgmt__pool *pool = tx->session->context->pool;

    for (int attempt = 0;; attempt++) {
        drmgmt_error *failure = NULL;
        int rc = drmgmt__pool_get(pool, &tx->connection, error);
        if (rc) {
            tx->connection = NULL;
            return rc;
        }
        rc = drmgmt__connection_begin(tx->connection, tx->session, tx->permission, query, params, rows, &failure);
        if (rc == DRMGMT_ERR_UNAVAILABLE && tx->connection->broken && attempt == 0) {
            drmgmt__pool_put(pool, tx->connection);
            tx->connection = NULL;
            drmgmt_error_free(failure);
            continue;
        }
        if (rc && error)
            *error = failure;
        else
            drmgmt_error_free(failure);
        return rc;
    }
}

int drmgmt__tx_exec(drmgmt__tx *tx, const drmgmt__query *query, const drmgmt__params *params, drmgmt__rows **rows,
                    drmgmt_error **error)
{
    if (tx->failed)
        return drmgmt__fail(error, DRMGMT_ERR_DATABASE, "the transaction has failed already");
    int rc = tx->connection ? drmgmt__connection_exec(tx->connection, query, params, rows, error)
                            : first(tx, query, params, rows, error);
    if (rc)
        tx->failed = true;
    if (rc == DRMGMT_ERR_FORBIDDEN)
        drmgmt__refusal_note(&tx->refusal, query, params);
    return rc;
}

int drmgmt__tx_commit(drmgmt__tx **tx, drmgmt_error **error)
{
    drmgmt__tx *t = *tx;
    int rc = 0;

    *tx = NULL;
    if (t->failed) {
        drmgmt__tx_rollback(t);
        return drmgmt__fail(error, DRMGMT_ERR_DATABASE, "the transaction has failed and was rolled back");
    }
    if (t->connection) {
        drmgmt_error *failure = NULL;
        rc = drmgmt__connection_end(t->connection, true, &failure);
        if (rc && t->connection->broken)
            rc = drmgmt__pg_outcome_unknown(error);
        else if (rc && error)
            *error = DRMGMT__STEAL(failure);
        drmgmt_error_free(failure);
    }
    release(t);
    return rc;
}

void drmgmt__tx_rollback(drmgmt__tx *tx)
{
    if (!tx)
        return;
    if (tx->connection && !tx->connection->broken && drmgmt__connection_end(tx->connection, false, NULL))
        tx->connection->broken = true;
    if (tx->connection && tx->refusal.query)
        drmgmt__refusal_audit(&tx->refusal, tx->connection, tx->session, tx->permission);
    release(tx);
}
