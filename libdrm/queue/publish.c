/* Bells, events and cancel hints out. Called by domain calls and the worker from any thread; calls redis.c.
 *
 * A caller writes its command into a buffer and goes on; one thread, started with the first of them, sends the buffer
 * in one piece and reads the answers. While it waits for them the next buffer fills: an idle publisher sends one
 * command at once, a busy one hundreds together. Events that had to be dropped begin a new epoch, so that every reader
 * reads again. */
#include "core/context_internal.h"
#include "core/core.h"
#include "queue/queue.h"
#include "queue/stream.h"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum {
    COMMANDS_MAX = 100000,
    BYTES_MAX = 64 << 20,
    KEEP_BYTES = 1 << 20, /* what a buffer may keep for the next time */
    HOLD_US = 1000000,    /* how long commands wait for Redis to come back */
    LAST_US = 1000000,    /* for the last ones, when the publisher is freed */
    CALM_US = 10000000,   /* without a failure: the next one is a new story */
    QUIET_US = 60000000   /* between two warnings that commands are refused */
};

struct lane {
    struct lane *next;
    bool queued; /* its bell is in the buffer already */
    char name[];
};

struct batch {
    drmgmt__strbuf commands;
    size_t count, events;
};

struct drmgmt__publisher {
    drmgmt_context *context;
    pthread_mutex_t mutex; /* of all up to the thread's own */
    pthread_cond_t changed;
    struct batch queued;
    struct lane *lanes;
    bool started, asleep, stopping;
    bool dropping; /* Redis is away for longer than HOLD_US */
    bool lost;     /* events were dropped: a new epoch is due */
    bool full;     /* told that the buffer is full */
    uint64_t dropped;
    _Atomic uint64_t stop_at;
    pthread_t thread;
    /* the thread's own */
    drmgmt__redis redis;
    struct batch sending;
    drmgmt__pace pace;
    drmgmt__backoff backoff;
    uint64_t away_since; /* 0: Redis is there */
    uint64_t failed_at, quiet_until;
    bool refused, told; /* the last failure was an answer; the outage was logged */
};

int drmgmt__publisher_new(drmgmt_context *context, struct drmgmt__publisher **publisher, drmgmt_error **error)
{
    int rc = drmgmt__redis_check_url(context->options.redis_url, error);
    pthread_condattr_t attributes;

    if (rc)
        return rc;
    struct drmgmt__publisher *p = calloc(1, sizeof *p);
    if (!p)
        return drmgmt__fail_memory(error);
    p->context = context;
    p->redis = (drmgmt__redis)DRMGMT__REDIS_INIT;
    p->redis.give_up = &p->stop_at;
    pthread_mutex_init(&p->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&p->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    *publisher = p;
    return 0;
}

void drmgmt__publisher_free(struct drmgmt__publisher *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->mutex);
    p->stopping = true;
    atomic_store(&p->stop_at, drmgmt__monotonic_us() + LAST_US);
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->mutex);
    if (p->started)
        pthread_join(p->thread, NULL);
    for (struct lane *lane = p->lanes, *next; lane; lane = next) {
        next = lane->next;
        free(lane);
    }
    drmgmt__redis_free(&p->redis);
    drmgmt__strbuf_free(&p->queued.commands);
    drmgmt__strbuf_free(&p->sending.commands);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->mutex);
    free(p);
}

/* ---- the thread ---- */

/* With the mutex held: until us from now, or the publisher stops. */
static void pause_us(struct drmgmt__publisher *p, uint64_t us)
{
    uint64_t until = drmgmt__monotonic_us() + us;
    struct timespec t = { .tv_sec = (time_t)(until / 1000000), .tv_nsec = (long)(until % 1000000) * 1000 };

    while (!p->stopping && pthread_cond_timedwait(&p->changed, &p->mutex, &t) == 0)
        ;
}

