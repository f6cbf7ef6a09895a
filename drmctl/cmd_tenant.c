/* drmctl tenant: the platform's administrators manage tenants. Called through the table. */
#include "draft.h"
#include "writer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int ctl_cmd_tenant_list(ctl *c)
{
    return ctl_list(c, drmgmt_tenant_list);
}

int ctl_cmd_tenant_show(ctl *c)
{
    return ctl_show_one(c, drmgmt_tenant_get);
}

int ctl_cmd_tenant_create(ctl *c)
{
    char *password = NULL;
    drmgmt_record *tenant = NULL;
    drmgmt_error *error = NULL;
    int code = ctl_has(c, "email") ? 0 : ctl_usage(c, "--email: the administrator's address is missing");

    if (!code)
        code = ctl_get_password(c, &password);
    if (!code)
        code = ctl_open(c);
    if (!code && drmgmt_tenant_create(c->session, c->args[0], ctl_value(c, "email"), password, &tenant, &error))
        code = ctl_fail(error);
    ctl_free_secret(password);
    return code ? code : ctl_show(c, tenant);
}

/* By name or id, as a person knows it. */
static int find(ctl *c, const char *name_or_id, drmgmt_record **tenant)
{
    drmgmt_error *error = NULL;

    return drmgmt_tenant_get(c->session, name_or_id, tenant, &error) ? ctl_fail(error) : 0;
}

typedef int fill_fn(const ctl *c, drmgmt_draft *draft, const char *value, drmgmt_error **error);

static int change(ctl *c, fill_fn *fill, const char *value)
{
    drmgmt_record *tenant = NULL, *after = NULL;
    drmgmt_draft *draft = NULL;
    drmgmt_error *error = NULL;
    long long version = 0;
    int code = ctl_number(c, "if-version", 1, INT64_MAX, &version);

    if (!code)
        code = ctl_open(c);
    if (!code)
        code = find(c, c->args[0], &tenant);
    if (!code && ((!(draft = drmgmt_draft_new(drmgmt_entity_find("tenant"))) &&
                   (code = ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory"))) ||
                  fill(c, draft, value, &error) ||
                  drmgmt_tenant_update(c->session, drmgmt_record_id(tenant), version, draft, &after, &error)))
        code = code ? code : ctl_fail(error);
    drmgmt_draft_free(draft);
    drmgmt_record_free(tenant);
    return code ? code : ctl_show(c, after);
}

static int set_name(const ctl *c, drmgmt_draft *draft, const char *value, drmgmt_error **error)
{
    (void)c;
    return drmgmt_draft_set(draft, "name", value, error);
}

static int set_status(const ctl *c, drmgmt_draft *draft, const char *value, drmgmt_error **error)
{
    (void)c;
    return drmgmt_draft_set(draft, "status", value, error);
}

static int set_quotas(const ctl *c, drmgmt_draft *draft, const char *value, drmgmt_error **error)
{
    static const char *const quotas[][2] = { { "devices", "max_devices" },
                                             { "queued-jobs", "max_queued" },
                                             { "running-jobs", "max_running" },
                                             { "api-requests", "max_requests" } };
    int rc = 0;

    (void)value;
    for (size_t i = 0; !rc && i < CTL_COUNT(quotas); i++) {
        const char *given = ctl_value(c, quotas[i][0]);
        if (given)
            rc = drmgmt_draft_set(draft, quotas[i][1], strcmp(given, "none") == 0 ? NULL : given, error);
    }
    return rc;
}

int ctl_cmd_tenant_rename(ctl *c)
{
    return change(c, set_name, c->args[1]);
}

static int set_class(const ctl *c, drmgmt_draft *draft, const char *value, drmgmt_error **error)
{
    (void)c;
    return drmgmt_draft_set(draft, "class", value, error);
}

int ctl_cmd_tenant_class(ctl *c)
{
    return change(c, set_class, c->args[1]);
}

int ctl_cmd_tenant_suspend(ctl *c)
{
    return change(c, set_status, "suspended");
}

int ctl_cmd_tenant_resume(ctl *c)
{
    return change(c, set_status, "active");
}

int ctl_cmd_tenant_quota(ctl *c)
{
    if (!ctl_has(c, "devices") && !ctl_has(c, "queued-jobs") && !ctl_has(c, "running-jobs") &&
        !ctl_has(c, "api-requests"))
        return ctl_usage(c, "there is nothing to change");
    return change(c, set_quotas, NULL);
}

/* Until it is gone, with a line now and then of how far that is. */
static int watch(ctl *c, const char *id)
{
    enum { EVERY_MS = 500 };
    char said[24] = "";

    for (;;) {
        drmgmt_record *tenant = NULL;
        drmgmt_error *error = NULL;
        int rc = drmgmt_tenant_get(c->session, id, &tenant, &error);
        if (rc == DRMGMT_ERR_NOT_FOUND) {
            drmgmt_error_free(error);
            return 0;
        }
        if (rc)
            return ctl_fail(error);
        const char *purged = drmgmt_record_text(tenant, "purged");
        if (purged && strcmp(purged, said) != 0) {
            snprintf(said, sizeof said, "%s", purged);
            ctl_note("%s rows removed", said);
        }
        drmgmt_record_free(tenant);
        nanosleep(&(struct timespec){ .tv_nsec = EVERY_MS * 1000000L }, NULL);
    }
}

static int delete_tenant(ctl *c, const char *name_or_id, int64_t version)
{
    drmgmt_record *tenant = NULL;
    drmgmt_error *error = NULL;
    int code = find(c, name_or_id, &tenant);

    if (code)
        return code;
    if (drmgmt_tenant_delete(c->session, drmgmt_record_id(tenant), version, &error))
        code = ctl_fail(error);
    else if (ctl_has(c, "wait"))
        code = watch(c, drmgmt_record_id(tenant));
    drmgmt_record_free(tenant);
    return code;
}

int ctl_cmd_tenant_delete(ctl *c)
{
    return ctl_delete_each(c, "tenant", "Delete", "deleted", delete_tenant);
}
