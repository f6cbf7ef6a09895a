/* Redis killed, stopped, absent, or closed to us: nobody waits for it, everybody is told once, and all goes on when it
 * is back. */
#include "queue_support.h"

#include <time.h>

TestSuite(queue_outage, .init = server_start, .fini = server_stop, .timeout = 90);

/* Reads until RESYNC; false when it does not come within 10 s. */
static bool resync_comes(drmgmt_subscription *s)
{
    uint64_t until = drmgmt__monotonic_ms() + 10000;

    while (drmgmt__monotonic_ms() < until)
        if (next_number(s, 1000, NULL) == RESYNC)
            return true;
    return false;
}

/* Publishes until one is read, since the publisher may come back later than the reader. */
static bool events_flow(test_context *t, drmgmt_subscription *s)
{
    uint64_t until = drmgmt__monotonic_ms() + 10000;
    unsigned n = 100000;

    while (drmgmt__monotonic_ms() < until) {
        publish(t, TENANT_A, JOB_1, n);
        for (int got; (got = next_number(s, 50, NULL)) != NOTHING;)
            if (got == (int)n)
                return true;
        n++;
    }
    return false;
}

static void no_hint(void *user, const char *job_id)
{
    (void)user;
    (void)job_id;
}

Test(queue_outage, a_killed_redis_costs_a_resync_and_nothing_is_left_behind)
{
    test_context *t = context_open(server.url, TENANT_A);
    drmgmt_subscription *s = subscribe(t, JOB_1, NULL), *all = subscribe(t, NULL, NULL);
    drmgmt__bell *bell;
    int threads = 0, files = 0;

    cr_assert(drmgmt__bell_open(&t->context, "default", "one", &bell, NULL) == 0);
    for (int i = 0; i < 4; i++) {
        cr_assert(events_flow(t, s));
        drmgmt__publish_bell(t->context.publisher, "default");
        cr_assert_eq(drmgmt__bell_wait(bell, 5000, no_hint, NULL), 1);
        if (i == 0) {
            threads = count_own("task");
            files = count_own("fd");
        }
        server_kill();
        if (i % 2)
            usleep(300000);
        server_start();
        cr_assert(resync_comes(s), "round %d: %s", i, t->log.text);
        cr_assert(resync_comes(all));
        /* The bell's connection is made again when the wait finds it dead. */
        for (int k = 0, rang = 0; !rang && k < 50; k++) {
            drmgmt__publish_bell(t->context.publisher, "default");
            rang = drmgmt__bell_wait(bell, 200, no_hint, NULL);
            cr_assert(rang || k < 49);
        }
    }
    cr_assert(events_flow(t, s));
    cr_assert_eq(count_own("task"), threads);
    cr_assert_eq(count_own("fd"), files);
    drmgmt__bell_close(bell);
    drmgmt_subscription_free(s);
    drmgmt_subscription_free(all);
    context_close(t);
}

Test(queue_outage, an_outage_is_logged_once_and_so_is_its_end)
{
    test_context *t = context_open(server.url, TENANT_A);
    drmgmt_subscription *s = subscribe(t, JOB_1, NULL);
    drmgmt__bell *bell;

    cr_assert(events_flow(t, s));
    cr_assert(drmgmt__bell_open(&t->context, "default", "one", &bell, NULL) == 0);
    cr_assert_eq(drmgmt__bell_wait(bell, 0, no_hint, NULL), 0);
    server_kill();
    for (unsigned i = 0; i < 250; i++) {
        publish(t, TENANT_A, JOB_1, i);
        cr_assert_eq(drmgmt__bell_wait(bell, 10, no_hint, NULL), 0);
    }
    cr_assert_eq(next_number(s, 10, NULL), NOTHING);
    cr_assert_eq(log_count(&t->log, true), 3u, "publisher, hub, bell: %s", t->log.text);
    cr_assert_eq(log_count(&t->log, false), 0u);
    server_start();
    cr_assert(resync_comes(s));
    cr_assert(events_flow(t, s));
    for (int i = 0; i < 100 && log_count(&t->log, false) < 3; i++)
        drmgmt__bell_wait(bell, 50, no_hint, NULL);
    cr_assert_eq(log_count(&t->log, true), 3u, "%s", t->log.text);
    cr_assert(log_has(&t->log, "dropped=") && log_has(&t->log, "Redis is back"), "%s", t->log.text);
    drmgmt__bell_close(bell);
    drmgmt_subscription_free(s);
    context_close(t);
}

