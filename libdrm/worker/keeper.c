/* The keeper thread beats, queues what is due, gives up workers that fell silent and links audit rows, and between
 * these seals secrets anew where a tenant's data key is being replaced; the bell thread waits on Redis. Started by
 * worker.c; they tell the ledger and the loop what they learn. */
#include "core/context_internal.h"
#include "core/core.h"
#include "key/key.h"
#include "queue/queue.h"
#include "worker/chore.h"
#include "worker/engine.h"
#include <drm/audit.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    UNBROKEN_GAP_MS = 5000, /* a call that took longer, or a pause, may have hidden an outage */
    BEAT_ALONE_MS = 1000,   /* without Redis the beat is also how a cancel is learnt */
    BELL_WAIT_MS = 250,     /* how long a stop waits for the bell at most */
    REKEY_PAUSE_MS = 200,   /* between two steps of sealing anew: nobody waits for it */
    AGAIN_PAUSE_MS = 50,    /* between two steps of a chore that has more to do */
    CHORES_MAX = 16,
    LINK_FOR_MS = 500 /* how long audit rows are linked before the keeper looks up again */
};

struct keeper {
    drmgmt_worker *w;
    drmgmt_session *session;
    drmgmt__rekey *rekey;               /* NULL: not needed yet */
    uint64_t beat_at, due_at, rekey_at; /* monotonic ms */
    uint64_t chore_at[CHORES_MAX];
    uint64_t answered_at, steady_since; /* steady_since 0: the connection was lost */
    bool cannot_link;                   /* as was logged */
};

static void wait_for(drmgmt_worker *w, pthread_cond_t *wake, uint64_t ms)
{
    uint64_t at = drmgmt__monotonic_ms() + ms;
    struct timespec until = { .tv_sec = (time_t)(at / 1000), .tv_nsec = (long)(at % 1000) * 1000000 };

    pthread_cond_timedwait(wake, &w->mutex, &until);
}

/* Frees the error. Others cannot have been heard while PostgreSQL could not be reached: that is why an outage starts
 * the time anew. */
static void note_answer(struct keeper *k, int rc, drmgmt_error *error)
{
    uint64_t now = drmgmt__monotonic_ms();

    drmgmt_error_free(error);
    if (rc)
        k->steady_since = 0;
    else if (!k->steady_since || now - k->answered_at > UNBROKEN_GAP_MS)
        k->steady_since = now;
    if (!rc)
        k->answered_at = now;
}

static bool steady(const struct keeper *k)
{
    return k->steady_since && drmgmt__monotonic_ms() - k->steady_since >= k->w->timing.steady_ms;
}

/* ---- heartbeat ---- */

static void add_cancel(void *worker, const char *job_id)
{
    drmgmt_worker *w = worker;

    pthread_mutex_lock(&w->mutex);
    drmgmt__ids_add(&w->cancels, job_id); /* without memory: the next beat tells it again */
    pthread_mutex_unlock(&w->mutex);
    drmgmt__loop_wake(w->loop);
}

static void tell_lost(drmgmt_worker *w, const drmgmt__lease *lease)
{
    pthread_mutex_lock(&w->mutex);
    if (atomic_load(&w->lease) == lease) {
        w->lost = true;
        drmgmt__worker_wake_ledger(w);
    }
    pthread_mutex_unlock(&w->mutex);
}

static bool is_draining(drmgmt_worker *w)
{
    pthread_mutex_lock(&w->mutex);
    bool stopping = w->stopping;
    pthread_mutex_unlock(&w->mutex);
    return stopping;
}

static void beat(struct keeper *k, const drmgmt__lease *lease)
{
    drmgmt_worker *w = k->w;
    drmgmt_error *error = NULL;
    DRMGMT__ROWS drmgmt__rows *cancels = NULL;
    bool alive = true;

    int rc =
        drmgmt__sched_beat(k->session, lease->id, atomic_load(&w->in_flight), is_draining(w), &alive, &cancels, &error);
    note_answer(k, rc, error);
    if (rc)
        return;
    if (!alive)
        tell_lost(w, lease);
    for (size_t i = 0; i < drmgmt__rows_count(cancels); i++)
        if (drmgmt__rows_text(cancels, i, 1))
            add_cancel(w, drmgmt__rows_text(cancels, i, 1));
}

/* An outage is told by others: what was counted waits. */
static void tell_metrics(struct keeper *k)
{
    drmgmt_error *error = NULL;

    if (drmgmt__metrics_tell(k->w->metrics, k->session, &error) && !drmgmt_error_retryable(error))
        drmgmt__log(k->w->context, DRMGMT_LOG_ERROR,
                    "what was counted for the metrics is lost: the database refuses it", "error",
                    drmgmt_error_message(error), NULL);
    drmgmt_error_free(error);
}

