/* One request from CivetWeb's callback to the access log: checks, route, log-in, body, handler.
 * Called by server.c; calls every other file of drmd through the route table. */
#include "routes.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

/* An id that a client chose is kept when it is harmless in a log. */
static bool sane_id(const char *text)
{
    size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    return n > 0 && n <= 64 && text[n] == '\0';
}

/* W3C Trace Context, section 3.2: version, trace id, parent id, flags. */
static void take_trace(drmd_request *r)
{
    const char *text = r->headers[DRMD_H_TRACEPARENT];
    static const char hex[] = "0123456789abcdef";
    if (!text || strlen(text) < 55 || strspn(text, hex) != 2 || text[2] != '-' || strspn(text + 3, hex) != 32 ||
        text[35] != '-' || strspn(text + 36, hex) != 16 || strspn(text + 3, "0") == 32)
        return;
    memcpy(r->trace_id, text + 3, 32);
}

static void take_origin(drmd_request *r)
{
    const char *origin = r->headers[DRMD_H_ORIGIN];
    for (size_t i = 0; origin && i < r->server->config.n_cors_origins; i++)
        if (strcmp(origin, r->server->config.cors_origins[i]) == 0)
            r->allowed_origin = origin;
}

static void answer_options(drmd_request *r, unsigned methods)
{
    char allow[64], extra[512];
    drmd_router_allow(methods, allow);
    int n = snprintf(extra, sizeof extra, "Allow: %s\r\n", allow);
    if (r->allowed_origin && r->headers[DRMD_H_REQUEST_METHOD])
        snprintf(extra + n, sizeof extra - (size_t)n,
                 "Access-Control-Allow-Methods: %s\r\n"
                 "Access-Control-Allow-Headers: Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, "
                 "Last-Event-ID, X-API-Key, X-Request-Id, traceparent\r\n"
                 "Access-Control-Max-Age: 600\r\n",
                 allow);
    drmd_reply_with(r, 204, NULL, extra, NULL, 0);
}

static void answer_not_allowed(drmd_request *r, unsigned methods)
{
    char allow[64], detail[160];
    drmd_router_allow(methods, allow);
    snprintf(detail, sizeof detail, "This path takes %s.", allow);
    r->allow = allow;
    drmd_reply_problem(r, 405, NULL, "%s", detail);
    r->allow = NULL;
}

static bool take_body(drmd_request *r)
{
    if (!r->route->request)
        return true;
    if (!r->chunked && r->content_length < 0) {
        drmd_reply_problem(r, 411, NULL, "This call takes a JSON body: send it with Content-Length or chunked.");
        return false;
    }
    return drmd_body_is_json(r) && drmd_body_read(r, r->route->body_max);
}

static void route(drmd_request *r)
{
    drmd_match match = drmd_router_find(r->server->router, r);
    r->route = match.route;
    if (!match.path_known) {
        drmd_reply_problem(r, 404, NULL, "There is nothing at this path.");
    } else if (r->method == DRMD_OPTIONS) {
        answer_options(r, match.methods);
    } else if (!match.route) {
        answer_not_allowed(r, match.methods);
    } else if (((match.route->flags & DRMD_PUBLIC) || (drmd_authenticate(r) && drmd_limits_count(r))) && take_body(r)) {
        drmd_limits_handle(r);
        if (!r->status)
            drmd_reply_problem(r, 500, NULL, "The request was not answered.");
    }
}

void drmd_request_done(drmd_request *r)
{
    r->worker->waiting_since_us = drmd_now_us();
    int64_t duration = r->worker->waiting_since_us - r->started_us;
    drmd_metrics_count(r->server->metrics, r->route, r->status, duration);
    if (r->route && (r->route->method != DRMD_GET || r->status == 403))
        drmd_linker_note();
    bool auth_failed = r->status == 401 || r->status == 403;
    drmgmt_log_level level = r->status >= 500 ? DRMGMT_LOG_ERROR : auth_failed ? DRMGMT_LOG_INFO : DRMGMT_LOG_DEBUG;
    if (!drmd_log_wants(level))
        return;
    char status[16], microseconds[24];
    snprintf(status, sizeof status, "%d", r->status);
    snprintf(microseconds, sizeof microseconds, "%lld", (long long)duration);
    const char *tenant = r->session ? drmgmt_session_tenant_id(r->session) : NULL;
    const char *actor = r->session ? drmgmt_session_user_id(r->session) : NULL;
    drmd_log(level, "request", "request_id", r->request_id, "method",
             r->info->request_method ? r->info->request_method : "", "path", r->path ? r->path : "", "status", status,
             "duration_us", microseconds, "address", r->client, "tenant", tenant ? tenant : "", "actor",
             actor ? actor : "", "trace_id", r->trace_id, NULL);
}

