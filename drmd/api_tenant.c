/* The tenant's own settings over REST. Called by dispatch.c; calls the library's tenant settings. */
#include "routes.h"
#include <drm/tenant_settings.h>

void drmd_tenant_settings_get(drmd_request *r)
{
    drmgmt_record *settings = NULL;
    drmgmt_error *error = NULL;
    if (drmgmt_tenant_settings_get(r->session, &settings, &error))
        drmd_reply_error(r, error);
    else
        drmd_reply_record(r, 200, settings);
}

void drmd_tenant_settings_update(drmd_request *r)
{
    drmgmt_draft *draft = drmd_draft_from(r, drmgmt_entity_find("tenant_settings"));
    if (!draft)
        return;
    drmgmt_record *settings = NULL;
    drmgmt_error *error = NULL;
    int failed = drmgmt_tenant_settings_update(r->session, draft, &settings, &error);
    drmgmt_draft_free(draft);
    if (failed)
        drmd_reply_error(r, error);
    else
        drmd_reply_record(r, 200, settings);
}
