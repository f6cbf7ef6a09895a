/* The ledger thread: registers the worker, has jobs claimed for the loop, stores results, so that the loop never waits
 * for PostgreSQL. Storing and claiming take the same time there: while there are results, another thread claims on a
 * connection of its own (claimer.c). Calls the scheduler's functions (store/sched.h) and publishes what was stored. */
#include "core/context_internal.h"
#include "core/core.h"
#include "core/strbuf.h"
#include "net/outbound.h"
#include "queries.h"
#include "queue/queue.h"
#include "store/array.h"
#include "worker/engine.h"
#include <drm/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LOOK_MS = 1000,      /* without a bell */
    AGAIN_MS = 20,       /* after a claim that brought a few: there may be more than the bells told */
    AFTER_FINISH_MS = 2, /* what ended may have made room within a tenant's share */
    CROWD = 32,          /* a claim of so many is followed by the next at once */
    PACE_MS = 2,         /* between claims of a few: bells of single jobs come faster than claims pay */
    FEW = 4,
    RULES_MS = DRMGMT__OUTBOUND_KEEP_MS / 2, /* so that a claim finds the outbound rules fresh */
    BACKOFF_MIN_MS = 50,
    BACKOFF_MAX_MS = 2000,
    FLUSH_MS = 5000, /* at the end: how long results are tried to be stored */
    FLUSH_AT_ONCE_MS = 1000,
};

enum work { WORK_END, WORK_REGISTER, WORK_STORE, WORK_CLAIM, WORK_CLAIMED, WORK_RECOVER, WORK_RULES };

struct ledger {
    drmgmt_worker *w;
    drmgmt_session *session;
    drmgmt__results pending; /* taken from the outbox, not stored yet */
    size_t stored;           /* of them */
    uint64_t claim_at, claimed_at, retry_at, recover_at, give_up_at, rules_at; /* monotonic ms */
    unsigned backoff_ms;                                                       /* 0: the database answers */
    unsigned last_claim;                                                       /* jobs it brought */
    uint32_t leases;
    bool registered_once;
    bool claiming; /* an order is with the claimer */
    bool has_claimer;
    pthread_t claimer;
};

void drmgmt__worker_wake_ledger(drmgmt_worker *w)
{
    if (w->ledger_waits)
        pthread_cond_signal(&w->ledger_wake);
}

/* ---- what to do next; the mutex is held ---- */

static void wait_until(struct ledger *l, uint64_t at)
{
    drmgmt_worker *w = l->w;
    struct timespec until = { .tv_sec = (time_t)(at / 1000), .tv_nsec = (long)(at % 1000) * 1000000 };

    w->ledger_waits = true;
    pthread_cond_timedwait(&w->ledger_wake, &w->mutex, &until);
    w->ledger_waits = false;
}

static void drop_results(struct ledger *l)
{
    drmgmt_worker *w = l->w;
    size_t n = w->outbox.n + l->pending.n - l->stored;

    atomic_fetch_add(&w->refused, n);
    atomic_fetch_sub(&w->unsent, (unsigned)n);
    drmgmt__results_clear(&w->outbox);
    drmgmt__results_clear(&l->pending);
    l->stored = 0;
}

static bool has_results(const struct ledger *l)
{
    return l->stored < l->pending.n || l->w->outbox.n > 0;
}

static bool may_claim(const struct ledger *l)
{
    const drmgmt_worker *w = l->w;

    return !l->claiming && !w->stopping && w->occupied < w->slots && !w->recover &&
           atomic_load(&w->unsent) <= DRMGMT__UNSENT_MAX &&
           w->outbox.bytes + l->pending.bytes <= DRMGMT__UNSENT_BYTES_MAX;
}

static void take_bell(struct ledger *l, uint64_t now)
{
    drmgmt_worker *w = l->w;
    uint64_t at = l->last_claim > FEW ? l->claimed_at + PACE_MS : now;

    if (!w->rang)
        return;
    w->rang = false;
    if (at < l->claim_at)
        l->claim_at = at;
}

