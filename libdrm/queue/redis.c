/* A connection to Redis: the socket, its deadlines, log-in, commands out and answers in. Called by the files of this
 * room; calls hiredis' reply parser. */
#include "queue/redis.h"

#include "core/context_internal.h"
#include "core/core.h"
#include "net/outbound.h"
#include "queue/address.h"
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { SLICE_MS = 100, NAME_MAX_LENGTH = 64 };

static bool fail(drmgmt__redis *r, const char *format, ...) DRMGMT_PRINTF(2, 3);
static bool fail(drmgmt__redis *r, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(r->problem, sizeof r->problem, format, args);
    va_end(args);
    drmgmt__redis_close(r);
    return false;
}

void drmgmt__redis_close(drmgmt__redis *r)
{
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
    if (r->reader)
        redisReaderFree(r->reader);
    r->reader = NULL;
    drmgmt__strbuf_free(&r->out);
    r->out = (drmgmt__strbuf)DRMGMT__STRBUF_INIT;
}

void drmgmt__redis_free(drmgmt__redis *r)
{
    drmgmt__redis_close(r);
}

/* ---- waiting ---- */

static bool given_up(const drmgmt__redis *r, uint64_t now)
{
    uint64_t at = r->give_up ? atomic_load_explicit(r->give_up, memory_order_relaxed) : 0;

    return at && now >= at;
}

/* Until fd is ready. False when the deadline passed. In slices only because give_up may come nearer meanwhile. */
static bool wait_for(const drmgmt__redis *r, int fd, short events, uint64_t deadline)
{
    for (;;) {
        uint64_t now = drmgmt__monotonic_us();
        uint64_t left = deadline > now && !given_up(r, now) ? (deadline - now + 999) / 1000 : 0;
        struct pollfd p = { .fd = fd, .events = events };
        int n = poll(&p, 1, left > SLICE_MS ? SLICE_MS : (int)left);
        if (n > 0)
            return true;
        if ((n == 0 && !left) || (n < 0 && errno != EINTR))
            return false;
    }
}

bool drmgmt__redis_stale(const drmgmt__redis *r)
{
    struct pollfd p = { .fd = r->fd, .events = POLLIN };

    return poll(&p, 1, 0) > 0;
}

/* ---- opening ---- */

/* A connected socket, or -1 with errno. */
static int connect_socket(const drmgmt__redis *r, const struct sockaddr *address, socklen_t length, uint64_t deadline)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), problem = 0;

    if (fd < 0)
        return -1;
    if (connect(fd, address, length)) {
        socklen_t size = sizeof problem;
        if (errno != EINPROGRESS && errno != EINTR)
            problem = errno;
        else if (!wait_for(r, fd, POLLOUT, deadline))
            problem = ETIMEDOUT;
        else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size))
            problem = errno;
    }
    if (!problem)
        return fd;
    close(fd);
    errno = problem;
    return -1;
}

static int connect_local(const drmgmt__redis *r, const char *path, uint64_t deadline)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    memcpy(address.sun_path, path, strlen(path) + 1);
    return connect_socket(r, (const struct sockaddr *)&address, sizeof address, deadline);
}

/* A server that vanished without a word (power, cable) is noticed after half a minute even when nothing is sent. */
static void set_tcp_options(int fd)
{
    static const struct {
        int level, name, value;
    } options[] = {
        { IPPROTO_TCP, TCP_NODELAY, 1 },   { SOL_SOCKET, SO_KEEPALIVE, 1 }, { IPPROTO_TCP, TCP_KEEPIDLE, 15 },
        { IPPROTO_TCP, TCP_KEEPINTVL, 5 }, { IPPROTO_TCP, TCP_KEEPCNT, 3 },
    };
    for (size_t i = 0; i < DRMGMT__COUNT(options); i++)
        setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof options[i].value);
}

static int connect_remote(const drmgmt__redis *r, const char *host, const char *port, uint64_t deadline,
                          const char **problem)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
    int fd = -1, rc = getaddrinfo(host, port, &hints, &found);

    if (rc) {
        *problem = gai_strerror(rc);
        return -1;
    }
    for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next)
        fd = connect_socket(r, a->ai_addr, a->ai_addrlen, deadline);
    if (fd < 0)
        *problem = strerror(errno);
    else
        set_tcp_options(fd);
    freeaddrinfo(found);
    return fd;
}

