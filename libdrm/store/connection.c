/* One connection: how statements travel. Called by pool.c, run.c and tx.c; the only callers of libpq's pipeline calls.
 *
 * Between two Syncs of a pipeline PostgreSQL runs an implicit transaction: sec.enter() sets the tenant for it, the
 * statement follows, and the Sync commits - one round trip, no BEGIN. Behind a pooler the backend is known only inside
 * the transaction, so that one asks for it first and prepares nothing. */
#include "store/connection.h"

#include "core/context_internal.h"
#include "core/core.h"
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
    [ENTER_USER - DRMGMT__QUERY_COUNT] = { "enter_user", "SELECT sec.enter($1::text, $2::integer)" },
    [ENTER_API_KEY - DRMGMT__QUERY_COUNT] = { "enter_api_key", "SELECT sec.enter_api_key($1::text, $2::integer)" },
    [ENTER_SYSTEM - DRMGMT__QUERY_COUNT] = { "enter_system", "SELECT sec.enter_system($1::text)" },
};
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
    PGresult *result = PQexec(c->pg, "SELECT pg_catalog.pg_backend_pid()");
    int rc = 0;

    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        rc = drmgmt__pg_fail(c->pg, result, error);
    else
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
        rc = detect_pooler(c, error);
        if (!rc && PQenterPipelineMode(c->pg) != 1)
            rc = drmgmt__fail(error, DRMGMT_ERR_INTERNAL, "libpq refused pipeline mode");
    }
    if (rc) {
        drmgmt__connection_close(c);
        return rc;
    }
    *connection = c;
    return 0;
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

    /* Nothing is to be read from an idle connection but its end, or a notice before it. */
    if (poll(&p, 1, 0) <= 0)
        return false;
    return PQconsumeInput(c->pg) != 1 || PQstatus(c->pg) != CONNECTION_OK || (p.revents & (POLLHUP | POLLERR));
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

static bool send_query(drmgmt__connection *c, const drmgmt__query *query, const drmgmt__params *params)
{
    static const drmgmt__params none = DRMGMT__PARAMS_INIT;
    const drmgmt__params *p = params ? params : &none;
    const char *sql = drmgmt__query_text(query);

    return sql && send_prepared(c, query->index, query->name, sql, p->n, p->values, p->lengths, p->formats);
}

static bool send_plain(drmgmt__connection *c, const char *sql)
{
    return PQsendQueryParams(c->pg, sql, 0, NULL, NULL, NULL, NULL, 0) == 1;
}

/* sec.enter*() for the session; *slot tells which. */
static int send_enter(drmgmt__connection *c, drmgmt_session *session, drmgmt_permission permission, int backend_pid,
                      unsigned *slot, drmgmt_error **error)
{
    char seal[DRMGMT__SEAL_SIZE], role[4];
    const char *values[2] = { seal, role };
    int n = 2;

    snprintf(role, sizeof role, "%d", (int)drmgmt_permission_role(permission) % 100);
    if (session->kind == DRMGMT__SESSION_API_KEY) {
        *slot = ENTER_API_KEY;
        values[0] = session->api_key;
    } else {
        bool system = session->kind == DRMGMT__SESSION_SYSTEM;
        *slot = system ? ENTER_SYSTEM : ENTER_USER;
        n = system ? 1 : 2;
        if (drmgmt__seal_mint(c->context->keyring, system ? "-" : session->tenant_id, session->user_id, backend_pid,
                              seal))
            return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the tenant context cannot be sealed: no keyring");
    }
    const struct fixed *f = &fixed[*slot - DRMGMT__QUERY_COUNT];
    bool sent = send_prepared(c, *slot, f->name, f->sql, n, values, NULL, NULL);
    drmgmt__wipe(seal, sizeof seal);
    return sent ? 0 : drmgmt__pg_fail(c->pg, NULL, error);
}

/* ---- receiving ---- */

/* The next result, waiting no longer than the server may take and a grace. NULL: end of this command's results, or
 * broken. */
static PGresult *next_result(drmgmt__connection *c)
{
    while (PQisBusy(c->pg)) {
        struct pollfd p = { .fd = PQsocket(c->pg), .events = POLLIN };
        int n = poll(&p, 1, (int)c->context->options.statement_ms + 2000);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || PQconsumeInput(c->pg) != 1) {
            c->broken = true;
            return NULL;
        }
    }
    return PQgetResult(c->pg);
}

/* Reads one command's result. Keeps the first failure in *error; *kept takes the result when asked for. */
static int read_command(drmgmt__connection *c, int rc, PGresult **kept, drmgmt_error **error)
{
    PGresult *result = next_result(c);

    if (!result) {
        c->broken = true;
        return rc ? rc : drmgmt__pg_fail(c->pg, NULL, error);
    }
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        if (kept && !rc) {
            *kept = result;
            result = NULL;
        }
    } else if (!rc) {
        /* After the first failure the server skips to the Sync: PGRES_PIPELINE_ABORTED tells nothing new. */
        rc = drmgmt__pg_fail(c->pg, result, error);
    }
    PQclear(result);
    PGresult *end = next_result(c); /* the NULL that ends a command */
    if (end || c->broken) {
        PQclear(end);
        c->broken = true;
        return rc ? rc : drmgmt__pg_fail(c->pg, NULL, error);
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
    if (!result) {
        c->broken = true;
        return rc ? rc : drmgmt__pg_fail(c->pg, NULL, error);
    }
    PQclear(result);
    return rc;
}

