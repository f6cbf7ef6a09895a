/* A worker's wait for bells and cancel hints. Called by the worker's bell thread; calls redis.c.
 *
 * A bell is for one worker (a consumer group), a cancel hint for all of them (a plain read), so there are two
 * connections, waited for together. Nothing is left waiting on "bell" between two calls: a worker that is not waiting
 * must not take a bell away from one that is. */
#include "core/context_internal.h"
#include "core/core.h"
#include "queue/queue.h"
#include "queue/stream.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    GRACE_US = 1000000,            /* for an answer that is due */
    HINTS_US = 30000000 + GRACE_US /* after this "hints" is dead */
};

static const char hints_block[] = "30000", hints_count[] = "256", bell_count[] = "1024", group[] = "workers";
/* A consumer idle for so long most likely belongs to a worker that was killed. If not, no harm: its next bell makes it
 * anew. */
static const long long dead_after_ms = 3600000;

struct drmgmt__bell {
    drmgmt_context *context;
    char **keys, *consumer; /* a key for each lane */
    size_t n_keys;
    drmgmt__redis bell, hints;
    char client[24];        /* id of connection "bell" */
    bool ringing, hinting;  /* an answer is to come */
    uint64_t hinting_until; /* by when */
    bool seen_known;
    drmgmt__stream_id seen; /* last hint read */
    drmgmt__backoff backoff;
    uint64_t retry_at, away_since; /* 0: Redis is there */
};

/* The streams of a list of lanes. */
static bool make_keys(drmgmt__bell *b, const char *lanes)
{
    size_t most = 1;

    for (const char *c = lanes; *c; c++)
        most += *c == ',';
    b->keys = calloc(most, sizeof *b->keys);
    while (b->keys && b->n_keys < most) {
        size_t n = strcspn(lanes, ",");
        char **key = &b->keys[b->n_keys];
        if (asprintf(key, "%s%.*s", DRMGMT__KEY_BELL, (int)n, lanes) < 0) {
            *key = NULL;
            return false;
        }
        b->n_keys++;
        lanes += n + (lanes[n] == ',');
    }
    return b->keys;
}

int drmgmt__bell_open(drmgmt_context *context, const char *lanes, const char *consumer, drmgmt__bell **bell,
                      drmgmt_error **error)
{
    drmgmt__bell *b = calloc(1, sizeof *b);

    if (!b)
        return drmgmt__fail_memory(error);
    b->context = context;
    b->bell = b->hints = (drmgmt__redis)DRMGMT__REDIS_INIT;
    b->consumer = strdup(consumer);
    if (!make_keys(b, lanes) || !b->consumer) {
        drmgmt__bell_close(b);
        return drmgmt__fail_memory(error);
    }
    *bell = b;
    return 0;
}

void drmgmt__bell_close(drmgmt__bell *b)
{
    if (!b)
        return;
    if (b->bell.fd >= 0) {
        for (size_t i = 0; i < b->n_keys; i++) {
            drmgmt__resp_command(&b->bell.out, "XGROUP", "DELCONSUMER", b->keys[i], group, b->consumer, NULL);
            freeReplyObject(drmgmt__redis_call(&b->bell));
        }
    }
    drmgmt__redis_free(&b->bell);
    drmgmt__redis_free(&b->hints);
    for (size_t i = 0; i < b->n_keys; i++)
        free(b->keys[i]);
    free(b->keys);
    free(b->consumer);
    free(b);
}

/* ---- connecting ---- */

static void disconnect(drmgmt__bell *b)
{
    drmgmt__redis_close(&b->bell);
    drmgmt__redis_close(&b->hints);
    b->ringing = b->hinting = false;
}

/* From the stream's beginning: bells of before the group was there may have been heard by nobody. */
static bool make_group(drmgmt__bell *b, const char *key)
{
    drmgmt__resp_command(&b->bell.out, "XGROUP", "CREATE", key, group, "0", "MKSTREAM", NULL);
    redisReply *reply = drmgmt__redis_call(&b->bell);
    bool good = reply && (reply->type != REDIS_REPLY_ERROR || strncmp(reply->str, "BUSYGROUP", 9) == 0);

    if (reply && !good)
        snprintf(b->bell.problem, sizeof b->bell.problem, "Redis refused a command: %.150s", reply->str);
    freeReplyObject(reply);
    return good;
}

