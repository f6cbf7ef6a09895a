/* The process of the agents: one socket for all addresses of 127.0.0.0/8 but those of the silent ones. An answer leaves
 * from the address that was asked (IP_PKTINFO); datagrams come and go by the hundred. Called by the benchmarks. */
#include "agents.h"
#include "bench.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AT_ONCE = 128, BUFFER = 16 << 20 };

#define LIVE   0x7f400000u /* 127.64.0.0/11 */
#define SILENT 0x7f600000u /* 127.96.0.0/11 */
#define MASK   0xffe00000u

static void print(uint32_t base, size_t i, char text[AGENTS_ADDRESS])
{
    struct in_addr address = { .s_addr = htonl(base + 1 + (uint32_t)i) };
    inet_ntop(AF_INET, &address, text, AGENTS_ADDRESS);
}

void agents_address(size_t i, char text[AGENTS_ADDRESS])
{
    print(LIVE, i, text);
}

void agents_silent_address(size_t i, char text[AGENTS_ADDRESS])
{
    print(SILENT, i, text);
}

char (*agents_addresses(size_t n, bool silent))[AGENTS_ADDRESS]
{
    char(*list)[AGENTS_ADDRESS] = calloc(n, AGENTS_ADDRESS);

    for (size_t i = 0; list && i < n; i++)
        print(silent ? SILENT : LIVE, i, list[i]);
    return list;
}

/* ---- the process ---- */

typedef union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
} control;

typedef struct mail {
    struct mmsghdr in[AT_ONCE], out[AT_ONCE];
    struct iovec in_vectors[AT_ONCE], out_vectors[AT_ONCE];
    struct sockaddr_in from[AT_ONCE];
    control controls[AT_ONCE];
    uint8_t asked[AT_ONCE][AGENTS_DATAGRAM_MAX], answers[AT_ONCE][AGENTS_DATAGRAM_MAX];
} mail;

static mail box;

static struct in_pktinfo *info_of(struct msghdr *header)
{
    struct cmsghdr *c = CMSG_FIRSTHDR(header);

    return c && c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO ? (struct in_pktinfo *)(void *)CMSG_DATA(c)
                                                                          : NULL;
}

static size_t answer(size_t i, uint32_t address)
{
    const uint8_t *in = box.asked[i];
    size_t n = box.in[i].msg_len;
    agents_cursor message = { in, in + n }, content;
    long version = -1;

    if (agents_next(&message, 0x30, &content))
        agents_next_int(&content, &version);
    return version == 3 ? agents_usm_answer(in, n, address, box.answers[i]) : agents_answer(in, n, box.answers[i]);
}

/* Adds the answer to what is sent; the control message that told the asked address makes it the sender's. */
static void add_answer(size_t i, unsigned *n)
{
    struct in_pktinfo *info = info_of(&box.in[i].msg_hdr);
    uint32_t asked = info ? ntohl(info->ipi_addr.s_addr) : 0;

    if (asked >> 24 != 127 || (asked & MASK) == SILENT)
        return;
    size_t length = answer(i, info->ipi_addr.s_addr);
    if (!length)
        return;
    info->ipi_spec_dst = info->ipi_addr;
    info->ipi_ifindex = 0;
    box.out_vectors[*n] = (struct iovec){ box.answers[i], length };
    box.out[*n].msg_hdr = box.in[i].msg_hdr;
    box.out[*n].msg_hdr.msg_iov = &box.out_vectors[*n];
    ++*n;
}

static void serve(int fd)
{
    for (;;) {
        for (size_t i = 0; i < AT_ONCE; i++) {
            box.in_vectors[i] = (struct iovec){ box.asked[i], sizeof box.asked[i] };
            box.in[i].msg_hdr = (struct msghdr){ .msg_name = &box.from[i],
                                                 .msg_namelen = sizeof box.from[i],
                                                 .msg_iov = &box.in_vectors[i],
                                                 .msg_iovlen = 1,
                                                 .msg_control = &box.controls[i],
                                                 .msg_controllen = sizeof box.controls[i] };
        }
        int n = recvmmsg(fd, box.in, AT_ONCE, MSG_WAITFORONE, NULL);
        unsigned answers = 0;
        for (int i = 0; i < n; i++)
            add_answer((size_t)i, &answers);
        for (unsigned sent = 0; sent < answers;) {
            int done = sendmmsg(fd, box.out + sent, answers - sent, 0);
            sent += done > 0 ? (unsigned)done : 1; /* one that cannot be sent is lost, as on any network */
        }
    }
}

static int open_socket(unsigned *port)
{
    struct sockaddr_in any = { .sin_family = AF_INET };
    socklen_t length = sizeof any;
    int on = 1, size = BUFFER, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    /* Best where it may: nobody from outside reaches it, and bursts find room. */
    (void)setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    if (setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) || bind(fd, (struct sockaddr *)&any, sizeof any) ||
        getsockname(fd, (struct sockaddr *)&any, &length)) {
        close(fd);
        return -1;
    }
    *port = ntohs(any.sin_port);
    return fd;
}

bool agents_start(bench *b, agents *a)
{
    pid_t parent = getpid();

    *a = (agents){ 0 };
    int fd = open_socket(&a->port);
    if (fd < 0)
        return bench_fail(b, "a socket for the agents: %s", strerror(errno));
    a->pid = fork();
    if (a->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        agents_answer_init();
        if (getppid() == parent && agents_usm_init())
            serve(fd);
        _exit(EXIT_FAILURE);
    }
    close(fd);
    if (a->pid < 0) {
        a->pid = 0;
        return bench_fail(b, "the agents' process: %s", strerror(errno));
    }
    return true;
}

void agents_stop(agents *a)
{
    if (a->pid <= 0)
        return;
    kill(a->pid, SIGKILL);
    waitpid(a->pid, NULL, 0);
    a->pid = 0;
}