/* Redis takes no blanks in a connection's name. */
static void connection_name(const char *application, const char *role, char name[NAME_MAX_LENGTH])
{
    snprintf(name, NAME_MAX_LENGTH, "%.48s:%s", application ? application : "drmgmt", role);
    for (char *p = name; *p; p++)
        if (*p < '!' || *p > '~')
            *p = '_';
}

/* AUTH, SELECT, CLIENT SETNAME and PING in one round trip. The name is a courtesy: an ACL may refuse it. */
static bool log_in(drmgmt__redis *r, const drmgmt__redis_address *a, const char *name, uint64_t deadline)
{
    static const char room[1024]; /* in one piece, so that growing leaves no copy of the password behind */
    DRMGMT__STRBUF b = DRMGMT__STRBUF_INIT;
    char db[16];

    drmgmt__strbuf_add(&b, room, sizeof room);
    drmgmt__strbuf_reset(&b);
    if (a->password[0] && a->user[0])
        drmgmt__resp_command(&b, "AUTH", a->user, a->password, NULL);
    else if (a->password[0])
        drmgmt__resp_command(&b, "AUTH", a->password, NULL);
    snprintf(db, sizeof db, "%u", a->db);
    drmgmt__resp_command(&b, "SELECT", db, NULL);
    drmgmt__resp_command(&b, "CLIENT", "SETNAME", name, NULL);
    drmgmt__resp_command(&b, "PING", NULL);
    if (b.failed)
        return fail(r, "out of memory");
    bool sent = drmgmt__redis_send(r, b.data, b.length, DRMGMT__REDIS_OPEN_US);
    drmgmt__wipe(b.data, b.length);
    if (sent && a->password[0] && !drmgmt__redis_expect(r, deadline)) {
        /* A server that does not know the command quotes its arguments. */
        return r->fd >= 0 ? fail(r, "Redis refused the user or the password") : false;
    }
    if (!sent || !drmgmt__redis_expect(r, deadline))
        return false;
    drmgmt__redis_expect(r, deadline);
    return r->fd >= 0 && drmgmt__redis_expect(r, deadline);
}

bool drmgmt__redis_open(drmgmt__redis *r, drmgmt_context *context, const char *role, uint64_t deadline)
{
    drmgmt__redis_address a;
    char name[NAME_MAX_LENGTH];
    const char *problem = NULL;

    drmgmt__redis_close(r);
    if (!context->options.redis_url || drmgmt__redis_address_parse(context->options.redis_url, &a))
        return fail(r, "no valid Redis URL was given");
    connection_name(context->options.application_name, role, name);
    if (a.path[0]) {
        r->fd = connect_local(r, a.path, deadline);
        problem = strerror(errno);
    } else {
        r->fd = connect_remote(r, a.host, a.port, deadline, &problem);
    }
    bool done = false;
    if (r->fd < 0)
        fail(r, "%s%s%s: %s", a.path[0] ? a.path : a.host, a.path[0] ? "" : ":", a.path[0] ? "" : a.port, problem);
    else if (!(r->reader = redisReaderCreate()))
        fail(r, "out of memory");
    else
        done = log_in(r, &a, name, deadline);
    if (done)
        drmgmt__outbound_own(context, r->fd);
    if (!done)
        drmgmt__redis_close(r);
    drmgmt__wipe(&a, sizeof a);
    return done;
}

/* ---- commands and answers ---- */

bool drmgmt__redis_send(drmgmt__redis *r, const char *data, size_t length, uint64_t idle_us)
{
    size_t done = 0;

    if (r->fd < 0)
        return false;
    while (done < length) {
        ssize_t n = send(r->fd, data + done, length - done, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0)
            done += (size_t)n;
        else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (!wait_for(r, r->fd, POLLOUT, drmgmt__monotonic_us() + idle_us))
                return fail(r, "Redis takes no more commands");
        } else if (errno != EINTR)
            return fail(r, "sending to Redis: %s", strerror(errno));
    }
    return true;
}

bool drmgmt__redis_flush(drmgmt__redis *r)
{
    if (r->out.failed)
        return fail(r, "out of memory");
    bool sent = drmgmt__redis_send(r, r->out.data, r->out.length, DRMGMT__REDIS_COMMAND_US);
    drmgmt__strbuf_reset(&r->out);
    return sent;
}

