/* drmctl tenant settings: what holds for all users of the tenant. Called through the table. */
#include "writer.h"
#include <drm/tenant_settings.h>

static const char *const options[][2] = {
    { "require-second-factor", "require_second_factor" },
    { "keep-results-days", "keep_results_days" },
    { "keep-events-days", "keep_events_days" },
};

static bool changes(const ctl *c)
{
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (ctl_has(c, options[i][0]))
            return true;
    return false;
}

static int change(ctl *c, drmgmt_record **settings)
{
    drmgmt_draft *draft = drmgmt_draft_new(drmgmt_entity_find("tenant_settings"));
    drmgmt_error *error = NULL;

    if (!draft)
        return ctl_complain(DRMGMT_ERR_NO_MEMORY, "out of memory");
    int failed = 0;
    for (size_t i = 0; !failed && i < sizeof options / sizeof options[0]; i++)
        if (ctl_has(c, options[i][0]))
            failed = drmgmt_draft_set(draft, options[i][1], ctl_value(c, options[i][0]), &error);
    if (!failed)
        failed = drmgmt_tenant_settings_update(c->session, draft, settings, &error);
    drmgmt_draft_free(draft);
    return failed ? ctl_fail(error) : 0;
}

int ctl_cmd_tenant_settings(ctl *c)
{
    drmgmt_record *settings = NULL;
    drmgmt_error *error = NULL;
    int code = ctl_open(c);

    if (!code && changes(c))
        code = change(c, &settings);
    else if (!code && drmgmt_tenant_settings_get(c->session, &settings, &error))
        code = ctl_fail(error);
    return code ? code : ctl_show(c, settings);
}
