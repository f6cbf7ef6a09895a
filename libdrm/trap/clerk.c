/* The clerk: asks PostgreSQL who may have sent what, stores events, publishes them, and answers informs. A thread that
 * listener.c starts; a database that is away is waited for. Calls sender.c and event.c. */
#include "trap/listener.h"

#include "auth/auth.h"
#include "core/context_internal.h"
#include "core/core.h"
#include "net/socket.h"
#include "queries.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TELL_MS = 5000 }; /* metrics, as often as a worker beats */
enum { STORE_MAX = 1000, STORE_BYTES_MAX = 4 << 20, BACKOFF_MS = 100, BACKOFF_MAX_MS = 1000, LAST_MS = 5000 };

struct clerk {
    drmgmt_trap_listener *l;
    drmgmt_session *session;
    drmgmt__trap_keys *keys;             /* of users of version 3 */
    drmgmt__trap_event *hand[STORE_MAX]; /* being stored; kept until they are */
    size_t n_hand;
    unsigned backoff_ms; /* 0: PostgreSQL answers */
    uint64_t over_ms;    /* when it gives up; 0: not asked to end */
    uint64_t told_ms;    /* when metrics were told last */
};

void drmgmt__trap_answer(drmgmt_trap_listener *l, int fd, const drmgmt__net_address *to, const void *packet,
                         size_t length)
{
    drmgmt__net_reply(fd, to, packet, length);
    atomic_fetch_add(&l->stats.acknowledged, 1);
}

/* ---- away and back ---- */

static void note_away(struct clerk *c, drmgmt_error *error)
{
    if (!c->backoff_ms)
        drmgmt__log(c->l->context, DRMGMT_LOG_WARNING,
                    "traps cannot be stored now: they wait in memory, informs are not acknowledged", "error",
                    drmgmt_error_message(error), NULL);
    c->backoff_ms = c->backoff_ms ? 2 * c->backoff_ms : BACKOFF_MS;
    if (c->backoff_ms > BACKOFF_MAX_MS)
        c->backoff_ms = BACKOFF_MAX_MS;
    atomic_store(&c->l->away, true);
    drmgmt_error_free(error);
}

static void note_back(struct clerk *c)
{
    if (c->backoff_ms)
        drmgmt__log(c->l->context, DRMGMT_LOG_INFO, "traps are stored again", NULL);
    c->backoff_ms = 0;
    atomic_store(&c->l->away, false);
}

/* ---- the engine ---- */

/* RFC 3411, section 5, SnmpEngineID: "octets" of our own choice (5) under the enterprise number for documentation
 * (RFC 5612), for want of one of our own. */
static int make_engine_id(char hex[43])
{
    uint8_t id[21] = { 0x80, 0x00, 0x7e, 0xd9, 5 };

    if (drmgmt__random(id + 5, sizeof id - 5))
        return -1;
    drmgmt__hex(id, sizeof id, hex);
    return 0;
}

static int start_engine(struct clerk *c, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__trap_engine engine = { .started_ms = drmgmt__monotonic_ms() };
    char name[400], host[256] = "", hex[43];

    gethostname(host, sizeof host - 1);
    snprintf(name, sizeof name, "%s %s", host, c->l->sockets[0].text);
    if (make_engine_id(hex))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    drmgmt__param(&p, name);
    drmgmt__param(&p, hex);
    int rc = drmgmt__run(c->session, DRMGMT_PERM_NONE, DRMGMT__WRITE | DRMGMT__REPEATABLE,
                         &drmgmt__q_sched_trap_engine_start, &p, &rows, error);
    if (rc)
        return rc;
    engine.n = strlen(drmgmt__rows_text(rows, 0, 0)) / 2;
    engine.boots = (int32_t)drmgmt__rows_int(rows, 0, 1);
    if (engine.n > sizeof engine.id || drmgmt__unhex(drmgmt__rows_text(rows, 0, 0), engine.id, engine.n))
        return drmgmt__fail(error, DRMGMT_ERR_DATABASE, "the listener's engine id is malformed");
    pthread_mutex_lock(&c->l->mutex);
    c->l->engine = engine;
    pthread_mutex_unlock(&c->l->mutex);
    return 0;
}

