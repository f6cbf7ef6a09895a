/* Schedules over REST. Called by dispatch.c; calls the library's schedules. */
#include "routes.h"
#include <drm/schedule.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN = 20 };

const drmd_noun drmd_noun_schedule = {
    .entity = "schedule",
    .path = "/api/v1/schedules",
    .version_field = "version",
    .create = drmgmt_schedule_create,
    .get = drmgmt_schedule_get,
    .update = drmgmt_schedule_update,
    .remove = drmgmt_schedule_delete,
    .list = drmgmt_schedule_list,
};

typedef int steer_fn(drmgmt_session *session, const char *id, drmgmt_record **schedule, drmgmt_error **error);

static void steer(drmd_request *r, steer_fn *call)
{
    drmgmt_record *schedule = NULL;
    drmgmt_error *error = NULL;
    if (call(r->session, r->params[0], &schedule, &error)) {
        drmd_reply_error(r, error);
        return;
    }
    drmd_set_etag(r, schedule);
    drmd_reply_record(r, 200, schedule);
}

void drmd_schedule_enable(drmd_request *r)
{
    steer(r, drmgmt_schedule_enable);
}

void drmd_schedule_disable(drmd_request *r)
{
    steer(r, drmgmt_schedule_disable);
}

/* 202 with where the batch is. */
void drmd_schedule_run(drmd_request *r)
{
    drmgmt_record *batch = NULL;
    drmgmt_error *error = NULL;
    if (drmgmt_schedule_run(r->session, r->params[0], &batch, &error)) {
        drmd_reply_error(r, error);
        return;
    }
    snprintf(r->location, sizeof r->location, "%s/%s", drmd_noun_batch.path, drmgmt_record_id(batch));
    drmd_reply_record(r, 202, batch);
}

void drmd_schedule_next(drmd_request *r)
{
    char *json = NULL;
    drmgmt_error *error = NULL;
    if (drmgmt_schedule_next(r->session, r->params[0], SHOWN, &json, &error))
        drmd_reply_error(r, error);
    else
        drmd_reply_json(r, 200, json, strlen(json));
}