static int sync_and_flush(drmgmt__connection *c, drmgmt_error **error)
{
    if (PQpipelineSync(c->pg) == 1)
        return 0;
    c->broken = true;
    return drmgmt__pg_fail(c->pg, NULL, error);
}

static void hand_over(int rc, PGresult *result, drmgmt__rows **rows)
{
    if (!rc && rows && result)
        *rows = drmgmt__rows_new(result);
    else
        PQclear(result);
}

/* ---- transactions ---- */

/* Behind a pooler: opens the transaction and asks which backend it got. */
static int begin_at_pooler(drmgmt__connection *c, int *backend_pid, drmgmt_error **error)
{
    char settings[160];
    PGresult *result = NULL;
    int rc = 0;

    snprintf(settings, sizeof settings,
             "SELECT set_config('statement_timeout', '%u', true), set_config('timezone', 'UTC', true),"
             " set_config('datestyle', 'ISO', true), pg_backend_pid()",
             c->context->options.statement_ms);
    if (!send_plain(c, "BEGIN") || !send_plain(c, settings) || sync_and_flush(c, NULL)) {
        c->broken = true;
        return drmgmt__pg_fail(c->pg, NULL, error);
    }
    rc = read_command(c, rc, NULL, error);
    rc = read_command(c, rc, &result, error);
    rc = read_sync(c, rc, error);
    if (!rc)
        *backend_pid = atoi(PQgetvalue(result, 0, 3));
    PQclear(result);
    return rc;
}

/* What was sent but not read makes the connection useless. */
static int give_up(drmgmt__connection *c, int rc)
{
    c->broken = true;
    return rc;
}

int drmgmt__connection_begin(drmgmt__connection *c, drmgmt_session *session, drmgmt_permission permission,
                             const drmgmt__query *query, const drmgmt__params *params, drmgmt__rows **rows,
                             drmgmt_error **error)
{
    int backend_pid = PQbackendPID(c->pg), rc = 0;
    unsigned slot = 0;
    PGresult *result = NULL;

    if (c->pooler && (rc = begin_at_pooler(c, &backend_pid, error)))
        return rc;
    if (!c->pooler && !send_plain(c, "BEGIN"))
        return give_up(c, drmgmt__pg_fail(c->pg, NULL, error));
    rc = send_enter(c, session, permission, backend_pid, &slot, error);
    if (rc)
        return give_up(c, rc);
    if (!send_query(c, query, params))
        return give_up(c, drmgmt__pg_fail(c->pg, NULL, error));
    rc = sync_and_flush(c, error);
    if (rc)
        return rc;
    if (!c->pooler)
        rc = read_command(c, rc, NULL, error);
    rc = read_prepared(c, slot, rc, NULL, error);
    rc = read_prepared(c, query->index, rc, &result, error);
    rc = read_sync(c, rc, error);
    hand_over(rc, result, rows);
    return rc;
}

int drmgmt__connection_exec(drmgmt__connection *c, const drmgmt__query *query, const drmgmt__params *params,
                            drmgmt__rows **rows, drmgmt_error **error)
{
    PGresult *result = NULL;

    if (!send_query(c, query, params))
        return give_up(c, drmgmt__pg_fail(c->pg, NULL, error));
    int rc = sync_and_flush(c, error);
    if (rc)
        return rc;
    rc = read_prepared(c, query->index, rc, &result, error);
    rc = read_sync(c, rc, error);
    hand_over(rc, result, rows);
    return rc;
}

int drmgmt__connection_end(drmgmt__connection *c, bool commit, drmgmt_error **error)
{
    if (!send_plain(c, commit ? "COMMIT" : "ROLLBACK"))
        return give_up(c, drmgmt__pg_fail(c->pg, NULL, error));
    int rc = sync_and_flush(c, error);
    if (rc)
        return rc;
    rc = read_command(c, rc, NULL, error);
    return read_sync(c, rc, error);
}

int drmgmt__connection_run(drmgmt__connection *c, drmgmt_session *session, drmgmt_permission permission,
                           const drmgmt__query *query, const drmgmt__params *params, drmgmt__rows **rows,
                           drmgmt_error **error)
{
    unsigned slot = 0;
    PGresult *result = NULL;

    if (c->pooler) {
        drmgmt__rows *kept = NULL;
        int rc = drmgmt__connection_begin(c, session, permission, query, params, &kept, error);
        int ended = c->broken ? rc : drmgmt__connection_end(c, rc == 0, rc ? NULL : error);
        rc = rc ? rc : ended;
        if (!rc && rows)
            *rows = kept;
        else
            drmgmt__rows_free(kept);
        return rc;
    }
    int rc = send_enter(c, session, permission, PQbackendPID(c->pg), &slot, error);
    if (rc)
        return give_up(c, rc);
    if (!send_query(c, query, params))
        return give_up(c, drmgmt__pg_fail(c->pg, NULL, error));
    rc = sync_and_flush(c, error);
    if (rc)
        return rc;
    rc = read_prepared(c, slot, rc, NULL, error);
    rc = read_prepared(c, query->index, rc, &result, error);
    rc = read_sync(c, rc, error);
    hand_over(rc, result, rows);
    return rc;
}

int drmgmt__connection_plain(drmgmt__connection *c, const char *sql, PGresult **rows)
{
    if (!send_plain(c, sql) || sync_and_flush(c, NULL)) {
        c->broken = true;
        return DRMGMT_ERR_UNAVAILABLE;
    }
    int rc = read_command(c, 0, rows, NULL);
    return read_sync(c, rc, NULL);
}