/* The publisher's own connection is cut, the reader's is not: the reader can only learn from the epoch. */
Test(queue_outage, events_that_a_publisher_lost_make_readers_elsewhere_read_again)
{
    test_context *reader = context_open(server.url, TENANT_A), *t = context_open(server.url, TENANT_A);
    drmgmt_subscription *s = subscribe(reader, JOB_1, NULL);

    cr_assert(events_flow(t, s));
    cr_assert_eq(server_run("CONFIG SET maxmemory 1"), 1); /* XADD is refused from here on */
    publish(t, TENANT_A, JOB_1, 7);
    cr_assert_eq(next_number(s, 500, NULL), NOTHING);
    cr_assert(log_has(&t->log, "OOM"), "%s", t->log.text);
    cr_assert_eq(server_run("CONFIG SET maxmemory 0"), 1);
    cr_assert(resync_comes(s));
    cr_assert(events_flow(t, s));
    cr_assert_eq(log_count(&reader->log, true), 0u, "%s", reader->log.text);
    drmgmt_subscription_free(s);
    context_close(t);
    context_close(reader);
}

Test(queue_outage, bells_ring_again_after_an_outage_in_which_nothing_else_was_published)
{
    test_context *t = context_open(server.url, TENANT_A);
    int rang = 0;

    server_kill();
    for (int i = 0; i < 15; i++) {
        drmgmt__publish_bell(t->context.publisher, "default");
        usleep(100000);
    }
    server_start();
    for (int i = 0; i < 100 && !rang; i++) {
        drmgmt__publish_bell(t->context.publisher, "default");
        usleep(50000);
        rang = server_run("XLEN drm:bell:default") > 0;
    }
    cr_assert(rang);
    cr_assert_eq(log_count(&t->log, true), 1u, "%s", t->log.text);
    context_close(t);
}

/* A key of another kind where a tenant's stream should be: somebody else's data in our Redis. */
Test(queue_outage, a_redis_that_refuses_our_commands_is_asked_seldom_and_told_once)
{
    test_context *t = context_open(server.url, TENANT_A);
    drmgmt__bell *bell;

    server_run("SET drm:ev:%s x", TENANT_A);
    server_run("SET drm:bell:default x");
    server_run("SET drm:cancel x");
    drmgmt_subscription *s = subscribe(t, JOB_1, NULL);
    cr_assert(drmgmt__bell_open(&t->context, "default", "one", &bell, NULL) == 0);
    clock_t cpu = clock();
    uint64_t began = drmgmt__monotonic_ms();
    for (unsigned i = 0; i < 10; i++) {
        publish(t, TENANT_A, JOB_1, i);
        drmgmt__publish_bell(t->context.publisher, "default");
        cr_assert_eq(drmgmt__bell_wait(bell, 100, no_hint, NULL), 0);
    }
    cr_assert_geq(drmgmt__monotonic_ms() - began, 990u);
    cr_assert_lt((double)(clock() - cpu) / CLOCKS_PER_SEC, 0.5, "waiting is not spinning");
    cr_assert_eq(log_count(&t->log, true), 3u, "%s", t->log.text);
    cr_assert(log_has(&t->log, "WRONGTYPE"), "%s", t->log.text);
    server_run("DEL drm:ev:%s drm:bell:default drm:cancel", TENANT_A);
    cr_assert(resync_comes(s));
    cr_assert(events_flow(t, s));
    drmgmt__bell_close(bell);
    drmgmt_subscription_free(s);
    context_close(t);
}

Test(queue_outage, without_redis_nobody_waits_for_it)
{
    test_context *t;
    drmgmt__bell *bell;
    uint64_t took;

    server_kill();
    t = context_open(server.url, TENANT_A);
    uint64_t began = drmgmt__monotonic_ms();
    drmgmt_subscription *s = subscribe(t, JOB_1, NULL);
    for (unsigned i = 0; i < 150000; i++)
        publish(t, TENANT_A, JOB_1, i);
    drmgmt__publish_bell(t->context.publisher, "default");
    drmgmt__publish_cancel(t->context.publisher, JOB_1);
    cr_assert(!drmgmt__redis_ping(&t->context));
    took = drmgmt__monotonic_ms() - began;
    cr_assert_lt(took, 3000u, "%llu ms", (unsigned long long)took);
    cr_assert_eq(next_number(s, 100, NULL), NOTHING);
    cr_assert(drmgmt__bell_open(&t->context, "default", "one", &bell, NULL) == 0);
    clock_t cpu = clock();
    began = drmgmt__monotonic_ms();
    cr_assert_eq(drmgmt__bell_wait(bell, 1000, no_hint, NULL), 0);
    took = drmgmt__monotonic_ms() - began;
    cr_assert(took >= 990 && took < 2000, "%llu ms", (unsigned long long)took);
    cr_assert_lt((double)(clock() - cpu) / CLOCKS_PER_SEC, 0.3, "waiting is not spinning");
    drmgmt__bell_close(bell);
    drmgmt_subscription_free(s);
    began = drmgmt__monotonic_ms();
    context_close(t);
    cr_assert_lt(drmgmt__monotonic_ms() - began, 2000u);
}

