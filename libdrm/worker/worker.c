/* The worker engine's door: made, run, stopped, asked. Called by drm-worker and by embedding programs; starts the
 * threads of ledger.c and keeper.c and runs the loop of run.c in the caller's. */
#include "auth/auth.h"
#include "core/context_internal.h"
#include "core/core.h"
#include "worker/engine.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_MAX = 100000 };

static int check(const drmgmt_context *context, unsigned slots, drmgmt_error **error)
{
    if (slots < 1 || slots > SLOTS_MAX)
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "slots", "slots must be 1 to %d", SLOTS_MAX);
    if (!drmgmt__keyring_given(context))
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "keyring_file",
                                 "a worker needs the keyring: set the path of the file that \"drmctl init\" made");
    return 0;
}

static void init_shared(drmgmt_worker *w)
{
    pthread_condattr_t monotonic;

    pthread_mutex_init(&w->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->ledger_wake, &monotonic);
    pthread_cond_init(&w->claimer_wake, &monotonic);
    pthread_cond_init(&w->keeper_wake, &monotonic);
    pthread_cond_init(&w->bell_wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    w->inbox_end = &w->inbox;
}

int drmgmt_worker_new(drmgmt_context *context, const char *lanes, unsigned slots, drmgmt_worker **worker,
                      drmgmt_error **error)
{
    drmgmt__lanes read = { .n = 0 };
    int rc = check(context, slots, error);
    if (!rc)
        rc = drmgmt__lanes_read(lanes, &read, error);
    if (rc)
        return rc;
    drmgmt_worker *w = calloc(1, sizeof *w);
    if (!w) {
        drmgmt__lanes_clear(&read);
        return drmgmt__fail_memory(error);
    }
    w->context = context;
    w->lanes = read;
    w->slots = slots;
    w->timing = (drmgmt__worker_timing){
        .beat_ms = 5000,
        .due_ms = 1000,
        .silent_ms = 30000,
        .steady_ms = 30000,
        .recover_ms = 15000,
        .rekey_ms = 10000,
    };
    init_shared(w);
    size_t capacity = slots + DRMGMT__UNSENT_MAX;
    w->metrics = drmgmt__metrics_new();
    w->inventory = drmgmt__inventory_new();
    rc = !w->metrics || !w->inventory || drmgmt__results_init(&w->fresh, capacity) ||
                 drmgmt__results_init(&w->outbox, capacity)
             ? drmgmt__fail_memory(error)
             : drmgmt__loop_new(drmgmt__worker_woken, w, &w->loop, error);
    if (rc) {
        drmgmt_worker_free(w);
        return rc;
    }
    *worker = w;
    return 0;
}

void drmgmt__worker_set_timing(drmgmt_worker *w, const drmgmt__worker_timing *timing)
{
    w->timing = *timing;
}

void drmgmt__worker_give_up(drmgmt_worker *w, drmgmt_error *error)
{
    pthread_mutex_lock(&w->mutex);
    if (w->fatal)
        drmgmt_error_free(error);
    else
        w->fatal = error;
    pthread_mutex_unlock(&w->mutex);
    drmgmt_worker_stop(w, 0);
}

void drmgmt_worker_free(drmgmt_worker *w)
{
    if (!w)
        return;
    drmgmt__loop_free(w->loop);
    for (drmgmt__lease *lease = w->leases; lease;) {
        drmgmt__lease *older = lease->older;
        free(lease);
        lease = older;
    }
    drmgmt__results_free(&w->fresh);
    drmgmt__results_free(&w->outbox);
    free(w->cancels.items);
    free(w->known.items);
    free(w->progress.items);
    drmgmt__metrics_free(w->metrics);
    drmgmt__lanes_clear(&w->lanes);
    drmgmt__inventory_free(w->inventory);
    pthread_cond_destroy(&w->ledger_wake);
    pthread_cond_destroy(&w->claimer_wake);
    pthread_cond_destroy(&w->keeper_wake);
    pthread_cond_destroy(&w->bell_wake);
    pthread_mutex_destroy(&w->mutex);
    free(w);
}

/* ---- run ---- */

struct threads {
    pthread_t ledger, keeper, bell, noter;
    bool has_ledger, has_keeper, has_bell, has_noter;
};

static int start_threads(drmgmt_worker *w, struct threads *t, drmgmt_error **error)
{
    sigset_t all, before;

    /* Signals are the program's: none is taken by these threads. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    t->has_ledger = pthread_create(&t->ledger, NULL, drmgmt__worker_ledger, w) == 0;
    t->has_keeper = t->has_ledger && pthread_create(&t->keeper, NULL, drmgmt__worker_keeper, w) == 0;
    /* Without Redis there is no bell: the ledger looks by itself. */
    t->has_bell =
        t->has_keeper && w->context->options.redis_url && pthread_create(&t->bell, NULL, drmgmt__worker_bell, w) == 0;
    t->has_noter = t->has_keeper && pthread_create(&t->noter, NULL, drmgmt__worker_noter, w) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (t->has_noter)
        return 0;
    return drmgmt__fail(error, DRMGMT_ERR_NO_MEMORY, "the worker's threads cannot be started");
}

static void join_threads(drmgmt_worker *w, const struct threads *t)
{
    if (t->has_ledger)
        pthread_join(t->ledger, NULL);
    drmgmt__inventory_close(w->inventory);
    pthread_mutex_lock(&w->mutex);
    w->keeper_over = true;
    pthread_cond_signal(&w->keeper_wake);
    pthread_cond_signal(&w->bell_wake);
    pthread_mutex_unlock(&w->mutex);
    if (t->has_keeper)
        pthread_join(t->keeper, NULL);
    if (t->has_bell)
        pthread_join(t->bell, NULL);
    if (t->has_noter)
        pthread_join(t->noter, NULL);
}

int drmgmt_worker_run(drmgmt_worker *w, drmgmt_error **error)
{
    struct threads threads = { 0 };
    drmgmt_error *failure = NULL;

    int rc = drmgmt__worker_loop_init(w, &failure);
    if (!rc) {
        rc = start_threads(w, &threads, &failure);
        if (rc)
            drmgmt_worker_stop(w, 0);
        if (!rc || threads.has_ledger)
            drmgmt__loop_run(w->loop);
        join_threads(w, &threads);
    }
    drmgmt__worker_loop_free(w);
    if (!rc && w->fatal) {
        failure = w->fatal;
        w->fatal = NULL;
        rc = drmgmt_error_status(failure);
    }
    if (!rc)
        drmgmt__log(w->context, DRMGMT_LOG_INFO, "worker stopped", "worker", drmgmt_worker_id(w), NULL);
    if (error)
        *error = failure ? failure : *error;
    else
        drmgmt_error_free(failure);
    return rc;
}

void drmgmt_worker_stop(drmgmt_worker *w, unsigned grace_ms)
{
    atomic_store(&w->stop_grace_ms, grace_ms);
    atomic_fetch_add(&w->stop_calls, 1);
    drmgmt__loop_wake(w->loop);
}

/* ---- asked ---- */

void drmgmt_worker_stats_get(drmgmt_worker *w, drmgmt_worker_stats *stats)
{
    *stats = (drmgmt_worker_stats){
        .claimed = atomic_load(&w->claimed),
        .completed = atomic_load(&w->completed),
        .failed = atomic_load(&w->failed),
        .cancelled = atomic_load(&w->cancelled),
        .refused = atomic_load(&w->refused),
        .claims = atomic_load(&w->claims),
        .in_flight = atomic_load(&w->in_flight),
        .unsent = atomic_load(&w->unsent),
    };
}

const char *drmgmt_worker_id(const drmgmt_worker *w)
{
    const drmgmt__lease *lease = atomic_load(&w->lease);
    return lease ? lease->id : "";
}