static void lose_lease(struct ledger *l)
{
    drmgmt_worker *w = l->w;
    const drmgmt__lease *lease = atomic_load(&w->lease);

    drmgmt__log(w->context, DRMGMT_LOG_WARNING,
                "the lease was lost: another worker gave this one up; its jobs are dropped", "worker",
                lease ? lease->id : "", NULL);
    w->lost = false;
    atomic_store(&w->lease, NULL);
    drop_results(l);
    w->recover = w->known_wanted = w->known_told = false;
    drmgmt__loop_wake(w->loop);
}

/* The end of a run: nothing will come any more, and nothing is left or can be stored. */
static bool at_end(const struct ledger *l, uint64_t now)
{
    return l->w->loop_over && (!has_results(l) || now >= l->give_up_at);
}

static void note_loop_over(struct ledger *l, uint64_t now)
{
    uint64_t at = now + (atomic_load(&l->w->stop_grace_ms) ? FLUSH_MS : FLUSH_AT_ONCE_MS);

    /* A second stop shortens it. */
    if (l->w->loop_over && (!l->give_up_at || at < l->give_up_at))
        l->give_up_at = at;
}

/* What can be done at once, else WORK_END with *at set to when to look again. */
static enum work choose(struct ledger *l, uint64_t now, uint64_t *at)
{
    drmgmt_worker *w = l->w;

    *at = now + LOOK_MS;
    if (w->order_state == DRMGMT__ORDER_DONE)
        return WORK_CLAIMED;
    if (now < l->retry_at) {
        *at = l->retry_at < *at ? l->retry_at : *at;
        return WORK_END;
    }
    if (!atomic_load(&w->lease))
        return w->stopping ? WORK_END : WORK_REGISTER;
    if (w->recover && w->known_told)
        return WORK_RECOVER;
    if (now >= l->rules_at)
        return WORK_RULES;
    take_bell(l, now);
    if (may_claim(l) && now >= l->claim_at)
        return WORK_CLAIM;
    if (has_results(l) && !w->recover)
        return WORK_STORE;
    if (may_claim(l) && l->claim_at < *at)
        *at = l->claim_at;
    return WORK_END;
}

static void want_known(struct ledger *l, uint64_t now)
{
    drmgmt_worker *w = l->w;

    if (w->stopping || !atomic_load(&w->lease)) {
        w->recover = false;
    } else if (!w->recover && !l->claiming && now >= l->recover_at) {
        w->recover = w->known_wanted = true;
        w->known_told = false;
        drmgmt__loop_wake(w->loop);
    }
}

static enum work next_work(struct ledger *l)
{
    drmgmt_worker *w = l->w;

    for (;;) {
        uint64_t now = drmgmt__monotonic_ms(), at;
        if (w->lost)
            lose_lease(l);
        if (w->stopping && !w->claims_over && !l->claiming) {
            w->claims_over = true;
            drmgmt__loop_wake(w->loop);
        }
        note_loop_over(l, now);
        if (at_end(l, now))
            return WORK_END;
        want_known(l, now);
        enum work work = choose(l, now, &at);
        if (work != WORK_END)
            return work;
        wait_until(l, at);
    }
}

/* ---- the database's state ---- */

static void worked(struct ledger *l)
{
    if (l->backoff_ms)
        drmgmt__log(l->w->context, DRMGMT_LOG_INFO, "the database is back", NULL);
    l->backoff_ms = 0;
    l->retry_at = 0;
}

/* Tells it once, then tries again and again, more and more seldom. Frees the error. */
static void failed(struct ledger *l, const char *what, drmgmt_error *error)
{
    drmgmt_log_level level = l->backoff_ms ? DRMGMT_LOG_DEBUG : DRMGMT_LOG_WARNING;

    drmgmt__log(l->w->context, level, "the database is away or refuses: trying again", "call", what, "error",
                drmgmt_error_message(error), "detail", drmgmt_error_detail(error), NULL);
    drmgmt_error_free(error);
    l->backoff_ms = l->backoff_ms ? l->backoff_ms * 2 : BACKOFF_MIN_MS;
    if (l->backoff_ms > BACKOFF_MAX_MS)
        l->backoff_ms = BACKOFF_MAX_MS;
    l->retry_at = drmgmt__monotonic_ms() + l->backoff_ms;
}

