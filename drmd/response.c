/* Makes responses: head and body in one buffer, sent with one write; and problem details (RFC 9457).
 * Called by the handlers and dispatch.c; calls CivetWeb's mg_write(). */
#include "drmd.h"
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

const char drmd_json[] = "application/json";
const char drmd_problem_json[] = "application/problem+json";
const char drmd_text[] = "text/plain; version=0.0.4; charset=utf-8";
const char drmd_html[] = "text/html; charset=utf-8";

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    { 200, "OK" },
    { 201, "Created" },
    { 202, "Accepted" },
    { 204, "No Content" },
    { 302, "Found" },
    { 304, "Not Modified" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 408, "Request Timeout" },
    { 409, "Conflict" },
    { 411, "Length Required" },
    { 412, "Precondition Failed" },
    { 413, "Content Too Large" },
    { 414, "URI Too Long" },
    { 415, "Unsupported Media Type" },
    { 417, "Expectation Failed" },
    { 421, "Misdirected Request" },
    { 422, "Unprocessable Content" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
    { 505, "HTTP Version Not Supported" },
};

const char *drmd_reason(int status)
{
    for (size_t i = 0; i < DRMD_COUNT(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return status < 400 ? "OK" : status < 500 ? "Client Error" : "Server Error";
}

static void header(drmd_buffer *b, const char *name, const char *value)
{
    drmd_buffer_puts(b, name);
    drmd_buffer_puts(b, value);
    drmd_buffer_add(b, "\r\n", 2);
}

/* Whether the connection can take another request after this response. */
static bool stays_open(const drmd_request *r)
{
    const drmd_server *server = r->server;
    if (!r->keep_alive || r->worker->over_capacity || (!r->body_read && (r->chunked || r->expects_continue)))
        return false;
    /* Idle connections hold a thread each: near the cap they are let go of. */
    unsigned open = atomic_load_explicit(&server->connections, memory_order_relaxed);
    return open <= server->config.threads - server->config.threads / 8 &&
           !atomic_load_explicit(&server->stopping, memory_order_relaxed);
}

void drmd_head(drmd_request *r, drmd_buffer *b, int status)
{
    r->status = status;
    r->keep_alive = stays_open(r);
    drmd_buffer_puts(b, "HTTP/1.1 ");
    drmd_buffer_number(b, (unsigned)status);
    drmd_buffer_add(b, " ", 1);
    header(b, drmd_reason(status), "");
    header(b, "Date: ", drmd_date(r->worker));
    header(b, "Connection: ", r->keep_alive ? "keep-alive" : "close");
    header(b, "X-Request-Id: ", r->request_id);
    static const char always[] =
        "X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n";
    drmd_buffer_add(b, always, sizeof always - 1);
    static const char usual[] =
        "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\nCache-Control: no-store\r\n";
    if (r->policy)
        drmd_buffer_puts(b, r->policy);
    else
        drmd_buffer_add(b, usual, sizeof usual - 1);
    if (r->server->config.n_cors_origins)
        drmd_buffer_puts(b, "Vary: Origin\r\n");
    if (r->allowed_origin) {
        header(b, "Access-Control-Allow-Origin: ", r->allowed_origin);
        drmd_buffer_puts(b, "Access-Control-Expose-Headers: ETag, Location, RateLimit, RateLimit-Policy, Retry-After, "
                            "X-Request-Id\r\n");
    }
    if (r->etag[0])
        header(b, "ETag: ", r->etag);
    if (r->location[0])
        header(b, "Location: ", r->location);
    if (r->allow)
        header(b, "Allow: ", r->allow);
    if (status == 401)
        drmd_buffer_puts(b, "WWW-Authenticate: Bearer realm=\"drmgmt\"\r\n");
    if (status == 429 || status == 503) {
        drmd_buffer_puts(b, "Retry-After: ");
        drmd_buffer_number(b, r->retry_after ? r->retry_after : 1);
        drmd_buffer_add(b, "\r\n", 2);
    }
    drmd_limits_head(r, b);
}

static void send_all(drmd_request *r, const char *data, size_t length)
{
    drmd_worker *w = r->worker;
    w->answered = true;
    bool large = length > 32 * 1024;
    if (large)
        drmd_deadline(w, 4, SHUT_RDWR);
    if (mg_write(r->connection, data, length) != (int)length)
        r->keep_alive = false;
    if (large)
        drmd_deadline(w, 0, 0);
    if (!r->keep_alive)
        mg_disable_connection_keep_alive(r->connection);
}

static void send_out_of_memory(drmd_request *r)
{
    static const char plain[] =
        "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\nRetry-After: 1\r\n\r\n";
    r->status = 503;
    r->keep_alive = false;
    send_all(r, plain, sizeof plain - 1);
}

void drmd_reply_with(drmd_request *r, int status, const char *type, const char *extra, const char *body, size_t length)
{
    drmd_buffer *b = &r->worker->out;
    drmd_buffer_reset(b, 128 * 1024);
    if (!drmd_buffer_reserve(b, length + 1024)) {
        send_out_of_memory(r);
        return;
    }
    drmd_head(r, b, status);
    if (extra)
        drmd_buffer_puts(b, extra);
    if (status != 204 && status != 304) {
        if (type)
            header(b, "Content-Type: ", type);
        drmd_buffer_puts(b, "Content-Length: ");
        drmd_buffer_number(b, length);
        drmd_buffer_add(b, "\r\n", 2);
    }
    drmd_buffer_add(b, "\r\n", 2);
    if (!r->head && status != 204 && status != 304)
        drmd_buffer_add(b, body, length);
    if (b->failed)
        send_out_of_memory(r);
    else
        send_all(r, b->data, b->length);
}

void drmd_reply(drmd_request *r, int status, const char *type, const char *body, size_t length)
{
    drmd_reply_with(r, status, type, NULL, body, length);
}

void drmd_reply_json(drmd_request *r, int status, char *json, size_t length)
{
    drmd_reply(r, status, drmd_json, json, length);
    drmgmt_free(json);
}

/* type: the library's name for the error; NULL: about:blank, the title is then the HTTP status's own. error: NULL
 * unless the library's. */
static void send_problem(drmd_request *r, int status, const char *type, const char *title, const char *detail,
                         const char *field, const drmgmt_error *error)
{
    drmd_buffer *b = &r->worker->text;
    drmd_buffer_reset(b, 64 * 1024);
    drmd_buffer_add(b, "{", 1);
    char urn[96];
    snprintf(urn, sizeof urn, "urn:drmgmt:problem:%s", type ? type : "");
    drmd_buffer_member(b, "type", type ? urn : "about:blank");
    drmd_buffer_member(b, "title", title);
    drmd_buffer_puts(b, ",\"status\":");
    drmd_buffer_number(b, (unsigned)status);
    drmd_buffer_member(b, "detail", detail);
    if (r->path)
        drmd_buffer_member(b, "instance", r->path);
    if (field)
        drmd_buffer_member(b, "field", field);
    if (drmgmt_error_tenants(error))
        drmd_buffer_printf(b, ",\"tenants\":%s", drmgmt_error_tenants(error));
    drmd_buffer_member(b, "request_id", r->request_id);
    if (drmgmt_error_quota(error)) {
        drmd_buffer_member(b, "quota", drmgmt_error_quota(error));
        drmd_buffer_printf(b, ",\"limit\":%lld,\"used\":%lld", (long long)drmgmt_error_quota_limit(error),
                           (long long)drmgmt_error_quota_used(error));
    }
    drmd_buffer_add(b, "}", 1);
    r->policy = NULL;
    r->etag[0] = r->location[0] = '\0';
    if (b->failed)
        send_out_of_memory(r);
    else
        drmd_reply(r, status, drmd_problem_json, b->data, b->length);
}

void drmd_reply_problem(drmd_request *r, int status, const char *field, const char *format, ...)
{
    char detail[512];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    send_problem(r, status, NULL, drmd_reason(status), detail, field, NULL);
}

void drmd_reply_error(drmd_request *r, drmgmt_error *error)
{
    drmgmt_status status = drmgmt_error_status(error);
    int http = drmgmt_status_http(status);
    const char *message = error ? drmgmt_error_message(error) : "The request failed without telling why.";
    if (http >= 500) {
        const char *detail = error ? drmgmt_error_detail(error) : NULL;
        drmd_log(DRMGMT_LOG_ERROR, "request failed", "request_id", r->request_id, "status", drmgmt_status_name(status),
                 "error", message, "detail", detail ? detail : "", NULL);
    }
    r->retry_after = drmgmt_error_retry_after(error);
    send_problem(r, http, drmgmt_status_name(status), drmgmt_status_title(status), message,
                 error ? drmgmt_error_field(error) : NULL, error);
    drmgmt_error_free(error);
}
