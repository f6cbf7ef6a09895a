/* Reads a request's body within its limits and checks its type. Called by dispatch.c before a handler that takes one.
 */
#include "drmd.h"
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

bool drmd_body_is_json(drmd_request *r)
{
    const char *type = r->headers[DRMD_H_CONTENT_TYPE];
    static const char json[] = "application/json";
    if (type && strncasecmp(type, json, sizeof json - 1) == 0) {
        const char *rest = type + sizeof json - 1;
        rest += strspn(rest, " \t");
        if (!*rest)
            return true;
        if (*rest == ';') {
            rest++;
            rest += strspn(rest, " \t");
            if (strcasecmp(rest, "charset=utf-8") == 0 || strcasecmp(rest, "charset=\"utf-8\"") == 0)
                return true;
        }
    }
    drmd_reply_problem(r, 415, NULL, "The body must be sent as Content-Type: application/json.");
    return false;
}

static bool too_large(drmd_request *r, size_t limit)
{
    r->keep_alive = false;
    drmd_reply_problem(r, 413, NULL, "The body is larger than the %zu bytes allowed here.", limit);
    return false;
}

static bool cut_off(drmd_request *r, int status, const char *detail)
{
    r->keep_alive = false;
    drmd_reply_problem(r, status, NULL, "%s", detail);
    return false;
}

static bool read_sized(drmd_request *r, size_t length)
{
    drmd_buffer *b = &r->worker->body;
    if (!drmd_buffer_reserve(b, length))
        return cut_off(r, 503, "Out of memory.");
    /* It comes back short only when the client was silent too long, or left. */
    int n = mg_read(r->connection, b->data, length);
    b->length = n > 0 ? (size_t)n : 0;
    return b->length == length || cut_off(r, 408, "The body did not arrive in time.");
}

static bool read_chunked(drmd_request *r, size_t limit)
{
    drmd_buffer *b = &r->worker->body;
    for (;;) {
        if (!drmd_buffer_reserve(b, 4096))
            return cut_off(r, 503, "Out of memory.");
        int n = mg_read(r->connection, b->data + b->length, b->size - b->length - 1);
        if (n < 0)
            return cut_off(r, 400, "The chunked body is malformed or did not arrive in time.");
        if (n == 0)
            return true;
        b->length += (size_t)n;
        if (b->length > limit)
            return too_large(r, limit);
    }
}

bool drmd_body_read(drmd_request *r, size_t limit)
{
    drmd_worker *w = r->worker;
    if (r->content_length > (long long)limit)
        return too_large(r, limit);
    drmd_buffer_reset(&w->body, 64 * 1024);
    if (!r->body_read) {
        if (r->expects_continue) {
            static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
            mg_write(r->connection, go_on, sizeof go_on - 1);
            r->expects_continue = false;
        }
        drmd_deadline(w, 2, SHUT_RD);
        bool whole = r->chunked ? read_chunked(r, limit) : read_sized(r, (size_t)r->content_length);
        drmd_deadline(w, 0, 0);
        if (!whole)
            return false;
        r->body_read = true;
    }
    if (!drmd_buffer_reserve(&w->body, 1))
        return cut_off(r, 503, "Out of memory.");
    w->body.data[w->body.length] = '\0';
    r->body = w->body.data;
    r->body_length = w->body.length;
    return true;
}
