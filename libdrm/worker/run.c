/* The loop's part of the engine: starts what was claimed, times it, takes its results, cancels and stops. All of it in
 * the loop's thread. Called by the loop (woken, turn), by drivers through op.c; calls the drivers. */
#include "core/core.h"
#include "worker/engine.h"
#include "worker/secrets.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A lone job is shown as running at once. In a crowd only those are that take longer: watchers of short ones see
 * queued, then the end. */
enum { SHOW_AT_ONCE_MAX = 4, SHOW_AFTER_MS = 100, PROGRESS_EVERY_MS = 1000, RECENT_MS = 2000 };

/* ---- results ---- */

/* What a result is about. */
struct subject {
    const char *tenant_id, *job_id;
    uint32_t attempt;
    int64_t started_ms, finished_ms; /* since 1970; 0: never began */
    const drmgmt_driver *driver;     /* NULL: there is none here, or it does not matter */
    const drmgmt_operation *kind;    /* the same */
    uint64_t ran_us;                 /* 0: never began */
};

static void note_kind(const struct subject *s, const drmgmt__op_end *end, drmgmt__finish *f)
{
    f->protocol = s->driver ? s->driver->name : DRMGMT__OTHER;
    f->operation = s->kind ? s->kind->name : DRMGMT__OTHER;
    f->code = drmgmt__worker_code(s->driver, end->code);
    f->ran_us = s->ran_us;
}

/* op NULL: none began. */
static void add_result(drmgmt_worker *w, const struct subject *s, const drmgmt__op *op, const drmgmt__op_end *end)
{
    static const drmgmt__op_end too_large = { .outcome = "failed",
                                              .code = "too-large",
                                              .message = "The result is larger than 1 MiB: ask for less at once." };
    drmgmt__finish f = { .attempt = s->attempt, .started_ms = s->started_ms, .finished_ms = s->finished_ms };

    if (end->result && strlen(end->result) > DRMGMT_RESULT_BYTES_MAX)
        end = &too_large;
    snprintf(f.tenant_id, sizeof f.tenant_id, "%s", s->tenant_id);
    snprintf(f.job_id, sizeof f.job_id, "%s", s->job_id);
    snprintf(f.outcome, sizeof f.outcome, "%s", end->outcome);
    f.retryable = end->retryable;
    note_kind(s, end, &f);
    f.result = end->result ? strdup(end->result) : NULL;
    if (end->result && !f.result) {
        f.code = drmgmt__worker_code(NULL, "no-memory");
        snprintf(f.outcome, sizeof f.outcome, "failed");
        f.error = drmgmt__worker_error_json("no-memory", "The worker had no memory for the result.", false, NULL);
    } else if (end->code) {
        f.error = drmgmt__worker_error_json(end->code, end->message, end->retryable, end->detail);
    }
    if (f.result && op && op->driver)
        drmgmt__inventory_about(&f, op->driver->name, op->device_id, op->operation, op->params);
    drmgmt__results_add(&w->fresh, &f);
    w->fresh_ended++;
}

static void leave_table(drmgmt_worker *w, drmgmt__op *op)
{
    drmgmt__inflight_remove(&w->inflight, op);
    atomic_fetch_sub(&w->in_flight, 1);
}

static void on_ended(void *user, drmgmt__op *op, const drmgmt__op_end *end)
{
    drmgmt_worker *w = user;
    struct subject s = { .tenant_id = op->tenant_id,
                         .job_id = op->job_id,
                         .attempt = op->attempt,
                         .started_ms = op->started_at_ms,
                         .driver = op->driver,
                         .kind = op->kind,
                         /* Not the wall clock: it may have been set in between. */
                         .ran_us = drmgmt__monotonic_us() - op->began_us + 1 };

    s.finished_ms = op->started_at_ms + (int64_t)(s.ran_us / 1000);
    leave_table(w, op);
    w->fresh.writer = w->fresh.writer || (op->kind && op->kind->flags & DRMGMT_OP_WRITES);
    add_result(w, &s, op, end);
}

