/* Events through Redis: publisher, hub, subscriptions. Each test has a Redis of its own, so that it may flush and trim
 * it. */
#include "queue_support.h"

#include "queue/hub.h"

TestSuite(queue, .init = server_start, .fini = server_stop, .timeout = 60);

Test(queue, an_event_arrives_as_it_was_published_and_soon)
{
    test_context *t = context_open(server.url, TENANT_A);
    drmgmt_subscription *s = subscribe(t, JOB_1, NULL);
    drmgmt_event event = { 0 };
    unsigned slow = 0;

    for (unsigned i = 0; i < 50; i++) {
        uint64_t began = drmgmt__monotonic_us();
        publish(t, TENANT_A, JOB_1, i);
        cr_assert_eq(next_number(s, 5000, NULL), (int)i);
        slow += drmgmt__monotonic_us() - began > 20000;
        usleep(2000);
    }
    cr_assert_lt(slow, 25u, "%u of 50 idle round trips took longer than 20 ms", slow);
    drmgmt__publish_event(t->context.publisher, TENANT_A, JOB_1, DRMGMT_EVENT_DONE, "{\"status\":\"completed\"}", 22);
    cr_assert_eq(drmgmt_subscription_next(s, 5000, &event, NULL), 1);
    cr_assert_eq(event.kind, DRMGMT_EVENT_DONE);
    cr_assert_str_eq(event.data, "{\"status\":\"completed\"}");
    cr_assert_str_eq(event.job_id, JOB_1);
    unsigned long long ms, seq;
    char epoch[17] = "";
    cr_assert_eq(sscanf(event.id, "%16[0-9a-f]-%llu-%llu", epoch, &ms, &seq), 3, "%s", event.id);
    cr_assert_eq(strlen(epoch), 16u);
    drmgmt_event_clear(&event);
    cr_assert_null(event.data);
    drmgmt_subscription_free(s);
    context_close(t);
}

struct stream_of_events {
    test_context *t;
    unsigned count, pause_every;
};

static void *publish_all(void *user)
{
    const struct stream_of_events *e = user;

    for (unsigned i = 1; i <= e->count; i++) {
        publish(e->t, TENANT_A, JOB_1, i);
        publish(e->t, TENANT_A, JOB_2, i);
        if (i % e->pause_every == 0)
            usleep(1000);
    }
    return NULL;
}

Test(queue, thousands_of_events_arrive_in_order_at_all_who_asked_for_them)
{
    test_context *t = context_open(server.url, TENANT_A), *other = context_open(server.url, TENANT_A);
    drmgmt_subscription *one = subscribe(t, JOB_1, NULL), *all = subscribe(t, NULL, NULL);
    drmgmt_subscription *remote = subscribe(other, JOB_2, NULL);
    struct stream_of_events e = { t, 5000, 100 };
    pthread_t thread;

    cr_assert(pthread_create(&thread, NULL, publish_all, &e) == 0);
    for (unsigned i = 1; i <= e.count; i++) {
        cr_assert_eq(next_number(one, 10000, NULL), (int)i);
        cr_assert_eq(next_number(all, 10000, NULL), (int)i);
        cr_assert_eq(next_number(all, 10000, NULL), (int)i);
        cr_assert_eq(next_number(remote, 10000, NULL), (int)i);
    }
    pthread_join(thread, NULL);
    cr_assert_eq(next_number(one, 50, NULL), NOTHING);
    drmgmt_subscription_free(one);
    drmgmt_subscription_free(all);
    drmgmt_subscription_free(remote);
    context_close(t);
    context_close(other);
}