int drmgmt__redis_poll_reply(drmgmt__redis *r, redisReply **reply)
{
    char buffer[16384];

    while (r->fd >= 0) {
        void *found = NULL;
        if (redisReaderGetReply(r->reader, &found) != REDIS_OK) {
            fail(r, "Redis answered what is not its protocol: %.100s", r->reader->errstr);
            break;
        }
        if (found) {
            *reply = found;
            return 1;
        }
        ssize_t n = recv(r->fd, buffer, sizeof buffer, MSG_DONTWAIT);
        if (n > 0) {
            if (redisReaderFeed(r->reader, buffer, (size_t)n) != REDIS_OK)
                fail(r, "out of memory");
        } else if (n == 0) {
            fail(r, "Redis closed the connection");
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return 0;
        } else if (errno != EINTR) {
            fail(r, "reading from Redis: %s", strerror(errno));
        }
    }
    return -1;
}

redisReply *drmgmt__redis_reply(drmgmt__redis *r, uint64_t deadline)
{
    redisReply *reply = NULL;
    int got;

    while ((got = drmgmt__redis_poll_reply(r, &reply)) == 0)
        if (!wait_for(r, r->fd, POLLIN, deadline)) {
            fail(r, "Redis did not answer in time");
            return NULL;
        }
    return got > 0 ? reply : NULL;
}

bool drmgmt__redis_expect(drmgmt__redis *r, uint64_t deadline)
{
    redisReply *reply = drmgmt__redis_reply(r, deadline);

    if (!reply)
        return false;
    bool good = reply->type != REDIS_REPLY_ERROR;
    if (!good)
        snprintf(r->problem, sizeof r->problem, "Redis refused a command: %.150s", reply->str);
    freeReplyObject(reply);
    return good;
}

redisReply *drmgmt__redis_call(drmgmt__redis *r)
{
    return drmgmt__redis_flush(r) ? drmgmt__redis_reply(r, drmgmt__monotonic_us() + DRMGMT__REDIS_COMMAND_US) : NULL;
}

static void put_count(drmgmt__strbuf *b, char mark, size_t n)
{
    char text[24], *p = text + sizeof text;

    *--p = '\n';
    *--p = '\r';
    do
        *--p = (char)('0' + n % 10);
    while (n /= 10);
    *--p = mark;
    drmgmt__strbuf_add(b, p, (size_t)(text + sizeof text - p));
}

void drmgmt__resp_begin(drmgmt__strbuf *b, size_t arguments)
{
    put_count(b, '*', arguments);
}

void drmgmt__resp_bytes(drmgmt__strbuf *b, const void *bytes, size_t n)
{
    put_count(b, '$', n);
    drmgmt__strbuf_add(b, bytes, n);
    drmgmt__strbuf_add(b, "\r\n", 2);
}

void drmgmt__resp_text(drmgmt__strbuf *b, const char *text)
{
    drmgmt__resp_bytes(b, text, strlen(text));
}

void drmgmt__resp_command(drmgmt__strbuf *b, const char *first, ...)
{
    va_list args;
    size_t n = 1;

    va_start(args, first);
    while (va_arg(args, const char *))
        n++;
    va_end(args);
    drmgmt__resp_begin(b, n);
    drmgmt__resp_text(b, first);
    va_start(args, first);
    for (const char *text; (text = va_arg(args, const char *));)
        drmgmt__resp_text(b, text);
    va_end(args);
}

/* ---- time ---- */

unsigned drmgmt__backoff_next(drmgmt__backoff *backoff)
{
    enum { FIRST_MS = 50, MOST_MS = 1000 };
    uint16_t random = 0;

    backoff->ms = !backoff->ms ? FIRST_MS : backoff->ms * 2 > MOST_MS ? MOST_MS : backoff->ms * 2;
    drmgmt__random(&random, sizeof random);
    return backoff->ms / 2 + random % (backoff->ms / 2 + 1);
}

enum { TURN_US = 1000, TURNS_AT_ONCE = 8 };

void drmgmt__pace_turn(drmgmt__pace *pace)
{
    uint64_t now = drmgmt__monotonic_us();

    pace->due = (pace->due > now ? pace->due : now) + TURN_US;
}

uint64_t drmgmt__pace_wait_us(const drmgmt__pace *pace)
{
    uint64_t now = drmgmt__monotonic_us(), ahead = (TURNS_AT_ONCE - 1) * (uint64_t)TURN_US;

    return pace->due > now + ahead ? pace->due - now - ahead : 0;
}