static void on_progressed(void *user, drmgmt__op *op, unsigned percent)
{
    uint64_t now = drmgmt_loop_now(op->loop);

    if (op->progress_ms && now - op->progress_ms < PROGRESS_EVERY_MS)
        return;
    op->progress_ms = now;
    op->shown = true;
    drmgmt__worker_publish(user, op->tenant_id, op->job_id, "running", (int)percent);
    drmgmt__worker_note_progress(user, op->tenant_id, op->job_id, percent);
}

static void flush(drmgmt_worker *w)
{
    bool lost;

    if (!w->fresh_ended)
        return;
    pthread_mutex_lock(&w->mutex);
    w->occupied -= w->fresh_ended;
    w->fresh_ended = 0;
    const drmgmt__lease *lease = atomic_load(&w->lease);
    lost = !lease || lease->number != w->lease_seen;
    if (!lost) {
        atomic_fetch_add(&w->unsent, (unsigned)w->fresh.n);
        drmgmt__results_move(&w->outbox, &w->fresh);
    }
    drmgmt__worker_wake_ledger(w);
    pthread_mutex_unlock(&w->mutex);
    if (lost) {
        atomic_fetch_add(&w->refused, w->fresh.n);
        drmgmt__results_clear(&w->fresh);
    }
}

/* ---- starting ---- */

/* The driver's index in the registry, -1 if there is none. */
static int driver_index(const char *protocol)
{
    const drmgmt_driver *const *all = drmgmt_driver_all();

    for (int i = 0; protocol && all[i] && i < DRMGMT__DRIVERS_MAX; i++)
        if (strcmp(all[i]->name, protocol) == 0)
            return i;
    return -1;
}

/* A job that has not begun: now, or at no time. */
static struct subject subject_of(const drmgmt__claimed *job, int driver, int64_t now_ms)
{
    struct subject s = { .tenant_id = job->tenant_id,
                         .job_id = job->job_id,
                         .attempt = job->attempt,
                         .started_ms = now_ms,
                         .finished_ms = now_ms };

    s.driver = driver < 0 ? NULL : drmgmt_driver_all()[driver];
    s.kind = s.driver ? drmgmt_driver_operation(s.driver, job->operation) : NULL;
    return s;
}

static drmgmt__op *make_op(drmgmt_worker *w, const drmgmt__claimed *job, const drmgmt__opened *opened,
                           drmgmt__net_policy *policy)
{
    drmgmt__op_spec spec = {
        .tenant_id = job->tenant_id,
        .job_id = job->job_id,
        .device_id = job->device_id,
        .operation = job->operation,
        .params = job->params ? job->params : "{}",
        .address = job->address,
        .settings = job->settings,
        .credentials = opened->credentials,
        .n_credentials = opened->n,
        .port = job->port,
        .timeout_ms = job->timeout_ms,
        .policy = policy,
    };
    drmgmt__op *op = drmgmt__op_new(w->ops, w->loop, &spec);
    if (!op)
        return NULL;
    op->attempt = job->attempt;
    op->idempotent = job->idempotent;
    op->began_us = drmgmt__monotonic_us();
    op->started_at_ms = drmgmt__now_ms();
    drmgmt__inflight_add(&w->inflight, op);
    atomic_fetch_add(&w->in_flight, 1);
    return op;
}