Test(queue, events_of_another_tenant_are_never_seen)
{
    test_context *a = context_open(server.url, TENANT_A), *b = context_open(server.url, TENANT_B);
    b->session.context = &a->context; /* both tenants on one hub */
    drmgmt_subscription *job = subscribe(b, JOB_1, NULL), *all = subscribe(b, NULL, NULL);
    drmgmt_subscription *own = subscribe(a, JOB_1, NULL);

    for (unsigned i = 1; i <= 100; i++)
        publish(a, TENANT_A, JOB_1, i);
    publish(a, TENANT_B, JOB_1, 1000);
    for (unsigned i = 1; i <= 100; i++)
        cr_assert_eq(next_number(own, 5000, NULL), (int)i);
    cr_assert_eq(next_number(job, 5000, NULL), 1000);
    cr_assert_eq(next_number(all, 5000, NULL), 1000);
    cr_assert_eq(next_number(all, 50, NULL), NOTHING);
    cr_assert_eq(next_number(own, 50, NULL), NOTHING);
    drmgmt_subscription_free(job);
    drmgmt_subscription_free(all);
    drmgmt_subscription_free(own);
    context_close(b);
    context_close(a);
}

Test(queue, nothing_published_after_subscribing_is_lost_and_nothing_before_is_told)
{
    test_context *t = context_open(server.url, TENANT_A);
    redisContext *c = redisConnectUnix(server.socket);

    cr_assert(c && !c->err);
    for (unsigned i = 0; i < 200; i++) {
        char key[64], tenant[37];
        snprintf(tenant, sizeof tenant, "0190a000-0000-7000-8000-%012u", i);
        snprintf(t->session.tenant_id, sizeof t->session.tenant_id, "%s", tenant);
        snprintf(key, sizeof key, "drm:ev:%s", tenant);
        freeReplyObject(redisCommand(c, "XADD %s * kind update job %s data {\"n\":1}", key, JOB_1));
        drmgmt_subscription *s = subscribe(t, JOB_1, NULL);
        freeReplyObject(redisCommand(c, "XADD %s * kind update job %s data {\"n\":2}", key, JOB_1));
        cr_assert_eq(next_number(s, 5000, NULL), 2, "tenant %u", i);
        drmgmt_subscription_free(s);
    }
    redisFree(c);
    context_close(t);
}

Test(queue, a_resumed_subscription_gets_what_it_missed_and_then_what_is_new)
{
    test_context *t = context_open(server.url, TENANT_A), *later = context_open(server.url, TENANT_A);
    drmgmt_subscription *s = subscribe(t, JOB_1, NULL);
    char ids[51][64];

    for (unsigned i = 1; i <= 50; i++) {
        publish(t, TENANT_A, JOB_2, i);
        publish(t, TENANT_A, JOB_1, i);
    }
    for (unsigned i = 1; i <= 50; i++)
        cr_assert_eq(next_number(s, 5000, ids[i]), (int)i);
    /* On the same hub, and in a process that was started later. */
    drmgmt_subscription *resumed[] = { subscribe(t, JOB_1, ids[20]), subscribe(later, JOB_1, ids[20]),
                                       subscribe(t, JOB_1, ids[50]) };
    publish(t, TENANT_A, JOB_1, 51);
    for (int i = 0; i < 2; i++)
        for (unsigned n = 21; n <= 51; n++)
            cr_assert_eq(next_number(resumed[i], 5000, NULL), (int)n);
    for (int i = 0; i < 3; i++) {
        if (i == 2)
            cr_assert_eq(next_number(resumed[i], 5000, NULL), 51);
        cr_assert_eq(next_number(resumed[i], 50, NULL), NOTHING);
        drmgmt_subscription_free(resumed[i]);
    }
    drmgmt_subscription_free(s);
    context_close(later);
    context_close(t);
}

