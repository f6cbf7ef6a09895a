/* The protocol driver interface: what a worker needs to know of a protocol.
 *
 * A driver is a const struct. All its calls come from one thread, the worker's loop, except check(), which must be
 * pure: it is called at submission from any thread. A driver never blocks: it gets the loop's descriptors and timers.
 * It reaches devices through drmgmt_op_sendto() and drmgmt_op_connect() only, which ask the tenant's outbound policy.
 * It owns nothing of an operation but what it attaches with drmgmt_op_set_data(). */
#ifndef DRMGMT_DRIVER_H
#define DRMGMT_DRIVER_H

#include <drm/error.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

DRMGMT_BEGIN

#define DRMGMT_DRIVER_ABI 2u

typedef struct drmgmt_loop drmgmt_loop;   /* the worker's event loop */
typedef struct drmgmt_watch drmgmt_watch; /* a watched descriptor */
typedef struct drmgmt_timer drmgmt_timer;
typedef struct drmgmt_op drmgmt_op; /* one operation in flight */

enum { DRMGMT_READ = 1, DRMGMT_WRITE = 2 };
typedef void drmgmt_watch_fn(void *user, int fd, unsigned events);
typedef void drmgmt_timer_fn(void *user);

/* ---- what the loop offers; loop thread only ---- */
/* Watches fd (which stays the caller's) level-triggered. NULL when memory is out or fd cannot be watched. */
DRMGMT_API drmgmt_watch *drmgmt_loop_watch(drmgmt_loop *loop, int fd, unsigned events, drmgmt_watch_fn *fn, void *user);
DRMGMT_API int drmgmt_watch_set(drmgmt_watch *watch, unsigned events);
/* Stops watching; to be called before fd is closed. NULL is allowed. May be called from its own callback. */
DRMGMT_API void drmgmt_watch_free(drmgmt_watch *watch);
/* Calls fn once after ms (0: in the next turn of the loop). NULL when memory is out. */
DRMGMT_API drmgmt_timer *drmgmt_loop_timer(drmgmt_loop *loop, uint64_t ms, drmgmt_timer_fn *fn, void *user);
/* Starts it anew. */
DRMGMT_API int drmgmt_timer_again(drmgmt_timer *timer, uint64_t ms);
DRMGMT_API void
drmgmt_timer_free(drmgmt_timer *timer); /* stops and frees; NULL is allowed; also from its own callback */
/* Monotonic ms, cached per turn of the loop. */
DRMGMT_API uint64_t drmgmt_loop_now(const drmgmt_loop *loop);

/* ---- what an operation tells; pointers live until it is completed ---- */
DRMGMT_API const char *drmgmt_op_operation(const drmgmt_op *op); /* "get" */
DRMGMT_API const char *drmgmt_op_job_id(const drmgmt_op *op);
DRMGMT_API const char *drmgmt_op_tenant_id(const drmgmt_op *op);
DRMGMT_API const char *drmgmt_op_device_id(const drmgmt_op *op); /* "" when it is for none: DRMGMT_OP_NO_DEVICE */
DRMGMT_API const char *drmgmt_op_address(const drmgmt_op *op);   /* profile's address: literal or name; "" if none */
DRMGMT_API unsigned drmgmt_op_port(const drmgmt_op *op);         /* 0: the protocol's default */
DRMGMT_API const char *drmgmt_op_params(const drmgmt_op *op);    /* JSON object */
DRMGMT_API const char *drmgmt_op_settings(const drmgmt_op *op);  /* profile's settings, JSON object */
/* A credential with its secrets in the clear; what is not set is NULL. Wiped when the operation ends. */
typedef struct drmgmt_op_credential {
    const char *id, *snmp_version; /* "1", "2c", "3" */
    const char *community;
    const char *username, *auth_protocol, *auth_password, *priv_protocol, *priv_password, *context_name;
} drmgmt_op_credential;
/* The profile's credential, or those that params.credential_ids names when the operation is for no device. *n may be 0.
 */
DRMGMT_API const drmgmt_op_credential *drmgmt_op_credentials(const drmgmt_op *op, size_t *n);
/* A secret of the first of them by its name ("community"); NULL if there is none. */
DRMGMT_API const char *drmgmt_op_secret(const drmgmt_op *op, const char *name);
/* Time left for the whole operation, ms; the engine itself times out an operation that does not end by then. */
DRMGMT_API unsigned drmgmt_op_timeout_ms(const drmgmt_op *op);
DRMGMT_API void drmgmt_op_set_data(drmgmt_op *op, void *data); /* the driver's own */
DRMGMT_API void *drmgmt_op_data(const drmgmt_op *op);

/* ---- the network (docs/outbound.md): each call decides anew, on the address given, whether this operation's tenant
 * may reach it. All return 0 or an errno, EPERM only when the policy refuses: *error (NULL is allowed) is then
 * FORBIDDEN, with the detail "outbound-refused" and a message that says why and what can be done, both fit for
 * drmgmt_op_fail(). Any address of AF_INET or AF_INET6; others are EAFNOSUPPORT. ---- */
/* A UDP socket for AF_INET, or for AF_INET6 alone, bound to a free port, non-blocking and closed on exec; the caller's.
 * Several operations may share it. -1 and errno. */