/* ---- registering ---- */

/* Waiting does not help against a wrong keyring or schema when nothing has worked yet. */
static bool hopeless(const struct ledger *l, int rc)
{
    return !l->registered_once && rc != DRMGMT_ERR_UNAVAILABLE && rc != DRMGMT_ERR_LIMIT && rc != DRMGMT_ERR_TIMEOUT;
}

static void give_up(struct ledger *l, drmgmt_error *error)
{
    drmgmt__worker_give_up(l->w, error);
    l->retry_at = UINT64_MAX;
}

static void register_worker(struct ledger *l)
{
    drmgmt_worker *w = l->w;
    drmgmt_error *error = NULL;
    char host[256] = "";
    drmgmt__lease *lease = calloc(1, sizeof *lease);

    gethostname(host, sizeof host - 1);
    int rc = !lease || drmgmt__uuid_v7(lease->id)
                 ? drmgmt__fail_memory(&error)
                 : drmgmt__sched_register(l->session, lease->id, host, (int)getpid(), DRMGMT_VERSION, w->lanes.list,
                                          w->slots, &error);
    if (rc) {
        free(lease);
        if (hopeless(l, rc))
            give_up(l, error);
        else
            failed(l, "register", error);
        return;
    }
    worked(l);
    lease->number = ++l->leases;
    pthread_mutex_lock(&w->mutex);
    lease->older = w->leases;
    w->leases = lease;
    atomic_store(&w->lease, lease);
    w->lost = false;
    pthread_cond_signal(&w->keeper_wake);
    pthread_mutex_unlock(&w->mutex);
    drmgmt__loop_wake(w->loop);
    l->claim_at = 0;
    l->recover_at = drmgmt__monotonic_ms() + w->timing.recover_ms;
    drmgmt__log(w->context, DRMGMT_LOG_INFO, l->registered_once ? "worker registered anew" : "worker started", "worker",
                lease->id, "lane", w->lanes.list, NULL);
    l->registered_once = true;
}

/* ---- claiming ---- */

static void log_claim(const drmgmt_worker *w, size_t count, uint64_t took_ms)
{
    char jobs[24], ms[24];

    snprintf(jobs, sizeof jobs, "%zu", count);
    snprintf(ms, sizeof ms, "%llu", (unsigned long long)took_ms);
    drmgmt__log(w->context, DRMGMT_LOG_DEBUG, "claimed", "jobs", jobs, "ms", ms, NULL);
}

static uint64_t next_claim(size_t count, unsigned limit, uint64_t now)
{
    if (count == 0)
        return now + LOOK_MS;
    if (count >= CROWD)
        return now;
    return now + (count == limit ? PACE_MS : AGAIN_MS);
}

static void refresh_rules(struct ledger *l)
{
    drmgmt_error *error = NULL;

    if (drmgmt__outbound_refresh(l->session, &error)) {
        failed(l, "outbound rules", error);
        return;
    }
    l->rules_at = drmgmt__monotonic_ms() + RULES_MS;
}

/* What came of a claim. */
static void claimed(struct ledger *l, const drmgmt__claim_order *order)
{
    drmgmt_worker *w = l->w;
    uint64_t now = drmgmt__monotonic_ms();

    if (!order->claimed) {
        failed(l, "claim", order->error);
        l->recover_at = 0; /* it may have been carried out */
        return;
    }
    worked(l);
    l->last_claim = (unsigned)order->count;
    l->claimed_at = now;
    l->claim_at = next_claim(order->count, order->limit, now);
    if (order->error)
        failed(l, "outbound rules", order->error);
    if (order->count)
        log_claim(w, order->count, order->took_ms);
}

/* Of an idle worker at once: another thread would only be slower. */
static void claim(struct ledger *l, unsigned limit)
{
    drmgmt_worker *w = l->w;
    drmgmt__claim_order order = { .lease = atomic_load(&w->lease),
                                  .limit = limit < DRMGMT__CLAIM_MAX ? limit : DRMGMT__CLAIM_MAX };

    if (!l->has_claimer || (l->last_claim <= FEW && atomic_load(&w->unsent) == 0)) {
        drmgmt__worker_claim(w, l->session, &order);
        claimed(l, &order);
        return;
    }
    pthread_mutex_lock(&w->mutex);
    w->order = order;
    w->order_state = DRMGMT__ORDER_GIVEN;
    pthread_cond_signal(&w->claimer_wake);
    pthread_mutex_unlock(&w->mutex);
    l->claiming = true;
}