Test(queue, coming_back_again_and_again_under_load_neither_misses_nor_doubles)
{
    test_context *t = context_open(server.url, TENANT_A);
    drmgmt_subscription *s = subscribe(t, JOB_1, NULL);
    struct stream_of_events e = { t, 3000, 20 };
    char id[64] = "";
    pthread_t thread;

    cr_assert(pthread_create(&thread, NULL, publish_all, &e) == 0);
    for (unsigned i = 1; i <= e.count; i++) {
        cr_assert_eq(next_number(s, 10000, id), (int)i);
        if (i % 25 == 0) {
            drmgmt_subscription_free(s);
            s = subscribe(t, JOB_1, id);
        }
    }
    pthread_join(thread, NULL);
    cr_assert_eq(next_number(s, 50, NULL), NOTHING);
    drmgmt_subscription_free(s);
    context_close(t);
}

Test(queue, an_id_that_tells_nothing_any_more_yields_resync_first)
{
    test_context *t = context_open(server.url, TENANT_A);
    drmgmt_subscription *s = subscribe(t, JOB_1, NULL);
    char id[64], future[96];

    publish(t, TENANT_A, JOB_1, 1);
    cr_assert_eq(next_number(s, 5000, id), 1);
    snprintf(future, sizeof future, "%.16s-99999999999999-0", id);
    const char *const lost[] = { "0123456789abcdef-1-0",
                                 future,
                                 "unknown",
                                 "",
                                 "-",
                                 "--",
                                 "a-b-c",
                                 "1-2",
                                 "0123456789abcdef-1-99999999999999999999999",
                                 "0123456789abcdef-1-0-0123456789012345678901234567890123456789012345678901234567890" };
    for (size_t i = 0; i < DRMGMT__COUNT(lost); i++) {
        drmgmt_subscription *again = subscribe(t, JOB_1, lost[i]);
        cr_assert_eq(next_number(again, 5000, id), RESYNC, "'%s'", lost[i]);
        publish(t, TENANT_A, JOB_1, 2 + (unsigned)i);
        cr_assert_eq(next_number(again, 5000, NULL), 2 + (int)i, "'%s'", lost[i]);
        drmgmt_subscription_free(again);
        /* What RESYNC carries as its id is good to resume from. */
        again = subscribe(t, JOB_1, id);
        cr_assert_eq(next_number(again, 5000, NULL), 2 + (int)i, "'%s' resumed from '%s'", lost[i], id);
        drmgmt_subscription_free(again);
    }
    drmgmt_subscription_free(s);
    context_close(t);
}

Test(queue, an_id_that_was_trimmed_from_the_stream_yields_resync_first)
{
    test_context *t = context_open(server.url, TENANT_A);
    drmgmt_subscription *s = subscribe(t, JOB_1, NULL);
    char ids[51][64];

    for (unsigned i = 1; i <= 50; i++)
        publish(t, TENANT_A, JOB_1, i);
    for (unsigned i = 1; i <= 50; i++)
        cr_assert_eq(next_number(s, 5000, ids[i]), (int)i);
    cr_assert_eq(server_run("XTRIM drm:ev:%s MAXLEN 10", TENANT_A), 40);
    drmgmt_subscription *trimmed = subscribe(t, JOB_1, ids[40]), *kept = subscribe(t, JOB_1, ids[41]);
    cr_assert_eq(next_number(trimmed, 5000, NULL), RESYNC);
    cr_assert_eq(next_number(kept, 5000, NULL), 42);
    drmgmt_subscription_free(trimmed);
    cr_assert_eq(server_run("DEL drm:ev:%s", TENANT_A), 1);
    trimmed = subscribe(t, JOB_1, ids[50]);
    cr_assert_eq(next_number(trimmed, 5000, NULL), RESYNC);
    publish(t, TENANT_A, JOB_1, 51);
    cr_assert_eq(next_number(trimmed, 5000, NULL), 51);
    drmgmt_subscription_free(trimmed);
    drmgmt_subscription_free(kept);
    drmgmt_subscription_free(s);
    context_close(t);
}

