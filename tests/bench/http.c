/* The HTTP client: connect, send, parse a response, read an event stream.
 * Called by load.c, latency.c and fixture.c; calls the sockets. */
#include "http.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { WAIT_S = 15, BODY_MAX = 16 * 1024 * 1024 };

bool http_target_parse(http_target *target, const char *url)
{
    char host[64];
    unsigned port;
    int end = 0;
    memset(target, 0, sizeof *target);
    if (sscanf(url, "http://%63[0-9.]:%5u%n", host, &port, &end) != 2 || (url[end] && strcmp(url + end, "/") != 0) ||
        port == 0 || port > 65535 || inet_pton(AF_INET, host, &target->address.sin_addr) != 1)
        return false;
    target->address.sin_family = AF_INET;
    target->address.sin_port = htons((uint16_t)port);
    snprintf(target->host, sizeof target->host, "%s:%u", host, port);
    return true;
}

void http_init(http *h, const http_target *target)
{
    memset(h, 0, sizeof *h);
    h->target = target;
    h->fd = -1;
}

void http_close(http *h)
{
    if (h->fd >= 0)
        close(h->fd);
    h->fd = -1;
    h->length = h->consumed = 0;
    h->close = false;
}

void http_free(http *h)
{
    http_close(h);
    free(h->data);
    h->data = NULL;
    h->size = 0;
}

static bool problem(http *h, const char *what)
{
    snprintf(h->problem, sizeof h->problem, "%s%s%s", what, errno ? ": " : "", errno ? strerror(errno) : "");
    return false;
}

static bool open_socket(http *h)
{
    http_close(h);
    h->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;
    struct timeval wait = { .tv_sec = WAIT_S };
    if (h->fd < 0 || setsockopt(h->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) ||
        setsockopt(h->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) ||
        setsockopt(h->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) ||
        connect(h->fd, (const struct sockaddr *)&h->target->address, sizeof h->target->address)) {
        problem(h, "connect");
        http_close(h);
        return false;
    }
    return true;
}

/* Makes room and drops the response that was handed out before. */
static bool reserve(http *h, size_t more)
{
    if (h->consumed) {
        memmove(h->data, h->data + h->consumed, h->length - h->consumed);
        h->length -= h->consumed;
        h->consumed = 0;
    }
    if (h->size - h->length > more)
        return true;
    size_t size = (h->length + more) * 2;
    char *data = size <= BODY_MAX ? realloc(h->data, size) : NULL;
    if (!data) {
        errno = ENOMEM;
        return problem(h, "response");
    }
    h->data = data;
    h->size = size;
    return true;
}

bool http_send(http *h, const char *method, const char *path, const char *token, const char *body)
{
    char request[8192];
    errno = 0;
    if (h->close || h->fd < 0)
        if (!open_socket(h))
            return false;
    size_t length = body ? strlen(body) : 0;
    int n = snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: %s\r\n%s%s%s", method, path, h->target->host,
                     token ? "Authorization: Bearer " : "", token ? token : "", token ? "\r\n" : "");
    if (n > 0 && (size_t)n < sizeof request)
        n += body ? snprintf(request + n, sizeof request - (size_t)n,
                             "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", length, body)
                  : snprintf(request + n, sizeof request - (size_t)n, "\r\n");
    if (n < 0 || (size_t)n >= sizeof request) {
        errno = EMSGSIZE;
        return problem(h, "request");
    }
    for (size_t sent = 0; sent < (size_t)n;) {
        ssize_t got = send(h->fd, request + sent, (size_t)n - sent, MSG_NOSIGNAL);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return problem(h, "send");
        sent += (size_t)got;
    }
    return true;
}

int http_receive(http *h, int flags)
{
    if (!reserve(h, 16 * 1024))
        return -1;
    ssize_t n;
    do
        n = recv(h->fd, h->data + h->length, h->size - h->length - 1, flags);
    while (n < 0 && errno == EINTR);
    if (n < 0 && (flags & MSG_DONTWAIT) && (errno == EAGAIN || errno == EWOULDBLOCK))
        return -2;
    if (n < 0) {
        if (errno == EAGAIN)
            errno = ETIMEDOUT;
        problem(h, "receive");
        return -1;
    }
    h->length += (size_t)n;
    h->data[h->length] = '\0';
    return n > 0;
}

/* What the head says: length of the body, or -1 where it ends with the connection. False: no head we understand. */
static bool read_head(http *h, char *head, char *end, int *status, long *length)
{
    int digits = 0;
    if (sscanf(head, "HTTP/1.1 %3d%n", status, &digits) != 1 || digits != 12)
        return false;
    *length = -1;
    h->close = false;
    for (char *line = strstr(head, "\r\n") + 2; line < end; line = strstr(line, "\r\n") + 2) {
        if (strncasecmp(line, "Content-Length:", 15) == 0) {
            char *stop;
            *length = strtol(line + 15, &stop, 10);
            if (*stop != '\r' || *length < 0)
                return false;
        } else if (strncasecmp(line, "Transfer-Encoding:", 18) == 0) {
            return false;
        } else if (strncasecmp(line, "Connection: close", 17) == 0) {
            h->close = true;
        }
    }
    return true;
}

int http_parse(http *h, http_response *response)
{
    char *head = h->data + h->consumed;
    char *end = h->length > h->consumed ? strstr(head, "\r\n\r\n") : NULL;
    if (!end)
        return 0;
    int status;
    long length;
    if (!read_head(h, head, end, &status, &length)) {
        errno = 0;
        problem(h, "not a response that is understood");
        return -1;
    }
    if (length < 0)
        length = 0; /* 204, 304, or a stream: what follows is events */
    size_t whole = (size_t)(end + 4 - head) + (size_t)length;
    if (h->length - h->consumed < whole)
        return 0;
    /* Requests are not pipelined: nothing may follow, and so there is room to end the body. */
    response->status = status;
    response->body = end + 4;
    response->length = (size_t)length;
    h->consumed += whole;
    return 1;
}

static bool receive_head(http *h, http_response *response)
{
    for (;;) {
        int got = http_receive(h, 0);
        if (got == 0) {
            errno = 0;
            problem(h, "the server closed the connection");
        }
        if (got <= 0)
            return false;
        int parsed = http_parse(h, response);
        if (parsed)
            return parsed > 0;
    }
}

bool http_call(http *h, const char *method, const char *path, const char *token, const char *body,
               http_response *response)
{
    if (http_send(h, method, path, token, body) && receive_head(h, response))
        return true;
    http_close(h);
    return false;
}

bool http_stream_open(http *h, http_response *head)
{
    return receive_head(h, head);
}

/* Splits an event (WHATWG HTML, section 9.2) at text; data of one line, as drmd sends it. False: a comment or a bare
 * retry. */
static bool split_event(char *text, const char **name, const char **data)
{
    *name = "message";
    *data = NULL;
    for (char *line = text, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        if (strncmp(line, "event: ", 7) == 0)
            *name = line + 7;
        else if (strncmp(line, "data: ", 6) == 0)
            *data = line + 6;
    }
    return *data != NULL;
}

bool http_stream_next(http *h, const char **name, const char **data)
{
    for (;;) {
        char *event = h->data + h->consumed;
        char *end = h->length > h->consumed ? strstr(event, "\n\n") : NULL;
        if (end) {
            end[1] = '\0';
            h->consumed = (size_t)(end + 2 - h->data);
            if (split_event(event, name, data))
                return true;
            continue;
        }
        int got = http_receive(h, 0);
        if (got == 0) {
            errno = 0;
            problem(h, "the stream ended");
        }
        if (got <= 0)
            return false;
    }
}
