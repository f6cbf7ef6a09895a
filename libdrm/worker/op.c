/* Operations in flight and their pool. Called by drivers through <drm/driver.h>, by the engine and by tests of drivers.
 */
#include "worker/op.h"

#include "core/core.h"
#include "net/socket.h"
#include "proto/credential.h"
#include "worker/loop.h"
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* A handle is address + generation, so each operation stands on a boundary of 256 bytes. */
enum { OP_ALIGN = 256, OPS_A_SLAB = 64 };
_Static_assert(sizeof(drmgmt__op) <= OP_ALIGN, "an operation fits between two boundaries");

struct slab {
    struct slab *next;
    void *memory;
};

struct drmgmt__ops {
    drmgmt__op_hooks hooks;
    struct slab *slabs;
    /* Free ones are taken from the head and given back at the tail: a number of generations is used up as late as
     * possible. */
    drmgmt__op *free_head, *free_tail;
};

int drmgmt__ops_new(const drmgmt__op_hooks *hooks, drmgmt__ops **out, drmgmt_error **error)
{
    drmgmt__ops *ops = calloc(1, sizeof *ops);
    if (!ops)
        return drmgmt__fail_memory(error);
    ops->hooks = *hooks;
    *out = ops;
    return 0;
}

void drmgmt__ops_free(drmgmt__ops *ops)
{
    if (!ops)
        return;
    for (struct slab *slab = ops->slabs; slab;) {
        struct slab *next = slab->next;
        free(slab->memory);
        free(slab);
        slab = next;
    }
    free(ops);
}

static void give_back(drmgmt__ops *ops, drmgmt__op *op)
{
    op->next = NULL;
    if (ops->free_tail)
        ops->free_tail->next = op;
    else
        ops->free_head = op;
    ops->free_tail = op;
}

static bool add_slab(drmgmt__ops *ops)
{
    struct slab *slab = malloc(sizeof *slab);
    char *memory = aligned_alloc(OP_ALIGN, (size_t)OP_ALIGN * OPS_A_SLAB);
    if (!slab || !memory) {
        free(slab);
        free(memory);
        return false;
    }
    memset(memory, 0, (size_t)OP_ALIGN * OPS_A_SLAB);
    *slab = (struct slab){ ops->slabs, memory };
    ops->slabs = slab;
    for (size_t i = 0; i < OPS_A_SLAB; i++)
        give_back(ops, (drmgmt__op *)(void *)(memory + i * OP_ALIGN));
    return true;
}

static drmgmt__op *take(drmgmt__ops *ops)
{
    if (!ops->free_head && !add_slab(ops))
        return NULL;
    drmgmt__op *op = ops->free_head;
    ops->free_head = op->next;
    if (!ops->free_head)
        ops->free_tail = NULL;
    return op;
}

/* Appends text with its NUL at *at. */
static char *put(char **at, const char *text)
{
    char *start = *at;
    size_t n = strlen(text) + 1;
    memcpy(start, text, n);
    *at += n;
    return start;
}

drmgmt__op *drmgmt__op_new(drmgmt__ops *ops, drmgmt_loop *loop, const drmgmt__op_spec *spec)
{
    const drmgmt_op_credential lone = { .id = "", .snmp_version = "2c", .community = spec->secret };
    const drmgmt_op_credential *credentials = spec->secret ? &lone : spec->credentials;
    size_t n_credentials = spec->secret ? 1 : spec->n_credentials;
    const char *texts[] = { spec->tenant_id, spec->job_id,  spec->device_id, spec->operation,
                            spec->params,    spec->address, spec->settings };
    const char *placed[DRMGMT__COUNT(texts)];
    size_t size = n_credentials * sizeof *credentials;

    for (size_t i = 0; i < DRMGMT__COUNT(texts); i++)
        size += (texts[i] ? strlen(texts[i]) : 0) + 1;
    for (size_t i = 0; i < n_credentials; i++)
        size += drmgmt__credential_size(&credentials[i]);
    char *block = size <= UINT32_MAX ? malloc(size) : NULL, *at = block;
    drmgmt__op *op = block ? take(ops) : NULL;
    if (!op) {
        free(block);
        return NULL;
    }
    at += n_credentials * sizeof *credentials; /* they stand at the block's beginning, which is aligned for them */
    for (size_t i = 0; i < n_credentials; i++)
        drmgmt__credential_copy((drmgmt_op_credential *)(void *)block + i, &credentials[i], &at);
    for (size_t i = 0; i < DRMGMT__COUNT(texts); i++)
        placed[i] = put(&at, texts[i] ? texts[i] : "");
    *op = (drmgmt__op){
        .tenant_id = placed[0],
        .job_id = placed[1],
        .device_id = placed[2],
        .operation = placed[3],
        .params = placed[4],
        .address = placed[5],
        .settings = placed[6],
        .credentials = (const drmgmt_op_credential *)(const void *)block,
        .n_credentials = (uint32_t)n_credentials,
        .block = block,
        .block_size = (uint32_t)size,
        .policy = drmgmt__net_policy_ref(spec->policy),
        .loop = loop,
        .deadline_ms = drmgmt_loop_now(loop) + spec->timeout_ms,
        .port = spec->port,
        .live = true,
        .generation = (uint8_t)(op->generation + 1),
        .ops = ops,
    };
    return op;
}

