/* API keys over REST. Called by dispatch.c; calls the library's API key functions. */
#include "json.h"
#include "routes.h"

void drmd_api_key_create(drmd_request *r)
{
    drmgmt_draft *draft = drmd_draft_from(r, drmgmt_entity_find("api_key"));
    if (!draft)
        return;
    drmgmt_record *record = NULL;
    char *key = NULL;
    drmgmt_error *error = NULL;
    int failed = drmgmt_api_key_create(r->session, draft, &record, &key, &error);
    drmgmt_draft_free(draft);
    if (failed)
        drmd_reply_error(r, error);
    else
        drmd_reply_record_with(r, 201, record, "key", key);
}

void drmd_api_key_list(drmd_request *r)
{
    drmgmt_query *query = drmd_query_from(r, drmgmt_entity_find("api_key"));
    if (!query)
        return;
    drmgmt_page *page = NULL;
    drmgmt_error *error = NULL;
    int failed = drmgmt_api_key_list(r->session, query, &page, &error);
    drmgmt_query_free(query);
    if (failed)
        drmd_reply_error(r, error);
    else
        drmd_reply_page(r, page);
}

void drmd_api_key_revoke(drmd_request *r)
{
    drmgmt_error *error = NULL;
    if (drmgmt_api_key_revoke(r->session, r->params[0], &error))
        drmd_reply_error(r, error);
    else
        drmd_reply(r, 204, NULL, NULL, 0);
}
