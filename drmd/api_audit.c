/* The audit trail over REST: listed (by crud.c), exported as a stream of JSON lines, and proved. Called by dispatch.c.
 */
#include "routes.h"
#include <stdlib.h>
#include <string.h>

const drmd_noun drmd_noun_audit_log = {
    .entity = "audit_log",
    .path = "/api/v1/audit-logs",
    .list = drmgmt_audit_list,
};

typedef struct word {
    const char *name;
    char value[128]; /* "": not given */
} word;

/* The words of the query string. False: answered. */
static bool take_words(drmd_request *r, word *words, size_t n)
{
    const char *cursor = r->query;
    char name[32], value[sizeof words->value];
    for (int got; (got = drmd_query_next(&cursor, name, sizeof name, value, sizeof value)) != 0;) {
        size_t i = 0;
        while (i < n && (got < 0 || strcmp(words[i].name, name) != 0))
            i++;
        if (i == n || words[i].value[0]) {
            drmd_reply_problem(r, 400, got < 0 ? "query" : name,
                               "The query string is malformed, or holds what is not known here.");
            return false;
        }
        memcpy(words[i].value, value, sizeof value);
    }
    return true;
}

static const char *given(const word *w)
{
    return w->value[0] ? w->value : NULL;
}

/* ---- export ---- */

void drmd_audit_export(drmd_request *r)
{
    word words[] = { { "after", "" } };
    drmd_stream s = { .r = r, .media_type = "application/x-ndjson" };
    drmgmt_error *error = NULL;
    if (!take_words(r, words, DRMD_COUNT(words)))
        return;
    if (words[0].value[0] &&
        (strspn(words[0].value, "0123456789") != strlen(words[0].value) || strlen(words[0].value) > 18)) {
        drmd_reply_problem(r, 400, "after", "after: the number of a link is expected.");
        return;
    }
    if (!drmd_stream_enter(r))
        return;
    int failed = drmgmt_audit_export(r->session, strtoull(words[0].value, NULL, 10), drmd_stream_line, &s, &error);
    drmd_stream_leave();
    drmd_stream_end(&s, failed, error);
}

/* ---- verify ---- */

void drmd_audit_verify(drmd_request *r)
{
    word words[] = { { "head", "" }, { "tenant_id", "" } };
    drmgmt_audit_report report;
    drmgmt_error *error = NULL;
    char *json = NULL;
    size_t length = 0;
    if (!take_words(r, words, DRMD_COUNT(words)) || !drmd_stream_enter(r))
        return;
    int failed = drmgmt_audit_verify(r->session, given(&words[1]), given(&words[0]), NULL, NULL, &report, &error);
    drmd_stream_leave();
    if (failed)
        drmd_reply_error(r, error);
    else if (drmgmt_audit_report_json(&report, &json, &length))
        drmd_reply_problem(r, 503, NULL, "Out of memory.");
    else
        drmd_reply_json(r, 200, json, length);
}
