/* The thread of the hub: reads the streams of all tenants with subscriptions. Started by hub.c; calls redis.c and
 * hub.c's fan-out.
 *
 * Two connections. "live" waits in one XREAD over all streams and a wake stream of this hub's own; an entry in the
 * latter ends the wait when a tenant is added, and cannot be missed, unlike an unblocking command. "control" learns
 * where streams stand, reads what resuming subscriptions missed, and writes the wake. The epoch is read after each
 * XREAD and four times a second: when it changed, the streams were emptied or events were lost, and everybody is told
 * to read again. */
#include "core/context_internal.h"
#include "core/core.h"
#include "queue/hub.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

enum {
    BATCH = 200, /* entries a stream and XREAD */
    PAGE = 1000, /* entries a scan step */
    CHECK_US = 250000,
    BLOCK_MS = 5000,
    SILENCE_US = BLOCK_MS * 1000 + 2000000 /* after this without an answer "live" is dead */
};

static const char batch_text[] = "200", page_text[] = "1000", block_text[] = "5000";

/* ---- connecting ---- */

/* Reads an epoch; sets one when there is none. False: no answer. */
static bool read_epoch(struct drmgmt__hub *hub, char epoch[DRMGMT__EPOCH_SIZE])
{
    char fresh[DRMGMT__EPOCH_SIZE];
    uint64_t deadline = drmgmt__monotonic_us() + DRMGMT__REDIS_COMMAND_US;
    bool known = false;

    if (drmgmt__epoch_make(fresh))
        return false;
    drmgmt__resp_command(&hub->control.out, "SET", DRMGMT__KEY_EPOCH, fresh, "NX", NULL);
    drmgmt__resp_command(&hub->control.out, "GET", DRMGMT__KEY_EPOCH, NULL);
    if (!drmgmt__redis_flush(&hub->control) || !drmgmt__redis_expect(&hub->control, deadline))
        return false;
    redisReply *reply = drmgmt__redis_reply(&hub->control, deadline);
    if (reply && reply->type == REDIS_REPLY_STRING && drmgmt__epoch_valid(reply->str, reply->len)) {
        memcpy(epoch, reply->str, DRMGMT__EPOCH_SIZE);
        known = true;
    } else if (reply) {
        /* Somebody else's value: put ours in its place. */
        drmgmt__resp_command(&hub->control.out, "SET", DRMGMT__KEY_EPOCH, fresh, NULL);
        memcpy(epoch, fresh, DRMGMT__EPOCH_SIZE);
        known = drmgmt__redis_flush(&hub->control) && drmgmt__redis_expect(&hub->control, deadline);
    }
    freeReplyObject(reply);
    return known;
}

static void note_away(struct drmgmt__hub *hub)
{
    if (hub->away_since)
        return;
    hub->away_since = drmgmt__monotonic_us();
    drmgmt__log(hub->context, DRMGMT_LOG_WARNING,
                "Redis is away: event streams get no live events; jobs go on, and are still read from PostgreSQL",
                "reason", hub->live.problem[0] ? hub->live.problem : hub->control.problem, NULL);
}

/* Not before it answered: one that accepts connections but refuses commands is not back. */
static void note_back(struct drmgmt__hub *hub)
{
    char away[24];

    hub->proven = true;
    hub->backoff = (drmgmt__backoff){ 0 };
    if (!hub->away_since)
        return;
    snprintf(away, sizeof away, "%llu", (unsigned long long)(drmgmt__monotonic_us() - hub->away_since) / 1000);
    hub->away_since = 0;
    drmgmt__log(hub->context, DRMGMT_LOG_INFO, "Redis is back: event streams are live again", "away_ms", away, NULL);
}

