/* Preloaded into a drm-worker by test_outbound.py: names resolve as the file DRM_TEST_HOSTS says at that moment ("NAME
 * ADDRESS" a line), and datagrams to other machines are written down in DRM_TEST_SENT in place of being sent. What the
 * worker does with an address before it sends is its own. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* The address that the file has for a name. */
static int known(const char *name, char address[64])
{
    const char *path = getenv("DRM_TEST_HOSTS");
    FILE *file = path && name ? fopen(path, "re") : NULL;
    char listed[256];
    int found = 0;

    while (file && !found && fscanf(file, "%255s %63s", listed, address) == 2)
        found = strcmp(listed, name) == 0;
    if (file)
        fclose(file);
    return found;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
    static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    char address[64];

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    return real(known(node, address) ? address : node, service, hints, list);
}

ssize_t sendto(int fd, const void *bytes, size_t n, int flags, const struct sockaddr *to, socklen_t length)
{
    static ssize_t (*real)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
    const struct sockaddr_in *v4 = (const void *)to;
    const char *path = getenv("DRM_TEST_SENT");
    char text[INET6_ADDRSTRLEN];

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "sendto");
    if (!path || !to || to->sa_family != AF_INET || ntohl(v4->sin_addr.s_addr) >> 24 == 127)
        return real(fd, bytes, n, flags, to, length);
    FILE *file = fopen(path, "ae");
    if (file) {
        fprintf(file, "%s\n", inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text));
        fclose(file);
    }
    return (ssize_t)n;
}
