/* Who is asking: an access token or an API key, from the Authorization or X-API-Key header, opens the request's
 * session. Called by dispatch.c for every route that is not public. */
#include "drmd.h"
#include <string.h>
#include <strings.h>

drmgmt_origin drmd_origin(const drmd_request *r)
{
    return (drmgmt_origin){ .request_id = r->request_id, .address = r->client };
}

static bool challenge(drmd_request *r, const char *detail)
{
    drmd_reply_problem(r, 401, NULL, "%s", detail);
    return false;
}

/* The credentials sent; NULL with an answer given when there are none. */
static const char *credentials(drmd_request *r)
{
    const char *authorization = r->headers[DRMD_H_AUTHORIZATION], *key = r->headers[DRMD_H_API_KEY];
    if (authorization && key) {
        drmd_reply_problem(r, 400, NULL, "Send either Authorization or X-API-Key, not both.");
        return NULL;
    }
    if (key && *key)
        return key;
    if (authorization && strncasecmp(authorization, "Bearer ", 7) == 0) {
        authorization += 7 + strspn(authorization + 7, " ");
        if (*authorization)
            return authorization;
    }
    challenge(r, "Log in first: send \"Authorization: Bearer\" with an access token, or X-API-Key with an API key.");
    return NULL;
}

bool drmd_authenticate(drmd_request *r)
{
    const char *text = credentials(r);
    if (!text)
        return false;
    drmgmt_error *error = NULL;
    bool is_key = r->headers[DRMD_H_API_KEY] || strncmp(text, "drm_", 4) == 0;
    drmgmt_origin origin = drmd_origin(r);
    int failed = is_key ? drmgmt_session_open_api_key(r->server->context, text, &origin, &r->session, &error)
                        : drmgmt_session_open_token(r->server->context, text, &origin, &r->session, &error);
    if (failed) {
        if (failed != DRMGMT_ERR_UNAUTHENTICATED) {
            drmd_reply_error(r, error);
            return false;
        }
        drmgmt_error_free(error);
        return challenge(r, is_key ? "The API key is unknown, expired, revoked or not to be used from here."
                                   : "The access token is not valid, or is no longer.");
    }
    return true;
}
