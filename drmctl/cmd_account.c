/* drmctl password, switch, invitation: one's own account. Called through the table; keeps the new log-in in the session
 * file. */
#include "writer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int get_secret(const ctl *c, const char *option, const char *prompt, char **secret)
{
    const char *file = ctl_value(c, option);

    if (file)
        return ctl_read_secret(file, "password", secret);
    return ctl_can_ask() ? ctl_ask_secret(prompt, secret)
                         : ctl_usage(c, "there is no terminal to ask on: --%s FILE, or - for standard input", option);
}

/* Keeps a new log-in where the one before was kept. Takes the tokens. */
static int keep(const ctl *c, drmgmt_tokens *tokens, const char *said)
{
    ctl_login login = { 0 };
    char *path = NULL;
    int code = ctl_session_path(c, &path);

    ctl_login_take(&login, tokens);
    if (!code)
        code = ctl_login_keep(path, &login);
    if (!code)
        puts(said);
    ctl_login_clear(&login);
    free(path);
    return code;
}

int ctl_cmd_password(ctl *c)
{
    char *old_password = NULL, *new_password = NULL;
    drmgmt_tokens *tokens = NULL;
    drmgmt_error *error = NULL;
    const char *from = ctl_value(c, "old-password-file"), *to = ctl_value(c, "new-password-file");
    int code = from && to && strcmp(from, "-") == 0 && strcmp(to, "-") == 0
                   ? ctl_usage(c, "only one of the two can come from standard input")
                   : ctl_open(c);

    if (!code)
        code = get_secret(c, "old-password-file", "Old password", &old_password);
    if (!code)
        code = get_secret(c, "new-password-file", "New password", &new_password);
    if (!code && drmgmt_password_change(c->session, old_password, new_password, &tokens, &error))
        code = ctl_fail(error);
    ctl_free_secret(old_password);
    ctl_free_secret(new_password);
    return code ? code : keep(c, tokens, "The password is changed. All other log-ins have ended.");
}

/* ---- invitations ---- */

int ctl_cmd_invitation_accept(ctl *c)
{
    char *token = NULL, *password = NULL;
    drmgmt_tokens *tokens = NULL;
    drmgmt_error *error = NULL;
    int code = ctl_read_secret(c->args[0], "invitation", &token);

    if (!code)
        code = get_secret(c, "password-file", "New password", &password);
    if (!code)
        code = ctl_connect(c);
    if (!code && drmgmt_invitation_accept(c->context, token, password, &ctl_origin, &tokens, &error))
        code = ctl_fail_hint(error, "the invitation is read from a file, or from standard input by -");
    ctl_free_secret(token);
    ctl_free_secret(password);
    return code ? code : keep(c, tokens, "The password is set. Logged in.");
}

static int show_tenants(ctl *c)
{
    static const ctl_column columns[] = { { "tenant", CTL_TEXT },
                                          { "tenant_id", CTL_TEXT },
                                          { "current", CTL_LITERAL } };
    char *json = NULL;
    drmgmt_error *error = NULL;
    ctl_writer w;

    if (drmgmt_session_tenants(c->session, &json, &error))
        return ctl_fail(error);
    json_t *object = json_loads(json, 0, NULL), *tenant;
    size_t i;
    int code = 0;
    ctl_rows_begin(c, &w, columns, CTL_COUNT(columns));
    json_array_foreach(json_object_get(object, "tenants"), i, tenant)
    {
        const char *cells[] = { json_string_value(json_object_get(tenant, "tenant")),
                                json_string_value(json_object_get(tenant, "tenant_id")),
                                json_is_true(json_object_get(tenant, "current")) ? "true" : "false" };
        if (!code)
            code = ctl_rows_add(&w, cells);
    }
    json_decref(object);
    drmgmt_free(json);
    return code ? code : ctl_rows_end(&w);
}

int ctl_cmd_invitation_link(ctl *c)
{
    char *token = NULL;
    drmgmt_error *error = NULL;
    int code = ctl_read_secret(c->args[0], "invitation", &token);

    if (!code)
        code = ctl_open(c);
    if (!code && drmgmt_invitation_link(c->session, token, &error))
        code = ctl_fail(error);
    ctl_free_secret(token);
    return code ? code : show_tenants(c);
}

/* ---- another tenant ---- */

/* Asks for the second factor once the answer is that there is one; unless a code was given already. */
static int try_switch(ctl *c, const ctl_login *login, drmgmt_tokens **tokens, drmgmt_error **error)
{
    drmgmt_switch_request request = { .refresh_token = login->refresh_token,
                                      .tenant = c->args[0],
                                      .second_factor = ctl_value(c, "second-factor") };
    char *code = NULL;
    int rc = drmgmt_switch(c->context, &request, &ctl_origin, tokens, error);

    if (rc != DRMGMT_ERR_SECOND_FACTOR || request.second_factor || !ctl_can_ask() ||
        ctl_ask_secret("Code of your authenticator, or a recovery code", &code))
        return rc;
    drmgmt_error_free(*error);
    *error = NULL;
    request.second_factor = code;
    rc = drmgmt_switch(c->context, &request, &ctl_origin, tokens, error);
    ctl_free_secret(code);
    return rc;
}

/* Under the lock: the token is good for one use. */
static int go_over(ctl *c, const char *path, ctl_login *login)
{
    drmgmt_tokens *tokens = NULL;
    drmgmt_error *error = NULL;
    bool found = false;
    int code = ctl_session_load(path, login, &found);

    if (code)
        return code;
    if (!found || !login->refresh_token)
        return ctl_complain(DRMGMT_ERR_UNAUTHENTICATED, "a log-in by password is needed (drmctl login)");
    ctl_hold_signals(true);
    if (try_switch(c, login, &tokens, &error)) {
        code = drmgmt_error_status(error) == DRMGMT_ERR_SECOND_FACTOR
                   ? ctl_fail_hint(error, "drmctl switch TENANT --second-factor CODE")
                   : ctl_fail(error);
    } else {
        ctl_login_take(login, tokens);
        code = ctl_session_save(path, login);
    }
    ctl_hold_signals(false);
    return code;
}

int ctl_cmd_switch(ctl *c)
{
    ctl_login login = { 0 };
    char *path = NULL;
    int lock = -1, code;

    if (c->n_args == 0) {
        code = ctl_open(c);
        return code ? code : show_tenants(c);
    }
    code = ctl_session_path(c, &path);
    if (!code)
        code = ctl_connect(c);
    if (!code)
        code = ctl_session_lock(path, &lock);
    if (!code)
        code = go_over(c, path, &login);
    if (lock >= 0)
        close(lock);
    if (!code)
        printf("Switched to %s.\n", c->args[0]);
    ctl_login_clear(&login);
    free(path);
    return code;
}