static bool make_groups(drmgmt__bell *b)
{
    bool good = true;

    for (size_t i = 0; good && i < b->n_keys; i++)
        good = make_group(b, b->keys[i]);
    return good;
}

/* A consumer as XINFO tells it: name and value in turn. NULL unless it is dead. */
static const char *dead_consumer(const redisReply *info)
{
    const char *name = NULL;
    long long idle = 0;

    for (size_t i = 0; info->type == REDIS_REPLY_ARRAY && i + 1 < info->elements; i += 2) {
        const redisReply *key = info->element[i], *value = info->element[i + 1];
        if (key->type != REDIS_REPLY_STRING)
            continue;
        if (strcmp(key->str, "name") == 0 && value->type == REDIS_REPLY_STRING)
            name = value->str;
        if (strcmp(key->str, "idle") == 0 && value->type == REDIS_REPLY_INTEGER)
            idle = value->integer;
    }
    return idle >= dead_after_ms ? name : NULL;
}

/* Killed workers do not take leave. */
static bool sweep_key(drmgmt__bell *b, const char *key)
{
    drmgmt__resp_command(&b->bell.out, "XINFO", "CONSUMERS", key, group, NULL);
    redisReply *reply = drmgmt__redis_call(&b->bell);
    size_t asked = 0;

    for (size_t i = 0; reply && reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
        const char *name = dead_consumer(reply->element[i]);
        if (name) {
            drmgmt__resp_command(&b->bell.out, "XGROUP", "DELCONSUMER", key, group, name, NULL);
            asked++;
        }
    }
    freeReplyObject(reply);
    if (asked && !drmgmt__redis_flush(&b->bell))
        return false;
    for (size_t i = 0; i < asked && b->bell.fd >= 0; i++)
        drmgmt__redis_expect(&b->bell, drmgmt__monotonic_us() + DRMGMT__REDIS_COMMAND_US);
    return b->bell.fd >= 0;
}

static bool sweep_consumers(drmgmt__bell *b)
{
    bool good = true;

    for (size_t i = 0; good && i < b->n_keys; i++)
        good = sweep_key(b, b->keys[i]);
    return good;
}

static bool learn_client(drmgmt__bell *b)
{
    drmgmt__resp_command(&b->bell.out, "CLIENT", "ID", NULL);
    redisReply *reply = drmgmt__redis_call(&b->bell);
    bool good = reply && reply->type == REDIS_REPLY_INTEGER;

    if (good)
        snprintf(b->client, sizeof b->client, "%lld", reply->integer);
    freeReplyObject(reply);
    return good;
}

/* Hints of before the worker started are not for it; after an outage it takes those it missed. */
static bool find_hints(drmgmt__bell *b)
{
    drmgmt__stream_id last = { 0, 0 };

    drmgmt__resp_command(&b->hints.out, "XREVRANGE", DRMGMT__KEY_CANCEL, "+", "-", "COUNT", "1", NULL);
    redisReply *reply = drmgmt__redis_call(&b->hints);
    bool good = reply && reply->type == REDIS_REPLY_ARRAY;

    if (good)
        drmgmt__reply_single_id(reply, &last);
    if (good && (!b->seen_known || drmgmt__stream_id_before(last, b->seen)))
        b->seen = last;
    b->seen_known = b->seen_known || good;
    freeReplyObject(reply);
    return good;
}

static void note_away(drmgmt__bell *b)
{
    b->retry_at = drmgmt__monotonic_us() + drmgmt__backoff_next(&b->backoff) * UINT64_C(1000);
    if (b->away_since)
        return;
    b->away_since = drmgmt__monotonic_us();
    drmgmt__log(b->context, DRMGMT_LOG_WARNING,
                "Redis is away: this worker is not woken for new jobs; it still looks for them every second", "reason",
                b->bell.problem[0] ? b->bell.problem : b->hints.problem, NULL);
}

