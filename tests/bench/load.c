/* Many REST requests over keep-alive connections, each with one request under way; one thread with epoll, so that
 * the client takes as little of the machine as it can. Called by jobs.c. */
#include "bench.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct crowd {
    bench *b;
    load *l;
    http *connections;
    int epoll;
    size_t sent;
} crowd;

static bool send_next(crowd *c, http *h)
{
    const load *l = c->l;
    if (c->sent == l->count || now_us() >= l->until_us)
        return true;
    int before = h->fd;
    bool fresh = before < 0 || h->close;
    if (!http_send(h, "POST", l->path, c->b->token, l->bodies[c->sent % l->n_bodies]))
        return bench_fail(c->b, "POST %s: %s", l->path, h->problem);
    c->sent++;
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = h };
    if (fresh && epoll_ctl(c->epoll, EPOLL_CTL_ADD, h->fd, &event))
        return bench_fail(c->b, "epoll: %s", strerror(errno));
    return true;
}

/* Reads what came on a connection; on a whole answer, the next request. */
static bool serve(crowd *c, http *h)
{
    http_response r;
    int got = http_receive(h, MSG_DONTWAIT);
    if (got == -2)
        return true;
    int parsed = got > 0 ? http_parse(h, &r) : -1;
    if (parsed < 0)
        return bench_fail(c->b, "POST %s: %s", c->l->path, got == 0 ? "the server closed the connection" : h->problem);
    if (!parsed)
        return true;
    if (r.status != c->l->status)
        return bench_fail(c->b, "POST %s: %d %s", c->l->path, r.status, r.body);
    c->l->answered++;
    return send_next(c, h);
}

static bool run(crowd *c)
{
    struct epoll_event events[64];
    while (c->l->answered < c->sent) {
        int n = epoll_wait(c->epoll, events, COUNT(events), 1000);
        if (n < 0 && errno != EINTR)
            return bench_fail(c->b, "epoll: %s", strerror(errno));
        for (int i = 0; i < n; i++)
            if (!serve(c, events[i].data.ptr))
                return false;
        if (bench_over(c->b))
            return bench_fail(c->b, "gave up after %zu of %zu requests", c->l->answered, c->l->count);
    }
    return true;
}

bool load_run(bench *b, load *l)
{
    crowd c = { .b = b, .l = l, .epoll = epoll_create1(EPOLL_CLOEXEC) };
    c.connections = calloc(b->connections, sizeof *c.connections);
    bool done = c.connections && c.epoll >= 0;
    if (!done)
        bench_fail(b, "out of memory or descriptors");
    for (unsigned i = 0; done && i < b->connections; i++)
        http_init(&c.connections[i], &b->target);
    l->answered = 0;
    int64_t from = now_us();
    for (unsigned i = 0; done && i < b->connections; i++)
        done = send_next(&c, &c.connections[i]);
    done = done && run(&c);
    l->seconds = (double)(now_us() - from) / 1e6;
    for (unsigned i = 0; c.connections && i < b->connections; i++)
        if (c.connections[i].target)
            http_free(&c.connections[i]);
    free(c.connections);
    if (c.epoll >= 0)
        close(c.epoll);
    return done;
}
