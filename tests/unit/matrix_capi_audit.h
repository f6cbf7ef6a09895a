/* The rows of the audit trail (drm/audit.h). Included by matrix_capi_rows.h. */
#ifndef MATRIX_CAPI_AUDIT_H
#define MATRIX_CAPI_AUDIT_H

#include "matrix_capi.h"
#include <drm/audit.h>

static inline bool take_line(void *said, const char *line, size_t length)
{
    char **text = said;
    size_t before = *text ? strlen(*text) : 0;

    *text = realloc(*text, before + length + 1);
    cr_assert(*text != NULL);
    memcpy(*text + before, line, length);
    (*text)[before + length] = '\0';
    return true;
}

TENANT_CALL(drmgmt_audit_export, DRMGMT_PERM_AUDIT_READ, LISTS, 0)
{
    return drmgmt_audit_export(w->session, 0, take_line, &w->said, error);
}

NO_TENANT(drmgmt_audit_flaw_name, constant);
NO_TENANT(drmgmt_audit_link, process);

TENANT_CALL(drmgmt_audit_list, DRMGMT_PERM_AUDIT_READ, LISTS, 0)
{
    return list_with(w, drmgmt_audit_list, "audit_log", error);
}

NO_TENANT(drmgmt_audit_reader_end, told);
NO_TENANT(drmgmt_audit_reader_free, memory);
NO_TENANT(drmgmt_audit_reader_line, told);
NO_TENANT(drmgmt_audit_reader_new, memory);
NO_TENANT(drmgmt_audit_report_json, told);

TENANT_CALL(drmgmt_audit_tenants, DRMGMT_PERM_PLATFORM_AUDIT, OWN, 0)
{
    char ids[1][37];
    size_t count;

    return drmgmt_audit_tenants(w->session, NULL, ids, 1, &count, error);
}

static inline int verify(struct way *w, const char *tenant, drmgmt_error **error)
{
    drmgmt_audit_report report;
    size_t length = 0;
    int rc = drmgmt_audit_verify(w->session, tenant, NULL, NULL, NULL, &report, error);

    if (!rc)
        cr_assert_eq(drmgmt_audit_report_json(&report, &w->said, &length), 0);
    return rc;
}

TENANT_CALL(drmgmt_audit_verify, DRMGMT_PERM_AUDIT_READ, OWN, 0)
{
    return verify(w, NULL, error);
}

TENANT_CALL(a_tenants_audit_verify, DRMGMT_PERM_PLATFORM_AUDIT, NAMES, 0)
{
    return verify(w, w->of->managed_tenant, error);
}

#endif
