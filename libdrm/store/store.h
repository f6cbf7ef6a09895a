/* The store: the only room that sees libpq. A pool of connections, queries embedded from sql/queries, and transactions
 * that open with the sealed tenant context. Called by the domain rooms (device, job, auth, tenant). Internal.
 *
 * Every transaction starts with sec.enter(): it verifies the seal (or the API key), sets the tenant for this
 * transaction only, and raises unless the actor is active and its role reaches the permission asked for. So the check,
 * the tenant and the statement travel in one round trip and cannot come apart. */
#ifndef DRMGMT_STORE_STORE_H
#define DRMGMT_STORE_STORE_H

#include "core/cleanup.h"
#include <drm/session.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A statement of sql/queries/NAME.sql, embedded at build time as drmgmt__q_NAME (store/queries.h, generated).
 * @device@ in its text stands for the column list of that entity's description. */
typedef struct drmgmt__query {
    const char *name;
    const char *sql;
    unsigned index; /* dense, for the per-connection table of prepared statements */
    /* What it is about, of a line "-- object: device $1": the kind of thing, and the parameter (from 1) that is its id;
     * NULL and 0: not told. Audit rows of refused calls name it. */
    const char *object_type;
    unsigned object_parameter;
} drmgmt__query;

enum { DRMGMT__PARAMS_MAX = 32 };
/* Parameters in order. Texts are the caller's and must live through the call. */
typedef struct drmgmt__params {
    int n;
    const char *values[DRMGMT__PARAMS_MAX]; /* NULL: null */
    int lengths[DRMGMT__PARAMS_MAX];        /* of binary ones */
    int formats[DRMGMT__PARAMS_MAX];        /* 0 text, 1 binary */
    char numbers[DRMGMT__PARAMS_MAX][24];   /* where drmgmt__param_int() prints */
} drmgmt__params;
#define DRMGMT__PARAMS_INIT                                                                                            \
    {                                                                                                                  \
        .n = 0                                                                                                         \
    }
void drmgmt__param(drmgmt__params *p, const char *text);
void drmgmt__param_int(drmgmt__params *p, int64_t value);
void drmgmt__param_bool(drmgmt__params *p, bool value);
void drmgmt__param_bytes(drmgmt__params *p, const void *bytes, size_t n); /* bytea; NULL: null */

/* A result set, text format. bytea columns come as \x hex: drmgmt__rows_bytes() turns them. */
typedef struct drmgmt__rows drmgmt__rows;
void drmgmt__rows_free(drmgmt__rows *rows); /* NULL is allowed */
size_t drmgmt__rows_count(const drmgmt__rows *rows);
/* One row by itself, with the same columns; NULL when memory is out. */
drmgmt__rows *drmgmt__rows_copy(const drmgmt__rows *rows, size_t row);
/* Rows a statement without RETURNING touched. */
size_t drmgmt__rows_affected(const drmgmt__rows *rows);
/* NULL for SQL NULL and for a column past the last one. Lives as long as rows. */
const char *drmgmt__rows_text(const drmgmt__rows *rows, size_t row, size_t column);
size_t drmgmt__rows_length(const drmgmt__rows *rows, size_t row, size_t column);
int64_t drmgmt__rows_int(const drmgmt__rows *rows, size_t row, size_t column); /* 0 for NULL */
bool drmgmt__rows_bool(const drmgmt__rows *rows, size_t row, size_t column);
/* Decodes a bytea; returns its length, -1 for NULL or when it exceeds size. */
long drmgmt__rows_bytes(const drmgmt__rows *rows, size_t row, size_t column, void *out, size_t size);
DRMGMT__DEFINE_CLEANUP(drmgmt__rows_freep, drmgmt__rows *, drmgmt__rows_free)
#define DRMGMT__ROWS DRMGMT__CLEANUP(drmgmt__rows_freep)

enum { /* flags of drmgmt__run() */
       DRMGMT__READ = 0,
       DRMGMT__WRITE = 1, /* on a lost connection the outcome is unknown: UNAVAILABLE, not repeated */
       DRMGMT__REPEATABLE =
           2, /* a write that may be done twice (its id is the caller's): repeated once on a lost connection */
       DRMGMT__TRIAL = 4 /* when it is refused it will be asked again: that is not audited */
};
/* One statement in one transaction of its own, one round trip: enter + statement. rows may be NULL. Here and below, a
 * call that ends FORBIDDEN leaves an audit row, written right after it (refused.c).
 * Errors: UNAUTHENTICATED, FORBIDDEN (from sec.enter), UNAVAILABLE, LIMIT (no free connection in time), DATABASE, and
 * what SQLSTATEs map to: CONFLICT 23505, 23503; INVALID 22xxx, 23514; TIMEOUT 57014; NOT_FOUND DR404; CONFLICT DR409;
 * PRECONDITION DR412; UNAUTHENTICATED DR401; FORBIDDEN DR403; UNSUPPORTED DR501. */
int drmgmt__run(drmgmt_session *session, drmgmt_permission permission, unsigned flags, const drmgmt__query *query,
                const drmgmt__params *params, drmgmt__rows **rows, drmgmt_error **error);

/* Several statements in one transaction. BEGIN and enter travel with the first statement. */
typedef struct drmgmt__tx drmgmt__tx;
int drmgmt__tx_begin(drmgmt_session *session, drmgmt_permission permission, drmgmt__tx **tx, drmgmt_error **error);
int drmgmt__tx_exec(drmgmt__tx *tx, const drmgmt__query *query, const drmgmt__params *params, drmgmt__rows **rows,
                    drmgmt_error **error);
/* Commits and frees tx in either case; *tx is NULL afterwards. */
int drmgmt__tx_commit(drmgmt__tx **tx, drmgmt_error **error);
/* Rolls back and frees; NULL is allowed: the cleanup of a transaction not committed. */
void drmgmt__tx_rollback(drmgmt__tx *tx);
DRMGMT__DEFINE_CLEANUP(drmgmt__tx_rollbackp, drmgmt__tx *, drmgmt__tx_rollback)
#define DRMGMT__TX DRMGMT__CLEANUP(drmgmt__tx_rollbackp)

/* Sessions that are not a tenant's: purpose "auth" (log-in look-ups) or "worker" (claim, finish, reap). Needs a
 * keyring. */
int drmgmt__session_open_system(drmgmt_context *context, const char *purpose, drmgmt_session **session,
                                drmgmt_error **error);

/* Each host that a connection string names, with its port; "" or a path: a Unix socket. (store/pool.c) */
void drmgmt__url_each_host(const char *url, void (*each)(void *user, const char *host, const char *port), void *user);

/* Pool (store/pool.c). */
struct drmgmt__pool;
int drmgmt__pool_new(drmgmt_context *context, struct drmgmt__pool **pool, drmgmt_error **error);
void drmgmt__pool_free(struct drmgmt__pool *pool);
/* SELECT 1 and what the health call tells of the database. */
void drmgmt__pool_health(struct drmgmt__pool *pool, drmgmt_health *health);

#endif
