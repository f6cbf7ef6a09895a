/* The owner's connection. Called by migrate.c and by tenant/. Plain, not pipelined: nothing here is hot. */
#include "store/owner.h"

#include "core/core.h"
#include "store/connection.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct drmgmt__owner {
    PGconn *pg;
};

static void ignore_notice(void *user, const PGresult *result)
{
    (void)user;
    (void)result;
}

int drmgmt__owner_open(const char *url, drmgmt__owner **owner, drmgmt_error **error)
{
    const char *keywords[] = { "dbname", "fallback_application_name", "client_encoding", "connect_timeout", NULL };
    const char *values[] = { url, "drmgmt owner", "UTF8", "10", NULL };
    drmgmt__owner *o = NULL;

    int rc = drmgmt__url_check(url, error);
    if (rc)
        return rc;
    if (!(o = calloc(1, sizeof *o)))
        return drmgmt__fail_memory(error);
    o->pg = PQconnectdbParams(keywords, values, 1);
    if (PQstatus(o->pg) != CONNECTION_OK) {
        rc = drmgmt__fail_full(error, DRMGMT_ERR_UNAVAILABLE, true, NULL, NULL, "PostgreSQL cannot be reached: %.*s",
                               (int)strcspn(PQerrorMessage(o->pg), "\n"), PQerrorMessage(o->pg));
        drmgmt__owner_close(o);
        return rc;
    }
    PQsetNoticeReceiver(o->pg, ignore_notice, NULL);
    *owner = o;
    return 0;
}

void drmgmt__owner_close(drmgmt__owner *owner)
{
    if (!owner)
        return;
    PQfinish(owner->pg);
    free(owner);
}

int drmgmt__owner_backend_pid(const drmgmt__owner *owner)
{
    return PQbackendPID(owner->pg);
}

/* The owner sees what went wrong in PostgreSQL's own words. */
static int fail(drmgmt__owner *owner, PGresult *result, drmgmt_error **error)
{
    drmgmt_error *mapped = NULL;
    int rc = drmgmt__pg_fail(owner->pg, result, &mapped);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);

    if (message)
        drmgmt__fail_full(error, rc, drmgmt_error_retryable(mapped), drmgmt_error_detail(mapped), NULL,
                          "PostgreSQL: %s%s%s", message, position ? ", at character " : "", position ? position : "");
    else
        drmgmt__fail_full(error, rc, drmgmt_error_retryable(mapped), NULL, NULL, "%s", drmgmt_error_message(mapped));
    drmgmt_error_free(mapped);
    PQclear(result);
    return rc;
}

static int take(drmgmt__owner *owner, PGresult *result, drmgmt__rows **rows, drmgmt_error **error)
{
    ExecStatusType status = PQresultStatus(result);

    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY)
        return fail(owner, result, error);
    if (rows)
        *rows = drmgmt__rows_new(result);
    else
        PQclear(result);
    return 0;
}

int drmgmt__owner_exec(drmgmt__owner *owner, const char *sql, const drmgmt__params *params, drmgmt__rows **rows,
                       drmgmt_error **error)
{
    static const drmgmt__params none = DRMGMT__PARAMS_INIT;
    const drmgmt__params *p = params ? params : &none;

    return take(owner, PQexecParams(owner->pg, sql, p->n, NULL, p->values, p->lengths, p->formats, 0), rows, error);
}

int drmgmt__owner_script(drmgmt__owner *owner, const char *sql, drmgmt_error **error)
{
    return take(owner, PQexec(owner->pg, sql), NULL, error);
}

int drmgmt__owner_become(drmgmt__owner *owner, drmgmt_error **error)
{
    return drmgmt__owner_script(owner, "SET ROLE drm_owner", error);
}
