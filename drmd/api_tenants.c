/* Tenants over REST, for the platform's administrators; and registration. Called by dispatch.c. */
#include "json.h"
#include "routes.h"
#include <drm/tenant.h>

const drmd_noun drmd_noun_tenant = {
    .entity = "tenant",
    .path = "/api/v1/tenants",
    .version_field = "version",
    .get = drmgmt_tenant_get,
    .update = drmgmt_tenant_update,
    .list = drmgmt_tenant_list,
};

void drmd_tenant_create(drmd_request *r)
{
    drmd_string_field fields[] = { { "name", true, NULL }, { "email", true, NULL }, { "password", true, NULL } };
    drmd_strings *strings = drmd_strings_read(r, fields, DRMD_COUNT(fields));
    if (!strings)
        return;
    drmgmt_record *tenant = NULL;
    drmgmt_error *error = NULL;
    int failed = drmgmt_tenant_create(r->session, fields[0].value, fields[1].value, fields[2].value, &tenant, &error);
    drmd_strings_free(strings);
    if (failed)
        drmd_reply_error(r, error);
    else
        drmd_reply_created(r, tenant);
}

/* 202: the tenant is shut and its keys are gone, its rows are not yet. */
void drmd_tenant_delete(drmd_request *r)
{
    int64_t version;
    drmgmt_record *tenant = NULL;
    drmgmt_error *error = NULL;
    if (!drmd_if_match(r, r->params[0], &version))
        return;
    if (drmgmt_tenant_delete(r->session, r->params[0], version, &error) ||
        drmgmt_tenant_get(r->session, r->params[0], &tenant, &error))
        drmd_reply_error(r, error);
    else
        drmd_reply_record(r, r->route->status, tenant);
}

void drmd_auth_register(drmd_request *r)
{
    drmd_string_field fields[] = { { "tenant", true, NULL }, { "email", true, NULL }, { "password", true, NULL } };
    if (!r->server->config.allow_registration) {
        drmd_reply_problem(r, 403, NULL, "Registration is switched off here: ask the operator for a tenant.");
        return;
    }
    drmd_strings *strings = drmd_strings_read(r, fields, DRMD_COUNT(fields));
    if (!strings)
        return;
    drmgmt_origin origin = drmd_origin(r);
    drmgmt_tokens *tokens = NULL;
    drmgmt_error *error = NULL;
    int failed = drmgmt_register(r->server->context, fields[0].value, fields[1].value, fields[2].value, &origin,
                                 &tokens, &error);
    drmd_strings_free(strings);
    if (failed)
        drmd_reply_error(r, error);
    else
        drmd_reply_tokens(r, tokens);
}