/* ---- questions ---- */

/* With the mutex held, which it lets go of while PostgreSQL is asked. */
static void ask(struct clerk *c)
{
    drmgmt_trap_listener *l = c->l;
    drmgmt__net_address questions[DRMGMT__TRAP_ASK_MAX];
    drmgmt__trap_senders *answers = NULL;
    drmgmt_error *error = NULL;
    size_t n = l->n_questions;

    memcpy(questions, l->questions, n * sizeof *questions);
    l->n_questions = 0;
    pthread_mutex_unlock(&l->mutex);
    if (drmgmt__trap_senders_ask(c->session, c->keys, questions, n, &answers, &error))
        note_away(c, error);
    else
        note_back(c);
    pthread_mutex_lock(&l->mutex);
    for (drmgmt__trap_senders *next; answers; answers = next) {
        next = answers->next;
        answers->next = l->answers;
        l->answers = answers;
    }
    drmgmt__trap_wake(l);
}

/* ---- events ---- */

/* With the mutex held. */
static void take_events(struct clerk *c)
{
    drmgmt_trap_listener *l = c->l;
    size_t bytes = 0;

    while (l->events && c->n_hand < STORE_MAX && (!c->n_hand || bytes + l->events->bytes <= STORE_BYTES_MAX)) {
        drmgmt__trap_event *e = l->events;
        l->events = e->next;
        bytes += e->bytes;
        c->hand[c->n_hand++] = e;
    }
    if (!l->events)
        l->events_end = &l->events;
}

static void tell(struct clerk *c, drmgmt__trap_event *e)
{
    drmgmt_trap_listener *l = c->l;

    if (e->stored) {
        atomic_fetch_add(&l->stats.stored, 1);
        drmgmt__trap_event_publish(l->context, e);
    }
    if (!e->ack)
        return;
    drmgmt__trap_once_set(l->informs, &e->ack->mark, e->stored ? DRMGMT__TRAP_STORED : DRMGMT__TRAP_NEW);
    if (e->stored)
        drmgmt__trap_answer(l, e->ack->fd, &e->ack->to, e->ack->packet, e->ack->length);
}

/* With the mutex held, which it lets go of meanwhile. */
static void store(struct clerk *c)
{
    drmgmt_trap_listener *l = c->l;
    drmgmt_error *error = NULL;
    size_t bytes = 0;

    if (!c->n_hand)
        take_events(c);
    if (!c->n_hand)
        return;
    pthread_mutex_unlock(&l->mutex);
    size_t n = c->n_hand;
    if (drmgmt__trap_events_store(c->session, c->hand, n, &error)) {
        note_away(c, error);
        pthread_mutex_lock(&l->mutex);
        return;
    }
    note_back(c);
    for (size_t i = 0; i < n; i++) {
        tell(c, c->hand[i]);
        bytes += c->hand[i]->bytes;
        drmgmt__trap_event_free(c->hand[i]);
    }
    c->n_hand = 0;
    pthread_mutex_lock(&l->mutex);
    l->n_events -= n;
    l->event_bytes -= bytes;
}

/* ---- metrics ---- */