static void begin(drmd_request *r, struct mg_connection *connection, drmd_worker *worker)
{
    r->connection = connection;
    r->worker = worker;
    r->server = worker->server;
    r->info = mg_get_request_info(connection);
    r->started_us = drmd_now_us();
    r->content_length = -1;
    r->method = DRMD_METHODS;
    drmd_request_id(worker, r->request_id);
    worker->answered = false;
    drmd_proxy_client(r);
    drmd_deadline(worker, 0, 0);
    if (worker->peer_port == 0) {
        snprintf(worker->peer, sizeof worker->peer, "%s", r->info->remote_addr);
        worker->peer_port = r->info->remote_port;
    }
}

/* What the peer still sends must be read before the close, or the kernel resets the connection and takes the response
 * along. */
static void linger(const drmd_request *r)
{
    drmd_socket_linger(drmd_socket_find(r->server, r->info->remote_addr, r->info->remote_port));
}

int drmd_dispatch(struct mg_connection *connection)
{
    drmd_request r = { 0 };
    begin(&r, connection, mg_get_thread_pointer(connection));
    atomic_fetch_add_explicit(&r.server->requests, 1, memory_order_relaxed);
    drmd_refusal refusal;
    bool whole = drmd_request_check(&r, &refusal);
    if (r.headers[DRMD_H_REQUEST_ID] && sane_id(r.headers[DRMD_H_REQUEST_ID]))
        snprintf(r.request_id, sizeof r.request_id, "%s", r.headers[DRMD_H_REQUEST_ID]);
    take_trace(&r);
    take_origin(&r);
    if (!whole) {
        r.keep_alive = r.keep_alive && !refusal.close;
        r.body_read = r.body_read && !refusal.close;
        drmd_reply_problem(&r, refusal.status, NULL, "%s", refusal.detail);
    } else if (r.worker->over_capacity) {
        drmd_reply_problem(&r, 503, NULL, "All connections are in use; try again in a moment.");
    } else {
        route(&r);
    }
    drmd_buffer_wipe(&r.worker->body); /* passwords and communities come in bodies */
    if (!r.keep_alive && !r.body_read)
        linger(&r);
    else if (!r.body_read) /* CivetWeb reads it away */
        drmd_deadline(r.worker, 2, SHUT_RD);
    drmd_request_done(&r);
    drmgmt_session_close(r.session);
    atomic_fetch_sub_explicit(&r.server->requests, 1, memory_order_release);
    return r.status;
}

/* CivetWeb's own refusals, put right: which status it was really about. */
static int true_status(const drmd_request *r, int status, const char *message, bool first)
{
    const struct mg_request_info *info = r->info;
    if (status == 413)
        return 431;
    if (status == 411)
        return 400;
    if (status != 400)
        return status;
    if (strcmp(message, "Malformed message") == 0) {
        int64_t waited = drmd_now_us() - r->worker->waiting_since_us;
        if (waited >= 1000000LL * r->server->config.client_timeout - 100000)
            return 408;
        int fd = first ? drmd_socket_find(r->server, r->info->remote_addr, r->info->remote_port) : -1;
        return drmd_socket_received(fd) >= DRMD_CIVETWEB_BUFFER ? 431 : 400;
    }
    for (int i = 0; i < info->num_headers; i++)
        if (strcasecmp(info->http_headers[i].name, "Transfer-Encoding") == 0)
            return 501;
    if (info->http_version && info->request_method && info->num_headers == 0 &&
        strspn(info->request_method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") == strlen(info->request_method))
        return 501;
    return 400;
}

static const struct {
    int status;
    const char *detail;
} details[] = {
    { 400, "The request is malformed, or its header section is longer than 64 KiB." },
    { 408, "The request did not arrive in time." },
    { 421, "The request target names another server." },
    { 431, "The header section is too long." },
    { 501, "The method or transfer coding is not one this server knows." },
    { 505, "Only HTTP/1.0 and HTTP/1.1 are understood." },
};

void drmd_refuse(struct mg_connection *connection, drmd_worker *worker, int status, const char *message)
{
    drmd_request r = { 0 };
    bool first = worker->peer_port == 0;
    begin(&r, connection, worker);
    if (status == 204) {
        drmd_reply_with(&r, 204, NULL, "Allow: GET, HEAD, POST, PATCH, DELETE, OPTIONS\r\n", NULL, 0);
        drmd_request_done(&r);
        return;
    }
    int true_one = true_status(&r, status, message, first);
    const char *detail = message;
    for (size_t i = 0; i < DRMD_COUNT(details); i++)
        if (details[i].status == true_one)
            detail = details[i].detail;
    drmd_reply_problem(&r, true_one, NULL, "%s", detail);
    linger(&r);
    drmd_request_done(&r);
}