Test(queue, a_flush_is_told_at_once_and_later_events_arrive)
{
    test_context *t = context_open(server.url, TENANT_A), *other = context_open(server.url, TENANT_A);
    drmgmt_subscription *s = subscribe(t, JOB_1, NULL), *remote = subscribe(other, NULL, NULL);
    char before[64], after[64];

    publish(t, TENANT_A, JOB_1, 1);
    cr_assert_eq(next_number(s, 5000, before), 1);
    cr_assert_eq(next_number(remote, 5000, NULL), 1);
    cr_assert_eq(server_run("FLUSHALL"), 1);
    cr_assert_eq(next_number(s, 2000, NULL), RESYNC);
    cr_assert_eq(next_number(remote, 2000, NULL), RESYNC);
    publish(t, TENANT_A, JOB_1, 2);
    cr_assert_eq(next_number(s, 5000, after), 2);
    cr_assert_eq(next_number(remote, 5000, NULL), 2);
    cr_assert_neq(strncmp(before, after, 16), 0, "the epoch must change");
    drmgmt_subscription *old = subscribe(other, JOB_1, before);
    cr_assert_eq(next_number(old, 5000, NULL), RESYNC);
    /* A flush in the middle of events: RESYNC before the next one. */
    cr_assert_eq(server_run("FLUSHALL"), 1);
    publish(t, TENANT_A, JOB_1, 3);
    cr_assert_eq(next_number(s, 2000, NULL), RESYNC);
    cr_assert_eq(log_count(&t->log, true), 0u, "a flush is no outage: %s", t->log.text);
    drmgmt_subscription_free(old);
    drmgmt_subscription_free(s);
    drmgmt_subscription_free(remote);
    context_close(t);
    context_close(other);
}

Test(queue, who_does_not_read_is_told_resync_and_then_goes_on)
{
    test_context *t = context_open(server.url, TENANT_A);
    drmgmt_subscription *lazy = subscribe(t, JOB_1, NULL), *keen = subscribe(t, JOB_2, NULL);
    struct stream_of_events e = { t, DRMGMT__QUEUE_MAX + 100, 500 };
    pthread_t thread;
    int n = 0, last = 0;

    cr_assert(pthread_create(&thread, NULL, publish_all, &e) == 0);
    for (unsigned i = 1; i <= e.count; i++)
        cr_assert_eq(next_number(keen, 10000, NULL), (int)i);
    pthread_join(thread, NULL);
    cr_assert_eq(next_number(lazy, 1000, NULL), RESYNC);
    while ((n = next_number(lazy, 100, NULL)) != NOTHING) {
        cr_assert_gt(n, last, "after RESYNC what is newer, in order");
        last = n;
    }
    publish(t, TENANT_A, JOB_1, 9999);
    cr_assert_eq(next_number(lazy, 5000, NULL), 9999);
    drmgmt_subscription_free(lazy);
    drmgmt_subscription_free(keen);
    context_close(t);
}

struct waiter {
    drmgmt_subscription *subscription;
    int got;
};

static void *wait_long(void *user)
{
    struct waiter *w = user;
    drmgmt_event event;

    w->got = drmgmt_subscription_next(w->subscription, 30000, &event, NULL);
    return NULL;
}

Test(queue, a_wait_can_be_ended_from_another_thread)
{
    test_context *t = context_open(server.url, TENANT_A);
    struct waiter w = { subscribe(t, JOB_1, NULL), 0 };
    drmgmt_error *error = NULL;
    drmgmt_event event;
    pthread_t thread;

    cr_assert(pthread_create(&thread, NULL, wait_long, &w) == 0);
    usleep(50000);
    uint64_t began = drmgmt__monotonic_ms();
    drmgmt_subscription_wake(w.subscription);
    pthread_join(thread, NULL);
    cr_assert_lt(drmgmt__monotonic_ms() - began, 2000u);
    cr_assert_eq(w.got, DRMGMT_ERR_CANCELLED);
    publish(t, TENANT_A, JOB_1, 1);
    cr_assert_eq(drmgmt_subscription_next(w.subscription, 100, &event, &error), DRMGMT_ERR_CANCELLED);
    cr_assert_eq(drmgmt_error_status(error), DRMGMT_ERR_CANCELLED);
    drmgmt_error_free(error);
    drmgmt_subscription_free(w.subscription);
    context_close(t);
}

