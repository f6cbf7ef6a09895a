/* What the files of drmd share: configuration, the server, a connection thread's own memory, one request.
 * drmd is a thin program over the public headers of libdrmgmt: no SQL, no Redis, no net-snmp. */
#ifndef DRMD_DRMD_H
#define DRMD_DRMD_H

#include "buffer.h"
#include "program.h"
#include <civetweb.h>
#include <drm/sdk.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DRMD_COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
    DRMD_BODY_MAX = 1024 * 1024,
    DRMD_BODY_LONGEST = 8 * 1024 * 1024, /* of a call that takes lists of 100,000 ids */
    DRMD_URI_MAX = 4096,                 /* path and query string */
    DRMD_HEADERS_MAX = 60,               /* CivetWeb keeps 64 and drops the rest without a word */
    DRMD_HEADER_BYTES_MAX = 16384,       /* request line and headers */
    DRMD_CIVETWEB_BUFFER = 65536,        /* CivetWeb's own limit, above ours, so that ours answers */
    DRMD_PARAMS_MAX = 2,                 /* {name} segments of a pattern */
    DRMD_SEGMENT_MAX = 256,              /* bytes of such a segment, decoded */
    DRMD_ADDRESS_SIZE = 48,              /* text of an IP address */
    DRMD_KEEP_ALIVE_MS = 20000,
    DRMD_STOP_SECONDS = 10
};

typedef struct drmd_cidr {
    uint8_t address[16]; /* an IPv4 address as ::ffff:a.b.c.d */
    unsigned bits;
} drmd_cidr;

typedef struct drmd_config {
    char host[64]; /* dotted quad */
    unsigned port;
    program_settings settings;
    const char *docs, *port_file;
    bool show_routes;        /* and do nothing else */
    bool allow_registration; /* strangers may make tenants */
    const char *cors_origins[16];
    size_t n_cors_origins;
    drmd_cidr proxies[16]; /* whose X-Forwarded-For is believed */
    size_t n_proxies;
    unsigned threads;
    unsigned client_timeout; /* seconds a client may be silent; twice that for a whole body, four times for reading a
                                response */
} drmd_config;

typedef enum drmd_method {
    DRMD_GET,
    DRMD_HEAD,
    DRMD_POST,
    DRMD_PUT,
    DRMD_PATCH,
    DRMD_DELETE,
    DRMD_OPTIONS,
    DRMD_METHODS /* any other that CivetWeb lets through */
} drmd_method;

typedef enum drmd_header {
    DRMD_H_AUTHORIZATION,
    DRMD_H_API_KEY,
    DRMD_H_HOST,
    DRMD_H_CONNECTION,
    DRMD_H_CONTENT_LENGTH,
    DRMD_H_CONTENT_TYPE,
    DRMD_H_TRANSFER_ENCODING,
    DRMD_H_EXPECT,
    DRMD_H_IF_MATCH,
    DRMD_H_IF_NONE_MATCH,
    DRMD_H_IDEMPOTENCY_KEY,
    DRMD_H_LAST_EVENT_ID,
    DRMD_H_ACCEPT,
    DRMD_H_ORIGIN,
    DRMD_H_REQUEST_METHOD, /* Access-Control-Request-Method */
    DRMD_H_REQUEST_ID,
    DRMD_H_TRACEPARENT,
    DRMD_H_COOKIE,
    DRMD_HEADERS
} drmd_header;

typedef struct drmd_route drmd_route;
typedef struct drmd_metrics drmd_metrics;
typedef struct drmd_streams drmd_streams;
typedef struct drmd_worker drmd_worker;
struct drmd_router;

typedef struct drmd_server {
    drmd_config config;
    drmgmt_context *context;
    struct mg_context *http;
    struct drmd_router *router;
    drmd_metrics *metrics;
    drmd_streams *streams;
    char *openapi; /* the document, made once */
    size_t openapi_length;
    atomic_uint port; /* the one bound; 0 until it is known */
    atomic_bool stopping;
    atomic_uint connections, requests; /* open; being handled */
    atomic_uint hashing;               /* of the latter, those that hash a password or wait for it */
    struct drmd_workers *workers;      /* every connection thread's memory, for the watchdog */
} drmd_server;

/* The memory of one connection thread: made when the thread starts, used for one request after the other. */
struct drmd_worker {
    drmd_server *server;
    drmd_buffer out;          /* head and body of a response: sent with one write */
    drmd_buffer body;         /* of a request */
    drmd_buffer text;         /* for a handler to make JSON in */
    uint64_t random;          /* state of the request id generator */
    int64_t waiting_since_us; /* for the next request: since the connection came, or the last response went */
    bool over_capacity;       /* this connection is past the cap: it gets one 503 */
    bool answered;            /* something was sent for the request at hand */
    char date[40];            /* HTTP-date of date_second */
    int64_t date_second;
    char peer[48]; /* changes only while no deadline is set */
    int peer_port;
    pthread_mutex_t lock; /* of the deadline: held while the watchdog finds and shuts down the connection */
    int64_t deadline_us;  /* 0: none; the watchdog shuts the connection down when it is past */
    int deadline_how;     /* SHUT_RD: the request is answered with 408; SHUT_RDWR: it is over */
    drmd_worker *next;
};

