/* Log in, refresh, log out, whoami. Called by dispatch.c; calls the library's session functions. */
#include "json.h"
#include "routes.h"
#include <string.h>

/* RFC 6749, section 5.1. */
void drmd_reply_tokens_with(drmd_request *r, drmgmt_tokens *tokens, const char *extra)
{
    drmd_buffer *b = &r->worker->text;
    drmd_buffer_reset(b, 64 * 1024);
    drmd_buffer_puts(b, "{");
    drmd_buffer_member(b, "access_token", tokens->access_token);
    drmd_buffer_member(b, "token_type", "bearer");
    drmd_buffer_printf(b, ",\"expires_in\":%lld", (long long)tokens->expires_in);
    drmd_buffer_member(b, "refresh_token", tokens->refresh_token);
    drmd_buffer_printf(b, ",\"refresh_expires_in\":%lld}", (long long)tokens->refresh_expires_in);
    drmgmt_tokens_free(tokens);
    if (b->failed)
        drmd_reply_problem(r, 503, NULL, "Out of memory.");
    else
        drmd_reply_with(r, r->route->status, drmd_json, extra, b->data, b->length);
    drmd_buffer_wipe(&r->worker->out);
    drmd_buffer_wipe(b);
}

void drmd_reply_tokens(drmd_request *r, drmgmt_tokens *tokens)
{
    drmd_reply_tokens_with(r, tokens, NULL);
}

/* A log-in that failed stands in the log, without saying which account. */
void drmd_reply_no_tokens(drmd_request *r, drmgmt_error *error)
{
    if (drmgmt_error_status(error) == DRMGMT_ERR_UNAUTHENTICATED)
        drmd_log(DRMGMT_LOG_INFO, "log-in failed", "request_id", r->request_id, "address", r->client, NULL);
    drmd_reply_error(r, error);
}

void drmd_auth_login(drmd_request *r)
{
    drmd_string_field fields[] = {
        { "email", true, NULL }, { "password", true, NULL }, { "tenant", false, NULL }, { "second_factor", false, NULL }
    };
    drmgmt_origin origin = drmd_origin(r);
    drmd_strings *strings = drmd_strings_read(r, fields, DRMD_COUNT(fields));
    if (!strings)
        return;
    drmgmt_tokens *tokens = NULL;
    drmgmt_error *error = NULL;
    drmgmt_login_request request = { .email = fields[0].value,
                                     .password = fields[1].value,
                                     .tenant = fields[2].value,
                                     .second_factor = fields[3].value };
    int failed = drmgmt_login(r->server->context, &request, &origin, &tokens, &error);
    drmd_strings_free(strings);
    if (failed)
        drmd_reply_no_tokens(r, error);
    else
        drmd_reply_tokens(r, tokens);
}

void drmd_auth_refresh(drmd_request *r)
{
    drmd_string_field fields[] = { { "refresh_token", true, NULL } };
    drmd_strings *strings = drmd_strings_read(r, fields, DRMD_COUNT(fields));
    if (!strings)
        return;
    drmgmt_tokens *tokens = NULL;
    drmgmt_error *error = NULL;
    drmgmt_origin origin = drmd_origin(r);
    int failed = drmgmt_refresh(r->server->context, fields[0].value, &origin, &tokens, &error);
    drmd_strings_free(strings);
    if (failed)
        drmd_reply_no_tokens(r, error);
    else
        drmd_reply_tokens(r, tokens);
}

void drmd_auth_logout(drmd_request *r)
{
    drmd_string_field fields[] = { { "refresh_token", true, NULL } };
    drmd_strings *strings = drmd_strings_read(r, fields, DRMD_COUNT(fields));
    if (!strings)
        return;
    drmgmt_error *error = NULL;
    drmgmt_origin origin = drmd_origin(r);
    int failed = drmgmt_logout(r->server->context, fields[0].value, &origin, &error);
    drmd_strings_free(strings);
    if (failed)
        drmd_reply_error(r, error);
    else
        drmd_reply(r, 204, NULL, NULL, 0);
}

void drmd_auth_logout_everywhere(drmd_request *r)
{
    int64_t ended = 0;
    drmgmt_error *error = NULL;
    if (drmgmt_logout_everywhere(r->session, &ended, &error))
        drmd_reply_error(r, error);
    else
        drmd_reply(r, 204, NULL, NULL, 0);
}

void drmd_permission_table(drmd_request *r)
{
    char *json = NULL;
    drmgmt_error *error = NULL;
    /* The table is the same for all; but who asks is to be somebody whose log-in is good. */
    if (drmgmt_session_require(r->session, DRMGMT_PERM_NONE, &error) || drmgmt_permission_table(&json, &error))
        drmd_reply_error(r, error);
    else
        drmd_reply_json(r, 200, json, strlen(json));
}

void drmd_auth_whoami(drmd_request *r)
{
    drmd_reply_json_of(r, drmgmt_session_whoami);
}