DRMGMT_API int drmgmt_net_udp_socket(int family);
/* Sends one datagram. EAGAIN: the socket takes nothing now. */
DRMGMT_API int drmgmt_op_sendto(const drmgmt_op *op, int fd, const void *packet, size_t length,
                                const struct sockaddr *to, socklen_t to_length, drmgmt_error **error);
/* Begins to connect a new TCP socket, non-blocking and closed on exec: *fd is the caller's, to be watched for
 * DRMGMT_WRITE; SO_ERROR then tells how it went. */
DRMGMT_API int drmgmt_op_connect(const drmgmt_op *op, const struct sockaddr *to, socklen_t to_length, int *fd,
                                 drmgmt_error **error);

/* ---- how an operation ends: exactly one of these, exactly once; op is gone afterwards ---- */
enum { DRMGMT_RESULT_BYTES_MAX = 1 << 20 }; /* of a result: a larger one fails the job as "too-large" */
/* result_json: a JSON value, copied. */
DRMGMT_API void drmgmt_op_complete(drmgmt_op *op, const char *result_json);
/* code: a short word ("timeout", "noSuchName", "refused"); message for people; retryable: whether the same may work
 * later. */
DRMGMT_API void drmgmt_op_fail(drmgmt_op *op, const char *code, const char *message, bool retryable);
/* The same with further members for the job's error: a JSON object ({"error_status":2}), copied; NULL for none. It must
 * not have code, message or retryable. */
DRMGMT_API void drmgmt_op_fail_detail(drmgmt_op *op, const char *code, const char *message, bool retryable,
                                      const char *detail_json);
/* Whether the device carried it out is not known, so that it must not be done again by itself: the job ends
 * "uncertain", unless its operation is idempotent: then it failed and may be retried. */
DRMGMT_API void drmgmt_op_uncertain(drmgmt_op *op, const char *code, const char *message);
/* While it runs: 0..100, published at most once a second. */
DRMGMT_API void drmgmt_op_progress(drmgmt_op *op, unsigned percent);

enum { /* drmgmt_operation.flags */
       DRMGMT_OP_IDEMPOTENT =
           1, /* may be done twice: is requeued when its worker dies. Otherwise it becomes "uncertain". */
       DRMGMT_OP_WRITES = 2,   /* changes the device: needs job:submit:write, and runs alone on its device */
       DRMGMT_OP_LONG = 4,     /* reports progress */
       DRMGMT_OP_NO_DEVICE = 8 /* is for no device: needs none, and may not be given one. Not together with WRITES. */
};

typedef struct drmgmt_operation {
    const char *name;
    unsigned flags;
    unsigned timeout_ms;       /* default of the whole job */
    const char *doc;           /* one sentence */
    const char *params_schema; /* JSON Schema of the params object, for OpenAPI; not NULL */
    unsigned max_attempts;     /* default of the job; 0: one */
} drmgmt_operation;

typedef struct drmgmt_driver {
    unsigned abi;     /* DRMGMT_DRIVER_ABI */
    const char *name; /* the protocol: "snmp" */
    const char *doc;
    const drmgmt_operation *operations;
    size_t n_operations;
    /* Checks params (a JSON object) of an operation at submission. May be NULL. Pure, any thread, must not block.
     * INVALID with field "params.oids[2]" and a message says what is wrong. */
    int (*check)(const drmgmt_operation *operation, const char *params, drmgmt_error **error);
    /* Checks a profile's settings (a JSON object) when a device is written. May be NULL. As check(). */
    int (*check_settings)(const char *settings, drmgmt_error **error);
    /* Makes the driver's state in a worker. May be NULL: state is then NULL. */
    int (*open)(drmgmt_loop *loop, void **state, drmgmt_error **error);
    /* Frees the state; no operation is in flight any more. May be NULL. */
    void (*close)(void *state);
    /* Starts an operation; must not block. It may complete the operation before it returns. */
    void (*begin)(void *state, drmgmt_op *op);
    /* Stops an operation at once: the driver lets go of it without completing it; the engine ends it. */
    void (*cancel)(void *state, drmgmt_op *op);
    /* The codes that its operations fail with, NULL-terminated: metrics count by them, and by "other" what is none of
     * them nor one of the engine's own ("timeout", "cancelled", "deadline", ...). May be NULL: there are no more. */
    const char *const *codes;
} drmgmt_driver;

/* The built-in drivers, NULL-terminated; and one by name, NULL if there is none. */
DRMGMT_API const drmgmt_driver *const *drmgmt_driver_all(void);
DRMGMT_API const drmgmt_driver *drmgmt_driver_find(const char *name);
/* An operation of a driver by name; NULL if there is none. */
DRMGMT_API const drmgmt_operation *drmgmt_driver_operation(const drmgmt_driver *driver, const char *name);
/* Makes an error, for check() and check_settings(). Returns status, so that it can be returned. error may be NULL. */
DRMGMT_API int drmgmt_error_make(drmgmt_error **error, drmgmt_status status, const char *field, const char *format, ...)
    DRMGMT_PRINTF(4, 5);

DRMGMT_END

#endif