/* Why a job cannot even begin; NULL when *op was made. */
static const drmgmt__op_end *prepare(drmgmt_worker *w, const drmgmt__claimed *job, drmgmt__net_policy *policy,
                                     int driver, drmgmt__op **op)
{
    static const drmgmt__op_end expired = { .outcome = "failed",
                                            .code = "deadline",
                                            .message = "Its deadline passed before it could run." };
    static const drmgmt__op_end unsupported = { .outcome = "failed",
                                                .code = "unsupported",
                                                .message = "This worker has no such protocol or operation." };
    static const drmgmt__op_end sealed = { .outcome = "failed",
                                           .code = "credential",
                                           .message =
                                               "The device's credential cannot be opened: set it anew, or give the "
                                               "worker the keyring it was made with." };
    static const drmgmt__op_end no_memory = {
        .outcome = "failed", .code = "no-memory", .message = "The worker is out of memory.", .retryable = true
    };
    const drmgmt_operation *operation =
        driver < 0 ? NULL : drmgmt_driver_operation(drmgmt_driver_all()[driver], job->operation);

    if (job->expired)
        return &expired;
    if (!operation)
        return &unsupported;
    int rc = drmgmt__secrets_open(w->context, job, &w->opened);
    if (rc)
        return rc == DRMGMT_ERR_NO_MEMORY ? &no_memory : &sealed;
    *op = make_op(w, job, &w->opened, policy);
    if (!*op)
        return &no_memory;
    (*op)->kind = operation;
    return NULL;
}

static void start_job(drmgmt_worker *w, const drmgmt__claimed *job, drmgmt__net_policy *policy, bool show)
{
    int driver = driver_index(job->protocol);
    drmgmt__op *op = NULL;
    const drmgmt__op_end *refusal = prepare(w, job, policy, driver, &op);

    if (refusal) {
        struct subject s = subject_of(job, driver, drmgmt__now_ms());
        add_result(w, &s, NULL, refusal);
        return;
    }
    if (show)
        drmgmt__worker_publish(w, op->tenant_id, op->job_id, "running", -1);
    op->shown = show;
    if (!drmgmt__op_start(op, drmgmt_driver_all()[driver], w->driver_state[driver]))
        return;
    uint64_t show_at = drmgmt_loop_now(w->loop) + SHOW_AFTER_MS;
    op->due_ms = op->shown || op->deadline_ms < show_at ? op->deadline_ms : show_at;
    drmgmt__inflight_due(&w->inflight, op);
}

static void start_batch(drmgmt_worker *w, drmgmt__batch *batch)
{
    static const drmgmt__op_end release = { .outcome = "release" };
    const drmgmt__claim *claim = &batch->claim;

    drmgmt__loop_update_now(w->loop);
    for (size_t i = 0; i < claim->count; i++) {
        const drmgmt__claimed *job = &claim->jobs[i];
        if (batch->lease != w->lease_seen) {
            w->fresh_ended++;
            atomic_fetch_add(&w->refused, 1);
        } else if (w->ending || !batch->policies) {
            struct subject s = subject_of(job, driver_index(job->protocol), 0);
            add_result(w, &s, NULL, &release);
        } else {
            start_job(w, job, batch->policies[i], claim->count <= SHOW_AT_ONCE_MAX);
        }
    }
    drmgmt__secrets_wipe(&w->opened);
    for (size_t i = 0; batch->policies && i < claim->count; i++)
        drmgmt__net_policy_unref(batch->policies[i]);
    free(batch->policies);
    drmgmt__claim_clear(&batch->claim);
    free(batch);
}

/* ---- time ---- */

static void time_out(drmgmt__op *op)
{
    /* Whether a write that did not end reached the device is not known: it must not be repeated. */
    drmgmt__op_end end = {
        .outcome = op->idempotent ? "failed" : "uncertain",
        .code = "timeout",
        .message =
            op->idempotent
                ? "The operation did not end within the job's time."
                : "The operation did not end within the job's time; whether the device carried it out is not known.",
        .retryable = op->idempotent,
    };
    drmgmt__op_end_now(op, &end);
}

static void on_due(void *user)
{
    drmgmt_worker *w = user;
    uint64_t now = drmgmt_loop_now(w->loop);
    drmgmt__op *op;

    w->due_at_ms = UINT64_MAX;
    while ((op = drmgmt__inflight_first_due(&w->inflight)) && op->due_ms <= now) {
        if (now >= op->deadline_ms) {
            time_out(op);
            continue;
        }
        if (!op->shown)
            drmgmt__worker_publish(w, op->tenant_id, op->job_id, "running", -1);
        op->shown = true;
        op->due_ms = op->deadline_ms;
        drmgmt__inflight_due(&w->inflight, op);
    }
}