static bool connect_both(struct drmgmt__hub *hub)
{
    uint64_t deadline = drmgmt__monotonic_us() + DRMGMT__REDIS_OPEN_US;
    char epoch[DRMGMT__EPOCH_SIZE];

    hub->live.problem[0] = hub->control.problem[0] = '\0';
    bool done = drmgmt__redis_open(&hub->live, hub->context, "events", deadline) &&
                drmgmt__redis_open(&hub->control, hub->context, "events-control", deadline) && read_epoch(hub, epoch);
    if (!done) {
        drmgmt__redis_close(&hub->live);
        drmgmt__redis_close(&hub->control);
        note_away(hub);
    } else {
        hub->proven = false;
        hub->woken = (drmgmt__stream_id){ 0, 0 };
        hub->check_at = drmgmt__monotonic_us() + CHECK_US;
    }
    pthread_mutex_lock(&hub->mutex);
    hub->away = !done;
    if (done)
        memcpy(hub->epoch, epoch, sizeof hub->epoch);
    else
        pthread_cond_broadcast(&hub->changed);
    pthread_mutex_unlock(&hub->mutex);
    return done;
}

/* The streams' positions mean nothing any more: whoever was let in begins anew with RESYNC. */
static void disconnect(struct drmgmt__hub *hub)
{
    drmgmt__redis_close(&hub->live);
    drmgmt__redis_close(&hub->control);
    freeReplyObject(hub->batch);
    hub->batch = NULL;
    hub->asked = false;
    pthread_mutex_lock(&hub->mutex);
    for (drmgmt__feed *feed = hub->feeds; feed; feed = feed->next) {
        feed->live = feed->scanning = false;
        feed->joining = true;
        for (drmgmt_subscription *s = feed->members; s; s = s->next_member) {
            s->resync = s->resync || s->state != DRMGMT__JOINING;
            s->state = DRMGMT__JOINING;
        }
    }
    hub->joining = true;
    pthread_mutex_unlock(&hub->mutex);
}

/* ---- letting in: positions and scans ---- */

/* What is asked about a feed: one answer when only its position is wanted, three for a step of a scan. */
static void ask_feed(struct drmgmt__hub *hub, const drmgmt__feed *feed)
{
    drmgmt__strbuf *b = &hub->control.out;
    char key[64], from[DRMGMT__STREAM_ID_SIZE];

    snprintf(key, sizeof key, "%s%s", DRMGMT__KEY_EVENTS, feed->tenant_id);
    if (feed->scanning) {
        drmgmt__stream_id next = { feed->cursor.ms + (feed->cursor.seq == UINT64_MAX), feed->cursor.seq + 1 };
        drmgmt__stream_id_format(next, from);
        /* First the page and then the first entry: what is still there after the page was read was there before. */
        drmgmt__resp_command(b, "XRANGE", key, from, "+", "COUNT", page_text, NULL);
        drmgmt__resp_command(b, "XRANGE", key, "-", "+", "COUNT", "1", NULL);
    }
    drmgmt__resp_command(b, "XREVRANGE", key, "+", "-", "COUNT", "1", NULL);
}

/* With the mutex held; the position is known. */
static void let_in(struct drmgmt__hub *hub, drmgmt__feed *feed)
{
    bool waiting = false;

    for (drmgmt_subscription *s = feed->members; s; s = s->next_member) {
        if (s->state != DRMGMT__JOINING)
            continue;
        if (s->resync || (s->resumes && strcmp(s->epoch, hub->epoch) != 0)) {
            drmgmt__hub_resync(hub, s);
        } else if (!s->resumes) {
            s->state = DRMGMT__LIVE;
        } else if (feed->scanning) {
            waiting = true; /* for the next scan: one serves all that came meanwhile */
        } else {
            s->state = DRMGMT__REPLAY;
        }
    }
    if (!feed->scanning) {
        for (drmgmt_subscription *s = feed->members; s; s = s->next_member)
            if (s->state == DRMGMT__REPLAY && (!feed->scanning || drmgmt__stream_id_before(s->after, feed->cursor))) {
                feed->cursor = s->after;
                feed->scanning = true;
            }
    }
    feed->joining = waiting;
    pthread_cond_broadcast(&hub->changed);
}

