/* The two UDP sockets, one a family, unconnected and shared by all questions: no descriptor an agent. Sends for
 * exchange.c, and hands it what comes in.
 *
 * IP_RECVERR makes the kernel keep ICMP errors for us, so that a closed port is told at once and not by a timeout. Its
 * price: any call on the socket may return the error of an earlier datagram to somebody else. */
#include "proto/snmp/snmp.h"

#include "core/core.h"
#include <errno.h>
#include <linux/errqueue.h>
#include <string.h>
#include <sys/socket.h>

enum {
    MESSAGES = 16,     /* received by one call */
    CALLS_A_TURN = 64, /* then the rest of the loop gets its turn; more than a claim sends, lest the socket fill */
    ERRORS_A_TURN = 256,
    SEND_TRIES = 4,
    BUFFER_BYTES = 4 << 20
};

struct drmgmt__snmp_mailbox {
    struct mmsghdr headers[MESSAGES];
    struct iovec vectors[MESSAGES];
    struct sockaddr_storage from[MESSAGES];
    uint8_t bytes[MESSAGES][DRMGMT__SNMP_MESSAGE_MAX + 1];
};

static void on_ready(void *user, int fd, unsigned events);

static void set_option(int fd, int level, int name, int value)
{
    /* What a kernel lacks only costs comfort: nothing here depends on it. */
    (void)setsockopt(fd, level, name, &value, sizeof value);
}

static void set_options(int fd, int family)
{
    /* Beyond the system's limit only with privilege. */
    set_option(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES);
    set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES);
    if (family == AF_INET) {
        set_option(fd, IPPROTO_IP, IP_RECVERR, 1);
        set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT); /* a long request is fragmented, not refused */
        return;
    }
    set_option(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
    set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
}

static int make_mailbox(drmgmt__snmp *snmp)
{
    struct drmgmt__snmp_mailbox *box = malloc(sizeof *box);

    if (!box)
        return -1;
    for (size_t i = 0; i < MESSAGES; i++) {
        box->vectors[i] = (struct iovec){ box->bytes[i], sizeof box->bytes[i] };
        box->headers[i].msg_hdr =
            (struct msghdr){ .msg_iov = &box->vectors[i], .msg_iovlen = 1, .msg_name = &box->from[i] };
    }
    snmp->mailbox = box;
    return 0;
}

int drmgmt__snmp_socket_open(drmgmt__snmp *snmp, drmgmt__snmp_socket *out, int family, drmgmt_error **error)
{
    *out = (drmgmt__snmp_socket){ .snmp = snmp, .fd = -1 };
    TAILQ_INIT(&out->unsent);
    if (!snmp->mailbox && make_mailbox(snmp))
        return drmgmt__fail_memory(error);
    int fd = drmgmt_net_udp_socket(family);
    if (fd < 0)
        return drmgmt__fail(error, DRMGMT_ERR_IO, "no UDP socket for SNMP: %s", strerror(errno));
    set_options(fd, family);
    out->watch = drmgmt_loop_watch(snmp->loop, fd, DRMGMT_READ, on_ready, out);
    if (!out->watch) {
        close(fd);
        return drmgmt__fail_memory(error);
    }
    out->fd = fd;
    return 0;
}

void drmgmt__snmp_socket_close(drmgmt__snmp_socket *sock)
{
    if (sock->fd < 0)
        return;
    drmgmt_watch_free(sock->watch);
    close(sock->fd);
    sock->fd = -1;
}

int drmgmt__snmp_socket_send(drmgmt__snmp_socket *sock, const drmgmt_op *op, const drmgmt__net_address *to,
                             const void *packet, size_t length, drmgmt_error **refusal)
{
    struct sockaddr_storage address;
    socklen_t address_length = drmgmt__net_address_to(to, &address);
    int rc = EAFNOSUPPORT;

    /* An error that is still there after some tries is this datagram's own. */
    for (int i = 0; sock->fd >= 0 && i < SEND_TRIES; i++) {
        rc = drmgmt_op_sendto(op, sock->fd, packet, length, (const struct sockaddr *)&address, address_length, refusal);
        if (rc == 0 || rc == EAGAIN || rc == EMSGSIZE || rc == EPERM)
            break;
    }
    if (rc == EAGAIN)
        drmgmt_watch_set(sock->watch, DRMGMT_READ | DRMGMT_WRITE);
    return rc;
}

/* ---- in ---- */

static int errno_of(struct msghdr *header)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c))
        if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
            (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR)) {
            struct sock_extended_err e;
            memcpy(&e, CMSG_DATA(c), sizeof e);
            return e.ee_origin == SO_EE_ORIGIN_ICMP || e.ee_origin == SO_EE_ORIGIN_ICMP6 ? (int)e.ee_errno : 0;
        }
    return 0;
}

static void read_errors(drmgmt__snmp_socket *sock)
{
    union {
        struct cmsghdr align;
        char bytes[512];
    } control;
    uint8_t quoted[1024];

    for (int i = 0; i < ERRORS_A_TURN; i++) {
        struct sockaddr_storage to = { .ss_family = AF_UNSPEC };
        struct iovec vector = { quoted, sizeof quoted };
        struct msghdr header = { .msg_name = &to,
                                 .msg_namelen = sizeof to,
                                 .msg_iov = &vector,
                                 .msg_iovlen = 1,
                                 .msg_control = &control,
                                 .msg_controllen = sizeof control };
        drmgmt__net_address address;
        ssize_t n = recvmsg(sock->fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT);
        if (n < 0)
            return;
        int why = errno_of(&header);
        if (why && drmgmt__net_address_from((const struct sockaddr *)&to, header.msg_namelen, &address))
            drmgmt__snmp_undeliverable(sock->snmp, &address, quoted, (size_t)n, why);
        drmgmt__wipe(quoted, (size_t)n);
    }
}

/* Whether more may be there. */
static bool receive_some(drmgmt__snmp_socket *sock)
{
    struct drmgmt__snmp_mailbox *box = sock->snmp->mailbox;

    for (size_t i = 0; i < MESSAGES; i++)
        box->headers[i].msg_hdr.msg_namelen = sizeof box->from[i];
    int n = recvmmsg(sock->fd, box->headers, MESSAGES, MSG_DONTWAIT, NULL);
    if (n < 0)
        return errno != EAGAIN && errno != EWOULDBLOCK; /* an earlier datagram's error: read on */
    for (int i = 0; i < n; i++) {
        drmgmt__net_address from;
        size_t length = box->headers[i].msg_len;
        if (drmgmt__net_address_from((const struct sockaddr *)&box->from[i], box->headers[i].msg_hdr.msg_namelen,
                                     &from))
            drmgmt__snmp_received(sock->snmp, &from, box->bytes[i], length);
        drmgmt__wipe(box->bytes[i], length);
    }
    return n == MESSAGES;
}

static void on_ready(void *user, int fd, unsigned events)
{
    drmgmt__snmp_socket *sock = user;

    (void)fd;
    if (events & DRMGMT_WRITE) {
        drmgmt_watch_set(sock->watch, DRMGMT_READ);
        drmgmt__snmp_flush(sock);
    }
    for (int i = 0; i < CALLS_A_TURN && receive_some(sock); i++)
        ;
    read_errors(sock);
}
