/* Answers that come line by line, as long as they are: the end of the answer is the end of the connection. Called by
 * api_audit.c and api_batches.c. */
#include "routes.h"
#include <sys/socket.h>

enum { AT_ONCE = 4, FLUSH = 32 * 1024 };

/* They may take minutes: a few at a time, so that other requests find threads and database connections. */
static atomic_uint busy;

bool drmd_stream_enter(drmd_request *r)
{
    if (atomic_fetch_add(&busy, 1) < AT_ONCE)
        return true;
    atomic_fetch_sub(&busy, 1);
    drmd_reply_problem(r, 503, NULL, "Too many exports and verifications are under way; try again in a moment.");
    return false;
}

void drmd_stream_leave(void)
{
    atomic_fetch_sub(&busy, 1);
}

static bool flush(const drmd_stream *s)
{
    drmd_buffer *b = &s->r->worker->out;
    drmd_deadline(s->r->worker, 4, SHUT_RDWR);
    bool sent = !b->failed && mg_write(s->r->connection, b->data, b->length) == (int)b->length;
    drmd_deadline(s->r->worker, 0, 0);
    drmd_buffer_reset(b, 128 * 1024);
    return sent;
}

/* The head goes out with the first line: until then the call may still be refused. */
static void begin(drmd_stream *s)
{
    drmd_request *r = s->r;
    drmd_buffer_reset(&r->worker->out, 128 * 1024);
    r->keep_alive = false;
    drmd_head(r, &r->worker->out, 200);
    drmd_buffer_printf(&r->worker->out, "Content-Type: %s\r\nX-Accel-Buffering: no\r\n\r\n", s->media_type);
    r->worker->answered = true;
    mg_disable_connection_keep_alive(r->connection);
    s->begun = true;
}

bool drmd_stream_line(void *stream, const char *line, size_t length)
{
    drmd_stream *s = stream;
    if (!s->begun)
        begin(s);
    if (s->r->head)
        return false;
    drmd_buffer_add(&s->r->worker->out, line, length);
    return s->r->worker->out.length < FLUSH || flush(s);
}

void drmd_stream_end(drmd_stream *s, int failed, drmgmt_error *error)
{
    if (failed && !s->begun) {
        drmd_reply_error(s->r, error);
        return;
    }
    if (failed && failed != DRMGMT_ERR_CANCELLED)
        drmd_log(DRMGMT_LOG_ERROR, "an answer was cut off", "request_id", s->r->request_id, "error",
                 drmgmt_error_message(error), NULL);
    drmgmt_error_free(error);
    if (!s->begun)
        begin(s);
    if (!failed || s->r->head)
        flush(s);
}