/* With the mutex held: those for whom entries are missing, or who name an entry that never was. */
static void refuse_gaps(struct drmgmt__hub *hub, drmgmt__feed *feed, const redisReply *first, const redisReply *last)
{
    drmgmt__stream_id first_id, last_id;
    bool empty = !drmgmt__reply_single_id(first, &first_id) || !drmgmt__reply_single_id(last, &last_id);

    for (drmgmt_subscription *s = feed->members; s; s = s->next_member) {
        if (s->state != DRMGMT__REPLAY)
            continue;
        drmgmt__stream_id at = drmgmt__stream_id_before(s->after, feed->cursor) ? feed->cursor : s->after;
        if (empty || drmgmt__stream_id_before(at, first_id) || drmgmt__stream_id_before(last_id, s->after))
            drmgmt__hub_resync(hub, s);
    }
}

/* With the mutex held. */
static void take_page(struct drmgmt__hub *hub, drmgmt__feed *feed, const redisReply *page, const redisReply *first,
                      const redisReply *last)
{
    drmgmt__stream_id id;
    size_t n = page->type == REDIS_REPLY_ARRAY ? page->elements : 0;

    refuse_gaps(hub, feed, first, last);
    for (size_t i = 0; i < n; i++)
        if (drmgmt__reply_entry_id(page->element[i], &id)) {
            drmgmt__hub_dispatch(hub, feed, page->element[i], id, DRMGMT__REPLAY);
            feed->cursor = id;
        }
    if (n >= PAGE)
        return;
    /* The page reached the end of the stream, and "live" was not read meanwhile: cursor is not behind position, and
     * what "live" brings up to cursor was told already. */
    feed->scanning = false;
    for (drmgmt_subscription *s = feed->members; s; s = s->next_member)
        if (s->state == DRMGMT__REPLAY) {
            s->state = DRMGMT__LIVE;
            if (drmgmt__stream_id_before(s->after, feed->cursor))
                s->after = feed->cursor;
        }
}

/* A stream that ends before what was read of it is another one: somebody deleted it, and its ids begin anew. */
static bool begun_anew(const drmgmt__feed *feed, const redisReply *last)
{
    drmgmt__stream_id id = { 0, 0 };

    drmgmt__reply_single_id(last, &id);
    return drmgmt__stream_id_before(id, feed->position);
}

/* Reads the answers to ask_feed(). */
static bool settle_feed(struct drmgmt__hub *hub, drmgmt__feed *feed)
{
    uint64_t deadline = drmgmt__monotonic_us() + DRMGMT__REDIS_COMMAND_US;
    redisReply *replies[3] = { NULL, NULL, NULL };
    size_t n = feed->scanning ? 3 : 1;
    bool good = true;

    for (size_t i = 0; i < n && good; i++) {
        replies[i] = drmgmt__redis_reply(&hub->control, deadline);
        good = replies[i] && replies[i]->type == REDIS_REPLY_ARRAY;
        if (replies[i] && replies[i]->type == REDIS_REPLY_ERROR)
            snprintf(hub->control.problem, sizeof hub->control.problem, "Redis refused a command: %.150s",
                     replies[i]->str);
    }
    if (good && feed->scanning && begun_anew(feed, replies[2])) {
        hub->renewed = true;
        good = false;
    }
    if (good) {
        pthread_mutex_lock(&hub->mutex);
        if (feed->scanning)
            take_page(hub, feed, replies[0], replies[1], replies[2]);
        if (!feed->live) {
            feed->position = (drmgmt__stream_id){ 0, 0 };
            drmgmt__reply_single_id(replies[0], &feed->position);
            feed->live = true;
        }
        let_in(hub, feed);
        hub->joining = hub->joining || feed->scanning || feed->joining;
        pthread_mutex_unlock(&hub->mutex);
    }
    for (size_t i = 0; i < n; i++)
        freeReplyObject(replies[i]);
    return good;
}