static void take_claimed(struct ledger *l)
{
    drmgmt_worker *w = l->w;

    pthread_mutex_lock(&w->mutex);
    drmgmt__claim_order order = w->order;
    w->order_state = DRMGMT__ORDER_NONE;
    pthread_mutex_unlock(&w->mutex);
    l->claiming = false;
    claimed(l, &order);
}

/* ---- storing ---- */

static void count_and_tell(drmgmt_worker *w, const drmgmt__finish *f)
{
    drmgmt__worker_count_result(w, f);
    if (!f->status[0])
        atomic_fetch_add(&w->refused, 1);
    else if (strcmp(f->status, "completed") == 0)
        atomic_fetch_add(&w->completed, 1);
    else if (strcmp(f->status, "cancelled") == 0)
        atomic_fetch_add(&w->cancelled, 1);
    else if (strcmp(f->status, "queued") != 0)
        atomic_fetch_add(&w->failed, 1);
    if (f->status[0])
        drmgmt__worker_publish(w, f->tenant_id, f->job_id, f->status, -1);
}

/* A refused result is the sign of a lost lease, unless the job itself is gone: the keeper asks. */
static void doubt_lease(drmgmt_worker *w)
{
    pthread_mutex_lock(&w->mutex);
    w->beat_now = true;
    pthread_cond_signal(&w->keeper_wake);
    pthread_mutex_unlock(&w->mutex);
}

static void store(struct ledger *l)
{
    drmgmt_worker *w = l->w;
    drmgmt_error *error = NULL;
    drmgmt__finish *items = l->pending.items + l->stored;
    size_t n = drmgmt__results_batch(items, l->pending.n - l->stored);
    bool refused = false, requeued = false;

    if (drmgmt__sched_finish(l->session, atomic_load(&w->lease)->id, items, n, &error)) {
        failed(l, "finish", error);
        return;
    }
    worked(l);
    for (size_t i = 0; i < n; i++) {
        count_and_tell(w, &items[i]);
        refused = refused || !items[i].status[0];
        requeued = requeued || strcmp(items[i].status, "queued") == 0;
    }
    drmgmt__inventory_note(w->inventory, items, n);
    if (requeued)
        drmgmt__worker_ring(w);
    l->stored += n;
    atomic_fetch_sub(&w->unsent, (unsigned)n);
    if (refused)
        doubt_lease(w);
    uint64_t again = drmgmt__monotonic_ms() + (l->pending.writer ? 0 : AFTER_FINISH_MS);
    if ((l->last_claim || l->pending.writer) && again < l->claim_at)
        l->claim_at = again;
    if (l->stored == l->pending.n) {
        drmgmt__results_clear(&l->pending);
        l->stored = 0;
    }
}

/* ---- recovering ---- */

