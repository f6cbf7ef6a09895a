/* The SNMP driver alone: operations begun by hand as a worker does it, told how they ended by the same hooks. Called by
 * snmp.c and dead.c; sees the library's inside. */
#include "driver.h"

#include "agents.h"
#include "net/policy.h"
#include "proto/registry.h"
#include "worker/loop.h"
#include "worker/op.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct driver_bench {
    bench *b;
    drmgmt_loop *loop;
    drmgmt__ops *ops;
    void *state;
    drmgmt__net_policy *policy;
    /* of the run */
    const driver_run *run;
    driver_figures figures;
    drmgmt__op **in_flight; /* by slot; NULL: free */
    uint32_t *free_slots;
    size_t n_free, begun, ended, counted;
    int64_t from_us;
    bool problem;
};

/* As long as a worker's. */
#define TENANT "01890a5d-ac96-774b-bcce-b302099a8057"
#define DEVICE "01890a5d-ac96-774b-bcce-b302099a8058"
#define JOB    "01890a5d-ac96-774b-bcce-b302099a8059"

enum {
    COUNTS = 1,
    BEGUN_A_TURN = 512, /* as many as a claim brings a worker */
};

static void on_ended(void *user, drmgmt__op *op, const drmgmt__op_end *end)
{
    driver_bench *d = user;

    d->in_flight[op->lease] = NULL;
    d->free_slots[d->n_free++] = op->lease;
    d->ended++;
    if (end->result) {
        d->figures.completed++;
        d->figures.bytes += strlen(end->result);
    } else {
        d->figures.failed++;
    }
    if (op->attempt & COUNTS) {
        d->figures.live_seconds = (double)(now_us() - d->from_us) / 1e6;
        if (!end->result && !d->problem)
            d->problem = !bench_fail(d->b, "an operation failed after %.3f s: %s: %s", d->figures.live_seconds,
                                     end->code, end->message);
    }
    if (d->ended == d->run->count || d->problem)
        drmgmt__loop_stop(d->loop);
}

static bool begin(driver_bench *d)
{
    static const drmgmt_op_credential user = { .id = DEVICE,
                                               .snmp_version = "3",
                                               .username = AGENTS_USER,
                                               .auth_protocol = "SHA",
                                               .auth_password = AGENTS_PASSPHRASE,
                                               .priv_protocol = "AES-128",
                                               .priv_password = AGENTS_PASSPHRASE };
    bool counts = true;
    const char *address = d->run->address(d->run->user, d->begun, &counts);
    drmgmt__op_spec spec = { .tenant_id = TENANT,
                             .job_id = JOB,
                             .device_id = DEVICE,
                             .operation = d->run->operation,
                             .params = d->run->params,
                             .settings = d->run->settings,
                             .address = address,
                             .port = d->run->port,
                             .timeout_ms = 60000,
                             .secret = d->run->version == DRIVER_V3 ? NULL : d->run->community,
                             .credentials = d->run->version == DRIVER_V3 ? &user : NULL,
                             .n_credentials = d->run->version == DRIVER_V3,
                             .policy = d->policy };
    drmgmt__op *op = drmgmt__op_new(d->ops, d->loop, &spec);

    if (!op)
        return false;
    d->begun++;
    op->attempt = counts ? COUNTS : 0;
    op->lease = d->free_slots[--d->n_free];
    d->in_flight[op->lease] = op;
    drmgmt__op_start(op, &drmgmt__driver_snmp, d->state);
    return true;
}

/* Before the loop waits: what ended in this turn is replaced. */
static void top_up(void *user)
{
    driver_bench *d = user;

    for (size_t n = 0; !d->problem && d->n_free && d->begun < d->run->count; n++) {
        if (n == BEGUN_A_TURN) {
            drmgmt__loop_wake(d->loop);
            break;
        }
        if (!begin(d))
            d->problem = !bench_fail(d->b, "out of memory");
    }
    if (!d->problem && bench_over(d->b))
        d->problem = !bench_fail(d->b, "given up after %zu operations", d->ended);
    if (d->problem)
        drmgmt__loop_stop(d->loop);
}

static drmgmt__net_policy *loopback_policy(void)
{
    drmgmt__net_policy *policy = drmgmt__net_policy_new(NULL);
    drmgmt__net_rule *rule = calloc(1, sizeof *rule);

    if (!policy || !rule || drmgmt__net_rule_parse("127.0.0.0/8/udp", rule)) {
        drmgmt__net_policy_unref(policy);
        free(rule);
        return NULL;
    }
    drmgmt__net_policy_set(policy, rule, 1);
    return policy;
}

driver_bench *driver_bench_open(bench *b)
{
    driver_bench *d = calloc(1, sizeof *d);
    drmgmt_error *error = NULL;

    if (!d) {
        bench_fail(b, "out of memory");
        return NULL;
    }
    d->b = b;
    const drmgmt__op_hooks hooks = { .user = d, .ended = on_ended };
    d->policy = loopback_policy();
    if (!d->policy || drmgmt__loop_new(NULL, d, &d->loop, &error) || drmgmt__ops_new(&hooks, &d->ops, &error) ||
        drmgmt__driver_snmp.open(d->loop, &d->state, &error)) {
        library_fail(b, "the driver's loop", error);
        driver_bench_close(d);
        return NULL;
    }
    drmgmt__loop_on_turn(d->loop, top_up);
    return d;
}

void driver_bench_close(driver_bench *d)
{
    if (!d)
        return;
    if (d->state)
        drmgmt__driver_snmp.close(d->state);
    drmgmt__ops_free(d->ops);
    drmgmt__net_policy_unref(d->policy);
    drmgmt__loop_free(d->loop);
    free(d);
}

bool driver_bench_run(driver_bench *d, const driver_run *run, driver_figures *out)
{
    d->run = run;
    d->figures = (driver_figures){ 0 };
    d->begun = d->ended = 0;
    d->problem = false;
    d->in_flight = calloc(run->window, sizeof(drmgmt__op *));
    d->free_slots = calloc(run->window, sizeof *d->free_slots);
    if (d->in_flight && d->free_slots) {
        for (d->n_free = 0; d->n_free < run->window; d->n_free++)
            d->free_slots[d->n_free] = (uint32_t)d->n_free;
        drmgmt__loop_update_now(d->loop);
        double cpu = thread_cpu_s();
        d->from_us = now_us();
        drmgmt__loop_run(d->loop);
        d->figures.seconds = (double)(now_us() - d->from_us) / 1e6;
        d->figures.cpu_s = thread_cpu_s() - cpu;
        for (size_t i = 0; i < run->window; i++)
            if (d->in_flight[i])
                drmgmt__op_abort(d->in_flight[i]);
    } else {
        d->problem = !bench_fail(d->b, "out of memory");
    }
    free(d->in_flight);
    free(d->free_slots);
    *out = d->figures;
    return !d->problem;
}
