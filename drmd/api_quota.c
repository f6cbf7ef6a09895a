/* Quotas over REST. Called by dispatch.c; calls the library's quotas. */
#include "routes.h"
#include <string.h>

void drmd_quota_get(drmd_request *r)
{
    drmd_reply_json_of(r, drmgmt_quota_get);
}
