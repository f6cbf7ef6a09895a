/* A small HTTP client for the library itself (OpenID Connect), blocking: not for the worker's loop. Every connection
 * asks the outbound policy about its resolved address. Only http and https; no proxy, no redirect, no credentials in
 * the URL, no cookies; sizes and time are bounded. Any thread. Internal. */
#ifndef DRMGMT_NET_HTTP_H
#define DRMGMT_NET_HTTP_H

#include "core/cleanup.h"
#include "net/policy.h"
#include <drm/error.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct drmgmt__http_request {
    const char *url;
    const char *const *headers; /* "Name: value" each, NULL-terminated; NULL: none */
    const void *body;           /* NULL: GET, else POST; may be "" */
    size_t body_size;
    const char *content_type;   /* of the body; NULL: application/x-www-form-urlencoded */
    bool https_only;            /* http:// is refused */
    const char *ca_file;        /* PEM bundle in place of the system's certificate authorities; NULL: those */
    unsigned timeout_ms;        /* for all of it; 0: 10,000 */
    size_t max_bytes;           /* of the answer's body; 0: 1 MiB */
    drmgmt__net_policy *policy; /* of the tenant that named the URL; NULL: the public Internet only */
} drmgmt__http_request;

typedef struct drmgmt__http_response {
    int status; /* 200..299, 400..599 */
    char *body; /* with a NUL behind it, which does not count; free it with drmgmt__http_response_clear() */
    size_t length;
    char *content_type, *cache_control; /* NULL: not told */
} drmgmt__http_response;

/* Sends it and waits for the answer, whatever its status; 0 and *response filled, or: INVALID (field "url": not a URL
 * that may be used), FORBIDDEN (detail "outbound-refused": the policy; the message says why and what can be done),
 * UNAVAILABLE (name not found, nobody listens), TIMEOUT, PROTOCOL (TLS or HTTP failed, or it answered with a redirect),
 * TOO_LARGE, NO_MEMORY. */
int drmgmt__http_request_send(const drmgmt__http_request *request, drmgmt__http_response *response,
                              drmgmt_error **error);
void drmgmt__http_response_clear(drmgmt__http_response *response); /* also of one that is all zero */

#define DRMGMT__HTTP_RESPONSE DRMGMT__CLEANUP(drmgmt__http_response_clear) drmgmt__http_response

#endif
