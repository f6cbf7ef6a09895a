/* What the tests of the SNMP driver share: a loop with the driver open in it, operations started by hand, and how each
 * of them ended. */
#ifndef DRMGMT_TESTS_SNMP_FIXTURE_H
#define DRMGMT_TESTS_SNMP_FIXTURE_H

#include "core/core.h"
#include "net_support.h"
#include "proto/registry.h"
#include "proto/snmp/snmp.h"
#include "worker/loop.h"
#include "worker/op.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* Criterion does not notice what the sanitizer finds at exit. */
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#define ASSERT_NO_LEAK() cr_assert_eq(__lsan_do_recoverable_leak_check(), 0, "memory is leaked")
#else
#define ASSERT_NO_LEAK() ((void)0)
#endif

struct ended {
    unsigned times;
    bool completed, retryable;
    char *outcome, *result, *code, *message, *detail;
    uint64_t after_ms; /* since it was begun */
};

struct fixture {
    drmgmt_loop *loop;
    drmgmt__ops *ops;
    void *state;
    drmgmt__net_policy *policy; /* of all operations that name none: loopback may be asked */
    struct ended *ends;
    size_t n, running, room;
    bool looping;
};

static inline char *copy(const char *text)
{
    return text ? strdup(text) : NULL;
}

static inline void on_ended(void *user, drmgmt__op *op, const drmgmt__op_end *end)
{
    struct fixture *f = user;
    struct ended *e = &f->ends[strtoul(op->job_id, NULL, 10)];

    e->times++;
    e->completed = strcmp(end->outcome, "completed") == 0;
    e->retryable = end->retryable;
    e->outcome = copy(end->outcome);
    e->detail = copy(end->detail);
    e->result = copy(end->result);
    e->code = copy(end->code);
    e->message = copy(end->message);
    e->after_ms = drmgmt__monotonic_ms() - op->began_us / 1000;
    if (--f->running == 0 && f->looping)
        drmgmt__loop_stop(f->loop);
}

static inline void open_fixture(struct fixture *f, size_t room)
{
    drmgmt__op_hooks hooks = { .user = f, .ended = on_ended };

    *f = (struct fixture){ .room = room, .ends = calloc(room, sizeof *f->ends) };
    cr_assert(f->ends);
    cr_assert_eq(drmgmt__loop_new(NULL, NULL, &f->loop, NULL), 0);
    cr_assert_eq(drmgmt__ops_new(&hooks, &f->ops, NULL), 0);
    cr_assert_eq(drmgmt__driver_snmp.open(f->loop, &f->state, NULL), 0);
    f->policy = policy_of(NULL, RULES("127.0.0.0/8/udp", "::1/udp"));
}

static inline void close_fixture(struct fixture *f)
{
    const drmgmt__snmp *snmp = f->state;

    cr_assert_eq(f->running, 0, "%zu operations never ended", f->running);
    cr_assert_eq(snmp->exchanges.n, 0, "exchanges are left");
    cr_assert_eq(snmp->sessions.n, snmp->n_idle, "sessions are left");
    drmgmt__driver_snmp.close(f->state);
    drmgmt__ops_free(f->ops);
    cr_assert(!drmgmt__net_policy_shared(f->policy), "an operation kept its policy");
    drmgmt__net_policy_unref(f->policy);
    drmgmt__loop_free(f->loop);
    for (size_t i = 0; i < f->n; i++) {
        cr_assert_leq(f->ends[i].times, 1, "operation %zu ended %u times", i, f->ends[i].times);
        free(f->ends[i].outcome);
        free(f->ends[i].detail);
        free(f->ends[i].result);
        free(f->ends[i].code);
        free(f->ends[i].message);
    }
    free(f->ends);
    ASSERT_NO_LEAK();
}

/* Makes a get and hands it to the driver. NULL: it has ended already. Its number is f->n - 1. */
static inline drmgmt__op *begin_spec(struct fixture *f, drmgmt__op_spec spec)
{
    char number[24];
    uint64_t now = drmgmt__monotonic_ms(); /* before the loop's, from which its timers count */

    cr_assert_lt(f->n, f->room);
    snprintf(number, sizeof number, "%zu", f->n++);
    spec.job_id = number;
    if (!spec.operation)
        spec.operation = "get";
    if (!spec.tenant_id)
        spec.tenant_id = "tenant-a";
    if (!spec.settings)
        spec.settings = "{}";
    if (!spec.params)
        spec.params = "{\"oids\":[\"sysDescr.0\"]}";
    if (!spec.policy)
        spec.policy = f->policy;
    spec.timeout_ms = 60000;
    drmgmt__loop_update_now(f->loop);
    drmgmt__op *op = drmgmt__op_new(f->ops, f->loop, &spec);
    cr_assert(op);
    op->began_us = now * 1000;
    f->running++;
    return drmgmt__op_start(op, &drmgmt__driver_snmp, f->state) ? op : NULL;
}

static inline void run_fixture(struct fixture *f)
{
    f->looping = f->running > 0;
    if (f->looping)
        drmgmt__loop_run(f->loop);
    f->looping = false;
}

/* The last operation begun, after it has ended. */
static inline const struct ended *run_last(struct fixture *f)
{
    run_fixture(f);
    cr_assert_eq(f->ends[f->n - 1].times, 1);
    return &f->ends[f->n - 1];
}

static inline void assert_failed(const struct ended *e, const char *code, bool retryable)
{
    cr_assert(!e->completed, "expected %s, got the result %s", code, e->result);
    cr_assert_str_eq(e->code, code, "expected %s, got %s: %s", code, e->code, e->message);
    cr_assert_eq(e->retryable, retryable, "%s", e->message);
}

#endif
