/* An SNMP agent of the tests' own: a thread that reads requests from a UDP socket and lets a function of the test
 * answer, well or badly. Messages are written here by hand, not with the code under test. */
#ifndef DRMGMT_TESTS_SNMP_DOUBLE_H
#define DRMGMT_TESTS_SNMP_DOUBLE_H

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

struct request { /* what came in, taken apart */
    uint8_t version, community[256];
    size_t community_length;
    uint8_t type; /* of the PDU */
    int32_t id, non_repeaters, max_repetitions;
    uint8_t varbinds[60000]; /* as they came, without the sequence around them */
    size_t varbinds_length;
    uint8_t oids[60000]; /* the encoded OID of each varbind, one after the other */
    size_t oids_length;
};

struct twin;
typedef void answer_fn(struct twin *twin, const struct request *request);

struct twin {
    int fd, stop;
    unsigned port;
    pthread_t thread;
    answer_fn *answer;
    struct sockaddr_storage from;
    socklen_t from_length;
    atomic_uint seen; /* requests read */
    int32_t first_id, last_id;
};

/* ---- BER ---- */

struct ber {
    uint8_t bytes[65536];
    size_t n;
};

static inline void ber_put(struct ber *b, uint8_t tag, const void *content, size_t n)
{
    b->bytes[b->n++] = tag;
    if (n < 128) {
        b->bytes[b->n++] = (uint8_t)n;
    } else {
        b->bytes[b->n++] = 0x82;
        b->bytes[b->n++] = (uint8_t)(n >> 8);
        b->bytes[b->n++] = (uint8_t)n;
    }
    memcpy(b->bytes + b->n, content, n);
    b->n += n;
}

static inline void ber_int(struct ber *b, int32_t value)
{
    uint8_t bytes[4] = { (uint8_t)((uint32_t)value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                         (uint8_t)value };
    ber_put(b, 2, bytes, 4);
}

/* Steps into the value at *at; its end is returned, *at is moved to its content. */
static inline const uint8_t *ber_enter(const uint8_t **at, uint8_t *tag)
{
    const uint8_t *p = *at;
    size_t length;

    *tag = *p++;
    length = *p++;
    if (length & 0x80) {
        size_t n = length & 0x7f;
        for (length = 0; n; n--)
            length = length << 8 | *p++;
    }
    *at = p;
    return p + length;
}

static inline int32_t ber_read_int(const uint8_t **at)
{
    uint8_t tag;
    const uint8_t *end = ber_enter(at, &tag);
    uint32_t value = 0;

    for (; *at < end; (*at)++)
        value = value << 8 | **at;
    return (int32_t)value;
}

static inline void take_apart(const uint8_t *at, struct request *r)
{
    uint8_t tag;
    const uint8_t *end;

    ber_enter(&at, &tag);
    r->version = (uint8_t)ber_read_int(&at);
    end = ber_enter(&at, &tag);
    r->community_length = (size_t)(end - at);
    memcpy(r->community, at, r->community_length);
    at = end;
    ber_enter(&at, &r->type);
    r->id = ber_read_int(&at);
    r->non_repeaters = ber_read_int(&at);
    r->max_repetitions = ber_read_int(&at);
    const uint8_t *all = ber_enter(&at, &tag);
    r->varbinds_length = (size_t)(all - at);
    memcpy(r->varbinds, at, r->varbinds_length);
    for (r->oids_length = 0; at < all;) {
        const uint8_t *varbind = ber_enter(&at, &tag), *oid = at;
        end = ber_enter(&oid, &tag);
        memcpy(r->oids + r->oids_length, at, (size_t)(end - at));
        r->oids_length += (size_t)(end - at);
        at = varbind;
    }
}

/* A response to r with these varbinds, encoded one after the other. */
static inline void make_response_of(struct ber *out, const struct request *r, int status, int index,
                                    const struct ber *varbinds)
{
    static _Thread_local struct ber pdu, message;

    pdu.n = message.n = out->n = 0;
    ber_int(&pdu, r->id);
    ber_int(&pdu, status);
    ber_int(&pdu, index);
    ber_put(&pdu, 0x30, varbinds->bytes, varbinds->n);
    ber_put(&message, 2, &r->version, 1);
    ber_put(&message, 4, r->community, r->community_length);
    ber_put(&message, 0xa2, pdu.bytes, pdu.n);
    ber_put(out, 0x30, message.bytes, message.n);
}

/* A response to r; each asked object gets the value that is encoded in value. */
static inline void make_response(struct ber *out, const struct request *r, int status, int index, const void *value,
                                 size_t value_length)
{
    static _Thread_local struct ber varbinds, one;

    varbinds.n = 0;
    for (const uint8_t *at = r->oids; at < r->oids + r->oids_length;) {
        uint8_t tag;
        const uint8_t *start = at, *end = ber_enter(&at, &tag);
        one.n = 0;
        memcpy(one.bytes, start, (size_t)(end - start));
        one.n = (size_t)(end - start);
        memcpy(one.bytes + one.n, value, value_length);
        one.n += value_length;
        ber_put(&varbinds, 0x30, one.bytes, one.n);
        at = end;
    }
    make_response_of(out, r, status, index, &varbinds);
}

/* ---- the agent ---- */

static inline void reply(struct twin *twin, const void *bytes, size_t n)
{
    sendto(twin->fd, bytes, n, 0, (struct sockaddr *)&twin->from, twin->from_length);
}

static inline void answer_well(struct twin *twin, const struct request *request)
{
    static _Thread_local struct ber out;

    make_response(&out, request, 0, 0, "\x04\x05hello", 7);
    reply(twin, out.bytes, out.n);
}

static void *serve(void *user)
{
    static _Thread_local uint8_t bytes[65536];
    static _Thread_local struct request request;
    struct twin *twin = user;
    struct pollfd fds[2] = { { twin->fd, POLLIN, 0 }, { twin->stop, POLLIN, 0 } };

    while (poll(fds, 2, -1) >= 0 && !fds[1].revents) {
        twin->from_length = sizeof twin->from;
        ssize_t n =
            recvfrom(twin->fd, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&twin->from, &twin->from_length);
        if (n <= 0)
            continue;
        take_apart(bytes, &request);
        if (atomic_fetch_add(&twin->seen, 1) == 0)
            twin->first_id = request.id;
        twin->last_id = request.id;
        twin->answer(twin, &request);
    }
    return NULL;
}

/* A UDP socket on a free loopback port. */
static inline int open_udp(unsigned *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t length = sizeof address;
    int size = 4 << 20, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    cr_assert_geq(fd, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static inline void start_twin(struct twin *twin, answer_fn *answer)
{
    memset(twin, 0, sizeof *twin);
    twin->answer = answer;
    twin->fd = open_udp(&twin->port);
    twin->stop = eventfd(0, EFD_CLOEXEC);
    cr_assert_eq(pthread_create(&twin->thread, NULL, serve, twin), 0);
}

static inline void stop_twin(struct twin *twin)
{
    eventfd_write(twin->stop, 1);
    pthread_join(twin->thread, NULL);
    close(twin->stop);
    close(twin->fd);
}

#endif