/* Waits until something is to be sent. False: the publisher stops and all is sent. */
static bool wait_for_work(struct drmgmt__publisher *p)
{
    pthread_mutex_lock(&p->mutex);
    p->asleep = true;
    while (!p->stopping && !p->queued.count && !p->lost)
        pthread_cond_wait(&p->changed, &p->mutex);
    p->asleep = false;
    uint64_t pause = drmgmt__pace_wait_us(&p->pace);
    if (pause)
        pause_us(p, pause);
    bool work = p->queued.count || p->lost;
    pthread_mutex_unlock(&p->mutex);
    return work;
}

/* Redis does not answer: says so once an outage, and forgets what waited for too long. */
static void note_away(struct drmgmt__publisher *p)
{
    uint64_t now = drmgmt__monotonic_us();

    if (now - p->failed_at > CALM_US)
        p->backoff = (drmgmt__backoff){ 0 };
    p->failed_at = now;
    if (!p->away_since) {
        p->away_since = now;
        p->told = !p->refused || now >= p->quiet_until;
        if (p->refused && p->told)
            p->quiet_until = now + QUIET_US;
        if (p->told)
            drmgmt__log(p->context, DRMGMT_LOG_WARNING,
                        "Redis is away: events of jobs are dropped and workers are not woken; jobs go on, workers look "
                        "for them every second",
                        "reason", p->redis.problem, NULL);
    }
    pthread_mutex_lock(&p->mutex);
    if (p->stopping || now - p->away_since >= HOLD_US) {
        p->dropping = true;
        p->lost = true; /* also when it was bells only: the new epoch is the proof that Redis takes commands again */
        p->dropped += p->queued.count;
        p->queued.count = p->queued.events = 0;
        drmgmt__strbuf_free(&p->queued.commands);
        p->queued.commands = (drmgmt__strbuf)DRMGMT__STRBUF_INIT;
        for (struct lane *lane = p->lanes; lane; lane = lane->next)
            lane->queued = false;
    }
    pthread_mutex_unlock(&p->mutex);
}

static void note_back(struct drmgmt__publisher *p)
{
    char dropped[24], away[24];

    if (!p->away_since)
        return;
    pthread_mutex_lock(&p->mutex);
    snprintf(dropped, sizeof dropped, "%llu", (unsigned long long)p->dropped);
    p->dropped = 0;
    p->dropping = false;
    pthread_mutex_unlock(&p->mutex);
    snprintf(away, sizeof away, "%llu", (unsigned long long)(drmgmt__monotonic_us() - p->away_since) / 1000);
    p->away_since = 0;
    if (p->told)
        drmgmt__log(p->context, DRMGMT_LOG_INFO, "Redis is back: events are published and workers are woken again",
                    "away_ms", away, "dropped", dropped, NULL);
}

/* A connection that is alive as far as one can see. False: none now; has waited before the next attempt. */
static bool connected(struct drmgmt__publisher *p)
{
    if (p->redis.fd >= 0 && !drmgmt__redis_stale(&p->redis))
        return true;
    if (drmgmt__redis_open(&p->redis, p->context, "publisher", drmgmt__monotonic_us() + DRMGMT__REDIS_OPEN_US))
        return true;
    p->refused = false;
    note_away(p);
    pthread_mutex_lock(&p->mutex);
    pause_us(p, drmgmt__backoff_next(&p->backoff) * UINT64_C(1000));
    pthread_mutex_unlock(&p->mutex);
    return false;
}

/* Takes the full buffer over and leaves the empty one. */
static void take(struct drmgmt__publisher *p)
{
    char epoch[DRMGMT__EPOCH_SIZE];
    struct batch empty = p->sending;

    empty.count = empty.events = 0;
    if (empty.commands.size > KEEP_BYTES) {
        drmgmt__strbuf_free(&empty.commands);
        empty.commands = (drmgmt__strbuf)DRMGMT__STRBUF_INIT;
    }
    drmgmt__strbuf_reset(&empty.commands);
    pthread_mutex_lock(&p->mutex);
    p->sending = p->queued;
    p->queued = empty;
    p->full = false;
    for (struct lane *lane = p->lanes; lane; lane = lane->next)
        lane->queued = false;
    bool lost = p->lost;
    p->lost = false;
    pthread_mutex_unlock(&p->mutex);
    if (lost && drmgmt__epoch_make(epoch) == 0) {
        drmgmt__resp_command(&p->sending.commands, "SET", DRMGMT__KEY_EPOCH, epoch, NULL);
        p->sending.count++;
        p->sending.events++; /* when this is lost, it is due again */
    }
}