static void release(drmgmt__op *op)
{
    drmgmt__wipe(op->block, op->block_size);
    free(op->block);
    op->block = NULL;
    drmgmt__net_policy_unref(op->policy);
    op->live = false;
    give_back(op->ops, op);
}

static drmgmt_op *to_handle(drmgmt__op *op)
{
    return (drmgmt_op *)(void *)((char *)op + op->generation);
}

/* NULL when the operation of this handle is gone. */
static drmgmt__op *of_handle(const drmgmt_op *handle)
{
    uintptr_t generation = (uintptr_t)handle % OP_ALIGN;
    drmgmt__op *op = (drmgmt__op *)((uintptr_t)handle - generation);
    return op->live && op->generation == generation ? op : NULL;
}

static void end(drmgmt__op *op, const drmgmt__op_end *how)
{
    op->ending = true;
    op->ops->hooks.ended(op->ops->hooks.user, op, how);
    release(op);
}

static void take_back(drmgmt__op *op)
{
    op->ending = true;
    if (op->driver)
        op->driver->cancel(op->state, to_handle(op));
}

bool drmgmt__op_start(drmgmt__op *op, const drmgmt_driver *driver, void *state)
{
    drmgmt_op *handle = to_handle(op);
    op->driver = driver;
    op->state = state;
    driver->begin(state, handle);
    return of_handle(handle) == op;
}

void drmgmt__op_end_now(drmgmt__op *op, const drmgmt__op_end *how)
{
    take_back(op);
    end(op, how);
}

void drmgmt__op_abort(drmgmt__op *op)
{
    take_back(op);
    release(op);
}

/* ---- what drivers call ---- */

void drmgmt_op_complete(drmgmt_op *handle, const char *result_json)
{
    drmgmt__op *op = of_handle(handle);
    if (op && !op->ending)
        end(op, &(drmgmt__op_end){ .outcome = "completed", .result = result_json });
}

void drmgmt_op_fail(drmgmt_op *handle, const char *code, const char *message, bool retryable)
{
    drmgmt_op_fail_detail(handle, code, message, retryable, NULL);
}

void drmgmt_op_fail_detail(drmgmt_op *handle, const char *code, const char *message, bool retryable,
                           const char *detail_json)
{
    drmgmt__op *op = of_handle(handle);
    if (op && !op->ending)
        end(op,
            &(drmgmt__op_end){
                .outcome = "failed", .code = code, .message = message, .retryable = retryable, .detail = detail_json });
}

void drmgmt_op_uncertain(drmgmt_op *handle, const char *code, const char *message)
{
    drmgmt__op *op = of_handle(handle);
    if (op && !op->ending)
        end(op, &(drmgmt__op_end){ .outcome = op->idempotent ? "failed" : "uncertain",
                                   .code = code,
                                   .message = message,
                                   .retryable = op->idempotent });
}

void drmgmt_op_progress(drmgmt_op *handle, unsigned percent)
{
    drmgmt__op *op = of_handle(handle);
    if (op && !op->ending && op->ops->hooks.progressed)
        op->ops->hooks.progressed(op->ops->hooks.user, op, percent < 100 ? percent : 100);
}

const char *drmgmt_op_operation(const drmgmt_op *handle)
{
    const drmgmt__op *op = of_handle(handle);
    return op ? op->operation : "";
}

const char *drmgmt_op_job_id(const drmgmt_op *handle)
{
    const drmgmt__op *op = of_handle(handle);
    return op ? op->job_id : "";
}

