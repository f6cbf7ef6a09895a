/* Sets CivetWeb up: plain HTTP on one IPv4 address, one callback for every request, threads with a cap, deadlines that
 * CivetWeb lacks, and a stop that lets requests finish. Called by main.c; calls dispatch.c. */
#include "routes.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Threads above the cap, which answer 503 while all others are taken. */
enum { SPARE_THREADS = 16 };
/* Until a connection that was shut down for being slow is looked at once more, should it still be there. */
enum { WATCH_AGAIN_US = 5000000 };

struct drmd_workers {
    pthread_mutex_t lock;
    drmd_worker *first;
};

static void *init_thread(const struct mg_context *http, int type)
{
    drmd_server *server = mg_get_user_data(http);
    if (type != 1)
        return NULL;
    drmd_worker *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->server = server;
    pthread_mutex_init(&w->lock, NULL);
    if (getrandom(&w->random, sizeof w->random, 0) != sizeof w->random)
        w->random = (uint64_t)drmd_now_us() ^ (uint64_t)(uintptr_t)w;
    pthread_mutex_lock(&server->workers->lock);
    w->next = server->workers->first;
    server->workers->first = w;
    pthread_mutex_unlock(&server->workers->lock);
    return w;
}

static void exit_thread(const struct mg_context *http, int type, void *pointer)
{
    drmd_worker *w = pointer;
    if (type != 1 || !w)
        return;
    drmd_server *server = mg_get_user_data(http);
    pthread_mutex_lock(&server->workers->lock);
    for (drmd_worker **p = &server->workers->first; *p; p = &(*p)->next)
        if (*p == w) {
            *p = w->next;
            break;
        }
    pthread_mutex_unlock(&server->workers->lock);
    drmd_buffer_free(&w->out);
    drmd_buffer_free(&w->body);
    drmd_buffer_free(&w->text);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

static int init_connection(const struct mg_connection *connection, void **data)
{
    (void)data;
    drmd_worker *w = mg_get_thread_pointer(connection);
    if (!w)
        return 0;
    unsigned before = atomic_fetch_add_explicit(&w->server->connections, 1, memory_order_relaxed);
    w->over_capacity = before >= w->server->config.threads;
    w->answered = false;
    w->peer_port = 0;
    w->waiting_since_us = drmd_now_us();
    drmd_deadline(w, 0, 0);
    return 0;
}

/* CivetWeb closes without a word when the target is "*" or names another server: the answer is given here. */
static void connection_close(const struct mg_connection *connection)
{
    drmd_worker *w = mg_get_thread_pointer(connection);
    const struct mg_request_info *info = mg_get_request_info(connection);
    if (!w || w->answered || !info || !info->request_uri || info->local_uri_raw)
        return;
    bool asterisk = strcmp(info->request_uri, "*") == 0;
    int status = !asterisk ? 421 : strcmp(info->request_method, "OPTIONS") == 0 ? 204 : 400;
    drmd_refuse((struct mg_connection *)(uintptr_t)connection, w, status, "");
}

static void connection_closed(const struct mg_connection *connection)
{
    drmd_worker *w = mg_get_thread_pointer(connection);
    if (!w)
        return;
    drmd_deadline(w, 0, 0);
    atomic_fetch_sub_explicit(&w->server->connections, 1, memory_order_relaxed);
}

static int begin_request(struct mg_connection *connection)
{
    if (mg_get_thread_pointer(connection))
        return drmd_dispatch(connection);
    mg_send_http_error(connection, 503, "%s", "Out of memory");
    return 503;
}

static int http_error(struct mg_connection *connection, int status, const char *message)
{
    drmd_worker *w = mg_get_thread_pointer(connection);
    if (!w)
        return 1;
    drmd_refuse(connection, w, status, message);
    return 0;
}

static int log_message(const struct mg_connection *connection, const char *message)
{
    (void)connection;
    drmd_log(DRMGMT_LOG_WARNING, "HTTP server", "detail", message, NULL);
    return 1;
}

static struct mg_context *start_http(drmd_server *server, char *why, size_t size)
{
    char listen[96], threads[16], timeout[16], keep_alive[16], buffer[16];
    snprintf(listen, sizeof listen, "%s:%u", server->config.host, server->config.port);
    snprintf(threads, sizeof threads, "%u", server->config.threads + SPARE_THREADS);
    snprintf(timeout, sizeof timeout, "%u", server->config.client_timeout * 1000);
    snprintf(keep_alive, sizeof keep_alive, "%d", DRMD_KEEP_ALIVE_MS);
    snprintf(buffer, sizeof buffer, "%d", DRMD_CIVETWEB_BUFFER);
    const char *options[] = {
        "listening_ports",
        listen,
        "num_threads",
        threads,
        "request_timeout_ms",
        timeout,
        "keep_alive_timeout_ms",
        keep_alive,
        "enable_keep_alive",
        "yes",
        "tcp_nodelay",
        "1",
        "max_request_size",
        buffer,
        "connection_queue",
        "128",
        "listen_backlog",
        "1024",
        "decode_url",
        "no",
        "decode_query_string",
        "no",
        "enable_auth_domain_check",
        "no",
        "enable_directory_listing",
        "no",
        "access_control_allow_methods",
        "",
        NULL,
    };
    struct mg_callbacks callbacks = {
        .begin_request = begin_request,
        .http_error = http_error,
        .log_message = log_message,
        .init_thread = init_thread,
        .exit_thread = exit_thread,
        .init_connection = init_connection,
        .connection_close = connection_close,
        .connection_closed = connection_closed,
    };
    unsigned code = 0;
    struct mg_error_data error = { &code, why, size };
    struct mg_init_data init = { &callbacks, server, options };
    return mg_start2(&init, &error);
}

int drmd_server_start(drmd_server *server)
{
    server->workers = calloc(1, sizeof *server->workers);
    server->router = drmd_router_new();
    server->metrics = drmd_metrics_new();
    unsigned cap = server->config.threads - server->config.threads / 4;
    server->streams = drmd_streams_new(cap);
    server->openapi = drmd_openapi_make(&server->openapi_length);
    if (!server->workers || !server->router || !server->metrics || !server->streams || !server->openapi) {
        fprintf(stderr, "drmd: out of memory\n");
        return drmgmt_status_exit_code(DRMGMT_ERR_NO_MEMORY);
    }
    pthread_mutex_init(&server->workers->lock, NULL);
    mg_init_library(0);
    char why[256] = "";
    errno = 0;
    server->http = start_http(server, why, sizeof why);
    if (!server->http) {
        bool in_use = errno == EADDRINUSE;
        fprintf(stderr, "drmd: cannot listen on %s:%u: %s\n", server->config.host, server->config.port,
                in_use ? "the port is in use by another process; choose another with --listen" : why);
        return drmgmt_status_exit_code(DRMGMT_ERR_UNAVAILABLE);
    }
    struct mg_server_port bound;
    atomic_store(&server->port,
                 mg_get_server_ports(server->http, 1, &bound) == 1 ? (unsigned)bound.port : server->config.port);
    return 0;
}

void drmd_deadline(drmd_worker *w, unsigned timeouts, int how)
{
    if (!timeouts && !w->deadline_us) /* only this thread sets it */
        return;
    pthread_mutex_lock(&w->lock);
    w->deadline_us = timeouts ? drmd_now_us() + 1000000LL * timeouts * w->server->config.client_timeout : 0;
    w->deadline_how = how;
    pthread_mutex_unlock(&w->lock);
}

static void watch(const drmd_server *server, drmd_worker *w, int64_t now)
{
    pthread_mutex_lock(&w->lock);
    if (w->deadline_us && w->deadline_us <= now) {
        int fd = drmd_socket_find(server, w->peer, w->peer_port);
        if (fd >= 0)
            shutdown(fd, w->deadline_how);
        drmd_log(DRMGMT_LOG_WARNING, "connection too slow", "address", w->peer, NULL);
        w->deadline_us = now + WATCH_AGAIN_US;
    }
    pthread_mutex_unlock(&w->lock);
}

void drmd_server_watch(drmd_server *server)
{
    int64_t now = drmd_now_us();
    pthread_mutex_lock(&server->workers->lock);
    for (drmd_worker *w = server->workers->first; w; w = w->next)
        watch(server, w, now);
    pthread_mutex_unlock(&server->workers->lock);
    drmd_streams_watch(server->streams, server);
}

/* CivetWeb stops listening only together with everything else: mg_stop() fails every read and write in progress. So the
 * listening socket is taken from under it: shut down, and its descriptor made an eventfd, silent until something is
 * written to it. Returns that eventfd, or -1. */
static int stop_listening(const drmd_server *server)
{
    int fd = drmd_socket_listener(server);
    int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd >= 0 && event >= 0) {
        shutdown(fd, SHUT_RDWR);
        dup2(event, fd);
    }
    return event;
}

static void wait_for_requests(drmd_server *server, int64_t end)
{
    do
        nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000000 }, NULL);
    while (atomic_load_explicit(&server->requests, memory_order_acquire) && drmd_now_us() < end);
}

void drmd_server_stop(drmd_server *server)
{
    if (!server->http)
        return;
    atomic_store(&server->stopping, true);
    int event = stop_listening(server);
    drmd_streams_stop(server->streams);
    int64_t end = drmd_now_us() + DRMD_STOP_SECONDS * 1000000LL;
    wait_for_requests(server, end);
    /* Idle connections and the accepting thread wake up now rather than at their next look at CivetWeb's stop flag;
     * a request that came in on one of them meanwhile is still answered. */
    drmd_socket_shut_all(server);
    wait_for_requests(server, end);
    if (event >= 0)
        eventfd_write(event, 1);
    mg_stop(server->http);
    if (event >= 0)
        close(event);
    server->http = NULL;
    mg_exit_library();
}

void drmd_server_free(drmd_server *server)
{
    drmd_router_free(server->router);
    drmd_metrics_free(server->metrics);
    drmd_streams_free(server->streams);
    free(server->openapi);
    free(server->workers);
}
