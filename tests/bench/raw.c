/* Ceiling of SNMP against the fast agents: a client that sends a ready-made GET of sysDescr.0 to one address after the
 * other, datagrams by the hundred, and only looks whether what comes back is a response. Called by driver.c. */
#include "agents.h"
#include "bench.h"
#include "driver.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { AT_ONCE = 64, WINDOW = 512, BUFFER = 16 << 20, ID_AT = 17, LOST_MAX = 100 };

/* v2c, "public", GET, request id at ID_AT, sysDescr.0 (RFC 3416, section 4.2.1). */
static const uint8_t request[] = { 0x30, 0x29, 0x02, 0x01, 0x01, 0x04, 0x06, 'p',  'u',  'b',  'l',
                                   'i',  'c',  0xa0, 0x1c, 0x02, 0x04, 0,    0,    0,    0,    0x02,
                                   0x01, 0,    0x02, 0x01, 0,    0x30, 0x0e, 0x30, 0x0c, 0x06, 0x08,
                                   0x2b, 0x06, 0x01, 0x02, 0x01, 0x01, 0x01, 0x00, 0x05, 0x00 };

typedef struct client {
    int fd;
    unsigned port;
    size_t addresses, sent, answered, lost, in_flight;
    struct mmsghdr out[AT_ONCE], in[AT_ONCE];
    struct iovec out_vectors[AT_ONCE], in_vectors[AT_ONCE];
    struct sockaddr_in to[AT_ONCE];
    uint8_t requests[AT_ONCE][sizeof request], answers[AT_ONCE][AGENTS_DATAGRAM_MAX];
} client;

static void prepare(client *c)
{
    for (size_t i = 0; i < AT_ONCE; i++) {
        memcpy(c->requests[i], request, sizeof request);
        c->out_vectors[i] = (struct iovec){ c->requests[i], sizeof request };
        c->in_vectors[i] = (struct iovec){ c->answers[i], sizeof c->answers[i] };
        c->to[i] = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)c->port) };
        c->out[i].msg_hdr = (struct msghdr){
            .msg_name = &c->to[i], .msg_namelen = sizeof c->to[i], .msg_iov = &c->out_vectors[i], .msg_iovlen = 1
        };
        c->in[i].msg_hdr = (struct msghdr){ .msg_iov = &c->in_vectors[i], .msg_iovlen = 1 };
    }
}

static bool send_some(client *c, size_t n, in_addr_t first)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t id = htonl((uint32_t)(c->sent + i) & 0x7fffffff);
        memcpy(c->requests[i] + ID_AT, &id, sizeof id);
        c->to[i].sin_addr.s_addr = htonl(first + (uint32_t)((c->sent + i) % c->addresses));
    }
    for (size_t done = 0; done < n;) {
        int sent = sendmmsg(c->fd, c->out + done, (unsigned)(n - done), 0);
        if (sent <= 0)
            return false;
        done += (size_t)sent;
    }
    c->sent += n;
    c->in_flight += n;
    return true;
}

/* A response with error-status 0: the agents write heads of a fixed size. */
static bool is_response(const uint8_t *bytes, size_t n)
{
    return n > 40 && bytes[15] == 0xa2 && bytes[27] == 0;
}

static bool exchange(bench *b, client *c, size_t count, in_addr_t first)
{
    while (c->answered < count && !bench_over(b)) {
        size_t left = count - c->answered - (c->in_flight < count - c->answered ? c->in_flight : count - c->answered);
        while (c->in_flight + AT_ONCE <= WINDOW && left) {
            size_t n = left < AT_ONCE ? left : AT_ONCE;
            if (!send_some(c, n, first))
                return bench_fail(b, "the raw client cannot send: %s", strerror(errno));
            left -= n;
        }
        int n = recvmmsg(c->fd, c->in, AT_ONCE, MSG_WAITFORONE, NULL);
        for (int i = 0; i < n; i++)
            if (!is_response(c->answers[i], c->in[i].msg_len))
                return bench_fail(b, "an agent answered something else than sysDescr.0");
        if (n > 0) {
            c->answered += (size_t)n;
            c->in_flight -= (size_t)n < c->in_flight ? (size_t)n : c->in_flight;
        } else if ((c->lost += c->in_flight) > LOST_MAX * (size_t)WINDOW) {
            return bench_fail(b, "the agents do not answer");
        } else {
            c->in_flight = 0;
        }
    }
    return c->answered >= count || bench_fail(b, "given up after %zu answers", c->answered);
}

bool raw_run(bench *b, unsigned port, size_t addresses, size_t count, driver_figures *out)
{
    static client c;
    struct timeval wait = { .tv_usec = 200000 };
    int size = BUFFER;
    char text[AGENTS_ADDRESS];

    c = (client){ .fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), .port = port, .addresses = addresses };
    if (c.fd < 0)
        return bench_fail(b, "a socket: %s", strerror(errno));
    (void)setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    (void)setsockopt(c.fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    (void)setsockopt(c.fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    prepare(&c);
    agents_address(0, text);
    double cpu = thread_cpu_s();
    int64_t from = now_us();
    bool done = exchange(b, &c, count, ntohl(inet_addr(text)));
    *out = (driver_figures){ .seconds = (double)(now_us() - from) / 1e6,
                             .cpu_s = thread_cpu_s() - cpu,
                             .completed = c.answered };
    close(c.fd);
    return done;
}