typedef struct drmd_request {
    drmd_server *server;
    drmd_worker *worker;
    struct mg_connection *connection;
    const struct mg_request_info *info;
    drmd_method method;
    const drmd_route *route; /* NULL: none matched */
    const char *headers[DRMD_HEADERS];
    const char *path;  /* as sent, without the query string */
    const char *query; /* as sent; NULL: none */
    char params[DRMD_PARAMS_MAX][DRMD_SEGMENT_MAX + 1];
    long long content_length; /* -1: none given */
    bool chunked, expects_continue;
    bool body_read;   /* nothing of the body is left on the wire */
    bool keep_alive;  /* the connection stays open after this response */
    bool head;        /* HEAD: no body in the response */
    const char *body; /* after drmd_body_read() */
    size_t body_length;
    char request_id[65];
    char trace_id[33];              /* of traceparent; "" when none came */
    char client[DRMD_ADDRESS_SIZE]; /* whose request it is; the peer may be a proxy */
    const char *allowed_origin;     /* the Origin header when the operator allows it */
    drmgmt_session *session;
    drmgmt_request_quota quota; /* of API requests; limit 0: none */
    unsigned retry_after;       /* seconds, for 429 and 503; 0: the usual */
    char etag[32];              /* header of the response; "": none */
    char location[192];         /* "": no such header */
    const char *allow;          /* value of an Allow header; NULL: none */
    const char
        *policy; /* Content-Security-Policy and Cache-Control lines in place of the usual ones; NULL: the usual */
    int64_t started_us;
    int status; /* of the response that was sent */
} drmd_request;

/* ---- clock.c ---- */
int64_t drmd_now_us(void); /* monotonic */
/* IMF-fixdate of now, kept for a second in the worker. */
const char *drmd_date(drmd_worker *worker);
/* A fresh request id: 32 hex digits. */
void drmd_request_id(drmd_worker *worker, char id[65]);

/* ---- server.c ---- */
/* Starts to listen. Prints what is wrong and returns the exit code, or 0. */
int drmd_server_start(drmd_server *server);
/* Stops gracefully: no new connection, requests may finish, event streams end. */
void drmd_server_stop(drmd_server *server);
void drmd_server_free(drmd_server *server);
/* Gives the connection so many times the client timeout from now; 0 takes the deadline off. */
void drmd_deadline(drmd_worker *w, unsigned timeouts, int how);
/* To be called once a second: shuts down connections past their deadline, and looks after event streams. */
void drmd_server_watch(drmd_server *server);

/* ---- socket.c ---- */
/* The descriptor of a connection by its peer; -1 if there is none. CivetWeb does not tell it. */
int drmd_socket_find(const drmd_server *server, const char *peer, int peer_port);
/* A peer's address and port in one number; 0 if it is no IPv4 address. */
typedef uint64_t drmd_peer;
drmd_peer drmd_peer_of(const char *address, int port);
/* Calls fn for each connection of the server's port. */
typedef void drmd_socket_visitor(int fd, drmd_peer peer, void *user);
void drmd_socket_each(const drmd_server *server, drmd_socket_visitor *fn, void *user);
/* The descriptor that listens on the server's port; -1 if there is none. */
int drmd_socket_listener(const drmd_server *server);
/* Shuts down all connections of the server's port for reading. */
void drmd_socket_shut_all(const drmd_server *server);
/* Sends FIN and reads away what the peer still sends, at most a second, so that it can read the last response before
 * the close. */
void drmd_socket_linger(int fd);
/* Whether the peer closed the connection. */
bool drmd_socket_gone(int fd);

/* Bytes that came in over the connection since it was made. */
uint64_t drmd_socket_received(int fd);

/* ---- dispatch.c ---- */
/* Handles one request that CivetWeb has parsed. Returns the status for CivetWeb. */
int drmd_dispatch(struct mg_connection *connection);
/* Answers for a request that CivetWeb refused itself; or, with status 204, did not take: "OPTIONS *". */
void drmd_refuse(struct mg_connection *connection, drmd_worker *worker, int status, const char *message);
/* Writes the access log line and counts the request. */
void drmd_request_done(drmd_request *r);