/* One step for every feed that has somebody to let in. */
static bool settle(struct drmgmt__hub *hub)
{
    bool wake = false;

    pthread_mutex_lock(&hub->mutex);
    bool work = hub->joining;
    hub->joining = false;
    drmgmt__feed *first = hub->feeds;
    /* What is added from here on stands before first, and sets joining again. Nothing is freed but by this thread. */
    for (drmgmt__feed *feed = first; work && feed; feed = feed->next) {
        if (feed->live && feed->joining && !feed->scanning)
            let_in(hub, feed);
        feed->settling = !feed->live || feed->scanning;
        wake = wake || !feed->live;
        if (feed->settling)
            ask_feed(hub, feed);
    }
    pthread_mutex_unlock(&hub->mutex);
    if (!work || (!hub->control.out.length && !hub->control.out.failed))
        return true;
    wake = wake && hub->asked;
    if (wake) {
        drmgmt__resp_command(&hub->control.out, "XADD", hub->wake_key, "MAXLEN", "1", "*", "w", "1", NULL);
        drmgmt__resp_command(&hub->control.out, "EXPIRE", hub->wake_key, "3600", NULL);
    }
    bool good = drmgmt__redis_flush(&hub->control);
    for (drmgmt__feed *feed = first; good && feed; feed = feed->next)
        if (feed->settling)
            good = settle_feed(hub, feed);
    for (int i = 0; i < 2 && wake && good; i++)
        good = drmgmt__redis_expect(&hub->control, drmgmt__monotonic_us() + DRMGMT__REDIS_COMMAND_US);
    return good;
}

/* ---- reading what is new ---- */

/* XREAD over all feeds, and the epoch after it. Paced: under load an answer brings many events. */
static bool ask(struct drmgmt__hub *hub)
{
    drmgmt__strbuf *b = &hub->live.out;
    char text[64];
    size_t n = 0;

    pthread_mutex_lock(&hub->mutex);
    drmgmt__hub_sweep(hub);
    for (const drmgmt__feed *feed = hub->feeds; feed; feed = feed->next)
        n += feed->live;
    if (!n || drmgmt__pace_wait_us(&hub->pace)) {
        pthread_mutex_unlock(&hub->mutex);
        return true;
    }
    drmgmt__resp_begin(b, 6 + 2 * (n + 1));
    const char *head[] = { "XREAD", "COUNT", batch_text, "BLOCK", block_text, "STREAMS", hub->wake_key };
    for (size_t i = 0; i < DRMGMT__COUNT(head); i++)
        drmgmt__resp_text(b, head[i]);
    for (const drmgmt__feed *feed = hub->feeds; feed; feed = feed->next)
        if (feed->live) {
            snprintf(text, sizeof text, "%s%s", DRMGMT__KEY_EVENTS, feed->tenant_id);
            drmgmt__resp_text(b, text);
        }
    drmgmt__stream_id_format(hub->woken, text);
    drmgmt__resp_text(b, text);
    for (const drmgmt__feed *feed = hub->feeds; feed; feed = feed->next)
        if (feed->live) {
            drmgmt__stream_id_format(feed->position, text);
            drmgmt__resp_text(b, text);
        }
    pthread_mutex_unlock(&hub->mutex);
    drmgmt__resp_command(b, "GET", DRMGMT__KEY_EPOCH, NULL);
    hub->asked = true;
    hub->silent_at = drmgmt__monotonic_us() + SILENCE_US;
    return drmgmt__redis_flush(&hub->live);
}

/* A reader that fell so far behind that its answer was full may have lost what was trimmed meanwhile. */
static bool trimmed(struct drmgmt__hub *hub, const char *key, drmgmt__stream_id before)
{
    drmgmt__stream_id first;

    drmgmt__resp_command(&hub->control.out, "XRANGE", key, "-", "+", "COUNT", "1", NULL);
    redisReply *reply = drmgmt__redis_call(&hub->control);
    bool lost = !reply || !drmgmt__reply_single_id(reply, &first) || drmgmt__stream_id_before(before, first);
    freeReplyObject(reply);
    return lost;
}

