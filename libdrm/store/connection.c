/* One connection: how statements travel. Called by pool.c, run.c and tx.c; the only callers of libpq's pipeline calls.
 *
 * Between two Syncs of a pipeline PostgreSQL runs an implicit transaction: sec.enter() sets the tenant for it, the
 * statement follows, and the Sync commits - one round trip, no BEGIN. Behind a pooler the backend is known only inside
 * the transaction, so that one asks for it first and prepares nothing. */
#include "store/connection.h"

#include "core/context_internal.h"
#include "core/core.h"
#include "net/outbound.h"
#include "queries.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The statements every transaction needs; they have slots of their own after the queries'. */
enum { ENTER_USER = DRMGMT__QUERY_COUNT, ENTER_API_KEY, ENTER_SYSTEM, SLOT_COUNT };
static const struct fixed {
    const char *name, *sql;
} fixed[SLOT_COUNT - DRMGMT__QUERY_COUNT] = {
    [ENTER_USER - DRMGMT__QUERY_COUNT] = { "enter_user", "SELECT sec.enter($1::text, $2::integer, $3::uuid)" },
    [ENTER_API_KEY -
        DRMGMT__QUERY_COUNT] = { "enter_api_key", "SELECT sec.enter_api_key($1::text, $2::integer, $3::text)" },
    [ENTER_SYSTEM - DRMGMT__QUERY_COUNT] = { "enter_system", "SELECT sec.enter_system($1::text)" },
};
/* How much longer than a statement may take the answer is waited for. */
enum { GRACE_MS = 2000 };
enum { SLOT_WORDS = (SLOT_COUNT + 63) / 64 };

static bool is_prepared(const drmgmt__connection *c, unsigned slot)
{
    return c->prepared[slot / 64] >> (slot % 64) & 1;
}

static void ignore_notice(void *user, const PGresult *result)
{
    (void)user;
    (void)result;
}

void drmgmt__connection_close(drmgmt__connection *c)
{
    if (!c)
        return;
    PQfinish(c->pg);
    free(c->prepared);
    free(c);
}

bool drmgmt__connection_stale(drmgmt__connection *c)
{
    struct pollfd p = { .fd = PQsocket(c->pg), .events = POLLIN };

    /* An idle connection has nothing to tell but its end; a changed server setting is told too, and opening anew does
     * no harm then. */
    return p.fd < 0 || poll(&p, 1, 0) != 0;
}

/* ---- waiting: libpq never blocks here, so that a server that went silent is noticed ---- */

static uint64_t deadline(const drmgmt__connection *c)
{
    return drmgmt__monotonic_ms() + c->context->options.statement_ms + GRACE_MS;
}

/* Waits for the socket and reads what has come. False: the server is gone, or silent past the deadline. */
static bool wait_for(drmgmt__connection *c, short events, uint64_t until)
{
    struct pollfd p = { .fd = PQsocket(c->pg), .events = events };
    uint64_t now = drmgmt__monotonic_ms();

    if (p.fd < 0)
        return false;
    int n = poll(&p, 1, now < until ? (int)(until - now) : 0);
    if (n < 0)
        return errno == EINTR;
    c->timed_out = n == 0;
    return n > 0 && (!(p.revents & ~POLLOUT) || PQconsumeInput(c->pg) == 1);
}

/* Makes the connection useless; the first failure stays the one that is told. */
static int lost(drmgmt__connection *c, int rc, drmgmt_error **error)
{
    c->broken = true;
    if (rc)
        return rc;
    if (c->timed_out)
        return drmgmt__fail_full(error, DRMGMT_ERR_TIMEOUT, true, NULL, NULL, "PostgreSQL did not answer within %u ms",
                                 c->context->options.statement_ms + GRACE_MS);
    return drmgmt__pg_fail(c->pg, NULL, error);
}

/* ---- sending ---- */

static bool send_prepared(drmgmt__connection *c, unsigned slot, const char *name, const char *sql, int n,
                          const char *const *values, const int *lengths, const int *formats)
{
    if (c->pooler)
        return PQsendQueryParams(c->pg, sql, n, NULL, values, lengths, formats, 0) == 1;
    if (!is_prepared(c, slot) && PQsendPrepare(c->pg, name, sql, 0, NULL) != 1)
        return false;
    return PQsendQueryPrepared(c->pg, name, n, values, lengths, formats, 0) == 1;
}

static bool send_plain(drmgmt__connection *c, const char *sql)
{
    return PQsendQueryParams(c->pg, sql, 0, NULL, NULL, NULL, NULL, 0) == 1;
}

/* sec.enter*() with its parameters: made before anything is sent. */
struct entry {
    unsigned slot;
    int n;
    const char *values[3];
    char seal[DRMGMT__SEAL_SIZE], permission[4];
};