Test(queue, thousands_of_subscriptions_are_cheap)
{
    enum { N = 3000 };
    test_context *t = context_open(server.url, TENANT_A);
    static drmgmt_subscription *all[N];
    char job[37], tenant[37];
    uint64_t began = drmgmt__monotonic_ms();

    for (unsigned i = 0; i < N; i++) {
        snprintf(t->session.tenant_id, sizeof t->session.tenant_id, "0190a000-0000-7000-8000-%012u", i % 300);
        snprintf(job, sizeof job, "0190a000-0000-7000-9000-%012u", i);
        all[i] = subscribe(t, job, NULL);
    }
    for (unsigned i = 0; i < N; i++) {
        snprintf(tenant, sizeof tenant, "0190a000-0000-7000-8000-%012u", i % 300);
        snprintf(job, sizeof job, "0190a000-0000-7000-9000-%012u", i);
        publish(t, tenant, job, i);
    }
    for (unsigned i = 0; i < N; i++) {
        cr_assert_eq(next_number(all[i], 10000, NULL), (int)i);
        cr_assert_eq(next_number(all[i], 0, NULL), NOTHING);
    }
    cr_assert_lt(drmgmt__monotonic_ms() - began, 20000u);
    for (unsigned i = 0; i < N; i++)
        drmgmt_subscription_free(all[i]);
    context_close(t);
}

Test(queue, what_others_write_into_the_streams_does_no_harm)
{
    test_context *t = context_open(server.url, TENANT_A);
    drmgmt_subscription *s = subscribe(t, JOB_1, NULL), *all = subscribe(t, NULL, NULL);
    const char zeros[] = "\0\xff\0";
    drmgmt_event event;

    server_run("XADD drm:ev:%s * x y", TENANT_A);
    server_run("XADD drm:ev:%s * job %b data 1", TENANT_A, zeros, sizeof zeros);
    server_run("XADD drm:ev:%s * job not-a-uuid kind done", TENANT_A);
    server_run("XADD drm:ev:%s * kind %b job " JOB_1, TENANT_A, zeros, sizeof zeros);
    cr_assert_eq(drmgmt_subscription_next(s, 5000, &event, NULL), 1);
    cr_assert_eq(event.kind, DRMGMT_EVENT_UPDATE);
    cr_assert_str_eq(event.data, "{}");
    drmgmt_event_clear(&event);
    cr_assert_eq(drmgmt_subscription_next(all, 5000, &event, NULL), 1);
    drmgmt_event_clear(&event);
    cr_assert_eq(drmgmt_subscription_next(all, 50, &event, NULL), 0);
    /* A foreign value in the place of the epoch is replaced. */
    server_run("SET drm:epoch %s", "not an epoch-1-0");
    cr_assert_eq(next_number(s, 2000, NULL), RESYNC);
    publish(t, TENANT_A, JOB_1, 1);
    cr_assert_eq(next_number(s, 5000, NULL), 1);
    drmgmt_subscription_free(s);
    drmgmt_subscription_free(all);
    context_close(t);
}