/* Sends the buffer and reads as many answers. An answer that is an error (no memory, read-only, no permission) counts
 * as Redis being away: what follows would be refused too, and after a failover the connection leads to the wrong
 * server. */
static bool send_batch(struct drmgmt__publisher *p)
{
    struct batch *b = &p->sending;
    size_t answered = 0;
    bool good = !b->commands.failed &&
                drmgmt__redis_send(&p->redis, b->commands.data, b->commands.length, DRMGMT__REDIS_COMMAND_US);

    for (; good && answered < b->count; answered++)
        good = drmgmt__redis_expect(&p->redis, drmgmt__monotonic_us() + DRMGMT__REDIS_COMMAND_US);
    drmgmt__pace_turn(&p->pace);
    if (good)
        return true;
    p->refused = p->redis.fd >= 0;
    drmgmt__redis_close(&p->redis);
    pthread_mutex_lock(&p->mutex);
    p->lost = p->lost || b->events;
    p->dropped += b->count - answered;
    pthread_mutex_unlock(&p->mutex);
    return false;
}

static void *run(void *user)
{
    struct drmgmt__publisher *p = user;

    while (wait_for_work(p)) {
        if (connected(p)) {
            take(p);
            if (send_batch(p)) {
                note_back(p);
                continue;
            }
            note_away(p);
            pthread_mutex_lock(&p->mutex);
            pause_us(p, drmgmt__backoff_next(&p->backoff) * UINT64_C(1000));
            pthread_mutex_unlock(&p->mutex);
        }
        pthread_mutex_lock(&p->mutex);
        bool over = p->stopping;
        pthread_mutex_unlock(&p->mutex);
        if (over)
            break;
    }
    return NULL;
}

/* ---- the callers ---- */

/* With the mutex held. The program's signals are for its own threads. */
static bool start(struct drmgmt__publisher *p)
{
    sigset_t all, before;

    if (p->started)
        return true;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    p->started = pthread_create(&p->thread, NULL, run, p) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return p->started;
}

/* Locks, and tells whether there is room for a command of about length bytes. */
static bool begin(struct drmgmt__publisher *p, size_t length)
{
    pthread_mutex_lock(&p->mutex);
    if (!p->dropping && p->queued.count < COMMANDS_MAX && p->queued.commands.length + length < BYTES_MAX && start(p))
        return true;
    p->dropped++;
    return false;
}

/* Unlocks; before is the length of the buffer before the command, which is taken back if memory was out. */
static void finish(struct drmgmt__publisher *p, bool room, size_t before, bool event)
{
    drmgmt__strbuf *b = &p->queued.commands;
    bool tell = false;

    if (room && b->failed) {
        b->failed = false;
        b->length = before;
        p->dropped++;
        room = false;
    }
    if (room) {
        p->queued.count++;
        p->queued.events += event;
    } else {
        p->lost = p->lost || event;
        tell = !p->full && !p->dropping;
        p->full = p->full || tell;
    }
    if (p->asleep)
        pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->mutex);
    if (tell)
        drmgmt__log(p->context, DRMGMT_LOG_WARNING,
                    "Too many events wait to be sent to Redis: they are dropped; jobs go on, readers of events read "
                    "them again",
                    NULL);
}

/* The lane's entry, made when it is new; NULL without memory. */
static struct lane *find_lane(struct drmgmt__publisher *p, const char *name)
{
    for (struct lane *lane = p->lanes; lane; lane = lane->next)
        if (strcmp(lane->name, name) == 0)
            return lane;
    size_t n = strlen(name) + 1;
    struct lane *lane = calloc(1, sizeof *lane + n);
    if (lane) {
        memcpy(lane->name, name, n);
        lane->next = p->lanes;
        p->lanes = lane;
    }
    return lane;
}

