/* The thread of tally.h. While Redis is away nothing is collected: the user goes on by itself. */
#include "queue/tally.h"

#include "core/context_internal.h"
#include "core/core.h"
#include "queue/redis.h"
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

enum { GAP_US = 5000 /* between two exchanges: what comes meanwhile goes together */ };

struct drmgmt__tally {
    drmgmt_context *context;
    drmgmt__tally_user user;
    pthread_mutex_t mutex; /* of the next four */
    pthread_cond_t changed;
    bool started, due, stopping;
    pthread_t thread;
    _Atomic uint64_t stop_at;
    /* the thread's own */
    drmgmt__redis redis;
    drmgmt__backoff backoff;
    bool away;
    drmgmt__tally_item items[DRMGMT__TALLY_AT_ONCE];
};

int drmgmt__tally_new(drmgmt_context *context, const drmgmt__tally_user *user, struct drmgmt__tally **tally,
                      drmgmt_error **error)
{
    pthread_condattr_t attributes;
    int rc = drmgmt__redis_check_url(context->options.redis_url, error);

    if (rc)
        return rc;
    struct drmgmt__tally *t = calloc(1, sizeof *t);
    if (!t)
        return drmgmt__fail_memory(error);
    t->context = context;
    t->user = *user;
    t->redis = (drmgmt__redis)DRMGMT__REDIS_INIT;
    t->redis.give_up = &t->stop_at;
    pthread_mutex_init(&t->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&t->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    *tally = t;
    return 0;
}

void drmgmt__tally_free(struct drmgmt__tally *t)
{
    if (!t)
        return;
    pthread_mutex_lock(&t->mutex);
    t->stopping = true;
    atomic_store(&t->stop_at, drmgmt__monotonic_us());
    pthread_cond_signal(&t->changed);
    pthread_mutex_unlock(&t->mutex);
    if (t->started)
        pthread_join(t->thread, NULL);
    drmgmt__redis_free(&t->redis);
    pthread_cond_destroy(&t->changed);
    pthread_mutex_destroy(&t->mutex);
    free(t);
}

/* ---- the thread ---- */

/* Sleeps so long unless it is to stop. */
static void pause_us(struct drmgmt__tally *t, uint64_t us)
{
    uint64_t until = drmgmt__monotonic_us() + us;
    struct timespec at = { .tv_sec = (time_t)(until / 1000000), .tv_nsec = (long)(until % 1000000) * 1000 };

    pthread_mutex_lock(&t->mutex);
    while (!t->stopping && pthread_cond_timedwait(&t->changed, &t->mutex, &at) == 0)
        ;
    pthread_mutex_unlock(&t->mutex);
}

/* False: it is to stop. */
static bool wait_until_due(struct drmgmt__tally *t)
{
    pthread_mutex_lock(&t->mutex);
    while (!t->stopping && !t->due)
        pthread_cond_wait(&t->changed, &t->mutex);
    bool goes_on = !t->stopping;
    pthread_mutex_unlock(&t->mutex);
    return goes_on;
}

static void note(struct drmgmt__tally *t, bool away)
{
    if (away && !t->away)
        drmgmt__log(t->context, DRMGMT_LOG_WARNING,
                    "Redis is away: each process counts the API requests of tenants for itself", "reason",
                    t->redis.problem, NULL);
    if (!away && t->away)
        drmgmt__log(t->context, DRMGMT_LOG_INFO, "Redis is back: API requests of tenants are counted together", NULL);
    t->away = away;
}

static bool connected(struct drmgmt__tally *t)
{
    return (t->redis.fd >= 0 && !drmgmt__redis_stale(&t->redis)) ||
           drmgmt__redis_open(&t->redis, t->context, "tally", drmgmt__monotonic_us() + DRMGMT__REDIS_OPEN_US);
}

static bool add_all(struct drmgmt__tally *t, size_t n)
{
    char name[DRMGMT__TALLY_NAME + 16], add[24], keep[16];

    for (size_t i = 0; i < n; i++) {
        snprintf(name, sizeof name, "drm:tally:%s", t->items[i].name);
        snprintf(add, sizeof add, "%" PRIu64, t->items[i].add);
        snprintf(keep, sizeof keep, "%u", t->items[i].keep_s);
        drmgmt__resp_command(&t->redis.out, "INCRBY", name, add, NULL);
        drmgmt__resp_command(&t->redis.out, "EXPIRE", name, keep, NULL);
    }
    return drmgmt__redis_flush(&t->redis);
}

static bool read_sums(struct drmgmt__tally *t, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        redisReply *reply = drmgmt__redis_reply(&t->redis, drmgmt__monotonic_us() + DRMGMT__REDIS_COMMAND_US);
        bool good = reply && reply->type == REDIS_REPLY_INTEGER && reply->integer >= 0;
        if (good)
            t->items[i].sum = (uint64_t)reply->integer;
        else if (reply)
            snprintf(t->redis.problem, sizeof t->redis.problem, "Redis refused to count: %.150s",
                     reply->type == REDIS_REPLY_ERROR ? reply->str : "its answer is no number");
        if (reply)
            freeReplyObject(reply);
        if (!good || !drmgmt__redis_expect(&t->redis, drmgmt__monotonic_us() + DRMGMT__REDIS_COMMAND_US))
            return false;
    }
    return true;
}

/* False: Redis is not there. */
static bool exchange(struct drmgmt__tally *t)
{
    if (!connected(t))
        return false;
    pthread_mutex_lock(&t->mutex);
    t->due = false;
    pthread_mutex_unlock(&t->mutex);
    size_t n = t->user.collect(t->user.user, t->items);
    if (n && !(add_all(t, n) && read_sums(t, n))) {
        drmgmt__redis_close(&t->redis);
        return false;
    }
    if (n)
        t->user.told(t->user.user, t->items, n);
    if (n == DRMGMT__TALLY_AT_ONCE)
        drmgmt__tally_wake(t); /* there may be more */
    return true;
}

static void *run(void *user)
{
    struct drmgmt__tally *t = user;

    while (wait_until_due(t)) {
        bool there = exchange(t);
        note(t, !there);
        if (there)
            t->backoff = (drmgmt__backoff){ 0 };
        pause_us(t, there ? GAP_US : drmgmt__backoff_next(&t->backoff) * UINT64_C(1000));
        if (!there)
            drmgmt__tally_wake(t);
    }
    return NULL;
}

/* With the mutex held. The program's signals are for its own threads. */
static bool start(struct drmgmt__tally *t)
{
    sigset_t all, before;

    if (t->started)
        return true;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    t->started = pthread_create(&t->thread, NULL, run, t) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return t->started;
}

void drmgmt__tally_wake(struct drmgmt__tally *t)
{
    pthread_mutex_lock(&t->mutex);
    if (!t->due && start(t)) {
        t->due = true;
        pthread_cond_signal(&t->changed);
    }
    pthread_mutex_unlock(&t->mutex);
}