static void arm_due(drmgmt_worker *w)
{
    const drmgmt__op *first = drmgmt__inflight_first_due(&w->inflight);
    uint64_t now = drmgmt_loop_now(w->loop);

    if (!first || first->due_ms >= w->due_at_ms)
        return;
    w->due_at_ms = first->due_ms;
    drmgmt_timer_again(w->due_timer, first->due_ms > now ? first->due_ms - now : 0);
}

/* ---- cancelling ---- */

static bool cancel_job(drmgmt_worker *w, const char *job_id)
{
    drmgmt__op *op = drmgmt__inflight_find(&w->inflight, job_id);

    if (!op)
        return false;
    drmgmt__op_end_now(op, &(drmgmt__op_end){ .outcome = "cancelled",
                                              .code = "cancelled",
                                              .message = "It was cancelled while it was running." });
    return true;
}

/* A hint may overtake the job, which is claimed but not yet here: hints that met nothing are kept for a moment. */
static void keep_cancel(drmgmt_worker *w, const drmgmt__id *id)
{
    unsigned i = w->next_recent++ % DRMGMT__RECENT_CANCELS;

    w->recent_cancels[i].job = *id;
    w->recent_cancels[i].at_ms = drmgmt_loop_now(w->loop);
}

static void cancel_recent(drmgmt_worker *w)
{
    uint64_t now = drmgmt_loop_now(w->loop);

    for (unsigned i = 0; i < DRMGMT__RECENT_CANCELS && i < w->next_recent; i++)
        if (now - w->recent_cancels[i].at_ms < RECENT_MS)
            cancel_job(w, w->recent_cancels[i].job.text);
}

/* ---- stopping, losing the lease ---- */

static void end_grace(void *user)
{
    static const drmgmt__op_end release = { .outcome = "release" };
    static const drmgmt__op_end uncertain = {
        .outcome = "uncertain",
        .code = "worker-stopped",
        .message = "The worker was stopped while it ran this; whether the device carried it out is not known."
    };
    drmgmt_worker *w = user;
    drmgmt__op *op;

    for (unsigned bucket = 0; (op = drmgmt__inflight_next(&w->inflight, &bucket));)
        drmgmt__op_end_now(op, op->idempotent ? &release : &uncertain);
}

static void look_for_stop(drmgmt_worker *w)
{
    unsigned calls = atomic_load(&w->stop_calls);

    if (calls == w->stops_seen)
        return;
    w->stops_seen = calls;
    drmgmt__loop_update_now(w->loop);
    uint64_t now = drmgmt_loop_now(w->loop), end = now + atomic_load(&w->stop_grace_ms);
    if (!w->ending || end < w->grace_end_ms) {
        w->grace_end_ms = end;
        drmgmt_timer_again(w->grace_timer, end - now);
    }
    if (w->ending)
        return;
    w->ending = true;
    pthread_mutex_lock(&w->mutex);
    w->stopping = true;
    w->beat_now = true; /* which tells that it drains */
    pthread_cond_signal(&w->keeper_wake);
    drmgmt__worker_wake_ledger(w);
    pthread_mutex_unlock(&w->mutex);
}

static void drop_all(drmgmt_worker *w)
{
    drmgmt__op *op;

    for (unsigned bucket = 0; (op = drmgmt__inflight_next(&w->inflight, &bucket));) {
        leave_table(w, op);
        w->fresh_ended++;
        atomic_fetch_add(&w->refused, 1);
        drmgmt__op_abort(op);
    }
}

/* lease: the number of the current one, 0 for none. */
static void look_at_lease(drmgmt_worker *w, uint32_t lease)
{
    if (lease == w->lease_seen)
        return;
    drop_all(w);
    flush(w);
    w->lease_seen = lease;
}

/* ---- what the loop calls ---- */

