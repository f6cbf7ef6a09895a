/* Finds CivetWeb's sockets, which its interface does not tell, by asking the kernel about this process's descriptors.
 * Only for rare moments: a refusal, an event stream's start, a deadline, the stop. Called by server.c, dispatch.c,
 * sse.c. */
#include "drmd.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Calls fn for each IPv4 stream socket bound to the server's port; returns the first descriptor it wants, or -1. */
static int each_socket(const drmd_server *server, bool (*fn)(int fd, void *user), void *user)
{
    DIR *folder = opendir("/proc/self/fd");
    if (!folder)
        return -1;
    int found = -1;
    for (struct dirent *entry; found < 0 && (entry = readdir(folder));) {
        char *end;
        long fd = strtol(entry->d_name, &end, 10);
        struct sockaddr_in local;
        socklen_t length = sizeof local;
        if (end == entry->d_name || getsockname((int)fd, (struct sockaddr *)&local, &length) ||
            local.sin_family != AF_INET || ntohs(local.sin_port) != server->port)
            continue;
        if (fn((int)fd, user))
            found = (int)fd;
    }
    closedir(folder);
    return found;
}

drmd_peer drmd_peer_of(const char *address, int port)
{
    struct in_addr a;
    return inet_pton(AF_INET, address, &a) == 1 ? (uint64_t)a.s_addr << 16 | htons((uint16_t)port) : 0;
}

/* 0: none, such as for a connection that was reset. */
static drmd_peer peer_of(int fd)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    return getpeername(fd, (struct sockaddr *)&peer, &length) == 0 && peer.sin_family == AF_INET
               ? (uint64_t)peer.sin_addr.s_addr << 16 | peer.sin_port
               : 0;
}

static bool is_peer(int fd, void *user)
{
    return peer_of(fd) == *(const drmd_peer *)user;
}

int drmd_socket_find(const drmd_server *server, const char *peer, int peer_port)
{
    drmd_peer wanted = drmd_peer_of(peer, peer_port);
    return wanted ? each_socket(server, is_peer, &wanted) : -1;
}

struct visit {
    drmd_socket_visitor *fn;
    void *user;
};

static bool tell(int fd, void *user)
{
    const struct visit *visit = user;
    drmd_peer peer = peer_of(fd);
    if (peer)
        visit->fn(fd, peer, visit->user);
    return false;
}

void drmd_socket_each(const drmd_server *server, drmd_socket_visitor *fn, void *user)
{
    struct visit visit = { fn, user };
    each_socket(server, tell, &visit);
}

static bool is_listener(int fd, void *user)
{
    (void)user;
    int listening = 0;
    socklen_t length = sizeof listening;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) == 0 && listening;
}

int drmd_socket_listener(const drmd_server *server)
{
    return each_socket(server, is_listener, NULL);
}

static bool shut_read(int fd, void *user)
{
    (void)user;
    shutdown(fd, SHUT_RD);
    return false;
}

void drmd_socket_shut_all(const drmd_server *server)
{
    each_socket(server, shut_read, NULL);
}

void drmd_socket_linger(int fd)
{
    if (fd < 0)
        return;
    shutdown(fd, SHUT_WR);
    char away[8192];
    size_t budget = 8u << 20;
    int64_t end = drmd_now_us() + 1000000;
    for (int64_t left; (left = end - drmd_now_us()) > 0;) {
        struct pollfd wait = { .fd = fd, .events = POLLIN };
        if (poll(&wait, 1, (int)(left / 1000) + 1) <= 0)
            return;
        ssize_t n = recv(fd, away, sizeof away, MSG_DONTWAIT);
        if (n <= 0 || (size_t)n > budget)
            return;
        budget -= (size_t)n;
    }
}

bool drmd_socket_gone(int fd)
{
    struct pollfd look = { .fd = fd, .events = POLLRDHUP };
    return fd >= 0 && poll(&look, 1, 0) > 0 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL));
}

uint64_t drmd_socket_received(int fd)
{
    struct tcp_info info = { 0 };
    socklen_t length = sizeof info;
    return fd >= 0 && getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 ? info.tcpi_bytes_received : 0;
}
