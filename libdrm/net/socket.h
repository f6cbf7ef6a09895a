/* The one place that connects and sends on behalf of tenants: drivers and the HTTP client go through it, and a static
 * check (tests/static) fails the build when another file tries by itself. Any thread. Internal; drivers see it as
 * drmgmt_op_sendto() and drmgmt_op_connect() (drm/driver.h). */
#ifndef DRMGMT_NET_SOCKET_H
#define DRMGMT_NET_SOCKET_H

#include "net/policy.h"
#include <curl/curl.h>

/* A UDP socket of a family (AF_INET; AF_INET6 for IPv6 only) bound to a free port, non-blocking, closed on exec. -1 and
 * errno. It never may send to broadcast addresses. */
int drmgmt__net_udp_open(int family);

/* Sends one datagram. 0; an errno (EAGAIN: the socket takes nothing now); or EPERM with *verdict: the policy refuses.
 * verdict is always written. */
int drmgmt__net_sendto(drmgmt__net_policy *policy, int fd, const drmgmt__net_address *to, const void *packet,
                       size_t length, drmgmt__net_verdict *verdict);

/* A UDP socket of an address that receives, non-blocking, closed on exec; of IPv6 only that. -1 and errno. */
int drmgmt__net_udp_listen(const drmgmt__net_address *at);
/* Answers a datagram that came to a listening socket, with one, and only if it came from an address that somebody may
 * be sent something at: rules of tenants have no say where the other side began. Errors are as those of a datagram that
 * is lost. */
void drmgmt__net_reply(int fd, const drmgmt__net_address *to, const void *packet, size_t length);

/* A TCP socket whose connecting has begun, non-blocking, closed on exec: *fd, to be watched for writing. 0, or as
 * above.
 */
int drmgmt__net_connect(drmgmt__net_policy *policy, const drmgmt__net_address *to, int *fd,
                        drmgmt__net_verdict *verdict);

/* What the next function is given as CURLOPT_OPENSOCKETDATA, and where it tells what it refused. */
typedef struct drmgmt__net_curl {
    drmgmt__net_policy *policy;
    bool refused; /* the last refusal is in the two below */
    drmgmt__net_address address;
    drmgmt__net_verdict verdict;
} drmgmt__net_curl;
/* CURLOPT_OPENSOCKETFUNCTION: asked for each address that libcurl is about to connect to. */
curl_socket_t drmgmt__net_curl_open(void *user, curlsocktype purpose, struct curl_sockaddr *address);

/* A FORBIDDEN error with detail "outbound-refused" and the explanation. */
int drmgmt__net_refused(drmgmt_error **error, const drmgmt__net_verdict *verdict, const drmgmt__net_address *address,
                        unsigned transport);

#endif
