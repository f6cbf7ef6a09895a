/* A small HTTP/1.1 client for one server: plain sockets, keep-alive, Content-Length bodies and event streams.
 * What drmd answers and no more: a chunked response is refused. One thread at a time per connection. */
#ifndef DRM_BENCH_HTTP_H
#define DRM_BENCH_HTTP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct http_target {
    struct sockaddr_in address;
    char host[80]; /* "127.0.0.1:8080" */
} http_target;

typedef struct http {
    const http_target *target;
    int fd; /* -1: closed */
    char *data;
    size_t length, size; /* received and not yet consumed; allocated */
    size_t consumed;     /* the response handed out last */
    bool close;          /* the server closes after this response */
    char problem[160];   /* why the last call failed */
} http;

/* Points into the connection's buffer; good until the next call. */
typedef struct http_response {
    int status;
    char *body; /* NUL-terminated */
    size_t length;
} http_response;

/* http://a.b.c.d:port, without a path. */
bool http_target_parse(http_target *target, const char *url);
void http_init(http *h, const http_target *target);
void http_close(http *h); /* may be used again */
void http_free(http *h);
/* Sends a request, connecting first where needed. token and body may be NULL. */
bool http_send(http *h, const char *method, const char *path, const char *token, const char *body);
/* 1: a whole response is there; 0: more bytes are needed; -1: it is none. */
int http_parse(http *h, http_response *response);
/* Reads what is there: 1 some bytes, 0 the end, -1 error, -2 nothing yet (only with MSG_DONTWAIT in flags). */
int http_receive(http *h, int flags);
/* Sends and waits for the whole response, at most 15 s. */
bool http_call(http *h, const char *method, const char *path, const char *token, const char *body,
               http_response *response);

/* An event stream: after http_send(), the head; then event by event. name and data live until the next call. */
bool http_stream_open(http *h, http_response *head);
bool http_stream_next(http *h, const char **name, const char **data);

#endif
