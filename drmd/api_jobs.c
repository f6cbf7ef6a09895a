/* Jobs over REST: submit, list, read, cancel; their event stream is in sse.c. Called by dispatch.c. */
#include "json.h"
#include "routes.h"
#include <stdio.h>
#include <string.h>

static const drmgmt_entity *job_entity(void)
{
    return drmgmt_entity_find("job");
}

/* 202 with where to look (RFC 9110, section 15.3.3). */
static void reply_accepted(drmd_request *r, drmgmt_record *job)
{
    drmd_buffer *b = &r->worker->text;
    snprintf(r->location, sizeof r->location, "/api/v1/jobs/%s", drmgmt_record_id(job));
    drmd_buffer_reset(b, 64 * 1024);
    drmd_buffer_puts(b, "{");
    drmd_buffer_member(b, "job_id", drmgmt_record_id(job));
    static const char *const members[] = { "status", "device_id", "protocol", "operation", "created_at" };
    for (size_t i = 0; i < DRMD_COUNT(members); i++)
        drmd_buffer_member(b, members[i], drmgmt_record_text(job, members[i]));
    drmd_buffer_printf(b, ",\"location\":\"%s\",\"events\":\"%s/events\"}", r->location, r->location);
    drmgmt_record_free(job);
    if (b->failed)
        drmd_reply_problem(r, 503, NULL, "Out of memory.");
    else
        drmd_reply(r, 202, drmd_json, b->data, b->length);
}

static void submit(drmd_request *r, drmgmt_draft *draft)
{
    drmgmt_record *job = NULL;
    drmgmt_error *error = NULL;
    if (drmgmt_job_submit(r->session, draft, r->headers[DRMD_H_IDEMPOTENCY_KEY], &job, &error))
        drmd_reply_error(r, error);
    else
        reply_accepted(r, job);
    drmgmt_draft_free(draft);
}

void drmd_job_submit(drmd_request *r)
{
    drmgmt_draft *draft = drmd_draft_from(r, job_entity());
    if (draft)
        submit(r, draft);
}

void drmd_job_enqueue(drmd_request *r)
{
    drmgmt_error *error = NULL;
    drmgmt_draft *draft = drmd_draft_from(r, job_entity());
    if (!draft)
        return;
    if (drmgmt_draft_set(draft, "protocol", r->params[0], &error) ||
        drmgmt_draft_set(draft, "operation", r->params[1], &error)) {
        drmgmt_draft_free(draft);
        drmd_reply_error(r, error);
        return;
    }
    submit(r, draft);
}

void drmd_job_list(drmd_request *r)
{
    drmgmt_query *query = drmd_query_from(r, job_entity());
    if (!query)
        return;
    drmgmt_page *page = NULL;
    drmgmt_error *error = NULL;
    int failed = drmgmt_job_list(r->session, query, &page, &error);
    drmgmt_query_free(query);
    if (failed)
        drmd_reply_error(r, error);
    else
        drmd_reply_page(r, page);
}

void drmd_job_get(drmd_request *r)
{
    drmgmt_record *job = NULL;
    drmgmt_error *error = NULL;
    if (drmgmt_job_get(r->session, r->params[0], &job, &error))
        drmd_reply_error(r, error);
    else
        drmd_reply_record(r, 200, job);
}

void drmd_job_cancel(drmd_request *r)
{
    drmgmt_record *job = NULL;
    drmgmt_error *error = NULL;
    if (drmgmt_job_cancel(r->session, r->params[0], &job, &error))
        drmd_reply_error(r, error);
    else
        drmd_reply_record(r, 200, job);
}

void drmd_job_requeue(drmd_request *r)
{
    drmgmt_record *job = NULL;
    drmgmt_error *error = NULL;
    bool uncertain_too = false;
    if (!drmd_flag_read(r, "acknowledge_uncertain", &uncertain_too))
        return;
    if (drmgmt_job_requeue(r->session, r->params[0], uncertain_too, &job, &error))
        drmd_reply_error(r, error);
    else
        reply_accepted(r, job);
}
