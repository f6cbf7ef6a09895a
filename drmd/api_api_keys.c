/* API keys over REST. Called by dispatch.c; calls the library's API key functions. */
#include "json.h"
#include "routes.h"
#include <string.h>

/* The record's JSON with the key put in front: it is told this once. */
static void reply_created(drmd_request *r, const drmgmt_record *record, char *key)
{
    drmd_buffer *b = &r->worker->text;
    char *json = NULL;
    size_t length = 0;
    if (drmgmt_record_json(record, &json, &length) || length < 2) {
        drmd_reply_problem(r, 503, NULL, "Out of memory.");
        return;
    }
    drmd_buffer_reset(b, 64 * 1024);
    drmd_buffer_puts(b, "{");
    drmd_buffer_member(b, "key", key);
    drmd_buffer_puts(b, ",");
    drmd_buffer_add(b, json + 1, length - 1);
    drmgmt_free(json);
    if (b->failed)
        drmd_reply_problem(r, 503, NULL, "Out of memory.");
    else
        drmd_reply(r, 201, drmd_json, b->data, b->length);
    drmd_buffer_wipe(&r->worker->out);
    drmd_buffer_wipe(b);
}

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
    if (failed) {
        drmd_reply_error(r, error);
        return;
    }
    reply_created(r, record, key);
    explicit_bzero(key, strlen(key));
    drmgmt_free(key);
    drmgmt_record_free(record);
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
