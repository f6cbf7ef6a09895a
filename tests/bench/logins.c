/* What 200 log-ins at once do to the others: ordinary requests, one after the other, first alone and then beside them;
 * how many log-ins get through meanwhile, and drmd's memory. Called by main.c. */
#include "bench.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CROWD = 200, SAMPLES = 2000, SECONDS = 8, AGAIN_US = 1000000 };

typedef struct member {
    http http;
    int64_t next_us; /* when it asks again; 0: it waits for an answer */
    int in_epoll;    /* descriptor that is registered */
} member;

typedef struct crowd {
    bench *b;
    char *body;
    member members[CROWD];
    int epoll;
    atomic_bool stop;
    atomic_ulong let_in, told_to_come_back;
    bool failed;
    pthread_t thread;
} crowd;

/* ---- the crowd: each member logs in again and again; whoever is told to come back waits a second ---- */
static bool ask(crowd *c, member *m)
{
    m->next_us = 0;
    if (!http_send(&m->http, "POST", "/api/v1/auth/login", NULL, c->body))
        return bench_fail(c->b, "log-in: %s", m->http.problem);
    if (m->http.fd == m->in_epoll)
        return true;
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = m };
    m->in_epoll = m->http.fd;
    return epoll_ctl(c->epoll, EPOLL_CTL_ADD, m->http.fd, &event) == 0 || errno == EEXIST ||
           bench_fail(c->b, "epoll: %s", strerror(errno));
}

static bool hear(crowd *c, member *m)
{
    http_response r;
    int got = http_receive(&m->http, MSG_DONTWAIT);
    if (got == -2)
        return true;
    int parsed = got > 0 ? http_parse(&m->http, &r) : -1;
    if (parsed < 0)
        return bench_fail(c->b, "log-in: %s", got == 0 ? "the server closed the connection" : m->http.problem);
    if (!parsed)
        return true;
    if (r.status != 200 && r.status != 429)
        return bench_fail(c->b, "log-in: %d %s", r.status, r.body);
    atomic_fetch_add(r.status == 200 ? &c->let_in : &c->told_to_come_back, 1);
    m->next_us = now_us() + (r.status == 200 ? 0 : AGAIN_US);
    if (m->http.close) {
        http_close(&m->http);
        m->in_epoll = -1;
    }
    return true;
}

static void *crowd_thread(void *user)
{
    crowd *c = user;
    struct epoll_event events[64];
    while (!atomic_load(&c->stop) && !c->failed) {
        int n = epoll_wait(c->epoll, events, COUNT(events), 20);
        for (int i = 0; i < n && !c->failed; i++)
            c->failed = !hear(c, events[i].data.ptr);
        int64_t now = now_us();
        for (size_t i = 0; i < CROWD && !c->failed; i++)
            if (c->members[i].next_us && c->members[i].next_us <= now)
                c->failed = !ask(c, &c->members[i]);
    }
    return NULL;
}

static crowd *crowd_start(bench *b)
{
    crowd *c = calloc(1, sizeof *c);
    json_t *body = json_pack("{s:s, s:s, s:s*}", "email", b->email, "password", b->password, "tenant", b->tenant);
    if (c) {
        c->b = b;
        c->body = body ? json_dumps(body, JSON_COMPACT) : NULL;
        c->epoll = epoll_create1(EPOLL_CLOEXEC);
        for (size_t i = 0; i < CROWD; i++) {
            http_init(&c->members[i].http, &b->target);
            c->members[i].in_epoll = -1;
            c->members[i].next_us = 1;
        }
    }
    json_decref(body);
    if (c && c->body && c->epoll >= 0 && pthread_create(&c->thread, NULL, crowd_thread, c) == 0)
        return c;
    bench_fail(b, "out of memory or descriptors");
    if (c && c->epoll >= 0)
        close(c->epoll);
    free(c ? c->body : NULL);
    free(c);
    return NULL;
}

/* False: it had failed. */
static bool crowd_end(crowd *c)
{
    atomic_store(&c->stop, true);
    pthread_join(c->thread, NULL);
    bool done = !c->failed;
    for (size_t i = 0; i < CROWD; i++)
        http_free(&c->members[i].http);
    close(c->epoll);
    free(c->body);
    free(c);
    return done;
}

/* ---- the others ---- */
static bool measure(bench *b, const char *name, int64_t until_us)
{
    char path[96], figure[64];
    size_t most = bench_scaled(b, SAMPLES, 50), n = 0;
    double *samples = calloc(most, sizeof *samples);
    http h;
    http_init(&h, &b->target);
    snprintf(path, sizeof path, "/api/v1/devices/%s", b->devices[0]);
    bool done = samples != NULL;
    while (done && n < most && (n < 50 || now_us() < until_us)) {
        int64_t from = now_us();
        json_t *answer = fixture_call(b, &h, "GET", path, NULL, 200);
        samples[n++] = (double)(now_us() - from) / 1000;
        done = answer && (!bench_over(b) || bench_fail(b, "gave up after %zu of %zu requests", n, most));
        json_decref(answer);
        pause_ms(1);
    }
    if (done) {
        samples_sort(samples, n);
        snprintf(figure, sizeof figure, "latency.%s.p50", name);
        report_set(figure, samples_percentile(samples, n, 0.50));
        snprintf(figure, sizeof figure, "latency.%s.p99", name);
        report_set(figure, samples_percentile(samples, n, 0.99));
    }
    free(samples);
    http_free(&h);
    return done;
}

/* Those that were asked for last still wait for their hashes, though nobody waits for them any more. */
static bool drain(bench *b)
{
    http h;
    http_response r = { 0 };
    json_t *body = json_pack("{s:s, s:s, s:s*}", "email", b->email, "password", b->password, "tenant", b->tenant);
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    http_init(&h, &b->target);
    bool done = text != NULL;
    while (done && r.status != 200) {
        done =
            (http_call(&h, "POST", "/api/v1/auth/login", NULL, text, &r) || bench_fail(b, "log-in: %s", h.problem)) &&
            (r.status == 200 || r.status == 429 || bench_fail(b, "log-in: %d %s", r.status, r.body)) &&
            (!bench_over(b) || bench_fail(b, "gave up waiting for the log-ins' end"));
        if (r.status != 200)
            pause_ms(500);
    }
    free(text);
    http_free(&h);
    return done;
}

bool bench_logins(bench *b)
{
    int64_t duration = (int64_t)(SECONDS * 1e6 * b->scale);
    if (!fixture_login(b) || !measure(b, "read", now_us() + duration))
        return false;
    crowd *c = crowd_start(b);
    if (!c)
        return false;
    pause_ms(1000);
    unsigned long before = atomic_load(&c->let_in);
    int64_t from = now_us();
    bool done = measure(b, "read_logins", from + duration);
    double seconds = (double)(now_us() - from) / 1e6;
    memory_use memory = process_memory(PROCESS_DRMD);
    report_set("logins.rate", (double)(atomic_load(&c->let_in) - before) / seconds);
    if (memory.rss_mb >= 0)
        report_set("memory.logins.drmd.rss", memory.rss_mb);
    done = crowd_end(c) && done;
    return drain(b) && done;
}
