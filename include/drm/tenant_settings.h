/* What a tenant's administrators decide for all of its users. One record of entity "tenant_settings" {id name
 * require_second_factor keep_results_days keep_events_days}, whose id is the tenant's.
 * Days are 1, 7, 30, 90, 365, or 0 for ever; they hold for what comes after the change (docs/operations.md). */
#ifndef DRMGMT_TENANT_SETTINGS_H
#define DRMGMT_TENANT_SETTINGS_H

#include <drm/session.h>

DRMGMT_BEGIN

/* The settings of the session's tenant. Needs tenant:read. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_tenant_settings_get(drmgmt_session *session, drmgmt_record **settings,
                                                           drmgmt_error **error);
/* Changes what the draft sets; what holds afterwards. Needs tenant:settings. require_second_factor takes effect on the
 * next call of everybody: a user without one can then do nothing but enrol (API keys go on working).
 * Errors: INVALID, FORBIDDEN. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_tenant_settings_update(drmgmt_session *session, const drmgmt_draft *draft,
                                                              drmgmt_record **settings, drmgmt_error **error);

DRMGMT_END

#endif