static int make_entry(const drmgmt__connection *c, const drmgmt_session *session, drmgmt_permission permission,
                      int backend_pid, struct entry *e, drmgmt_error **error)
{
    bool system = session->kind == DRMGMT__SESSION_SYSTEM;

    snprintf(e->permission, sizeof e->permission, "%u", (unsigned)permission % 100);
    e->values[0] = e->seal;
    e->values[1] = e->permission;
    e->values[2] = session->family_id[0] ? session->family_id : NULL;
    e->n = system ? 1 : 3;
    e->slot = system ? ENTER_SYSTEM : ENTER_USER;
    if (session->kind == DRMGMT__SESSION_API_KEY) {
        e->slot = ENTER_API_KEY;
        e->values[0] = session->api_key;
        e->values[2] = session->address[0] ? session->address : NULL;
        return 0;
    }
    DRMGMT__KEYRING drmgmt__keyring *keyring = drmgmt__keyring_hold(c->context);
    return drmgmt__seal_mint(keyring, system ? "-" : session->tenant_id, session->user_id, backend_pid, e->seal)
               ? drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the tenant context cannot be sealed: no keyring")
               : 0;
}

static bool send_entry(drmgmt__connection *c, const struct entry *e)
{
    const struct fixed *f = &fixed[e->slot - DRMGMT__QUERY_COUNT];

    return send_prepared(c, e->slot, f->name, f->sql, e->n, e->values, NULL, NULL);
}

static bool send_query(drmgmt__connection *c, const drmgmt__query *query, const char *sql, const drmgmt__params *params)
{
    static const drmgmt__params none = DRMGMT__PARAMS_INIT;
    const drmgmt__params *p = params ? params : &none;

    return send_prepared(c, query->index, query->name, sql, p->n, p->values, p->lengths, p->formats);
}

/* A server that is still sending an answer does not read: what it sends is taken in meanwhile. */
static bool sync_and_flush(drmgmt__connection *c)
{
    uint64_t until = deadline(c);
    int left;

    if (PQpipelineSync(c->pg) != 1)
        return false;
    while ((left = PQflush(c->pg)) > 0)
        if (!wait_for(c, POLLIN | POLLOUT, until))
            return false;
    return left == 0;
}

/* ---- receiving ---- */

/* The next result. NULL: end of this command's results, or broken. */
static PGresult *next_result(drmgmt__connection *c)
{
    uint64_t until = deadline(c);

    while (!c->broken && PQisBusy(c->pg))
        if (!wait_for(c, POLLIN, until))
            c->broken = true;
    return c->broken ? NULL : PQgetResult(c->pg);
}

/* Reads one command's result. Keeps the first failure in *error; *kept takes the result when asked for. */
static int read_command(drmgmt__connection *c, int rc, PGresult **kept, drmgmt_error **error)
{
    PGresult *result = next_result(c);

    if (!result)
        return lost(c, rc, error);
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        if (kept && !rc) {
            *kept = result;
            result = NULL;
        }
    } else if (!rc) {
        /* After the first failure the server skips to the Sync: PGRES_PIPELINE_ABORTED tells nothing new. */
        rc = drmgmt__pg_fail(c->pg, result, error);
        /* PostgreSQL's own word before the commit; a pooler's word says nothing about what PostgreSQL did. */
        c->refused = !c->pooler && PQresultErrorField(result, PG_DIAG_SQLSTATE);
        c->broken = drmgmt__pg_spoils(result);
    }
    PQclear(result);
    PGresult *end = next_result(c); /* the NULL that ends a command */
    if (end || c->broken) {
        PQclear(end);
        return lost(c, rc, error);
    }
    return rc;
}

/* Result of a statement sent by send_prepared(): that of its PREPARE first, if one was sent. */
static int read_prepared(drmgmt__connection *c, unsigned slot, int rc, PGresult **kept, drmgmt_error **error)
{
    if (!c->pooler && !is_prepared(c, slot) && !c->broken) {
        int before = rc;
        rc = read_command(c, rc, NULL, error);
        if (!rc && !before)
            c->prepared[slot / 64] |= UINT64_C(1) << (slot % 64);
    }
    return c->broken ? rc : read_command(c, rc, kept, error);
}

static int read_sync(drmgmt__connection *c, int rc, drmgmt_error **error)
{
    if (c->broken)
        return rc;
    PGresult *result = next_result(c);
    /* A commit that fails (a deferred constraint) comes as an error in the place of the Sync. */
    while (result && PQresultStatus(result) != PGRES_PIPELINE_SYNC) {
        if (!rc && PQresultStatus(result) == PGRES_FATAL_ERROR)
            rc = drmgmt__pg_fail(c->pg, result, error);
        PQclear(result);
        result = next_result(c);
        if (!result)
            result = next_result(c);
    }
    if (!result)
        return lost(c, rc, error);
    PQclear(result);
    return rc;
}