static void note_back(drmgmt__bell *b)
{
    char away[24];

    b->backoff = (drmgmt__backoff){ 0 };
    if (!b->away_since)
        return;
    snprintf(away, sizeof away, "%llu", (unsigned long long)(drmgmt__monotonic_us() - b->away_since) / 1000);
    b->away_since = 0;
    drmgmt__log(b->context, DRMGMT_LOG_INFO, "Redis is back: this worker is woken for new jobs again", "away_ms", away,
                NULL);
}

/* Both connections, made when they are due to be. */
static bool ready(drmgmt__bell *b, uint64_t deadline)
{
    uint64_t now = drmgmt__monotonic_us();

    if (b->bell.fd >= 0 && drmgmt__redis_stale(&b->bell))
        disconnect(b);
    if (b->bell.fd >= 0 && b->hints.fd >= 0)
        return true;
    if (!b->context->options.redis_url || now < b->retry_at)
        return false;
    /* A short wait must not keep a slow server from ever being reached. */
    uint64_t until = deadline > now + 200000 ? deadline : now + 200000;
    until = until > now + DRMGMT__REDIS_OPEN_US ? now + DRMGMT__REDIS_OPEN_US : until;
    b->bell.problem[0] = b->hints.problem[0] = '\0';
    b->ringing = b->hinting = false;
    if (drmgmt__redis_open(&b->bell, b->context, "bell", until) &&
        drmgmt__redis_open(&b->hints, b->context, "hints", until) && learn_client(b) && make_groups(b) &&
        sweep_consumers(b) && find_hints(b))
        return true;
    disconnect(b);
    note_away(b);
    return false;
}

/* ---- waiting ---- */

static bool ask_bell(drmgmt__bell *b, uint64_t deadline)
{
    char block[24];
    uint64_t now = drmgmt__monotonic_us(), left = deadline > now ? (deadline - now + 999) / 1000 : 0;
    const char *words[] = { "XREADGROUP", "GROUP", group, b->consumer, "COUNT",
                            bell_count,   "BLOCK", block, "NOACK",     "STREAMS" };

    snprintf(block, sizeof block, "%llu", (unsigned long long)left);
    drmgmt__resp_begin(&b->bell.out, DRMGMT__COUNT(words) + 2 * b->n_keys - (left ? 0 : 2));
    for (size_t i = 0; i < DRMGMT__COUNT(words); i++)
        if (left || i < 6 || i > 7) /* BLOCK 0 would be for ever */
            drmgmt__resp_text(&b->bell.out, words[i]);
    for (size_t i = 0; i < b->n_keys; i++)
        drmgmt__resp_text(&b->bell.out, b->keys[i]);
    for (size_t i = 0; i < b->n_keys; i++)
        drmgmt__resp_text(&b->bell.out, ">");
    b->ringing = drmgmt__redis_flush(&b->bell);
    return b->ringing;
}

static bool ask_hints(drmgmt__bell *b)
{
    char id[DRMGMT__STREAM_ID_SIZE];

    drmgmt__stream_id_format(b->seen, id);
    drmgmt__resp_command(&b->hints.out, "XREAD", "COUNT", hints_count, "BLOCK", hints_block, "STREAMS",
                         DRMGMT__KEY_CANCEL, id, NULL);
    b->hinting = drmgmt__redis_flush(&b->hints);
    b->hinting_until = drmgmt__monotonic_us() + HINTS_US;
    return b->hinting;
}

/* Returns 1 when the bell rang, 0 when not (yet), -1 when the connection is of no use. */
static int take_bell(drmgmt__bell *b, uint64_t deadline)
{
    redisReply *reply = NULL;
    int got = drmgmt__redis_poll_reply(&b->bell, &reply);

    if (got <= 0)
        return got;
    b->ringing = false;
    int rc = reply->type == REDIS_REPLY_ARRAY && reply->elements ? 1 : 0;
    if (reply->type == REDIS_REPLY_ERROR) {
        /* Somebody flushed Redis: the group went with its stream. */
        bool gone = strncmp(reply->str, "NOGROUP", 7) == 0 || strncmp(reply->str, "UNBLOCKED", 9) == 0;
        if (!gone)
            snprintf(b->bell.problem, sizeof b->bell.problem, "Redis refused a command: %.150s", reply->str);
        rc = gone && make_groups(b) && ask_bell(b, deadline) ? 0 : -1;
    }
    freeReplyObject(reply);
    return rc;
}

