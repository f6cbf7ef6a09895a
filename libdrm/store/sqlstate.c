/* What PostgreSQL's errors mean to a caller: one table from SQLSTATE to status. Called by connection.c. */
#include "core/core.h"
#include "store/connection.h"
#include <stdio.h>
#include <string.h>

/* The first row whose state is a prefix wins. text NULL: the server's own message, where it is written for the actor.
 */
static const struct {
    const char *state;
    drmgmt_status status;
    bool retryable;
    const char *text;
} states[] = {
    { "DR401", DRMGMT_ERR_UNAUTHENTICATED, false, NULL },
    { "DR403", DRMGMT_ERR_FORBIDDEN, false, NULL },
    { "DR404", DRMGMT_ERR_NOT_FOUND, false, NULL },
    { "DR409", DRMGMT_ERR_CONFLICT, false, NULL },
    { "DR412", DRMGMT_ERR_PRECONDITION, false, NULL },
    { "DR422", DRMGMT_ERR_INVALID, false, NULL },
    { "DR428", DRMGMT_ERR_ENROLMENT, false, NULL },
    { "DR429", DRMGMT_ERR_LIMIT, true, NULL },
    { "DR501", DRMGMT_ERR_UNSUPPORTED, false, NULL },
    { "23505", DRMGMT_ERR_CONFLICT, false, "it exists already" },
    { "23503", DRMGMT_ERR_CONFLICT, false, "it is still referenced, or refers to something that is not there" },
    { "23514", DRMGMT_ERR_INVALID, false, "a value is out of range" },
    { "23502", DRMGMT_ERR_INVALID, false, "a value is missing" },
    { "54", DRMGMT_ERR_INVALID, false, "a value is too complex for PostgreSQL" },
    { "22", DRMGMT_ERR_INVALID, false, "a value is malformed" },
    { "40", DRMGMT_ERR_DATABASE, true, "PostgreSQL gave up a concurrent change: try again" },
    { "42501", DRMGMT_ERR_UNAUTHENTICATED, false, "the database refused the tenant context" },
    { "55P03", DRMGMT_ERR_UNAVAILABLE, true, "somebody else holds what is to be changed: try again" },
    { "57014", DRMGMT_ERR_TIMEOUT, true, "the database statement took too long" },
    { "57P", DRMGMT_ERR_UNAVAILABLE, true, "PostgreSQL is shutting down or restarting" },
    { "53300", DRMGMT_ERR_UNAVAILABLE, true, "PostgreSQL has no free connection" },
    { "53100", DRMGMT_ERR_UNAVAILABLE, true, "PostgreSQL's disk is full" },
    { "53", DRMGMT_ERR_UNAVAILABLE, true, "PostgreSQL is out of resources" },
    { "25P03", DRMGMT_ERR_UNAVAILABLE, true, "PostgreSQL ended the transaction because it was idle for too long" },
    { "26000", DRMGMT_ERR_UNAVAILABLE, true, "PostgreSQL has lost its prepared statements" },
    { "0A000", DRMGMT_ERR_UNAVAILABLE, true, "the schema was changed while this program was running" },
    { "08", DRMGMT_ERR_UNAVAILABLE, true, "the connection to PostgreSQL was lost" },
    { "25006", DRMGMT_ERR_UNAVAILABLE, true, "this PostgreSQL server is read-only" },
    { "42P01", DRMGMT_ERR_SCHEMA, false, "a table is missing: run drmctl db migrate" },
    { "42883", DRMGMT_ERR_SCHEMA, false, "a function is missing: run drmctl db migrate" },
    { "3F000", DRMGMT_ERR_SCHEMA, false, "a schema is missing: run drmctl db migrate" },
};

/* A row that a policy does not let in has the SQLSTATE of a bad seal, and a message in the server's language: what
 * tells them apart is the function of PostgreSQL that checks new rows. Rows are written for the tenant of the context;
 * so what was left out is a device that the actor's role does not reach. */
static bool out_of_scope(const char *state, const PGresult *result)
{
    const char *function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);

    return strcmp(state, "42501") == 0 && function && strcmp(function, "ExecWithCheckOptions") == 0;
}

/* Seconds after which a used-up quota that frees itself is worth another try. */
enum { QUOTA_RETRY_AFTER = 1 };

/* sched.keep_quota() tells its numbers in the detail: "quota NAME LIMIT USED". False: the error is not about a quota.
 */
static bool read_quota(const PGresult *result, drmgmt_status status, char name[32], drmgmt__quota_state *state)
{
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    long long limit, used;

    if (!detail || sscanf(detail, "quota %31[a-z_] %lld %lld", name, &limit, &used) != 3)
        return false;
    *state = (drmgmt__quota_state){ name, limit, used, status == DRMGMT_ERR_LIMIT ? QUOTA_RETRY_AFTER : 0 };
    return true;
}

/* In the words of row i of the table. */
static int fail_as(size_t i, const PGresult *result, const char *detail, const char *message, drmgmt_error **error)
{
    drmgmt__quota_state state;
    char name[32];

    if (!states[i].text && read_quota(result, states[i].status, name, &state))
        return drmgmt__fail_quota(error, states[i].status, &state, "%s", message);
    return drmgmt__fail_full(error, states[i].status, states[i].retryable, detail, NULL, "%s",
                             states[i].text ? states[i].text : message);
}

int drmgmt__pg_fail(PGconn *pg, const PGresult *result, drmgmt_error **error)
{
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *message = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;

    if (!state) {
        /* No SQLSTATE: libpq itself lost the connection. */
        const char *text = pg ? PQerrorMessage(pg) : "";
        return drmgmt__fail_full(error, DRMGMT_ERR_UNAVAILABLE, true, NULL, NULL,
                                 "the connection to PostgreSQL was lost%s%.*s", text[0] ? ": " : "",
                                 (int)strcspn(text, "\n"), text);
    }
    if (out_of_scope(state, result))
        return drmgmt__fail_full(error, DRMGMT_ERR_FORBIDDEN, false, state, NULL,
                                 "your role holds on some devices only, and this would not be one of them: give it the "
                                 "tags that the role asks for");
    const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    for (size_t i = 0; i < DRMGMT__COUNT(states); i++)
        if (strncmp(state, states[i].state, strlen(states[i].state)) == 0)
            return fail_as(i, result, constraint ? constraint : state, message, error);
    return drmgmt__fail_full(error, DRMGMT_ERR_DATABASE, false, state, NULL, "PostgreSQL: %s",
                             message ? message : "unknown error");
}

bool drmgmt__pg_spoils(const PGresult *failure)
{
    static const char *const prefixes[] = { "57P", "08", "25P03", "25006", "26000", "0A000" };
    const char *state = PQresultErrorField(failure, PG_DIAG_SQLSTATE);

    for (size_t i = 0; state && i < DRMGMT__COUNT(prefixes); i++)
        if (strncmp(state, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

int drmgmt__pg_outcome_unknown(drmgmt_error **error)
{
    return drmgmt__fail_full(
        error, DRMGMT_ERR_UNAVAILABLE, true, NULL, NULL,
        "the connection to PostgreSQL was lost: whether the change was made is not known, look before doing it again");
}
