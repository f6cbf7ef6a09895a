/* The rows of tenants, as the platform's administrators manage them (drm/tenant.h). Included by matrix_capi_rows.h. */
#ifndef MATRIX_CAPI_TENANTS_H
#define MATRIX_CAPI_TENANTS_H

#include "matrix_capi.h"
#include <drm/tenant.h>
#include <drm/worker.h>

NO_TENANT(drmgmt_db_create_platform_administrator, owner);
NO_TENANT(drmgmt_register, "a stranger makes a tenant, and reads none: test_tenants.py");

TENANT_CALL(drmgmt_tenant_create, DRMGMT_PERM_PLATFORM_TENANT, OWN, 0)
{
    char name[ID];
    drmgmt_record *tenant = NULL;

    cr_assert_eq(drmgmt__uuid_v7(name), 0);
    name[0] = 't'; /* no name is an id */
    int rc = drmgmt_tenant_create(w->session, name, "administrator@example.net", matrix_password, &tenant, error);
    return said_record(w, rc, tenant);
}

TENANT_CALL(drmgmt_tenant_delete, DRMGMT_PERM_PLATFORM_TENANT, NAMES, 0)
{
    return drmgmt_tenant_delete(w->session, w->of->managed_tenant, 0, error);
}

TENANT_CALL(drmgmt_tenant_get, DRMGMT_PERM_PLATFORM_TENANT, NAMES, 0)
{
    drmgmt_record *tenant = NULL;
    int rc = drmgmt_tenant_get(w->session, w->of->managed_tenant, &tenant, error);

    return said_record(w, rc, tenant);
}

TENANT_CALL(drmgmt_tenant_list, DRMGMT_PERM_PLATFORM_TENANT, LISTS, 0)
{
    return list_with(w, drmgmt_tenant_list, "tenant", error);
}

TENANT_CALL(drmgmt_tenant_update, DRMGMT_PERM_PLATFORM_TENANT, NAMES, 0)
{
    return update_with(w, drmgmt_tenant_update, w->of->managed_tenant, "tenant", "{\"status\":\"suspended\"}", error);
}

/* Workers are the platform's as well. */
TENANT_CALL(drmgmt_worker_list, DRMGMT_PERM_PLATFORM_WORKER, OWN, 0)
{
    return list_with(w, drmgmt_worker_list, "worker", error);
}

#endif
