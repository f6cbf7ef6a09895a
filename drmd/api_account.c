/* One's own account over REST: password, invitations, switching between tenants. Called by dispatch.c; calls the
 * library's functions of the same names. */
#include "json.h"
#include "routes.h"
#include <string.h>

void drmd_account_password(drmd_request *r)
{
    drmd_string_field fields[] = { { "old_password", true, NULL }, { "new_password", true, NULL } };
    drmd_strings *strings = drmd_strings_read(r, fields, DRMD_COUNT(fields));
    if (!strings)
        return;
    drmgmt_tokens *tokens = NULL;
    drmgmt_error *error = NULL;
    int failed = drmgmt_password_change(r->session, fields[0].value, fields[1].value, &tokens, &error);
    drmd_strings_free(strings);
    if (failed)
        drmd_reply_error(r, error);
    else
        drmd_reply_tokens(r, tokens);
}

void drmd_account_accept(drmd_request *r)
{
    drmd_string_field fields[] = { { "token", true, NULL }, { "password", true, NULL } };
    drmd_strings *strings = drmd_strings_read(r, fields, DRMD_COUNT(fields));
    if (!strings)
        return;
    drmgmt_tokens *tokens = NULL;
    drmgmt_error *error = NULL;
    drmgmt_origin origin = drmd_origin(r);
    int failed =
        drmgmt_invitation_accept(r->server->context, fields[0].value, fields[1].value, &origin, &tokens, &error);
    drmd_strings_free(strings);
    if (failed)
        drmd_reply_no_tokens(r, error);
    else
        drmd_reply_tokens(r, tokens);
}

void drmd_account_tenants(drmd_request *r)
{
    drmd_reply_json_of(r, drmgmt_session_tenants);
}

void drmd_account_link(drmd_request *r)
{
    drmd_string_field fields[] = { { "token", true, NULL } };
    drmd_strings *strings = drmd_strings_read(r, fields, DRMD_COUNT(fields));
    if (!strings)
        return;
    drmgmt_error *error = NULL;
    int failed = drmgmt_invitation_link(r->session, fields[0].value, &error);
    drmd_strings_free(strings);
    if (failed)
        drmd_reply_error(r, error);
    else
        drmd_account_tenants(r);
}

void drmd_account_switch(drmd_request *r)
{
    drmd_string_field fields[] = { { "tenant", true, NULL },
                                   { "refresh_token", true, NULL },
                                   { "second_factor", false, NULL } };
    drmd_strings *strings = drmd_strings_read(r, fields, DRMD_COUNT(fields));
    if (!strings)
        return;
    drmgmt_tokens *tokens = NULL;
    drmgmt_error *error = NULL;
    drmgmt_origin origin = drmd_origin(r);
    drmgmt_switch_request request = { .tenant = fields[0].value,
                                      .refresh_token = fields[1].value,
                                      .second_factor = fields[2].value };
    int failed = drmgmt_switch(r->server->context, &request, &origin, &tokens, &error);
    drmd_strings_free(strings);
    if (failed)
        drmd_reply_no_tokens(r, error);
    else
        drmd_reply_tokens(r, tokens);
}
