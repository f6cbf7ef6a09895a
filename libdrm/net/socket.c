/* Connecting and sending, each after the policy's decision about that very address. Called by drivers (through
 * drm/driver.h) and by http.c's libcurl. */
#include "net/socket.h"

#include "core/core.h"
#include <errno.h>
#include <string.h>

/* SO_BROADCAST is never set, so that the kernel refuses the broadcast addresses of networks, which look like any other.
 */
static int open_socket(int family, int type)
{
    return socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int drmgmt__net_udp_open(int family)
{
    struct sockaddr_storage any = { .ss_family = (sa_family_t)family };
    socklen_t length = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    int on = 1;

    int fd = open_socket(family, SOCK_DGRAM);
    if (fd < 0)
        return -1;
    if ((family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on)) ||
        bind(fd, (struct sockaddr *)&any, length)) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

static bool refuses(drmgmt__net_policy *policy, const drmgmt__net_address *to, unsigned transport,
                    drmgmt__net_verdict *verdict)
{
    drmgmt__net_decide(policy, to, transport, verdict);
    return !drmgmt__net_allowed(verdict);
}

int drmgmt__net_sendto(drmgmt__net_policy *policy, int fd, const drmgmt__net_address *to, const void *packet,
                       size_t length, drmgmt__net_verdict *verdict)
{
    struct sockaddr_storage address;

    if (refuses(policy, to, DRMGMT__NET_UDP, verdict))
        return EPERM;
    socklen_t address_length = drmgmt__net_address_to(to, &address);
    if (sendto(fd, packet, length, MSG_NOSIGNAL, (const struct sockaddr *)&address, address_length) >= 0)
        return 0;
    /* A local firewall's EPERM is not the policy's. */
    return errno == EWOULDBLOCK || errno == ENOBUFS ? EAGAIN : errno == EPERM ? EACCES : errno;
}

int drmgmt__net_udp_listen(const drmgmt__net_address *at)
{
    struct sockaddr_storage address;
    socklen_t length = drmgmt__net_address_to(at, &address);
    int on = 1, room = 4 << 20;

    int fd = open_socket(at->family, SOCK_DGRAM);
    if (fd < 0)
        return -1;
    /* Bursts wait in the kernel, as far as it allows. */
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if ((at->family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on)) ||
        bind(fd, (struct sockaddr *)&address, length)) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

void drmgmt__net_reply(int fd, const drmgmt__net_address *to, const void *packet, size_t length)
{
    drmgmt__net_address faces[DRMGMT__NET_FACES];
    struct sockaddr_storage address;
    size_t n = drmgmt__net_faces(to, faces);

    for (size_t i = 0; i < n; i++) {
        const drmgmt__net_special *special = drmgmt__net_special_of(&faces[i]);
        if (special && special->never)
            return;
    }
    socklen_t address_length = drmgmt__net_address_to(to, &address);
    ssize_t sent = sendto(fd, packet, length, MSG_NOSIGNAL, (const struct sockaddr *)&address, address_length);
    (void)sent;
}

int drmgmt__net_connect(drmgmt__net_policy *policy, const drmgmt__net_address *to, int *fd,
                        drmgmt__net_verdict *verdict)
{
    struct sockaddr_storage address;

    if (refuses(policy, to, DRMGMT__NET_TCP, verdict))
        return EPERM;
    int made = open_socket(to->family, SOCK_STREAM);
    if (made < 0)
        return errno;
    socklen_t length = drmgmt__net_address_to(to, &address);
    if (connect(made, (const struct sockaddr *)&address, length) && errno != EINPROGRESS) {
        int why = errno == EPERM ? EACCES : errno;
        close(made);
        return why;
    }
    *fd = made;
    return 0;
}

curl_socket_t drmgmt__net_curl_open(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    drmgmt__net_curl *c = user;
    drmgmt__net_address to;

    if (purpose != CURLSOCKTYPE_IPCXN || address->socktype != SOCK_STREAM ||
        !drmgmt__net_address_from(&address->addr, (socklen_t)address->addrlen, &to))
        return CURL_SOCKET_BAD;
    if (refuses(c->policy, &to, DRMGMT__NET_TCP, &c->verdict)) {
        c->refused = true;
        c->address = to;
        return CURL_SOCKET_BAD;
    }
    return open_socket(address->family, SOCK_STREAM);
}

int drmgmt__net_refused(drmgmt_error **error, const drmgmt__net_verdict *verdict, const drmgmt__net_address *address,
                        unsigned transport)
{
    char text[DRMGMT__NET_MESSAGE];

    return drmgmt__fail_full(error, DRMGMT_ERR_FORBIDDEN, false, "outbound-refused", NULL, "%s",
                             drmgmt__net_explain(verdict, address, transport, text));
}