/* One stream of XREAD's answer: [key, [entry, ...]]. */
static void take_stream(struct drmgmt__hub *hub, const redisReply *stream)
{
    const redisReply *key = stream->elements == 2 ? stream->element[0] : NULL,
                     *entries = key ? stream->element[1] : NULL;
    size_t prefix = sizeof DRMGMT__KEY_EVENTS - 1;
    drmgmt__stream_id id;

    if (!key || key->type != REDIS_REPLY_STRING || entries->type != REDIS_REPLY_ARRAY)
        return;
    if (strcmp(key->str, hub->wake_key) == 0) {
        for (size_t i = 0; i < entries->elements; i++)
            drmgmt__reply_entry_id(entries->element[i], &hub->woken);
        return;
    }
    pthread_mutex_lock(&hub->mutex);
    drmgmt__feed *feed = key->len > prefix ? drmgmt__hub_find(hub, key->str + prefix) : NULL;
    drmgmt__stream_id before = feed ? feed->position : (drmgmt__stream_id){ 0, 0 };
    for (size_t i = 0; feed && feed->live && i < entries->elements; i++)
        if (drmgmt__reply_entry_id(entries->element[i], &id) && drmgmt__stream_id_before(feed->position, id)) {
            drmgmt__hub_dispatch(hub, feed, entries->element[i], id, DRMGMT__LIVE);
            feed->position = id;
        }
    pthread_mutex_unlock(&hub->mutex);
    if (!feed || entries->elements < BATCH || !(before.ms || before.seq) || !trimmed(hub, key->str, before))
        return;
    pthread_mutex_lock(&hub->mutex);
    for (drmgmt_subscription *s = feed->members; s; s = s->next_member)
        if (s->state == DRMGMT__LIVE)
            drmgmt__hub_resync(hub, s);
    pthread_mutex_unlock(&hub->mutex);
}

/* Both answers to ask() are there. */
static bool take_answers(struct drmgmt__hub *hub, const redisReply *epoch)
{
    redisReply *batch = hub->batch;
    bool good = batch->type == REDIS_REPLY_ARRAY || batch->type == REDIS_REPLY_NIL;

    if (!good)
        snprintf(hub->live.problem, sizeof hub->live.problem, "Redis refused a command: %.150s",
                 batch->type == REDIS_REPLY_ERROR ? batch->str : "");
    hub->renewed = good && (epoch->type != REDIS_REPLY_STRING || strcmp(epoch->str, hub->epoch) != 0);
    good = good && !hub->renewed;
    if (good && batch->type == REDIS_REPLY_ARRAY) {
        for (size_t i = 0; i < batch->elements; i++)
            take_stream(hub, batch->element[i]);
        drmgmt__pace_turn(&hub->pace);
    }
    if (good)
        note_back(hub);
    freeReplyObject(batch);
    hub->batch = NULL;
    hub->asked = false;
    hub->check_at = drmgmt__monotonic_us() + CHECK_US;
    return good && hub->control.fd >= 0;
}

static bool read_live(struct drmgmt__hub *hub)
{
    redisReply *reply = NULL;
    int got;

    while ((got = drmgmt__redis_poll_reply(&hub->live, &reply)) > 0) {
        if (!hub->asked) {
            freeReplyObject(reply);
            return false;
        }
        if (!hub->batch) {
            hub->batch = reply;
            continue;
        }
        bool good = take_answers(hub, reply);
        freeReplyObject(reply);
        if (!good)
            return false;
    }
    return got == 0;
}

static bool check_epoch(struct drmgmt__hub *hub)
{
    drmgmt__resp_command(&hub->control.out, "GET", DRMGMT__KEY_EPOCH, NULL);
    redisReply *reply = drmgmt__redis_call(&hub->control);

    hub->check_at = drmgmt__monotonic_us() + CHECK_US;
    hub->renewed = reply && (reply->type != REDIS_REPLY_STRING || strcmp(reply->str, hub->epoch) != 0);
    freeReplyObject(reply);
    if (reply && !hub->renewed)
        note_back(hub);
    return reply && !hub->renewed;
}

