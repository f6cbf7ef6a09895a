/* drmctl tenant settings: what holds for all users of the tenant. Called through the table. */
#include "writer.h"
#include <drm/tenant_settings.h>

static int change(ctl *c, const char *require, drmgmt_record **settings)
{
    drmgmt_draft *draft = drmgmt_draft_new(drmgmt_entity_find("tenant_settings"));
    drmgmt_error *error = NULL;

    if (!draft)
        return ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    int failed = drmgmt_draft_set(draft, "require_second_factor", require, &error);
    if (!failed)
        failed = drmgmt_tenant_settings_update(c->session, draft, settings, &error);
    drmgmt_draft_free(draft);
    return failed ? ctl_fail(error) : 0;
}

int ctl_cmd_tenant_settings(ctl *c)
{
    drmgmt_record *settings = NULL;
    drmgmt_error *error = NULL;
    const char *require = ctl_value(c, "require-second-factor");
    int code = ctl_open(c);

    if (!code && require)
        code = change(c, require, &settings);
    else if (!code && drmgmt_tenant_settings_get(c->session, &settings, &error))
        code = ctl_fail(error);
    return code ? code : ctl_show(c, settings);
}