static void tell_metrics(struct clerk *c)
{
    drmgmt_trap_listener *l = c->l;
    static const char *const versions[] = { "1", "2c", "3" };
    const struct {
        drmgmt__metric metric;
        const char *label;
        const atomic_ullong *total;
    } totals[] = {
        { DRMGMT__METRIC_TRAP_DATAGRAMS, NULL, &l->stats.received },
        { DRMGMT__METRIC_TRAP_EVENTS, NULL, &l->stats.stored },
        { DRMGMT__METRIC_TRAP_ANSWERS, NULL, &l->stats.acknowledged },
        { DRMGMT__METRIC_TRAP_REPEATED, NULL, &l->stats.repeated },
        { DRMGMT__METRIC_TRAP_REFUSED, "malformed", &l->stats.malformed },
        { DRMGMT__METRIC_TRAP_REFUSED, "unknown", &l->stats.unknown },
        { DRMGMT__METRIC_TRAP_REFUSED, "refused", &l->stats.refused },
        { DRMGMT__METRIC_TRAP_REFUSED, "replayed", &l->stats.replayed },
        { DRMGMT__METRIC_TRAP_REFUSED, "dropped", &l->stats.dropped },
    };

    for (size_t i = 0; i < DRMGMT__COUNT(totals); i++)
        drmgmt__metrics_set(l->metrics, totals[i].metric, &totals[i].label, atomic_load(totals[i].total));
    for (size_t i = 0; i < DRMGMT__COUNT(versions); i++)
        drmgmt__metrics_set(l->metrics, DRMGMT__METRIC_TRAP_MESSAGES, &versions[i], atomic_load(&l->stats.versions[i]));
    /* An outage is told by others: what was counted waits. */
    (void)!drmgmt__metrics_tell(l->metrics, c->session, NULL);
    c->told_ms = drmgmt__monotonic_ms();
}

/* ---- the thread ---- */

/* With the mutex held. */
static void wait_ms(drmgmt_trap_listener *l, unsigned ms)
{
    uint64_t until = drmgmt__monotonic_us() + ms * UINT64_C(1000);
    struct timespec t = { .tv_sec = (time_t)(until / 1000000), .tv_nsec = (long)(until % 1000000) * 1000 };

    pthread_cond_timedwait(&l->clerk_wake, &l->mutex, &t);
}

/* With the mutex held. */
static bool is_over(struct clerk *c)
{
    drmgmt_trap_listener *l = c->l;

    if (!l->receiver_over)
        return false;
    if (!c->over_ms)
        c->over_ms = drmgmt__monotonic_ms() + LAST_MS;
    return !l->n_events || drmgmt__monotonic_ms() >= c->over_ms;
}

static void work(struct clerk *c)
{
    drmgmt_trap_listener *l = c->l;
    drmgmt_error *error = NULL;

    pthread_mutex_lock(&l->mutex);
    while (!is_over(c)) {
        if (c->backoff_ms)
            wait_ms(l, c->backoff_ms);
        else if (l->engine.n && !l->n_questions && !l->events && !c->n_hand)
            wait_ms(l, 1000);
        if (!l->engine.n) {
            pthread_mutex_unlock(&l->mutex);
            if (start_engine(c, &error))
                note_away(c, DRMGMT__STEAL(error));
            else
                note_back(c);
            pthread_mutex_lock(&l->mutex);
        }
        if (l->n_questions && !c->over_ms)
            ask(c);
        store(c);
        if (!c->backoff_ms && drmgmt__monotonic_ms() - c->told_ms >= TELL_MS) {
            pthread_mutex_unlock(&l->mutex);
            tell_metrics(c);
            pthread_mutex_lock(&l->mutex);
        }
    }
    if (l->n_events) {
        char text[24];
        snprintf(text, sizeof text, "%zu", l->n_events);
        drmgmt__log(l->context, DRMGMT_LOG_ERROR, "traps were not stored before the end", "events", text, NULL);
    }
    pthread_mutex_unlock(&l->mutex);
}

void *drmgmt__trap_clerk(void *listener)
{
    drmgmt_error *error = NULL;
    struct clerk *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->l = listener;
    c->keys = drmgmt__trap_keys_new();
    if (!c->keys) {
        drmgmt__log(c->l->context, DRMGMT_LOG_ERROR, "the trap listener cannot work: out of memory", NULL);
    } else if (drmgmt__session_open_system(c->l->context, "worker", &c->session, &error)) {
        drmgmt__log(c->l->context, DRMGMT_LOG_ERROR, "the trap listener cannot work", "error",
                    drmgmt_error_message(error), NULL);
        drmgmt_error_free(error);
    } else {
        work(c);
        tell_metrics(c);
    }
    for (size_t i = 0; i < c->n_hand; i++)
        drmgmt__trap_event_free(c->hand[i]);
    drmgmt_session_close(c->session);
    drmgmt__trap_keys_free(c->keys);
    free(c);
    return NULL;
}
