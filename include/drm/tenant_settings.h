/* What a tenant's administrators decide for all of its users. One record of entity "tenant_settings" {id name
 * require_second_factor}, whose id is the tenant's. */
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
