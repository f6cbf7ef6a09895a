/* Claims jobs for the loop: in the ledger's own thread while there is little to do, else in a thread of its own, so
 * that one connection claims while another one stores. Called by ledger.c; calls the scheduler's functions
 * (store/sched.h).
 */
#include "core/context_internal.h"
#include "core/core.h"
#include "net/outbound.h"
#include "queue/queue.h"
#include "worker/engine.h"
#include <stdlib.h>

static void hand_over(drmgmt_worker *w, drmgmt__batch *batch)
{
    pthread_mutex_lock(&w->mutex);
    w->occupied += (unsigned)batch->claim.count;
    *w->inbox_end = batch;
    w->inbox_end = &batch->next;
    pthread_mutex_unlock(&w->mutex);
    drmgmt__loop_wake(w->loop);
}

/* What the jobs' tenants may reach: a query only for tenants that are new here or for a moment after an outage. */
static drmgmt__net_policy **policies_of(drmgmt_session *system, const drmgmt__claim *claim, drmgmt_error **error)
{
    drmgmt__net_policy **policies = calloc(claim->count, sizeof *policies);
    const char **tenants = calloc(claim->count, sizeof *tenants);

    for (size_t i = 0; tenants && i < claim->count; i++)
        tenants[i] = claim->jobs[i].tenant_id;
    int rc = policies && tenants ? drmgmt__outbound_get(system, tenants, claim->count, policies, error)
                                 : drmgmt__fail_memory(error);
    free(tenants);
    if (!rc)
        return policies;
    free(policies);
    return NULL;
}

/* What came of one lane; the claim itself may fail. */
static int claim_lane(drmgmt_worker *w, drmgmt_session *system, drmgmt__claim_order *order, const char *lane,
                      unsigned limit)
{
    drmgmt__batch *batch = calloc(1, sizeof *batch);
    uint64_t before_us = drmgmt__monotonic_us();

    int rc = batch ? drmgmt__sched_claim(system, order->lease->id, lane, limit, &batch->claim, &order->error)
                   : drmgmt__fail_memory(&order->error);
    if (rc) {
        free(batch);
        return rc;
    }
    size_t count = batch->claim.count;
    drmgmt__metrics_observe(w->metrics, DRMGMT__METRIC_CLAIM, &lane, drmgmt__monotonic_us() - before_us);
    drmgmt__metrics_add(w->metrics, DRMGMT__METRIC_CLAIMED, &lane, count);
    atomic_fetch_add(&w->claims, 1);
    atomic_fetch_add(&w->claimed, count);
    order->count += count;
    if (count && count == limit && order->limit == DRMGMT__CLAIM_MAX)
        drmgmt__publish_bell(w->context->publisher, lane); /* there is more than this worker took */
    if (count == 0) {
        drmgmt__claim_clear(&batch->claim);
        free(batch);
        return 0;
    }
    batch->lease = order->lease->number;
    batch->policies = policies_of(system, &batch->claim, &order->error);
    hand_over(w, batch);
    return 0;
}

/* Lanes in turn, each time another one first: none takes more than its part of what is free while others wait behind
 * it, and what one leaves is for the next. */
void drmgmt__worker_claim(drmgmt_worker *w, drmgmt_session *system, drmgmt__claim_order *order)
{
    uint64_t before = drmgmt__monotonic_ms();
    size_t n = w->lanes.n, first = w->claims_turn++;
    int rc = 0;

    for (size_t i = 0; !rc && !order->error && i < n && order->count < order->limit; i++) {
        unsigned left = order->limit - (unsigned)order->count, lanes = (unsigned)(n - i);
        rc = claim_lane(w, system, order, w->lanes.names[(first + i) % n], (left + lanes - 1) / lanes);
    }
    order->took_ms = drmgmt__monotonic_ms() - before;
    order->claimed = !rc;
}

void *drmgmt__worker_claimer(void *worker)
{
    drmgmt_worker *w = worker;
    drmgmt_session *system = NULL;

    pthread_mutex_lock(&w->mutex);
    for (;;) {
        while (w->order_state != DRMGMT__ORDER_GIVEN && !w->claimer_over)
            pthread_cond_wait(&w->claimer_wake, &w->mutex);
        if (w->order_state != DRMGMT__ORDER_GIVEN)
            break;
        w->order_state = DRMGMT__ORDER_TAKEN;
        drmgmt__claim_order order = w->order;
        pthread_mutex_unlock(&w->mutex);
        if (system || drmgmt__session_open_system(w->context, "worker", &system, &order.error) == 0)
            drmgmt__worker_claim(w, system, &order);
        pthread_mutex_lock(&w->mutex);
        w->order = order;
        w->order_state = DRMGMT__ORDER_DONE;
        drmgmt__worker_wake_ledger(w);
    }
    pthread_mutex_unlock(&w->mutex);
    drmgmt_session_close(system);
    return NULL;
}
