/* The audit trail over REST: listed (by crud.c), exported as a stream of JSON lines, and proved. Called by dispatch.c.
 */
#include "routes.h"
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { AT_ONCE = 4, FLUSH = 32 * 1024 };

const drmd_noun drmd_noun_audit_log = {
    .entity = "audit_log",
    .path = "/api/v1/audit-logs",
    .list = drmgmt_audit_list,
};

/* Both may take minutes: a few at a time, so that other requests find threads and database connections. */
static atomic_uint busy;

static bool enter(drmd_request *r)
{
    if (atomic_fetch_add(&busy, 1) < AT_ONCE)
        return true;
    atomic_fetch_sub(&busy, 1);
    drmd_reply_problem(r, 503, NULL, "Too many exports and verifications are under way; try again in a moment.");
    return false;
}

static void leave(void)
{
    atomic_fetch_sub(&busy, 1);
}

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

typedef struct stream {
    drmd_request *r;
    bool begun;
} stream;

static bool flush(const stream *s)
{
    drmd_buffer *b = &s->r->worker->out;
    drmd_deadline(s->r->worker, 4, SHUT_RDWR);
    bool sent = !b->failed && mg_write(s->r->connection, b->data, b->length) == (int)b->length;
    drmd_deadline(s->r->worker, 0, 0);
    drmd_buffer_reset(b, 128 * 1024);
    return sent;
}

/* The head goes out with the first line: until then the call may still be refused. */
static void begin(stream *s)
{
    drmd_request *r = s->r;
    drmd_buffer_reset(&r->worker->out, 128 * 1024);
    r->keep_alive = false; /* the end of the answer is the end of the connection */
    drmd_head(r, &r->worker->out, 200);
    drmd_buffer_puts(&r->worker->out, "Content-Type: application/x-ndjson\r\nX-Accel-Buffering: no\r\n\r\n");
    r->worker->answered = true;
    mg_disable_connection_keep_alive(r->connection);
    s->begun = true;
}

static bool write_line(void *user, const char *line, size_t length)
{
    stream *s = user;
    if (!s->begun)
        begin(s);
    if (s->r->head)
        return false;
    drmd_buffer_add(&s->r->worker->out, line, length);
    return s->r->worker->out.length < FLUSH || flush(s);
}

void drmd_audit_export(drmd_request *r)
{
    word words[] = { { "after", "" } };
    stream s = { .r = r };
    drmgmt_error *error = NULL;
    if (!take_words(r, words, DRMD_COUNT(words)))
        return;
    if (words[0].value[0] &&
        (strspn(words[0].value, "0123456789") != strlen(words[0].value) || strlen(words[0].value) > 18)) {
        drmd_reply_problem(r, 400, "after", "after: the number of a link is expected.");
        return;
    }
    if (!enter(r))
        return;
    int failed = drmgmt_audit_export(r->session, strtoull(words[0].value, NULL, 10), write_line, &s, &error);
    leave();
    if (failed && !s.begun) {
        drmd_reply_error(r, error);
        return;
    }
    if (failed && failed != DRMGMT_ERR_CANCELLED)
        drmd_log(DRMGMT_LOG_ERROR, "export was cut off", "request_id", r->request_id, "error",
                 drmgmt_error_message(error), NULL);
    drmgmt_error_free(error);
    if (!failed || r->head)
        flush(&s);
}

/* ---- verify ---- */

void drmd_audit_verify(drmd_request *r)
{
    word words[] = { { "head", "" }, { "tenant_id", "" } };
    drmgmt_audit_report report;
    drmgmt_error *error = NULL;
    char *json = NULL;
    size_t length = 0;
    if (!take_words(r, words, DRMD_COUNT(words)) || !enter(r))
        return;
    int failed = drmgmt_audit_verify(r->session, given(&words[1]), given(&words[0]), NULL, NULL, &report, &error);
    leave();
    if (failed)
        drmd_reply_error(r, error);
    else if (drmgmt_audit_report_json(&report, &json, &length))
        drmd_reply_problem(r, 503, NULL, "Out of memory.");
    else
        drmd_reply_json(r, 200, json, length);
}
