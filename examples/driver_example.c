/* A complete protocol driver, as docs/drivers.md walks through it: "banner" connects to a TCP port and reads the line
 * with which the service greets (SMTP, SSH, FTP). Not built in; a test compiles it and runs it against a local port.
 *
 * Everything happens in the loop's thread; nothing here blocks. */
#include <drm/driver.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINE_SIZE = 256 };

/* One operation in flight. It is attached to the drmgmt_op, so that cancel() finds it. */
typedef struct {
    drmgmt_op *op;
    drmgmt_watch *watch;
    int fd;
    size_t n;
    char line[LINE_SIZE];
} probe;

/* Lets go of everything that begin() took. Always before the operation is completed: afterwards op is gone. */
static void probe_free(probe *p)
{
    drmgmt_watch_free(p->watch);
    if (p->fd >= 0)
        close(p->fd);
    free(p);
}

static void fail(probe *p, const char *code, const char *message, bool retryable)
{
    drmgmt_op *op = p->op;

    probe_free(p);
    drmgmt_op_fail(op, code, message, retryable);
}

/* Bytes from the network are not JSON: what is no printable ASCII is left out, quotes are escaped. */
static void complete(probe *p)
{
    drmgmt_op *op = p->op;
    char json[2 * LINE_SIZE + 32];
    int n = snprintf(json, sizeof json, "{\"banner\":\"");

    for (size_t i = 0; i < p->n; i++) {
        char c = p->line[i];
        if (c < 0x20 || c > 0x7e)
            continue;
        if (c == '"' || c == '\\')
            json[n++] = '\\';
        json[n++] = c;
    }
    memcpy(json + n, "\"}", 3);
    probe_free(p);
    drmgmt_op_complete(op, json);
}

static void on_readable(probe *p)
{
    ssize_t n = recv(p->fd, p->line + p->n, sizeof p->line - p->n, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        fail(p, "closed", "The service closed the connection before it greeted.", true);
        return;
    }
    p->n += (size_t)n;
    char *end = memchr(p->line, '\n', p->n);
    if (end)
        p->n = (size_t)(end - p->line);
    if (end || p->n == sizeof p->line)
        complete(p);
}

static void on_connected(probe *p)
{
    int cause = 0;
    socklen_t size = sizeof cause;

    if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &cause, &size) || cause)
        fail(p, "refused", strerror(cause ? cause : errno), true);
    else
        drmgmt_watch_set(p->watch, DRMGMT_READ);
}

static void on_event(void *user, int fd, unsigned events)
{
    (void)fd;
    if (events & DRMGMT_WRITE)
        on_connected(user);
    else
        on_readable(user);
}

static void begin(void *state, drmgmt_op *op)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)drmgmt_op_port(op)) };
    probe *p = calloc(1, sizeof *p);
    drmgmt_error *refusal = NULL;

    if (!p) {
        drmgmt_op_fail(op, "no-memory", "Out of memory.", true);
        return;
    }
    p->op = op;
    p->fd = -1;
    if (inet_pton(AF_INET, drmgmt_op_address(op), &to.sin_addr) != 1 || to.sin_port == 0) {
        fail(p, "address", "The profile needs an IPv4 address and a port.", false);
        return;
    }
    /* Asks the tenant's outbound policy first; what it says is told as it is. */
    int cause = drmgmt_op_connect(op, (struct sockaddr *)&to, sizeof to, &p->fd, &refusal);
    if (refusal)
        fail(p, "outbound-refused", drmgmt_error_message(refusal), false);
    else if (cause)
        fail(p, "refused", strerror(cause), true);
    drmgmt_error_free(refusal);
    if (cause)
        return;
    p->watch = drmgmt_loop_watch(state, p->fd, DRMGMT_WRITE, on_event, p);
    if (!p->watch) {
        fail(p, "no-memory", "Out of memory.", true);
        return;
    }
    drmgmt_op_set_data(op, p);
}

/* The engine ends the operation itself, also when its time is over: no timer is needed here. */
static void cancel(void *state, drmgmt_op *op)
{
    (void)state;
    probe_free(drmgmt_op_data(op));
}

/* The loop is all the state this driver has. */
static int open_driver(drmgmt_loop *loop, void **state, drmgmt_error **error)
{
    (void)error;
    *state = loop;
    return 0;
}

/* Called at submission, in any thread: a request that cannot work is refused before it becomes a job. */
static int check(const drmgmt_operation *operation, const char *params, drmgmt_error **error)
{
    (void)operation;
    if (strcmp(params, "{}") != 0)
        return drmgmt_error_make(error, DRMGMT_ERR_INVALID, "params", "params: read takes none");
    return 0;
}

static const drmgmt_operation operations[] = {
    { .name = "read",
      .flags = DRMGMT_OP_IDEMPOTENT,
      .max_attempts = 3,
      .timeout_ms = 5000,
      .doc = "Reads the line with which a TCP service greets",
      .params_schema = "{\"type\":\"object\",\"additionalProperties\":false}" },
};

extern const drmgmt_driver example_driver_banner;
const drmgmt_driver example_driver_banner = {
    .abi = DRMGMT_DRIVER_ABI,
    .name = "banner",
    .doc = "Greetings of TCP services",
    .operations = operations,
    .n_operations = sizeof operations / sizeof operations[0],
    .check = check,
    .open = open_driver,
    .begin = begin,
    .cancel = cancel,
};
