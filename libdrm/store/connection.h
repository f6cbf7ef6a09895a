/* One PostgreSQL connection of the pool: prepared statements, pipelined transactions, error mapping. Seen by store/
 * only. Internal. */
#ifndef DRMGMT_STORE_CONNECTION_H
#define DRMGMT_STORE_CONNECTION_H

#include "auth/auth.h"
#include "store/store.h"
#include <libpq-fe.h>

typedef struct drmgmt__connection {
    PGconn *pg;
    drmgmt_context *context;
    bool pooler;         /* the backend behind changes with each transaction */
    bool broken;         /* to be closed, not returned to the pool */
    bool timed_out;      /* broken because the server did not answer in time */
    bool refused;        /* PostgreSQL itself said that the last drmgmt__connection_run() was not carried out */
    unsigned generation; /* of the pool when it was opened */
    uint64_t *prepared;  /* bitmap by statement slot */
    struct drmgmt__connection *next;
} drmgmt__connection;

int drmgmt__connection_open(drmgmt_context *context, drmgmt__connection **connection, drmgmt_error **error);
void drmgmt__connection_close(drmgmt__connection *connection);
/* Whether the server has closed an idle one. Does not block. */
bool drmgmt__connection_stale(drmgmt__connection *connection);
/* Whether no transaction is open: one that is would carry its tenant to the next user. */
bool drmgmt__connection_idle(const drmgmt__connection *connection);

/* enter + statement as one implicit transaction, one round trip (two behind a pooler). */
int drmgmt__connection_run(drmgmt__connection *connection, drmgmt_session *session, drmgmt_permission permission,
                           const drmgmt__query *query, const drmgmt__params *params, drmgmt__rows **rows,
                           drmgmt_error **error);
/* BEGIN + enter + statement; later statements; COMMIT or ROLLBACK. */
int drmgmt__connection_begin(drmgmt__connection *connection, drmgmt_session *session, drmgmt_permission permission,
                             const drmgmt__query *query, const drmgmt__params *params, drmgmt__rows **rows,
                             drmgmt_error **error);
int drmgmt__connection_exec(drmgmt__connection *connection, const drmgmt__query *query, const drmgmt__params *params,
                            drmgmt__rows **rows, drmgmt_error **error);
int drmgmt__connection_end(drmgmt__connection *connection, bool commit, drmgmt_error **error);

/* A statement without tenant context and parameters, for the health call. */
int drmgmt__connection_plain(drmgmt__connection *connection, const char *sql, PGresult **rows);

/* refused.c: what was refused, noted while the parameters live; and its audit row, written once nothing is open on the
 * connection any more. Never fails: what cannot be written is logged. */
typedef struct drmgmt__refusal {
    const drmgmt__query *query; /* NULL: nothing was */
    char object_id[37];
} drmgmt__refusal;
void drmgmt__refusal_note(drmgmt__refusal *refusal, const drmgmt__query *query, const drmgmt__params *params);
void drmgmt__refusal_audit(const drmgmt__refusal *refusal, drmgmt__connection *connection, drmgmt_session *session,
                           drmgmt_permission permission);

/* Pool. */
int drmgmt__pool_get(struct drmgmt__pool *pool, drmgmt__connection **connection, drmgmt_error **error);
void drmgmt__pool_put(struct drmgmt__pool *pool, drmgmt__connection *connection);

/* INVALID unless libpq understands the URL. Its own words about one it does not would repeat it, password and all. */
int drmgmt__url_check(const char *url, drmgmt_error **error);
/* Turns a failed result (or a broken connection, result NULL) into an error; returns its status. */
int drmgmt__pg_fail(PGconn *pg, const PGresult *result, drmgmt_error **error);
/* Whether a connection that answered with this failure will not do any better: it is shut down, read-only, or has lost
 * its prepared statements. */
bool drmgmt__pg_spoils(const PGresult *failure);
/* The error of a write whose connection was lost before the answer came. */
int drmgmt__pg_outcome_unknown(drmgmt_error **error);
/* Takes the result over. */
drmgmt__rows *drmgmt__rows_new(PGresult *result);
/* The statement's text with @entity@ expanded. Static; NULL when memory is out. */
const char *drmgmt__query_text(const drmgmt__query *query);

#endif