/* COMMIT of a transaction that failed is answered with ROLLBACK, and no error. */
static int read_commit(drmgmt__connection *c, int rc, drmgmt_error **error)
{
    PGresult *result = NULL;

    if (c->broken)
        return rc;
    rc = read_command(c, rc, &result, error);
    c->refused = false;
    if (!rc && strcmp(PQcmdStatus(result), "COMMIT") != 0)
        rc = drmgmt__fail(error, DRMGMT_ERR_DATABASE, "the transaction had failed and was rolled back");
    PQclear(result);
    return rc;
}

static void hand_over(int rc, PGresult *result, drmgmt__rows **rows)
{
    if (!rc && rows && result)
        *rows = drmgmt__rows_new(result);
    else
        PQclear(result);
}

/* ---- transactions ---- */

static int plain(drmgmt__connection *c, const char *sql, PGresult **rows, drmgmt_error **error)
{
    if (!send_plain(c, sql) || !sync_and_flush(c))
        return lost(c, 0, error);
    int rc = read_command(c, 0, rows, error);
    return read_sync(c, rc, error);
}

/* Behind a pooler: opens the transaction and asks which backend it got. */
static int begin_at_pooler(drmgmt__connection *c, int *backend_pid, drmgmt_error **error)
{
    char settings[256];
    PGresult *result = NULL;

    /* What another client of the same server connection left behind must not matter. */
    snprintf(settings, sizeof settings,
             "SELECT set_config('statement_timeout', '%u', true), set_config('timezone', 'UTC', true),"
             " set_config('datestyle', 'ISO', true), set_config('row_security', 'on', true), pg_backend_pid()",
             c->context->options.statement_ms);
    if (!send_plain(c, "BEGIN") || !send_plain(c, settings) || !sync_and_flush(c))
        return lost(c, 0, error);
    int rc = read_command(c, 0, NULL, error);
    rc = c->broken ? rc : read_command(c, rc, &result, error);
    rc = read_sync(c, rc, error);
    if (!rc)
        *backend_pid = atoi(PQgetvalue(result, 0, 4));
    PQclear(result);
    return rc;
}

enum { OPENS = 1, COMMITS = 2 };

/* [BEGIN] enter, statement [COMMIT] Sync in one go; then their results in the same order. */
static int transact(drmgmt__connection *c, drmgmt_session *session, drmgmt_permission permission, int backend_pid,
                    unsigned frame, const drmgmt__query *query, const drmgmt__params *params, drmgmt__rows **rows,
                    drmgmt_error **error)
{
    const char *sql = drmgmt__query_text(query);
    PGresult *result = NULL;
    struct entry e = { .n = 0 };

    if (!sql)
        return drmgmt__fail_memory(error);
    int rc = make_entry(c, session, permission, backend_pid, &e, error);
    if (rc)
        return rc;
    bool sent = (!(frame & OPENS) || send_plain(c, "BEGIN")) && send_entry(c, &e) &&
                send_query(c, query, sql, params) && (!(frame & COMMITS) || send_plain(c, "COMMIT")) &&
                sync_and_flush(c);
    drmgmt__wipe(e.seal, sizeof e.seal);
    if (!sent)
        return lost(c, 0, error);
    if (frame & OPENS)
        rc = read_command(c, rc, NULL, error);
    rc = read_prepared(c, e.slot, rc, NULL, error);
    rc = read_prepared(c, query->index, rc, &result, error);
    if (frame & COMMITS)
        rc = read_commit(c, rc, error);
    rc = read_sync(c, rc, error);
    hand_over(rc, result, rows);
    return rc;
}

int drmgmt__connection_begin(drmgmt__connection *c, drmgmt_session *session, drmgmt_permission permission,
                             const drmgmt__query *query, const drmgmt__params *params, drmgmt__rows **rows,
                             drmgmt_error **error)
{
    int backend_pid = PQbackendPID(c->pg);
    int rc = c->pooler ? begin_at_pooler(c, &backend_pid, error) : 0;

    return rc ? rc : transact(c, session, permission, backend_pid, c->pooler ? 0 : OPENS, query, params, rows, error);
}

int drmgmt__connection_exec(drmgmt__connection *c, const drmgmt__query *query, const drmgmt__params *params,
                            drmgmt__rows **rows, drmgmt_error **error)
{
    const char *sql = drmgmt__query_text(query);
    PGresult *result = NULL;

    if (!sql)
        return drmgmt__fail_memory(error);
    if (!send_query(c, query, sql, params) || !sync_and_flush(c))
        return lost(c, 0, error);
    int rc = read_prepared(c, query->index, 0, &result, error);
    rc = read_sync(c, rc, error);
    hand_over(rc, result, rows);
    return rc;
}

