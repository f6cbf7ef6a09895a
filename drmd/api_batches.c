/* Batches over REST: made, steered, their jobs listed and streamed. Called by dispatch.c. */
#include "json.h"
#include "routes.h"
#include <stdio.h>
#include <string.h>

const drmd_noun drmd_noun_batch = {
    .entity = "batch",
    .path = "/api/v1/batches",
    .get = drmgmt_batch_get,
    .list = drmgmt_batch_list,
};

/* 202 with where to look (RFC 9110, section 15.3.3). */
static void reply_accepted(drmd_request *r, drmgmt_record *batch)
{
    snprintf(r->location, sizeof r->location, "%s/%s", drmd_noun_batch.path, drmgmt_record_id(batch));
    drmd_reply_record(r, 202, batch);
}

void drmd_batch_create(drmd_request *r)
{
    drmgmt_record *batch = NULL;
    drmgmt_error *error = NULL;
    drmgmt_draft *draft = drmd_draft_from(r, drmgmt_entity_find("batch"));
    if (!draft)
        return;
    if (drmgmt_batch_create(r->session, draft, r->headers[DRMD_H_IDEMPOTENCY_KEY], &batch, &error))
        drmd_reply_error(r, error);
    else
        reply_accepted(r, batch);
    drmgmt_draft_free(draft);
}

void drmd_batch_jobs(drmd_request *r)
{
    drmgmt_page *page = NULL;
    drmgmt_error *error = NULL;
    drmgmt_query *query = drmd_query_from(r, drmgmt_entity_find("job"));
    if (!query)
        return;
    int failed = drmgmt_batch_jobs(r->session, r->params[0], query, &page, &error);
    drmgmt_query_free(query);
    if (failed)
        drmd_reply_error(r, error);
    else
        drmd_reply_page(r, page);
}

/* ---- steering ---- */

typedef int steer_fn(drmgmt_session *session, const char *id, drmgmt_record **batch, drmgmt_error **error);

static void steer(drmd_request *r, steer_fn *call)
{
    drmgmt_record *batch = NULL;
    drmgmt_error *error = NULL;
    if (call(r->session, r->params[0], &batch, &error))
        drmd_reply_error(r, error);
    else
        drmd_reply_record(r, 200, batch);
}

void drmd_batch_cancel(drmd_request *r)
{
    steer(r, drmgmt_batch_cancel);
}

void drmd_batch_pause(drmd_request *r)
{
    steer(r, drmgmt_batch_pause);
}

void drmd_batch_resume(drmd_request *r)
{
    steer(r, drmgmt_batch_resume);
}

void drmd_batch_retry(drmd_request *r)
{
    drmgmt_record *batch = NULL;
    drmgmt_error *error = NULL;
    bool uncertain = false;
    if (!drmd_flag_read(r, "acknowledge_uncertain", &uncertain))
        return;
    if (drmgmt_batch_retry(r->session, r->params[0], uncertain, &batch, &error))
        drmd_reply_error(r, error);
    else
        reply_accepted(r, batch);
}

/* ---- results ---- */

static const struct {
    const char *media_type;
    drmgmt_batch_format format;
} formats[] = {
    { "application/x-ndjson", DRMGMT_BATCH_NDJSON },
    { "text/csv", DRMGMT_BATCH_CSV },
};

/* The one that Accept names first; without a word of them, the first of ours (RFC 9110, section 12.5.1). */
static size_t format_of(const drmd_request *r)
{
    const char *accept = r->headers[DRMD_H_ACCEPT], *best = NULL;
    size_t chosen = 0;
    for (size_t i = 0; accept && i < DRMD_COUNT(formats); i++) {
        const char *at = strcasestr(accept, formats[i].media_type);
        if (at && (!best || at < best)) {
            best = at;
            chosen = i;
        }
    }
    return chosen;
}

void drmd_batch_results(drmd_request *r)
{
    size_t i = format_of(r);
    drmd_stream s = { .r = r, .media_type = formats[i].media_type };
    drmgmt_error *error = NULL;
    if (!drmd_stream_enter(r))
        return;
    int failed = drmgmt_batch_results(r->session, r->params[0], formats[i].format, drmd_stream_line, &s, &error);
    drmd_stream_leave();
    drmd_stream_end(&s, failed, error);
}
