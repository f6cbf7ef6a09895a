/* The rows of batches (drm/batch.h). Included by matrix_capi_rows.h. */
#ifndef MATRIX_CAPI_BATCHES_H
#define MATRIX_CAPI_BATCHES_H

#include "matrix_capi.h"
#include "matrix_capi_audit.h"
#include <drm/batch.h>

static const char many_json[] =
    "{\"device_ids\":[\"%s\"],\"protocol\":\"fake\",\"operation\":\"sleep\",\"params\":{\"ms\":1}}";

/* One for the rows below, told as the others are by its id. */
static int new_batch(drmgmt_session *session, const char *device, drmgmt_record **batch, drmgmt_error **error)
{
    drmgmt_draft *draft = draft_with("batch", many_json, device);
    int rc = drmgmt_batch_create(session, draft, NULL, batch, error);

    drmgmt_draft_free(draft);
    return rc;
}

typedef int batch_fn(drmgmt_session *session, const char *id, drmgmt_record **batch, drmgmt_error **error);

static int with_batch(struct way *w, batch_fn *call, drmgmt_error **error)
{
    drmgmt_record *record = NULL;
    int rc = call(w->session, w->of->batch, &record, error);

    return said_record(w, rc, record);
}

TENANT_CALL(drmgmt_batch_cancel, DRMGMT_PERM_JOB_CANCEL, NAMES, 0)
{
    return with_batch(w, drmgmt_batch_cancel, error);
}

TENANT_CALL(drmgmt_batch_create, DRMGMT_PERM_JOB_SUBMIT_READ, NAMES, 0)
{
    drmgmt_record *record = NULL;
    int rc = new_batch(w->session, w->of->busy_device, &record, error);

    return said_record(w, rc, record);
}

TENANT_CALL(drmgmt_batch_get, DRMGMT_PERM_JOB_READ, NAMES, 0)
{
    return with_batch(w, drmgmt_batch_get, error);
}

TENANT_CALL(drmgmt_batch_jobs, DRMGMT_PERM_JOB_READ, NAMES, 0)
{
    drmgmt_query *query = drmgmt_query_new(drmgmt_entity_find("job"));
    drmgmt_page *page = NULL;
    int rc = drmgmt_batch_jobs(w->session, w->of->batch, query, &page, error);

    drmgmt_query_free(query);
    return said_page(w, rc, page);
}

TENANT_CALL(drmgmt_batch_list, DRMGMT_PERM_JOB_READ, LISTS, 0)
{
    return list_with(w, drmgmt_batch_list, "batch", error);
}

TENANT_CALL(drmgmt_batch_pause, DRMGMT_PERM_JOB_CANCEL, NAMES, 0)
{
    return with_batch(w, drmgmt_batch_pause, error);
}

TENANT_CALL(drmgmt_batch_results, DRMGMT_PERM_JOB_READ, NAMES, 0)
{
    return drmgmt_batch_results(w->session, w->of->batch, DRMGMT_BATCH_NDJSON, take_line, &w->said, error);
}

/* It runs. */
TENANT_CALL(drmgmt_batch_resume, DRMGMT_PERM_JOB_CANCEL, NAMES, DRMGMT_ERR_CONFLICT)
{
    return with_batch(w, drmgmt_batch_resume, error);
}

/* It has not ended: there is no worker. */
TENANT_CALL(drmgmt_batch_retry, DRMGMT_PERM_JOB_SUBMIT_READ, NAMES, DRMGMT_ERR_CONFLICT)
{
    drmgmt_record *record = NULL;
    int rc = drmgmt_batch_retry(w->session, w->of->batch, false, &record, error);

    return said_record(w, rc, record);
}

NO_TENANT(drmgmt_batch_status_ended, constant);

#endif
