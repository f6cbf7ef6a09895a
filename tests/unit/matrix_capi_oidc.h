/* The rows of log-in by OpenID Connect (drm/oidc.h). Included by matrix_capi_rows.h. */
#ifndef MATRIX_CAPI_OIDC_H
#define MATRIX_CAPI_OIDC_H

#include "matrix_capi.h"
#include <drm/oidc.h>

/* An OpenID Connect provider that lets nobody in who is not known already: tenant:settings alone is enough. */
static const char provider_json[] = "{\"name\":\"%u\",\"issuer\":\"https://id.example\",\"client_id\":\"x\","
                                    "\"redirect_uri\":\"https://drm.example\"}";

NO_TENANT(drmgmt_oidc_begin, "before anybody is known: test_oidc.py tries other tenants' providers");
NO_TENANT(drmgmt_oidc_finish, "the issuer's answer is the log-in: test_oidc.py");
NO_TENANT(drmgmt_oidc_login_free, memory);

TENANT_CALL(drmgmt_oidc_provider_create, DRMGMT_PERM_TENANT_SETTINGS, OWN, 0)
{
    return create_with(w, drmgmt_oidc_provider_create, "oidc_provider", provider_json, "", error);
}

TENANT_CALL(drmgmt_oidc_provider_delete, DRMGMT_PERM_TENANT_SETTINGS, NAMES, 0)
{
    return drmgmt_oidc_provider_delete(w->session, w->of->provider, 0, error);
}

TENANT_CALL(drmgmt_oidc_provider_get, DRMGMT_PERM_TENANT_SETTINGS, NAMES, 0)
{
    drmgmt_record *record = NULL;
    int rc = drmgmt_oidc_provider_get(w->session, w->of->provider, &record, error);

    return said_record(w, rc, record);
}

TENANT_CALL(drmgmt_oidc_provider_list, DRMGMT_PERM_TENANT_SETTINGS, LISTS, 0)
{
    return list_with(w, drmgmt_oidc_provider_list, "oidc_provider", error);
}

TENANT_CALL(drmgmt_oidc_provider_update, DRMGMT_PERM_TENANT_SETTINGS, NAMES, 0)
{
    return update_with(w, drmgmt_oidc_provider_update, w->of->provider, "oidc_provider", "{\"scopes\":\"openid\"}",
                       error);
}

#endif