/* ---- what is due, who is silent ---- */

static void log_given_up(const drmgmt_worker *w, size_t n)
{
    char jobs[24];

    if (n == 0)
        return;
    snprintf(jobs, sizeof jobs, "%zu", n);
    drmgmt__log(w->context, DRMGMT_LOG_WARNING, "jobs of workers that fell silent were given up", "jobs", jobs, NULL);
}

/* Whether it was taken from a worker that fell silent. */
static bool count_moved(drmgmt_worker *w, const char *kind, const char *status)
{
    static const char *const statuses[] = { "waiting", "uncertain", "cancelled", "dead" };

    if (strcmp(kind, "queued") == 0) {
        drmgmt__metrics_add(w->metrics, DRMGMT__METRIC_DUE, NULL, 1);
        return false;
    }
    for (size_t i = 0; i < DRMGMT__COUNT(statuses); i++)
        if (strcmp(statuses[i], status) == 0)
            drmgmt__metrics_add(w->metrics, DRMGMT__METRIC_GIVEN_UP, &statuses[i], 1);
    return true;
}

static void look_after(struct keeper *k, const drmgmt__lease *lease, bool reap)
{
    drmgmt_worker *w = k->w;
    drmgmt_error *error = NULL;
    DRMGMT__ROWS drmgmt__rows *moved = NULL;
    bool rang = false;

    int rc = drmgmt__sched_reap(k->session, lease->id, reap ? w->timing.silent_ms : 0, &rang, &moved, &error);
    note_answer(k, rc, error);
    if (rc)
        return;
    size_t given_up = 0;
    for (size_t i = 0; i < drmgmt__rows_count(moved); i++) {
        given_up += count_moved(w, drmgmt__rows_text(moved, i, 0), drmgmt__rows_text(moved, i, 3));
        drmgmt__worker_publish(w, drmgmt__rows_text(moved, i, 1), drmgmt__rows_text(moved, i, 2),
                               drmgmt__rows_text(moved, i, 3), -1);
    }
    log_given_up(w, given_up);
    if (!rang)
        return;
    pthread_mutex_lock(&w->mutex);
    w->rang = true;
    drmgmt__worker_wake_ledger(w);
    pthread_mutex_unlock(&w->mutex);
    drmgmt__worker_ring(w);
}

/* Whoever is first of all workers and drmd does it. */
static void link_audit(struct keeper *k)
{
    uint64_t until = drmgmt__monotonic_ms() + LINK_FOR_MS;
    drmgmt_error *error = NULL;
    unsigned linked = 0;
    int rc;

    do {
        rc = drmgmt_audit_link(k->w->context, &linked, NULL, &error);
    } while (!rc && linked && drmgmt__monotonic_ms() < until);
    /* An outage is told by others. */
    if (rc && !k->cannot_link && !drmgmt_error_retryable(error))
        drmgmt__log(k->w->context, DRMGMT_LOG_ERROR, "audit rows cannot be linked", "error",
                    drmgmt_error_message(error), NULL);
    k->cannot_link = rc != 0;
    drmgmt_error_free(error);
}

/* ---- chores ---- */

static unsigned rhythm(const struct keeper *k, const drmgmt__chore *chore)
{
    return chore->every_ms ? chore->every_ms : k->w->timing.due_ms;
}

static void do_chore(struct keeper *k, size_t i)
{
    const drmgmt__chore *chore = &drmgmt__chores[i];
    drmgmt_error *error = NULL;
    bool again = false;

    if (chore->run(k->w, k->session, &again, &error))
        /* Not the heart's matter: it is tried again, and said. */
        drmgmt__log(k->w->context, DRMGMT_LOG_WARNING, "a chore waits for the next time", "chore", chore->name, "error",
                    drmgmt_error_message(error), "detail", drmgmt_error_detail(error), NULL);
    drmgmt_error_free(error);
    k->chore_at[i] = drmgmt__monotonic_ms() + (again ? AGAIN_PAUSE_MS : rhythm(k, chore));
}

/* ---- secrets under a data key that is being replaced ---- */

/* Failures wait for the next time: what is wrong with the database is told by those who need it. */
static void rekey(struct keeper *k)
{
    drmgmt_worker *w = k->w;
    drmgmt_error *error = NULL;
    bool busy = false;

    int rc = k->rekey ? 0 : drmgmt__rekey_new(w->context, &k->rekey, &error);
    if (!rc)
        rc = drmgmt__rekey_step(k->rekey, &busy, &error);
    if (rc)
        drmgmt__log(w->context, DRMGMT_LOG_DEBUG, "sealing secrets anew waits", "why", drmgmt_error_message(error),
                    NULL);
    drmgmt_error_free(error);
    k->rekey_at = drmgmt__monotonic_ms() + (busy ? REKEY_PAUSE_MS : w->timing.rekey_ms);
}