Test(queue, a_subscription_is_refused_or_idle_where_it_makes_no_sense)
{
    test_context *t = context_open(NULL, TENANT_A);
    drmgmt_subscription *s = subscribe(t, JOB_1, NULL), *refused = NULL;
    drmgmt_error *error = NULL;
    uint64_t began = drmgmt__monotonic_ms();

    cr_assert_eq(next_number(s, 100, NULL), NOTHING, "no Redis configured");
    cr_assert_geq(drmgmt__monotonic_ms() - began, 99u);
    drmgmt_subscription_free(s);
    cr_assert_eq(drmgmt__subscribe(&t->session, "not-a-uuid", false, NULL, &refused, NULL), DRMGMT_ERR_NOT_FOUND);
    t->session.tenant_id[0] = '\0';
    cr_assert_eq(drmgmt__subscribe(&t->session, NULL, false, NULL, &refused, &error), DRMGMT_ERR_INVALID);
    cr_assert_null(refused);
    drmgmt_error_free(error);
    drmgmt_subscription_free(NULL);
    drmgmt_event_clear(NULL);
    context_close(t);
}

Test(queue, there_is_a_limit_of_subscriptions)
{
    test_context *t = context_open(server.url, TENANT_A);
    drmgmt_subscription **all = calloc(DRMGMT__SUBSCRIPTIONS_MAX, sizeof *all), *more = NULL;
    drmgmt_error *error = NULL;

    cr_assert(all);
    for (size_t i = 0; i < DRMGMT__SUBSCRIPTIONS_MAX; i++)
        all[i] = subscribe(t, JOB_1, NULL);
    cr_assert_eq(drmgmt__subscribe(&t->session, JOB_1, false, NULL, &more, &error), DRMGMT_ERR_LIMIT);
    cr_assert(drmgmt_error_retryable(error));
    drmgmt_error_free(error);
    drmgmt_subscription_free(all[0]);
    all[0] = subscribe(t, JOB_2, NULL);
    for (size_t i = 0; i < DRMGMT__SUBSCRIPTIONS_MAX; i++)
        drmgmt_subscription_free(all[i]);
    free(all);
    context_close(t);
}

Test(queue, closing_sends_what_is_queued)
{
    test_context *t = context_open(server.url, TENANT_A);

    for (unsigned i = 0; i < 9000; i++)
        publish(t, TENANT_A, JOB_1, i);
    context_close(t);
    cr_assert_eq(server_run("XLEN drm:ev:%s", TENANT_A), 9000);
}

Test(queue, streams_stay_short)
{
    test_context *t = context_open(server.url, TENANT_A);

    for (unsigned i = 0; i < 30000; i++)
        publish(t, TENANT_A, JOB_1, i);
    context_close(t);
    long long length = server_run("XLEN drm:ev:%s", TENANT_A);
    cr_assert(length >= 10000 && length < 11000, "%lld entries", length);
}

/* A thread that was joined may stand in the list for a moment longer. */
static bool counts_down_to(const char *what, int expected)
{
    for (int i = 0; i < 500 && count_own(what) != expected; i++)
        nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000 * 1000 }, NULL);
    return count_own(what) == expected;
}

Test(queue, nothing_is_left_in_redis_or_in_the_process)
{
    int threads = count_own("task"), files = 0;

    for (int i = 0; i < 5; i++) {
        test_context *t = context_open(server.url, TENANT_A);
        cr_assert_eq(count_own("task"), threads, "no thread before it is needed");
        drmgmt_subscription *s = subscribe(t, JOB_1, NULL);
        snprintf(t->session.tenant_id, sizeof t->session.tenant_id, TENANT_B);
        drmgmt_subscription *second = subscribe(t, JOB_1, NULL); /* wakes the waiting reader */
        publish(t, TENANT_A, JOB_1, 1);
        cr_assert_eq(next_number(s, 5000, NULL), 1);
        cr_assert_eq(server_run("KEYS drm:wake:*"), 1);
        drmgmt_subscription_free(s);
        drmgmt_subscription_free(second);
        context_close(t);
        cr_assert(counts_down_to("task", threads), "%d threads, %d at first", count_own("task"), threads);
        if (i == 0)
            files = count_own("fd");
    }
    cr_assert_eq(count_own("fd"), files);
    cr_assert_eq(server_run("KEYS drm:wake:*"), 0);
}
