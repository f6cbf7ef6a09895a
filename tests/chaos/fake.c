/* The driver "fake" of the workers of tests/chaos, in place of the library's: its `write` really writes, one SNMPv2c
 * SET to the profile's address, so that the double counts it. Sent once and never again; without an answer the engine
 * ends the job when its time is over. */
#include "core/core.h"
#include "proto/registry.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

enum { MESSAGE_MAX = 128 };

struct state {
    drmgmt_watch *watch;
    int fd;
    uint32_t next;
    struct write *writes;
};

struct write {
    struct write *next;
    drmgmt_op *op;
    uint32_t request;
};

/* A message is written from its end: lengths are known by then. */
struct out {
    unsigned char bytes[MESSAGE_MAX];
    size_t at;
};

static void put(struct out *o, unsigned char byte)
{
    o->bytes[--o->at] = byte;
}

static void put_head(struct out *o, unsigned char tag, size_t end)
{
    put(o, (unsigned char)(end - o->at));
    put(o, tag);
}

static void put_number(struct out *o, uint32_t value)
{
    size_t end = o->at;

    for (int i = 0; i < 4; i++, value >>= 8)
        put(o, (unsigned char)value);
    put_head(o, 0x02, end);
}

static void put_arc(struct out *o, uint32_t arc)
{
    for (unsigned char more = 0; more == 0 || arc; arc >>= 7, more = 0x80)
        put(o, (unsigned char)((arc & 0x7f) | more));
}

/* SET 1.3.6.1.4.1.55555.2.TOKEN.MS = TOKEN, community "chaos" */
static void build(struct out *o, uint32_t request, uint32_t token, uint32_t ms)
{
    static const uint32_t head[] = { 55555, 1, 4, 1, 6 };
    const size_t end = MESSAGE_MAX;

    o->at = end;
    put_number(o, token);
    size_t oid = o->at;
    put_arc(o, ms);
    put_arc(o, token);
    put_arc(o, 2);
    for (size_t i = 0; i < DRMGMT__COUNT(head); i++)
        put_arc(o, head[i]);
    put(o, 0x2b);
    put_head(o, 0x06, oid);
    put_head(o, 0x30, end);
    put_head(o, 0x30, end);
    put_number(o, 0);
    put_number(o, 0);
    put_number(o, request);
    put_head(o, 0xa3, end);
    size_t community = o->at;
    for (const char *c = "soahc"; *c; c++)
        put(o, (unsigned char)*c);
    put_head(o, 0x04, community);
    put_number(o, 1);
    put_head(o, 0x30, end);
}

/* The double answers with the same lengths: 30 L, version 6 bytes, community 7, A2 L, then the request id. */
static uint32_t request_of(const unsigned char *message, ssize_t length)
{
    uint32_t id = 0;

    if (length < 23 || message[15] != 0xa2 || message[17] != 0x02 || message[18] != 4)
        return 0;
    for (int i = 19; i < 23; i++)
        id = id << 8 | message[i];
    return id;
}

static struct write *take(struct state *s, uint32_t request, const drmgmt_op *op)
{
    for (struct write **at = &s->writes; *at; at = &(*at)->next)
        if (op ? (*at)->op == op : (*at)->request == request) {
            struct write *found = *at;
            *at = found->next;
            return found;
        }
    return NULL;
}

static void on_answer(void *user, int fd, unsigned events)
{
    struct state *s = user;
    unsigned char message[1024];
    ssize_t length;

    (void)events;
    while ((length = recv(fd, message, sizeof message, 0)) >= 0) {
        struct write *write = take(s, request_of(message, length), NULL);
        if (write)
            drmgmt_op_complete(write->op, "{\"written\":true}");
        free(write);
    }
}

static int open_driver(drmgmt_loop *loop, void **state, drmgmt_error **error)
{
    struct state *s = calloc(1, sizeof *s);

    if (!s)
        return drmgmt__fail_memory(error);
    s->fd = drmgmt_net_udp_socket(AF_INET);
    s->watch = s->fd < 0 ? NULL : drmgmt_loop_watch(loop, s->fd, DRMGMT_READ, on_answer, s);
    *state = s;
    return s->watch ? 0 : drmgmt__fail_memory(error);
}

static void close_driver(void *state)
{
    struct state *s = state;

    drmgmt_watch_free(s->watch);
    close(s->fd);
    free(s);
}

static void begin(void *state, drmgmt_op *op)
{
    struct state *s = state;
    DRMGMT__JSON json_t *params = json_loads(drmgmt_op_params(op), 0, NULL);
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)drmgmt_op_port(op)) };
    struct write *write = calloc(1, sizeof *write);
    drmgmt_error *error = NULL;
    struct out o;

    inet_pton(AF_INET, drmgmt_op_address(op), &to.sin_addr);
    s->next = s->next >= INT32_MAX ? 1 : s->next + 1;
    build(&o, s->next, (uint32_t)json_integer_value(json_object_get(params, "value")),
          (uint32_t)json_integer_value(json_object_get(params, "ms")));
    int rc = write ? drmgmt_op_sendto(op, s->fd, o.bytes + o.at, MESSAGE_MAX - o.at, (struct sockaddr *)&to, sizeof to,
                                      &error)
                   : ENOMEM;
    if (rc) {
        drmgmt_op_fail(op, "not-sent", error ? drmgmt_error_message(error) : strerror(rc), false);
        drmgmt_error_free(error);
        free(write);
        return;
    }
    *write = (struct write){ .next = s->writes, .op = op, .request = s->next };
    s->writes = write;
}

static void cancel(void *state, drmgmt_op *op)
{
    free(take(state, 0, op));
}

static const drmgmt_operation operations[] = {
    { .name = "write",
      .flags = DRMGMT_OP_WRITES,
      .timeout_ms = 10000,
      .doc = "Writes its value.",
      .params_schema = "{\"type\":\"object\"}" },
};

const drmgmt_driver drmgmt__driver_fake = {
    .abi = DRMGMT_DRIVER_ABI,
    .name = "fake",
    .doc = "Writes to the double of tests/chaos",
    .operations = operations,
    .n_operations = DRMGMT__COUNT(operations),
    .open = open_driver,
    .close = close_driver,
    .begin = begin,
    .cancel = cancel,
};
