/* What keeps one kind of request from taking what others need: the tenant's quota of API requests, and how many
 * connection threads may wait for a password's hash. Called by dispatch.c before a handler; calls the library's count.
 */
#include "routes.h"
#include <stdio.h>

bool drmd_limits_count(drmd_request *r)
{
    drmgmt_error *error = NULL;
    if (!drmgmt_request_count(r->session, &r->quota, &error))
        return true;
    if (drmgmt_error_quota(error))
        r->quota = (drmgmt_request_quota){ .limit = drmgmt_error_quota_limit(error),
                                           .reset = drmgmt_error_retry_after(error) };
    drmd_reply_error(r, error);
    return false;
}

void drmd_limits_head(const drmd_request *r, drmd_buffer *b)
{
    long long limit = r->quota.limit, remaining = r->quota.remaining;
    if (!limit)
        return;
    drmd_buffer_printf(b,
                       "RateLimit-Policy: \"api_requests\";q=%lld;w=60\r\nRateLimit: \"api_requests\";r=%lld;t=%u\r\n"
                       "RateLimit-Limit: %lld\r\nRateLimit-Remaining: %lld\r\nRateLimit-Reset: %u\r\n",
                       limit, remaining, r->quota.reset, limit, remaining, r->quota.reset);
}

/* Whoever waits for a hash holds its thread; a quarter of them may. */
static unsigned hashing_max(const drmd_server *server)
{
    return server->config.threads / 4;
}

void drmd_limits_handle(drmd_request *r)
{
    atomic_uint *hashing = &r->server->hashing;
    if (!(r->route->flags & DRMD_HASHES)) {
        r->route->handler(r);
        return;
    }
    if (atomic_fetch_add_explicit(hashing, 1, memory_order_relaxed) < hashing_max(r->server)) {
        r->route->handler(r);
    } else {
        r->retry_after = 5;
        drmd_reply_problem(r, 429, NULL, "Too many passwords are being checked: try again in a few seconds.");
    }
    atomic_fetch_sub_explicit(hashing, 1, memory_order_relaxed);
}