/* ---- request.c ---- */
typedef struct drmd_refusal {
    int status;
    bool close; /* the end of the message cannot be told any more */
    const char *detail;
} drmd_refusal;
/* Reads the headers that matter and checks what CivetWeb does not. Returns false with *refusal set. */
bool drmd_request_check(drmd_request *r, drmd_refusal *refusal);
const char *drmd_method_name(drmd_method method);

/* ---- body.c ---- */
/* Reads the body and checks its type; answers itself and returns false when it is refused. */
bool drmd_body_read(drmd_request *r, size_t limit);
bool drmd_body_is_json(drmd_request *r);

/* ---- uri.c ---- */
/* Decodes n bytes of a path segment or a query word into out (size bytes with the NUL). Returns false on a malformed
 * escape, a control character, bytes that are no UTF-8, or too little room. */
bool drmd_uri_decode(const char *text, size_t n, bool plus_is_space, char *out, size_t size);
/* The next name=value of a query string; *cursor moves on. Returns 1, 0 at the end, -1 when malformed. */
int drmd_query_next(const char **cursor, char *name, size_t name_size, char *value, size_t value_size);

/* ---- response.c ---- */
extern const char drmd_json[], drmd_problem_json[], drmd_text[], drmd_html[];
/* Sends a whole response with one write. body and type may be NULL when length is 0. */
void drmd_reply(drmd_request *r, int status, const char *type, const char *body, size_t length);
/* The same with further header lines, each ended by CRLF. */
void drmd_reply_with(drmd_request *r, int status, const char *type, const char *extra, const char *body, size_t length);
/* Sends JSON made by the library and frees it. */
void drmd_reply_json(drmd_request *r, int status, char *json, size_t length);
/* Problem details for an HTTP status of our own. */
void drmd_reply_problem(drmd_request *r, int status, const char *field, const char *format, ...) DRMGMT_PRINTF(4, 5);
/* Problem details for an error of the library; frees it. */
void drmd_reply_error(drmd_request *r, drmgmt_error *error);
const char *drmd_reason(int status);
/* Appends status line and the headers that every response has; the caller adds the empty line. */
void drmd_head(drmd_request *r, drmd_buffer *b, int status);

/* ---- authn.c ---- */
/* Opens the request's session; answers 401 itself and returns false. */
bool drmd_authenticate(drmd_request *r);
/* Where the request comes from, for the library. */
drmgmt_origin drmd_origin(const drmd_request *r);

/* ---- proxy.c ---- */
/* Adds an address or network to those whose X-Forwarded-For is believed; complains and returns false if it is none. */
bool drmd_proxy_add(drmd_config *config, const char *text);
/* Fills r->client. */
void drmd_proxy_client(drmd_request *r);

/* ---- limits.c ---- */
/* Counts a request of the session's tenant; answers 429 itself and returns false when its quota is used up. */
bool drmd_limits_count(drmd_request *r);
/* Calls the route's handler, unless too many threads do what it does: then answers 429. */
void drmd_limits_handle(drmd_request *r);
/* Appends the RateLimit header fields when the tenant has a quota. */
void drmd_limits_head(const drmd_request *r, drmd_buffer *b);

/* ---- metrics.c ---- */
drmd_metrics *drmd_metrics_new(void); /* NULL when memory is out */
void drmd_metrics_free(drmd_metrics *metrics);
/* Counts one answered request; route NULL: none matched. */
void drmd_metrics_count(drmd_metrics *metrics, const drmd_route *route, int status, int64_t duration_us);
void drmd_metrics_write(const drmd_server *server, drmd_buffer *b);

/* ---- sse.c ---- */
/* Event streams: at most cap at once, so that other requests always find a thread. */
drmd_streams *drmd_streams_new(unsigned cap); /* NULL when memory is out */
void drmd_streams_free(drmd_streams *streams);
void drmd_streams_stop(drmd_streams *streams); /* ends all of them and lets none begin */
unsigned drmd_streams_open(const drmd_streams *streams);
/* To be called once a second: ends the streams whose clients have left. */
void drmd_streams_watch(drmd_streams *streams, const drmd_server *server);

/* ---- openapi.c ---- */
char *drmd_openapi_make(size_t *length);

/* ---- linker.c ---- */
void drmd_linker_start(drmgmt_context *context);
void drmd_linker_stop(void); /* before the context goes */
void drmd_linker_note(void); /* audit rows may have been written */

/* ---- log.c ---- */
/* Writes one line with keys and values, ended by NULL: drmd_log(level, "message", "key", value, NULL). */
#define drmd_log(level, message, ...) drmd_log_pairs(level, message, (const char *const[]){ __VA_ARGS__ })
void drmd_log_pairs(drmgmt_log_level level, const char *message, const char *const *pairs);
bool drmd_log_wants(drmgmt_log_level level);
void drmd_log_init(drmgmt_log_level level);

#endif