/* Returns the number of hints told, or -1. */
static int take_hints(drmgmt__bell *b, void (*cancelled)(void *user, const char *job_id), void *user)
{
    redisReply *reply = NULL;
    int told = 0, got = drmgmt__redis_poll_reply(&b->hints, &reply);

    if (got <= 0)
        return got;
    b->hinting = false;
    if (reply->type == REDIS_REPLY_ERROR) {
        snprintf(b->hints.problem, sizeof b->hints.problem, "Redis refused a command: %.150s", reply->str);
        told = -1;
    } else if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 && reply->element[0]->elements == 2) {
        const redisReply *entries = reply->element[0]->element[1];
        for (size_t i = 0; i < entries->elements; i++) {
            const redisReply *job = drmgmt__reply_field(entries->element[i], "job");
            char id[DRMGMT__UUID_SIZE];
            drmgmt__reply_entry_id(entries->element[i], &b->seen);
            if (job && drmgmt__uuid_normalise(job->str, id)) {
                cancelled(user, id);
                told++;
            }
        }
    }
    freeReplyObject(reply);
    return told;
}

/* Ends the wait of "bell" ahead of time; "hints" must be free. Redis may see the unblocking before the wait it is to
 * end: then once more. Returns as take_bell(). */
static int stop_ringing(drmgmt__bell *b)
{
    uint64_t until = drmgmt__monotonic_us() + GRACE_US;
    int rang = 0;

    while (b->ringing && rang == 0) {
        struct pollfd p = { .fd = b->bell.fd, .events = POLLIN };
        drmgmt__resp_command(&b->hints.out, "CLIENT", "UNBLOCK", b->client, NULL);
        redisReply *reply = drmgmt__redis_call(&b->hints);
        bool good = reply && reply->type == REDIS_REPLY_INTEGER && drmgmt__monotonic_us() < until;
        freeReplyObject(reply);
        if (!good)
            return -1;
        if (poll(&p, 1, 2) > 0)
            rang = take_bell(b, 0);
    }
    return rang;
}

/* Returns 1 rang, 0 the time is over or there were hints, -1 Redis went away. */
static int listen_for(drmgmt__bell *b, uint64_t deadline, void (*cancelled)(void *user, const char *job_id), void *user)
{
    int rang = 0, told = 0;

    if (!ask_bell(b, deadline))
        return -1;
    while (b->ringing && rang == 0 && told == 0) {
        if (!b->hinting && !ask_hints(b))
            return -1;
        uint64_t now = drmgmt__monotonic_us(), until = deadline + GRACE_US;
        if (now >= until || now >= b->hinting_until) {
            snprintf(b->bell.problem, sizeof b->bell.problem, "Redis did not answer in time");
            return -1;
        }
        until = until < b->hinting_until ? until : b->hinting_until;
        struct pollfd fds[] = { { .fd = b->bell.fd, .events = POLLIN }, { .fd = b->hints.fd, .events = POLLIN } };
        if (poll(fds, 2, (int)((until - now + 999) / 1000)) < 0 && errno != EINTR)
            return -1;
        if (fds[0].revents)
            rang = take_bell(b, deadline);
        if (fds[1].revents && rang >= 0)
            told = take_hints(b, cancelled, user);
    }
    if (told > 0 && b->ringing)
        rang = stop_ringing(b);
    return told < 0 ? -1 : rang;
}

static void sleep_until(uint64_t us)
{
    struct timespec t = { .tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000 };

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        ;
}

int drmgmt__bell_wait(drmgmt__bell *b, unsigned timeout_ms, void (*cancelled)(void *user, const char *job_id),
                      void *user)
{
    uint64_t deadline = drmgmt__monotonic_us() + timeout_ms * UINT64_C(1000), now;

    do {
        if (ready(b, deadline)) {
            int rc = listen_for(b, deadline, cancelled, user);
            if (rc >= 0) {
                note_back(b);
                return rc;
            }
            disconnect(b);
            note_away(b);
        }
        now = drmgmt__monotonic_us();
        uint64_t until = b->context->options.redis_url && b->retry_at < deadline ? b->retry_at : deadline;
        if (until > now)
            sleep_until(until);
    } while (drmgmt__monotonic_us() < deadline);
    return 0;
}