Test(queue_outage, a_subscription_opened_without_redis_begins_with_resync_when_it_comes)
{
    server_kill();
    test_context *t = context_open(server.url, TENANT_A);
    drmgmt_subscription *s = subscribe(t, JOB_1, NULL), *resumed = subscribe(t, JOB_1, "0123456789abcdef-1-0");

    server_start();
    cr_assert(resync_comes(s));
    cr_assert(resync_comes(resumed));
    cr_assert(events_flow(t, s));
    drmgmt_subscription_free(s);
    drmgmt_subscription_free(resumed);
    context_close(t);
}

/* A server that neither answers nor closes: a host that is cut off, a process that is stopped. */
Test(queue_outage, a_redis_that_hangs_holds_nobody_up)
{
    test_context *t = context_open(server.url, TENANT_A);
    drmgmt_subscription *s = subscribe(t, JOB_1, NULL);
    drmgmt__bell *bell;

    cr_assert(events_flow(t, s));
    cr_assert(drmgmt__bell_open(&t->context, "default", "one", &bell, NULL) == 0);
    cr_assert_eq(drmgmt__bell_wait(bell, 0, no_hint, NULL), 0);
    kill(server.pid, SIGSTOP);
    uint64_t began = drmgmt__monotonic_ms();
    for (unsigned i = 0; i < 1000; i++)
        publish(t, TENANT_A, JOB_1, i);
    cr_assert_lt(drmgmt__monotonic_ms() - began, 1000u);
    cr_assert_eq(drmgmt__bell_wait(bell, 500, no_hint, NULL), 0);
    cr_assert(!drmgmt__redis_ping(&t->context));
    cr_assert_lt(drmgmt__monotonic_ms() - began, 6000u);
    kill(server.pid, SIGCONT);
    cr_assert(resync_comes(s));
    cr_assert(events_flow(t, s));
    kill(server.pid, SIGSTOP);
    publish(t, TENANT_A, JOB_1, 1);
    began = drmgmt__monotonic_ms();
    drmgmt__bell_close(bell);
    drmgmt_subscription_free(s);
    context_close(t);
    cr_assert_lt(drmgmt__monotonic_ms() - began, 5000u, "closing takes a moment, not for ever");
    kill(server.pid, SIGCONT);
}

Test(queue_outage, a_password_is_percent_decoded_used_and_never_logged)
{
    static const struct {
        const char *user;
        bool good;
    } cases[] = {
        { ":p%40ss%2Fw%3ard%25@", true }, { "default:p%40ss%2Fw%3Ard%25@", true },   { "", false },
        { ":wrong-secret@", false },      { "somebody:p%40ss%2Fw%3Ard%25@", false },
    };
    server_kill();
    server.password = "p@ss/w:rd%";
    server_start();
    for (size_t i = 0; i < DRMGMT__COUNT(cases); i++) {
        char url[256];
        snprintf(url, sizeof url, "unix://%s%s", cases[i].user, server.socket);
        test_context *t = context_open(url, TENANT_A);
        cr_assert_eq(drmgmt__redis_ping(&t->context), cases[i].good, "%s", cases[i].user);
        drmgmt_subscription *s = subscribe(t, JOB_1, NULL);
        publish(t, TENANT_A, JOB_1, 1);
        cr_assert_eq(next_number(s, cases[i].good ? 5000 : 200, NULL), cases[i].good ? 1 : NOTHING);
        cr_assert_eq(log_count(&t->log, true) > 0, !cases[i].good);
        cr_assert(!log_has(&t->log, "p@ss") && !log_has(&t->log, "p%40") && !log_has(&t->log, "wrong-secret"), "%s",
                  t->log.text);
        drmgmt_subscription_free(s);
        context_close(t);
    }
}

Test(queue_outage, a_redis_on_a_tcp_port_with_a_database_of_its_own)
{
    char url[64];

    server_kill();
    server.port = free_port();
    server_start();
    snprintf(url, sizeof url, "redis://127.0.0.1:%u/3", server.port);
    test_context *t = context_open(url, TENANT_A);
    cr_assert(drmgmt__redis_ping(&t->context));
    drmgmt_subscription *s = subscribe(t, JOB_1, NULL);
    publish(t, TENANT_A, JOB_1, 1);
    cr_assert_eq(next_number(s, 5000, NULL), 1);
    cr_assert_eq(server_run("EXISTS drm:ev:%s", TENANT_A), 0, "not in database 0");
    server_kill();
    server_start();
    cr_assert(resync_comes(s));
    cr_assert(events_flow(t, s));
    drmgmt_subscription_free(s);
    context_close(t);
}