/* Waits for events, for a change of subscriptions, for the next look at the epoch. */
static bool listen_once(struct drmgmt__hub *hub, bool idle, bool more)
{
    uint64_t now = drmgmt__monotonic_us(), pace = hub->asked ? 0 : drmgmt__pace_wait_us(&hub->pace), count;
    uint64_t left = more ? 0 : hub->check_at > now ? hub->check_at - now : 0;
    struct pollfd fds[] = { { .fd = hub->wake_fd, .events = POLLIN },
                            { .fd = hub->live.fd, .events = POLLIN },
                            { .fd = hub->control.fd, .events = POLLIN } };

    left = pace && pace < left ? pace : left;
    if (poll(fds, DRMGMT__COUNT(fds), idle ? -1 : (int)((left + 999) / 1000)) < 0 && errno != EINTR)
        return false;
    while (fds[0].revents && read(hub->wake_fd, &count, sizeof count) < 0 && errno == EINTR)
        ;
    if (fds[1].revents && !read_live(hub))
        return false;
    if (fds[2].revents) /* control answers only when asked */
        return false;
    now = drmgmt__monotonic_us();
    if (hub->asked && now >= hub->silent_at)
        return false;
    return idle || now < hub->check_at || check_epoch(hub);
}

/* Until the next attempt to connect; ends early only when the hub stops. */
static void back_off(struct drmgmt__hub *hub)
{
    uint64_t until = drmgmt__monotonic_us() + drmgmt__backoff_next(&hub->backoff) * UINT64_C(1000), now, count;
    bool stopping = false;

    while (!stopping && (now = drmgmt__monotonic_us()) < until) {
        struct pollfd p = { .fd = hub->wake_fd, .events = POLLIN };
        if (poll(&p, 1, (int)((until - now + 999) / 1000)) > 0 && read(hub->wake_fd, &count, sizeof count) > 0) {
            pthread_mutex_lock(&hub->mutex);
            stopping = hub->stopping;
            pthread_mutex_unlock(&hub->mutex);
        }
    }
}

/* A connection that nobody needs is made again without a word. */
static void note_lost(struct drmgmt__hub *hub, bool idle)
{
    if (!idle && hub->renewed)
        drmgmt__log(hub->context, DRMGMT_LOG_INFO,
                    "Redis was emptied or lost events: readers of events are told to read their jobs again", NULL);
    else if (!idle)
        note_away(hub);
    hub->renewed = false;
}

void *drmgmt__hub_run(void *user)
{
    struct drmgmt__hub *hub = user;

    for (;;) {
        pthread_mutex_lock(&hub->mutex);
        bool stopping = hub->stopping, idle = hub->subscriptions == 0;
        pthread_mutex_unlock(&hub->mutex);
        if (stopping)
            break;
        if (hub->live.fd < 0 && !idle && !connect_both(hub)) {
            back_off(hub);
            continue;
        }
        bool good = true;
        if (!idle)
            good = settle(hub) && (hub->asked || ask(hub));
        pthread_mutex_lock(&hub->mutex);
        bool more = hub->joining;
        pthread_mutex_unlock(&hub->mutex);
        if (good && listen_once(hub, idle, more))
            continue;
        note_lost(hub, idle);
        disconnect(hub);
        if (!hub->proven)
            back_off(hub);
    }
    if (hub->control.fd >= 0) {
        drmgmt__resp_command(&hub->control.out, "DEL", hub->wake_key, NULL);
        freeReplyObject(drmgmt__redis_call(&hub->control));
    }
    disconnect(hub);
    drmgmt__redis_free(&hub->live);
    drmgmt__redis_free(&hub->control);
    return NULL;
}
