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

void drmgmt__worker_claim(drmgmt_worker *w, drmgmt_session *system, drmgmt__claim_order *order)
{
    drmgmt__batch *batch = calloc(1, sizeof *batch);
    uint64_t before = drmgmt__monotonic_ms();

    int rc = batch ? drmgmt__sched_claim(system, order->lease->id, w->lane, order->limit, &batch->claim, &order->error)
                   : drmgmt__fail_memory(&order->error);
    order->took_ms = drmgmt__monotonic_ms() - before;
    order->claimed = !rc;
    if (rc) {
        free(batch);
        return;
    }
    order->count = batch->claim.count;
    if (order->count == DRMGMT__CLAIM_MAX)
        drmgmt__publish_bell(w->context->publisher, w->lane); /* there is more than this worker took */
    if (order->count == 0) {
        drmgmt__claim_clear(&batch->claim);
        free(batch);
        return;
    }
    batch->lease = order->lease->number;
    batch->policies = policies_of(system, &batch->claim, &order->error);
    hand_over(w, batch);
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