int drmgmt__connection_end(drmgmt__connection *c, bool commit, drmgmt_error **error)
{
    if (!send_plain(c, commit ? "COMMIT" : "ROLLBACK") || !sync_and_flush(c))
        return lost(c, 0, error);
    int rc = commit ? read_commit(c, 0, error) : read_command(c, 0, NULL, error);
    return read_sync(c, rc, error);
}

int drmgmt__connection_run(drmgmt__connection *c, drmgmt_session *session, drmgmt_permission permission,
                           const drmgmt__query *query, const drmgmt__params *params, drmgmt__rows **rows,
                           drmgmt_error **error)
{
    int backend_pid = PQbackendPID(c->pg);

    c->refused = false;
    if (!c->pooler)
        return transact(c, session, permission, backend_pid, 0, query, params, rows, error);
    int rc = begin_at_pooler(c, &backend_pid, error);
    if (!rc)
        rc = transact(c, session, permission, backend_pid, COMMITS, query, params, rows, error);
    if (rc && !c->broken && drmgmt__connection_end(c, false, NULL))
        c->broken = true;
    return rc;
}

bool drmgmt__connection_idle(const drmgmt__connection *c)
{
    return PQtransactionStatus(c->pg) == PQTRANS_IDLE;
}

int drmgmt__connection_plain(drmgmt__connection *c, const char *sql, PGresult **rows)
{
    return plain(c, sql, rows, NULL);
}

/* ---- opening ---- */

static PGconn *connect_with(const drmgmt_options *o, bool direct)
{
    char options[160], timeout[16];

    /* Startup options that a pooler would refuse are sent only when talking to PostgreSQL itself. */
    snprintf(options, sizeof options,
             "-c statement_timeout=%u -c idle_in_transaction_session_timeout=60000 -c timezone=UTC -c datestyle=ISO",
             o->statement_ms);
    snprintf(timeout, sizeof timeout, "%u", o->acquire_ms < 2000 ? 2 : (o->acquire_ms + 999) / 1000);
    const char *keywords[] = { "dbname",          "fallback_application_name", "client_encoding",
                               "connect_timeout", direct ? "options" : NULL,   NULL };
    const char *values[] = { o->database_url, o->application_name, "UTF8", timeout, direct ? options : NULL, NULL };
    return PQconnectdbParams(keywords, values, 1);
}

/* A pooler invents the process id it tells; PostgreSQL tells the truth. */
static int detect_pooler(drmgmt__connection *c, drmgmt_error **error)
{
    PGresult *result = NULL;
    int rc = plain(c, "SELECT pg_catalog.pg_backend_pid()", &result, error);

    if (!rc)
        c->pooler = atoi(PQgetvalue(result, 0, 0)) != PQbackendPID(c->pg);
    PQclear(result);
    return rc;
}

int drmgmt__connection_open(drmgmt_context *context, drmgmt__connection **connection, drmgmt_error **error)
{
    const drmgmt_options *o = &context->options;
    drmgmt__connection *c = calloc(1, sizeof *c);

    if (!c || !(c->prepared = calloc(SLOT_WORDS, sizeof *c->prepared))) {
        free(c);
        return drmgmt__fail_memory(error);
    }
    c->context = context;
    c->pg = connect_with(o, true);
    if (PQstatus(c->pg) != CONNECTION_OK && strstr(PQerrorMessage(c->pg), "unsupported startup parameter")) {
        PQfinish(c->pg);
        c->pg = connect_with(o, false);
    }
    int rc;
    if (PQstatus(c->pg) != CONNECTION_OK) {
        rc = drmgmt__fail_full(error, DRMGMT_ERR_UNAVAILABLE, true, NULL, NULL, "PostgreSQL cannot be reached: %.*s",
                               (int)strcspn(PQerrorMessage(c->pg), "\n"), PQerrorMessage(c->pg));
    } else {
        PQsetNoticeReceiver(c->pg, ignore_notice, NULL);
        drmgmt__outbound_own(context, PQsocket(c->pg));
        rc = PQsetnonblocking(c->pg, 1) == 0 && PQenterPipelineMode(c->pg) == 1
                 ? detect_pooler(c, error)
                 : drmgmt__fail(error, DRMGMT_ERR_INTERNAL, "libpq refused pipeline mode");
    }
    if (rc) {
        drmgmt__connection_close(c);
        return rc;
    }
    *connection = c;
    return 0;
}
