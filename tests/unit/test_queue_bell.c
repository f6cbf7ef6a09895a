/* Bells and cancel hints through Redis: which worker is woken, how soon, and what is left behind. */
#include "queue_support.h"

TestSuite(queue_bell, .init = server_start, .fini = server_stop, .timeout = 60);

/* A worker that waits, in a thread of its own. */
struct worker {
    test_context *t;
    drmgmt__bell *bell;
    const char *wanted; /* the hint it looks for */
    unsigned timeout_ms;
    atomic_uint hints, hints_wanted;
    int rang;
    uint64_t ended_us;
    pthread_t thread;
};

static void note_hint(void *user, const char *job_id)
{
    struct worker *w = user;

    atomic_fetch_add(&w->hints, 1);
    if (w->wanted && strcmp(job_id, w->wanted) == 0)
        atomic_fetch_add(&w->hints_wanted, 1);
}

static void *work(void *user)
{
    struct worker *w = user;

    w->rang = drmgmt__bell_wait(w->bell, w->timeout_ms, note_hint, w);
    w->ended_us = drmgmt__monotonic_us();
    return NULL;
}

static void worker_open(struct worker *w, const char *url, const char *lane, const char *name)
{
    *w = (struct worker){ .t = context_open(url, ""), .timeout_ms = 5000, .wanted = JOB_1 };
    cr_assert(drmgmt__bell_open(&w->t->context, lane, name, &w->bell, NULL) == 0);
}

static void worker_close(struct worker *w)
{
    drmgmt__bell_close(w->bell);
    context_close(w->t);
}

static void worker_begin(struct worker *w)
{
    w->rang = -1;
    cr_assert(pthread_create(&w->thread, NULL, work, w) == 0);
}

/* A wait of the worker's own thread. */
static int listen_for(struct worker *w, unsigned timeout_ms)
{
    w->timeout_ms = timeout_ms;
    work(w);
    return w->rang;
}

Test(queue_bell, a_bell_wakes_one_worker_of_two)
{
    struct worker w[2];
    int rang[2] = { 0, 0 };

    worker_open(&w[0], server.url, "default", "one");
    worker_open(&w[1], server.url, "default", "two");
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 2; k++) {
            w[k].timeout_ms = 1200;
            worker_begin(&w[k]);
        }
        usleep(100000);
        uint64_t began = drmgmt__monotonic_us();
        drmgmt__publish_bell(w[0].t->context.publisher, "default");
        for (int k = 0; k < 2; k++)
            pthread_join(w[k].thread, NULL);
        cr_assert_eq(w[0].rang + w[1].rang, 1, "one bell, one worker");
        int who = w[0].rang ? 0 : 1;
        rang[who]++;
        cr_assert_lt(w[who].ended_us - began, 800000u, "woken at once, not when its time was over");
    }
    cr_assert_eq(rang[0] + rang[1], 4);
    worker_close(&w[0]);
    worker_close(&w[1]);
}

Test(queue_bell, a_bell_of_another_lane_wakes_nobody_here)
{
    struct worker w;

    worker_open(&w, server.url, "default", "one");
    cr_assert_eq(listen_for(&w, 0), 0);
    drmgmt__publish_bell(w.t->context.publisher, "endpoint");
    cr_assert_eq(listen_for(&w, 200), 0);
    drmgmt__publish_bell(w.t->context.publisher, "default");
    cr_assert_eq(listen_for(&w, 5000), 1);
    cr_assert_eq(listen_for(&w, 100), 0, "a bell rings once");
    worker_close(&w);
}

Test(queue_bell, a_burst_of_bells_is_few_entries)
{
    test_context *t = context_open(server.url, "");

    for (int i = 0; i < 20000; i++)
        drmgmt__publish_bell(t->context.publisher, i % 2 ? "default" : "endpoint");
    context_close(t);
    long long length = server_run("XLEN drm:bell:default"), other = server_run("XLEN drm:bell:endpoint");
    cr_assert(length >= 1 && length < 2000 && other >= 1 && other < 2000, "%lld and %lld", length, other);
}

Test(queue_bell, a_bell_of_before_the_first_worker_is_heard)
{
    struct worker w;
    test_context *t = context_open(server.url, "");

    drmgmt__publish_bell(t->context.publisher, "default");
    context_close(t);
    worker_open(&w, server.url, "default", "one");
    cr_assert_eq(listen_for(&w, 5000), 1);
    worker_close(&w);
}