static void recover(struct ledger *l)
{
    drmgmt_worker *w = l->w;
    drmgmt_error *error = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    DRMGMT__STRBUF known = DRMGMT__STRBUF_INIT;
    DRMGMT__ROWS drmgmt__rows *asked = NULL, *rows = NULL;

    for (size_t i = 0; i < w->known.n; i++)
        drmgmt__array_add(&known, w->known.items[i].text);
    for (size_t i = l->stored; i < l->pending.n; i++)
        drmgmt__array_add(&known, l->pending.items[i].job_id);
    pthread_mutex_lock(&w->mutex);
    for (size_t i = 0; i < w->outbox.n; i++)
        drmgmt__array_add(&known, w->outbox.items[i].job_id);
    pthread_mutex_unlock(&w->mutex);
    drmgmt__array_end(&known);
    int rc = known.failed
                 ? drmgmt__fail_memory(&error)
                 : drmgmt__run(l->session, DRMGMT_PERM_NONE, DRMGMT__READ, &drmgmt__q_sched_now, NULL, &asked, &error);
    drmgmt__param(&p, atomic_load(&w->lease)->id);
    drmgmt__param(&p, known.data);
    drmgmt__param(&p, drmgmt__rows_text(asked, 0, 0));
    if (!rc)
        rc = drmgmt__run(l->session, DRMGMT_PERM_NONE, DRMGMT__WRITE | DRMGMT__REPEATABLE, &drmgmt__q_sched_recover, &p,
                         &rows, &error);
    pthread_mutex_lock(&w->mutex);
    w->known_told = w->recover = false;
    pthread_mutex_unlock(&w->mutex);
    if (rc) {
        failed(l, "recover", error);
        return;
    }
    worked(l);
    l->recover_at = drmgmt__monotonic_ms() + w->timing.recover_ms;
    if (drmgmt__rows_count(rows) == 0)
        return;
    char jobs[24];
    snprintf(jobs, sizeof jobs, "%zu", drmgmt__rows_count(rows));
    drmgmt__log(w->context, DRMGMT_LOG_INFO, "jobs were given back whose claim was lost with a connection", "jobs",
                jobs, NULL);
    l->claim_at = 0;
    drmgmt__worker_ring(w);
}

/* ---- the thread ---- */

static void leave(struct ledger *l)
{
    drmgmt_worker *w = l->w;
    const drmgmt__lease *lease = atomic_load(&w->lease);
    size_t left = w->outbox.n + l->pending.n - l->stored;
    char jobs[24];

    if (left) {
        snprintf(jobs, sizeof jobs, "%zu", left);
        drmgmt__log(w->context, DRMGMT_LOG_ERROR,
                    "results could not be stored before the end: other workers will repeat these jobs", "jobs", jobs,
                    NULL);
    }
    /* What a lost claim brought never began here: not given back, it would wait for the reaper, which cannot know that.
     */
    w->known.n = 0;
    if (lease && !l->backoff_ms)
        recover(l);
    if (lease && !l->backoff_ms)
        (void)!drmgmt__sched_leave(l->session, lease->id, NULL);
    drmgmt__results_clear(&l->pending);
}

static void end_claimer(struct ledger *l)
{
    drmgmt_worker *w = l->w;

    pthread_mutex_lock(&w->mutex);
    w->claimer_over = true;
    pthread_cond_signal(&w->claimer_wake);
    pthread_mutex_unlock(&w->mutex);
    if (l->has_claimer)
        pthread_join(l->claimer, NULL);
    if (w->order_state == DRMGMT__ORDER_DONE)
        take_claimed(l);
}

void *drmgmt__worker_ledger(void *worker)
{
    struct ledger l = { .w = worker };
    drmgmt_worker *w = worker;
    drmgmt_error *error = NULL;
    enum work work = WORK_END;

    int rc = drmgmt__results_init(&l.pending, w->slots + DRMGMT__UNSENT_MAX);
    l.has_claimer = !rc && pthread_create(&l.claimer, NULL, drmgmt__worker_claimer, w) == 0;
    rc = rc ? drmgmt__fail_memory(&error) : drmgmt__session_open_system(w->context, "worker", &l.session, &error);
    if (rc)
        give_up(&l, error);
    do {
        pthread_mutex_lock(&w->mutex);
        work = next_work(&l);
        unsigned limit = w->slots - w->occupied;
        if (work == WORK_STORE && l.pending.n == 0)
            drmgmt__results_move(&l.pending, &w->outbox);
        pthread_mutex_unlock(&w->mutex);
        if (work == WORK_REGISTER)
            register_worker(&l);
        else if (work == WORK_STORE)
            store(&l);
        else if (work == WORK_RECOVER)
            recover(&l);
        else if (work == WORK_RULES)
            refresh_rules(&l);
        else if (work == WORK_CLAIM)
            claim(&l, limit);
        else if (work == WORK_CLAIMED)
            take_claimed(&l);
    } while (work != WORK_END);
    end_claimer(&l);
    leave(&l);
    drmgmt__results_free(&l.pending);
    drmgmt_session_close(l.session);
    return NULL;
}