static void tell_known(drmgmt_worker *w)
{
    bool ok = true;

    flush(w);
    pthread_mutex_lock(&w->mutex);
    if (!w->inbox) { /* else it would not be complete; a wake for that batch is under way */
        w->known.n = 0;
        for (unsigned bucket = 0; bucket < w->inflight.n_buckets; bucket++)
            for (const drmgmt__op *op = w->inflight.buckets[bucket]; op && ok; op = op->bucket_next)
                ok = drmgmt__ids_add(&w->known, op->job_id);
        w->known_wanted = false;
        w->known_told = ok;
        w->recover = w->recover && ok; /* else the ledger asks again */
        drmgmt__worker_wake_ledger(w);
    }
    pthread_mutex_unlock(&w->mutex);
}

void drmgmt__worker_woken(void *worker)
{
    drmgmt_worker *w = worker;
    drmgmt__ids cancels;

    pthread_mutex_lock(&w->mutex);
    drmgmt__batch *batch = w->inbox;
    w->inbox = NULL;
    w->inbox_end = &w->inbox;
    cancels = w->cancels;
    w->cancels = (drmgmt__ids){ 0 };
    bool known_wanted = w->known_wanted;
    const drmgmt__lease *lease = atomic_load(&w->lease);
    uint32_t lease_number = lease ? lease->number : 0;
    pthread_mutex_unlock(&w->mutex);
    look_at_lease(w, lease_number);
    look_for_stop(w);
    bool started = batch;
    while (batch) {
        drmgmt__batch *next = batch->next;
        start_batch(w, batch);
        batch = next;
    }
    for (size_t i = 0; i < cancels.n; i++)
        if (!cancel_job(w, cancels.items[i].text))
            keep_cancel(w, &cancels.items[i]);
    free(cancels.items);
    if (started)
        cancel_recent(w);
    if (known_wanted)
        tell_known(w);
}

void drmgmt__worker_turn(void *worker)
{
    drmgmt_worker *w = worker;

    flush(w);
    arm_due(w);
    if (!w->ending || w->inflight.n)
        return;
    pthread_mutex_lock(&w->mutex);
    bool over = w->claims_over && !w->inbox;
    if (over) {
        w->loop_over = true;
        drmgmt__worker_wake_ledger(w);
    }
    pthread_mutex_unlock(&w->mutex);
    if (over)
        drmgmt__loop_stop(w->loop);
}

/* ---- made and freed by worker.c, in the loop's thread ---- */

int drmgmt__worker_loop_init(drmgmt_worker *w, drmgmt_error **error)
{
    const drmgmt__op_hooks hooks = { w, on_ended, on_progressed };
    const uint64_t never = UINT64_MAX;

    int rc = drmgmt__ops_new(&hooks, &w->ops, error);
    if (rc)
        return rc;
    w->due_at_ms = UINT64_MAX;
    w->due_timer = drmgmt_loop_timer(w->loop, never, on_due, w);
    w->grace_timer = drmgmt_loop_timer(w->loop, never, end_grace, w);
    if (!w->due_timer || !w->grace_timer || drmgmt__inflight_init(&w->inflight, w->slots))
        return drmgmt__fail_memory(error);
    const drmgmt_driver *const *all = drmgmt_driver_all();
    for (; all[w->n_drivers] && w->n_drivers < DRMGMT__DRIVERS_MAX; w->n_drivers++) {
        const drmgmt_driver *driver = all[w->n_drivers];
        rc = driver->open ? driver->open(w->loop, &w->driver_state[w->n_drivers], error) : 0;
        if (rc)
            return rc;
    }
    drmgmt__loop_on_turn(w->loop, drmgmt__worker_turn);
    return 0;
}

void drmgmt__worker_loop_free(drmgmt_worker *w)
{
    const drmgmt_driver *const *all = drmgmt_driver_all();

    while (w->n_drivers > 0) {
        w->n_drivers--;
        if (all[w->n_drivers]->close)
            all[w->n_drivers]->close(w->driver_state[w->n_drivers]);
    }
    drmgmt_timer_free(w->due_timer);
    drmgmt_timer_free(w->grace_timer);
    w->due_timer = w->grace_timer = NULL;
    drmgmt__inflight_clear(&w->inflight);
    drmgmt__ops_free(w->ops);
    w->ops = NULL;
}