Test(queue_bell, a_cancel_hint_reaches_every_worker_at_once)
{
    struct worker w[2];

    worker_open(&w[0], server.url, "default", "one");
    worker_open(&w[1], server.url, "endpoint", "two");
    drmgmt__publish_cancel(w[0].t->context.publisher, JOB_2);
    while (server_run("XLEN drm:cancel") != 1)
        usleep(1000);
    for (int k = 0; k < 2; k++)
        cr_assert_eq(listen_for(&w[k], 0), 0);
    cr_assert_eq(atomic_load(&w[0].hints), 0u, "hints of before it started are not for it");
    for (int i = 0; i < 5; i++) {
        for (int k = 0; k < 2; k++) {
            w[k].timeout_ms = 5000;
            worker_begin(&w[k]);
        }
        usleep(100000);
        uint64_t began = drmgmt__monotonic_us();
        drmgmt__publish_cancel(w[0].t->context.publisher, JOB_1);
        for (int k = 0; k < 2; k++) {
            pthread_join(w[k].thread, NULL);
            cr_assert_eq(w[k].rang, 0);
            cr_assert_eq(atomic_load(&w[k].hints_wanted), (unsigned)i + 1);
            cr_assert_lt(w[k].ended_us - began, 500000u, "told at once, not when the time was over");
        }
    }
    /* A hint that came while nobody waited is told by the next wait; a bell goes to who waits for it. */
    drmgmt__publish_cancel(w[1].t->context.publisher, JOB_1);
    usleep(100000);
    for (int k = 0; k < 2; k++) {
        cr_assert_eq(listen_for(&w[k], 5000), 0);
        cr_assert_eq(atomic_load(&w[k].hints_wanted), 6u);
    }
    server_run("XADD drm:cancel * x y");
    server_run("XADD drm:cancel * job not-a-uuid");
    cr_assert_eq(listen_for(&w[0], 200), 0);
    cr_assert_eq(atomic_load(&w[0].hints_wanted), 6u);
    worker_close(&w[0]);
    worker_close(&w[1]);
}

Test(queue_bell, a_worker_that_does_not_wait_takes_no_bell_away)
{
    struct worker idle, busy;

    worker_open(&idle, server.url, "default", "idle");
    worker_open(&busy, server.url, "default", "busy");
    cr_assert_eq(listen_for(&busy, 0), 0);
    busy.timeout_ms = 5000;
    worker_begin(&busy);
    usleep(100000);
    drmgmt__publish_cancel(idle.t->context.publisher, JOB_1); /* ends its wait ahead of time */
    pthread_join(busy.thread, NULL);
    cr_assert_eq(busy.rang, 0);
    for (int i = 0; i < 5; i++) {
        worker_begin(&idle);
        usleep(20000);
        drmgmt__publish_bell(idle.t->context.publisher, "default");
        pthread_join(idle.thread, NULL);
        if (i == 0 && idle.rang == 0) /* the hint, which it had not heard yet */
            cr_assert_eq(listen_for(&idle, 5000), 1);
        else
            cr_assert_eq(idle.rang, 1);
        idle.timeout_ms = 5000;
    }
    worker_close(&idle);
    worker_close(&busy);
}

Test(queue_bell, bells_ring_again_after_a_flush)
{
    struct worker w;

    worker_open(&w, server.url, "default", "one");
    cr_assert_eq(listen_for(&w, 0), 0);
    cr_assert_eq(server_run("FLUSHALL"), 1);
    drmgmt__publish_bell(w.t->context.publisher, "default");
    cr_assert_eq(listen_for(&w, 5000), 1);
    /* And when it happens while it waits. */
    w.timeout_ms = 5000;
    worker_begin(&w);
    usleep(100000);
    cr_assert_eq(server_run("FLUSHALL"), 1);
    usleep(100000);
    drmgmt__publish_bell(w.t->context.publisher, "default");
    pthread_join(w.thread, NULL);
    cr_assert_eq(w.rang, 1);
    drmgmt__publish_cancel(w.t->context.publisher, JOB_1);
    cr_assert_eq(listen_for(&w, 5000), 0);
    cr_assert_eq(atomic_load(&w.hints_wanted), 1u);
    cr_assert_eq(log_count(&w.t->log, true), 0u, "%s", w.t->log.text);
    worker_close(&w);
}

Test(queue_bell, a_wait_lasts_as_long_as_was_asked_for)
{
    struct worker w;

    worker_open(&w, server.url, "default", "one");
    listen_for(&w, 0);
    for (int i = 0; i < 3; i++) {
        uint64_t began = drmgmt__monotonic_ms();
        cr_assert_eq(listen_for(&w, 200), 0);
        uint64_t took = drmgmt__monotonic_ms() - began;
        cr_assert(took >= 195 && took < 1500, "%llu ms", (unsigned long long)took);
    }
    worker_close(&w);
}

Test(queue_bell, consumers_do_not_pile_up)
{
    struct worker w;
    int files = count_own("fd");

    for (int i = 0; i < 5; i++) {
        char name[16];
        snprintf(name, sizeof name, "worker-%u", (unsigned)i % 100);
        worker_open(&w, server.url, "default", name);
        drmgmt__publish_bell(w.t->context.publisher, "default");
        cr_assert_eq(listen_for(&w, 5000), 1);
        cr_assert_eq(server_run("XINFO CONSUMERS drm:bell:default workers"), 1);
        worker_close(&w);
        cr_assert_eq(server_run("XINFO CONSUMERS drm:bell:default workers"), 0);
    }
    cr_assert_eq(count_own("fd"), files);
}
