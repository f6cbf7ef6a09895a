/* The rows of schedules (drm/schedule.h). Included by matrix_capi_rows.h. */
#ifndef MATRIX_CAPI_SCHEDULES_H
#define MATRIX_CAPI_SCHEDULES_H

#include "matrix_capi.h"
#include "matrix_capi_batches.h"
#include <drm/schedule.h>

static const char schedule_json[] = "{\"name\":\"%u\",\"cron\":\"@yearly\",\"batch\":{\"device_ids\":[\"%s\"],"
                                    "\"protocol\":\"fake\",\"operation\":\"sleep\",\"params\":{\"ms\":1}}}";

typedef int schedule_fn(drmgmt_session *session, const char *id, drmgmt_record **schedule, drmgmt_error **error);

static int with_schedule(struct way *w, schedule_fn *call, drmgmt_error **error)
{
    drmgmt_record *record = NULL;
    int rc = call(w->session, w->of->schedule, &record, error);

    return said_record(w, rc, record);
}

TENANT_CALL(drmgmt_schedule_create, DRMGMT_PERM_JOB_SUBMIT_READ, NAMES, 0)
{
    return create_with(w, drmgmt_schedule_create, "schedule", schedule_json, w->of->busy_device, error);
}

TENANT_CALL(drmgmt_schedule_delete, DRMGMT_PERM_JOB_CANCEL, NAMES, 0)
{
    return drmgmt_schedule_delete(w->session, w->of->schedule, 0, error);
}

TENANT_CALL(drmgmt_schedule_disable, DRMGMT_PERM_JOB_CANCEL, NAMES, 0)
{
    return with_schedule(w, drmgmt_schedule_disable, error);
}

TENANT_CALL(drmgmt_schedule_enable, DRMGMT_PERM_JOB_SUBMIT_READ, NAMES, 0)
{
    return with_schedule(w, drmgmt_schedule_enable, error);
}

TENANT_CALL(drmgmt_schedule_get, DRMGMT_PERM_JOB_READ, NAMES, 0)
{
    return with_schedule(w, drmgmt_schedule_get, error);
}

TENANT_CALL(drmgmt_schedule_list, DRMGMT_PERM_JOB_READ, LISTS, 0)
{
    return list_with(w, drmgmt_schedule_list, "schedule", error);
}

TENANT_CALL(drmgmt_schedule_next, DRMGMT_PERM_JOB_READ, NAMES, 0)
{
    return drmgmt_schedule_next(w->session, w->of->schedule, 3, &w->said, error);
}

TENANT_CALL(drmgmt_schedule_run, DRMGMT_PERM_JOB_SUBMIT_READ, NAMES, 0)
{
    return with_schedule(w, drmgmt_schedule_run, error);
}

TENANT_CALL(drmgmt_schedule_update, DRMGMT_PERM_JOB_SUBMIT_READ, NAMES, 0)
{
    return update_with(w, drmgmt_schedule_update, w->of->schedule, "schedule", "{\"name\":\"%u\"}", error);
}

#endif