const char *drmgmt_op_tenant_id(const drmgmt_op *handle)
{
    const drmgmt__op *op = of_handle(handle);
    return op ? op->tenant_id : "";
}

const char *drmgmt_op_device_id(const drmgmt_op *handle)
{
    const drmgmt__op *op = of_handle(handle);
    return op ? op->device_id : "";
}

const char *drmgmt_op_address(const drmgmt_op *handle)
{
    const drmgmt__op *op = of_handle(handle);
    return op ? op->address : "";
}

unsigned drmgmt_op_port(const drmgmt_op *handle)
{
    const drmgmt__op *op = of_handle(handle);
    return op ? op->port : 0;
}

const char *drmgmt_op_params(const drmgmt_op *handle)
{
    const drmgmt__op *op = of_handle(handle);
    return op ? op->params : "{}";
}

const char *drmgmt_op_settings(const drmgmt_op *handle)
{
    const drmgmt__op *op = of_handle(handle);
    return op ? op->settings : "{}";
}

const drmgmt_op_credential *drmgmt_op_credentials(const drmgmt_op *handle, size_t *n)
{
    const drmgmt__op *op = of_handle(handle);
    *n = op ? op->n_credentials : 0;
    return *n ? op->credentials : NULL;
}

const char *drmgmt_op_secret(const drmgmt_op *handle, const char *name)
{
    static const struct {
        const char *name;
        size_t text;
    } secrets[] = {
        { "community", offsetof(drmgmt_op_credential, community) },
        { "auth_password", offsetof(drmgmt_op_credential, auth_password) },
        { "priv_password", offsetof(drmgmt_op_credential, priv_password) },
    };
    size_t n;
    const drmgmt_op_credential *credential = drmgmt_op_credentials(handle, &n);

    for (size_t i = 0; credential && i < DRMGMT__COUNT(secrets); i++)
        if (strcmp(secrets[i].name, name) == 0)
            return *(const char *const *)(const void *)((const char *)credential + secrets[i].text);
    return NULL;
}

unsigned drmgmt_op_timeout_ms(const drmgmt_op *handle)
{
    const drmgmt__op *op = of_handle(handle);
    uint64_t now = op ? drmgmt_loop_now(op->loop) : 0;
    return op && op->deadline_ms > now ? (unsigned)(op->deadline_ms - now) : 0;
}

void drmgmt_op_set_data(drmgmt_op *handle, void *data)
{
    drmgmt__op *op = of_handle(handle);
    if (op)
        op->data = data;
}

void *drmgmt_op_data(const drmgmt_op *handle)
{
    const drmgmt__op *op = of_handle(handle);
    return op ? op->data : NULL;
}

/* ---- the network ---- */

int drmgmt_net_udp_socket(int family)
{
    return drmgmt__net_udp_open(family);
}

/* Whom to ask, and the address in this house's form. 0 or an errno. */
static int prepare(const drmgmt_op *handle, const struct sockaddr *to, socklen_t length, drmgmt__net_address *address,
                   drmgmt__net_policy **policy)
{
    const drmgmt__op *op = of_handle(handle);

    *policy = op ? op->policy : NULL;
    if (!op)
        return ECANCELED;
    return drmgmt__net_address_from(to, length, address) ? 0 : EAFNOSUPPORT;
}

int drmgmt_op_sendto(const drmgmt_op *handle, int fd, const void *packet, size_t length, const struct sockaddr *to,
                     socklen_t to_length, drmgmt_error **error)
{
    drmgmt__net_policy *policy;
    drmgmt__net_address address;
    drmgmt__net_verdict verdict;

    int rc = prepare(handle, to, to_length, &address, &policy);
    if (!rc)
        rc = drmgmt__net_sendto(policy, fd, &address, packet, length, &verdict);
    if (rc == EPERM)
        (void)drmgmt__net_refused(error, &verdict, &address, DRMGMT__NET_UDP);
    return rc;
}

int drmgmt_op_connect(const drmgmt_op *handle, const struct sockaddr *to, socklen_t to_length, int *fd,
                      drmgmt_error **error)
{
    drmgmt__net_policy *policy;
    drmgmt__net_address address;
    drmgmt__net_verdict verdict;

    int rc = prepare(handle, to, to_length, &address, &policy);
    if (!rc)
        rc = drmgmt__net_connect(policy, &address, fd, &verdict);
    if (rc == EPERM)
        (void)drmgmt__net_refused(error, &verdict, &address, DRMGMT__NET_TCP);
    return rc;
}
