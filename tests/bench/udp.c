/* Ceiling of SNMP: a UDP client that sends one fixed GET of sysDescr.0 (RFC 3416, section 4.2.1) with a window of 64
 * and only counts the answers. Called by ceilings.c; calls the stack's agent. */
#include "bench.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WINDOW = 64, SECONDS = 3, ID_BASE = 0x01000000, ID_LENGTH = 4 };

typedef struct packet {
    unsigned char bytes[256];
    size_t length, id_at;
} packet;

static void add(packet *p, const void *bytes, size_t n)
{
    memcpy(p->bytes + p->length, bytes, n);
    p->length += n;
}

/* Version, community and PDU, with short lengths: a community of up to 60 bytes fits. */
static bool make_packet(packet *p, const char *community)
{
    static const unsigned char version[] = { 0x02, 0x01, 0x01 };
    static const unsigned char pdu[] = { 0xa0, 0x1c, 0x02, 0x04, 1,    0,    0,    0,    0x02, 0x01,
                                         0,    0x02, 0x01, 0,    0x30, 0x0e, 0x30, 0x0c, 0x06, 0x08,
                                         0x2b, 0x06, 0x01, 0x02, 0x01, 1,    1,    0,    0x05, 0 };
    size_t n = strlen(community);
    if (n > 60)
        return false;
    p->length = 0;
    unsigned char head[] = { 0x30, (unsigned char)(sizeof version + 2 + n + sizeof pdu) };
    unsigned char name[] = { 0x04, (unsigned char)n };
    add(p, head, sizeof head);
    add(p, version, sizeof version);
    add(p, name, sizeof name);
    add(p, community, n);
    p->id_at = p->length + 4;
    add(p, pdu, sizeof pdu);
    return true;
}

static bool send_one(int fd, packet *p, unsigned id)
{
    unsigned net = htonl(ID_BASE + (id & 0xffffff));
    memcpy(p->bytes + p->id_at, &net, ID_LENGTH);
    return send(fd, p->bytes, p->length, 0) == (ssize_t)p->length;
}

/* A response PDU with error-status 0: 30 len version community a2 len 02 04 id 02 01 status ... Lengths of one or two
 * more bytes are skipped. */
static bool is_answer(const unsigned char *bytes, size_t n, const packet *sent)
{
    size_t at = 2 + (n > 2 && (bytes[1] & 0x80) ? (bytes[1] & 0x7fu) : 0);
    size_t community = sent->id_at - 4 - 2; /* version and community, as sent */
    at += community;
    if (at + 2 >= n || bytes[at] != 0xa2)
        return false;
    at += 2 + ((bytes[at + 1] & 0x80) ? (bytes[at + 1] & 0x7fu) : 0);
    return at + 2 + ID_LENGTH + 3 <= n && bytes[at] == 0x02 && bytes[at + 1] == ID_LENGTH &&
           bytes[at + 2 + ID_LENGTH + 2] == 0;
}

static bool exchange(bench *b, int fd, packet *p)
{
    unsigned char answer[2048];
    size_t answers = 0, lost = 0, in_flight = 0;
    unsigned id = 0;
    int own = PQbackendPID(b->admin);
    cpu_times from = processes_cpu(own);
    int64_t until = from.at_us + (int64_t)bench_scaled(b, SECONDS * 1000, 500) * 1000;
    while (now_us() < until) {
        for (; in_flight < WINDOW; in_flight++)
            if (!send_one(fd, p, id++))
                return bench_fail(b, "snmpd: %s", strerror(errno));
        ssize_t n = recv(fd, answer, sizeof answer, 0);
        if (n > 0 && !is_answer(answer, (size_t)n, p))
            return bench_fail(b, "snmpd answered something else than sysDescr.0");
        if (n > 0) {
            answers++;
            in_flight--;
        } else if (bench_stopped || (lost += in_flight) > 10 * WINDOW) {
            return bench_fail(b, "snmpd does not answer");
        } else {
            in_flight = 0;
        }
    }
    cpu_times to = processes_cpu(own);
    report_set("ceiling.udp", (double)answers * 1e6 / (double)(to.at_us - from.at_us));
    report_cpu("ceiling.udp", "request", &from, &to, (double)answers);
    return true;
}

bool ceiling_udp(bench *b)
{
    packet p;
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)b->snmp_port) };
    struct timeval wait = { .tv_usec = 200000 };
    if (inet_pton(AF_INET, b->snmp_host, &to.sin_addr) != 1 || !make_packet(&p, b->snmp_community))
        return bench_fail(b, "an IPv4 agent and a community of up to 60 bytes are wanted");
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool done = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0 &&
                connect(fd, (const struct sockaddr *)&to, sizeof to) == 0;
    done = done ? exchange(b, fd, &p) : bench_fail(b, "snmpd: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return done;
}