/* The beginning of XADD <prefix><name> MAXLEN ~ <max> *, followed by fields arguments. */
static void begin_xadd(drmgmt__strbuf *b, const char *prefix, const char *name, const char *max, size_t fields)
{
    char key[256];

    snprintf(key, sizeof key, "%s%s", prefix, name);
    drmgmt__resp_begin(b, 6 + fields);
    drmgmt__resp_text(b, "XADD");
    drmgmt__resp_text(b, key);
    drmgmt__resp_text(b, "MAXLEN");
    drmgmt__resp_text(b, "~");
    drmgmt__resp_text(b, max);
    drmgmt__resp_text(b, "*");
}

void drmgmt__publish_bell(struct drmgmt__publisher *p, const char *lane)
{
    if (!p)
        return;
    bool room = begin(p, strlen(lane));
    size_t before = p->queued.commands.length;
    struct lane *entry = room ? find_lane(p, lane) : NULL;
    if (entry && entry->queued) {
        pthread_mutex_unlock(&p->mutex);
        return;
    }
    if (room) {
        begin_xadd(&p->queued.commands, DRMGMT__KEY_BELL, lane, "1024", 2);
        drmgmt__resp_text(&p->queued.commands, "b");
        drmgmt__resp_text(&p->queued.commands, "1");
        if (entry)
            entry->queued = !p->queued.commands.failed;
    }
    finish(p, room, before, false);
}

/* subject: "job" or "device", whose id follows. */
static void publish(struct drmgmt__publisher *p, const char *tenant_id, const char *kind, const char *subject,
                    const char *id, const char *data, size_t length)
{
    bool room = begin(p, length);
    size_t before = p->queued.commands.length;

    if (room) {
        drmgmt__strbuf *b = &p->queued.commands;
        begin_xadd(b, DRMGMT__KEY_EVENTS, tenant_id, "10000", 6);
        drmgmt__resp_text(b, "kind");
        drmgmt__resp_text(b, kind);
        drmgmt__resp_text(b, subject);
        drmgmt__resp_text(b, id);
        drmgmt__resp_text(b, "data");
        drmgmt__resp_bytes(b, data, length);
    }
    finish(p, room, before, true);
}

void drmgmt__publish_event(struct drmgmt__publisher *p, const char *tenant_id, const char *job_id,
                           drmgmt_event_kind kind, const char *data, size_t length)
{
    if (p && (kind == DRMGMT_EVENT_UPDATE || kind == DRMGMT_EVENT_DONE))
        publish(p, tenant_id, kind == DRMGMT_EVENT_DONE ? "done" : "update", "job", job_id, data, length);
}

void drmgmt__publish_device_event(struct drmgmt__publisher *p, const char *tenant_id, const char *name,
                                  const char *device_id, const char *data, size_t length)
{
    if (p)
        publish(p, tenant_id, name, "device", device_id, data, length);
}

void drmgmt__publish_cancel(struct drmgmt__publisher *p, const char *job_id)
{
    if (!p)
        return;
    bool room = begin(p, strlen(job_id));
    size_t before = p->queued.commands.length;
    if (room) {
        begin_xadd(&p->queued.commands, DRMGMT__KEY_CANCEL, "", "1024", 2);
        drmgmt__resp_text(&p->queued.commands, "job");
        drmgmt__resp_text(&p->queued.commands, job_id);
    }
    finish(p, room, before, false);
}

bool drmgmt__redis_ping(drmgmt_context *context)
{
    drmgmt__redis redis = DRMGMT__REDIS_INIT;
    bool answered = drmgmt__redis_open(&redis, context, "health", drmgmt__monotonic_us() + DRMGMT__REDIS_OPEN_US);

    drmgmt__redis_free(&redis);
    return answered;
}
