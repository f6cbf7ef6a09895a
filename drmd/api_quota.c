/* Quotas over REST. Called by dispatch.c; calls the library's quotas. */
#include "routes.h"
#include <string.h>

void drmd_quota_get(drmd_request *r)
{
    char *json = NULL;
    drmgmt_error *error = NULL;
    if (drmgmt_quota_get(r->session, &json, &error))
        drmd_reply_error(r, error);
    else
        drmd_reply_json(r, 200, json, strlen(json));
}
