/* Operations in flight: what a driver sees as drmgmt_op, and the pool they come from. Used by the engine, and by unit
 * tests of drivers, which start operations by hand and are told how they ended. Loop thread only. Internal.
 *
 *     drmgmt__ops_new(&hooks, &ops, &error);
 *     drmgmt__op_start(drmgmt__op_new(ops, loop, &spec), &drmgmt__driver_snmp, state);
 *     drmgmt__loop_run(loop);   // hooks.ended() is called once, from begin() or later
 *
 * A driver holds a handle: the operation's address plus its generation. One that is used after the operation ended is
 * recognised and does nothing, so a result cannot be told twice, whatever a driver does. */
#ifndef DRMGMT_WORKER_OP_H
#define DRMGMT_WORKER_OP_H

#include <drm/driver.h>
#include <stdbool.h>
#include <stdint.h>

/* What an operation is made of; copied. Texts that are NULL count as "". */
typedef struct drmgmt__op_spec {
    const char *tenant_id, *job_id, *device_id, *operation, *params, *address, *settings;
    const char *secret; /* short for one credential that has only this community; NULL: see credentials */
    const drmgmt_op_credential *credentials;
    size_t n_credentials;
    unsigned port, timeout_ms;
    struct drmgmt__net_policy *policy; /* of the tenant; a reference of its own is taken. NULL: public addresses only */
} drmgmt__op_spec;

/* How an operation ended. The texts live during the call that tells it. */
typedef struct drmgmt__op_end {
    const char *outcome; /* completed, failed; from the engine also cancelled, release, uncertain */
    const char *result;  /* JSON; completed only */
    const char *code, *message;
    bool retryable;
    const char *detail; /* further members of the error, a JSON object; NULL: none */
} drmgmt__op_end;

typedef struct drmgmt__op {
    /* what a driver may ask */
    const char *tenant_id, *job_id, *device_id, *operation, *params, *address, *settings;
    const drmgmt_op_credential *credentials;
    char *block; /* holds the texts and the credentials; wiped at the end */
    uint32_t block_size, n_credentials;
    struct drmgmt__net_policy *policy;
    void *data;
    drmgmt_loop *loop;
    uint64_t deadline_ms; /* loop time */
    unsigned port;
    /* its life */
    bool live, ending; /* ending: nothing the driver says counts any more */
    uint8_t generation;
    struct drmgmt__ops *ops;
    const drmgmt_driver *driver; /* NULL: not begun */
    void *state;
    struct drmgmt__op *next; /* of the pool's free ones */
    /* the engine's own */
    struct drmgmt__op *bucket_next; /* in its table by job id */
    uint64_t due_ms, began_us, progress_ms;
    int64_t started_at_ms; /* since 1970 */
    uint32_t attempt, lease, heap_slot;
    const drmgmt_operation *kind;
    bool idempotent;
    bool shown; /* watchers were told that it runs */
} drmgmt__op;

typedef struct drmgmt__op_hooks {
    void *user;
    /* Called once for each operation that was not aborted; op is freed afterwards. */
    void (*ended)(void *user, drmgmt__op *op, const drmgmt__op_end *end);
    void (*progressed)(void *user, drmgmt__op *op, unsigned percent); /* may be NULL */
} drmgmt__op_hooks;

typedef struct drmgmt__ops drmgmt__ops;
int drmgmt__ops_new(const drmgmt__op_hooks *hooks, drmgmt__ops **ops, drmgmt_error **error);
/* No operation may be in flight. NULL is allowed. */
void drmgmt__ops_free(drmgmt__ops *ops);

/* An operation that has not begun. NULL when memory is out. */
drmgmt__op *drmgmt__op_new(drmgmt__ops *ops, drmgmt_loop *loop, const drmgmt__op_spec *spec);
/* Hands it to the driver. False: it has ended already and is gone. */
bool drmgmt__op_start(drmgmt__op *op, const drmgmt_driver *driver, void *state);
/* Takes it back from the driver if it has begun, tells ended() and frees it. */
void drmgmt__op_end_now(drmgmt__op *op, const drmgmt__op_end *end);
/* The same without telling. */
void drmgmt__op_abort(drmgmt__op *op);

#endif