static uint64_t next_at(const struct keeper *k)
{
    uint64_t at = k->beat_at < k->due_at ? k->beat_at : k->due_at;

    for (size_t i = 0; i < drmgmt__n_chores && i < CHORES_MAX; i++)
        at = k->chore_at[i] < at ? k->chore_at[i] : at;
    return k->w->timing.rekey_ms && k->rekey_at < at ? k->rekey_at : at;
}

/* The mutex is held, but not during the calls. */
static void keep(struct keeper *k, const drmgmt__lease *lease, bool doubt)
{
    drmgmt_worker *w = k->w;
    uint64_t now = drmgmt__monotonic_ms();
    bool beats = doubt || now >= k->beat_at;
    bool due = beats || now >= k->due_at; /* with each beat, too: who is silent is looked for then */

    pthread_mutex_unlock(&w->mutex);
    if (beats) {
        /* What it finds, it tells the log. */
        int rc = drmgmt_context_reload(w->context, NULL, NULL);
        (void)rc;
        beat(k, lease);
        tell_metrics(k);
        k->beat_at =
            now + (w->context->publisher || w->timing.beat_ms < BEAT_ALONE_MS ? w->timing.beat_ms : BEAT_ALONE_MS);
    }
    if (due) {
        look_after(k, lease, beats && steady(k));
        link_audit(k);
        k->due_at = now + w->timing.due_ms;
    }
    for (size_t i = 0; i < drmgmt__n_chores && i < CHORES_MAX; i++)
        if (now >= k->chore_at[i])
            do_chore(k, i);
    if (w->timing.rekey_ms && now >= k->rekey_at)
        rekey(k);
    pthread_mutex_lock(&w->mutex);
}

void *drmgmt__worker_keeper(void *worker)
{
    drmgmt_worker *w = worker;
    struct keeper k = { .w = w };
    drmgmt_error *error = NULL;

    if (drmgmt__session_open_system(w->context, "worker", &k.session, &error)) {
        drmgmt__worker_give_up(w, error); /* without heartbeats its jobs would be given to others while it runs them */
        return NULL;
    }
    pthread_mutex_lock(&w->mutex);
    while (!w->keeper_over) {
        const drmgmt__lease *lease = atomic_load(&w->lease);
        uint64_t now = drmgmt__monotonic_ms(), at = next_at(&k);
        bool doubt = w->beat_now;
        if (lease && (doubt || now >= at)) {
            w->beat_now = false;
            keep(&k, lease, doubt);
        } else {
            wait_for(w, &w->keeper_wake, lease ? at - now : w->timing.due_ms);
        }
    }
    pthread_mutex_unlock(&w->mutex);
    tell_metrics(&k); /* the ledger has ended: all is counted */
    drmgmt__rekey_free(k.rekey);
    drmgmt_session_close(k.session);
    return NULL;
}

/* ---- bell ---- */

static void ring(drmgmt_worker *w)
{
    pthread_mutex_lock(&w->mutex);
    w->rang = true;
    drmgmt__worker_wake_ledger(w);
    pthread_mutex_unlock(&w->mutex);
}

static bool over(drmgmt_worker *w)
{
    pthread_mutex_lock(&w->mutex);
    bool is_over = w->keeper_over;
    pthread_mutex_unlock(&w->mutex);
    return is_over;
}

static void wait_for_redis(drmgmt_worker *w)
{
    pthread_mutex_lock(&w->mutex);
    if (!w->keeper_over)
        wait_for(w, &w->bell_wake, BELL_WAIT_MS);
    pthread_mutex_unlock(&w->mutex);
}

void *drmgmt__worker_bell(void *worker)
{
    drmgmt_worker *w = worker;
    drmgmt__bell *bell = NULL;
    char consumer[128], host[65] = "";

    gethostname(host, sizeof host - 1);
    snprintf(consumer, sizeof consumer, "%s-%ld", host, (long)getpid());
    while (!over(w)) {
        if (!bell && drmgmt__bell_open(w->context, w->lanes.list, consumer, &bell, NULL))
            wait_for_redis(w);
        else if (drmgmt__bell_wait(bell, BELL_WAIT_MS, add_cancel, w) == 1)
            ring(w);
    }
    drmgmt__bell_close(bell);
    return NULL;
}
