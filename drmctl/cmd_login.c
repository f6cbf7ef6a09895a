/* drmctl login, logout, whoami. Called through the table; keeps what login gets in the session file. */
#include "writer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Stores it only once it has opened a session: a wrong key is told now, not at the next command. */
static int login_by_key(ctl *c, const char *file, ctl_login *login)
{
    drmgmt_error *error = NULL;
    int code = ctl_read_secret(file, "API key", &login->api_key);

    if (!code && drmgmt_session_open_api_key(c->context, login->api_key, &ctl_origin, &c->session, &error))
        code = ctl_fail(error);
    return code;
}

/* Asks for the second factor once the answer is that there is one; unless a code was given already. */
static int try_login(ctl *c, const char *password, drmgmt_tokens **tokens, drmgmt_error **error)
{
    drmgmt_login_request request = { .email = ctl_value(c, "email"),
                                     .password = password,
                                     .tenant = ctl_value(c, "tenant"),
                                     .second_factor = ctl_value(c, "second-factor") };
    char *code = NULL;
    int rc = drmgmt_login(c->context, &request, &ctl_origin, tokens, error);

    if (rc != DRMGMT_ERR_SECOND_FACTOR || request.second_factor || !ctl_can_ask() ||
        ctl_ask_secret("Code of your authenticator, or a recovery code", &code))
        return rc;
    drmgmt_error_free(*error);
    *error = NULL;
    request.second_factor = code;
    rc = drmgmt_login(c->context, &request, &ctl_origin, tokens, error);
    ctl_free_secret(code);
    return rc;
}

static int login_by_password(ctl *c, ctl_login *login)
{
    char *password = NULL;
    drmgmt_tokens *tokens = NULL;
    drmgmt_error *error = NULL;
    int code = ctl_get_password(c, &password);

    if (code)
        return code;
    int rc = try_login(c, password, &tokens, &error);
    ctl_free_secret(password);
    if (!rc) {
        ctl_login_take(login, tokens);
        return 0;
    }
    if (rc == DRMGMT_ERR_SECOND_FACTOR)
        return ctl_fail_hint(error, "drmctl login --second-factor CODE");
    if (rc != DRMGMT_ERR_UNAUTHENTICATED)
        return ctl_fail(error);
    code = ctl_complain(DRMGMT_ERR_UNAUTHENTICATED, "%s", drmgmt_error_message(error)); /* "log in" is no advice here */
    drmgmt_error_free(error);
    return code;
}

static int check_oidc(const ctl *c)
{
    static const char *const others[] = { "email", "password-file", "second-factor", "api-key-file" };

    for (size_t i = 0; i < CTL_COUNT(others); i++)
        if (ctl_has(c, others[i]))
            return ctl_usage(c, "--oidc stands for a password: no --%s with it", others[i]);
    if (!ctl_has(c, "tenant"))
        return ctl_usage(c, "--tenant NAME is missing: whose provider is it?");
    if (!ctl_value(c, "keyring"))
        return ctl_usage(c, "a log-in by OpenID Connect is checked on this host and needs its keyring: give --keyring "
                            "or set DRM_KEYRING");
    return 0;
}

static int check_login(const ctl *c, const char *key_file)
{
    if (ctl_has(c, "oidc"))
        return check_oidc(c);
    if (ctl_has(c, "no-browser"))
        return ctl_usage(c, "--no-browser goes with --oidc");
    if (key_file &&
        (ctl_has(c, "email") || ctl_has(c, "password-file") || ctl_has(c, "tenant") || ctl_has(c, "second-factor")))
        return ctl_usage(c, "--api-key-file stands for a log-in: no --email, --password-file, --tenant or "
                            "--second-factor with it");
    if (key_file)
        return 0;
    if (!ctl_has(c, "email"))
        return ctl_usage(c, "--email ADDRESS is missing, or --oidc PROVIDER, or --api-key-file FILE");
    if (!ctl_value(c, "keyring"))
        return ctl_usage(c, "a log-in by password is checked on this host and needs its keyring: give --keyring or set "
                            "DRM_KEYRING; where there is none, use an API key: drmctl login --api-key-file FILE");
    return 0;
}

int ctl_login_keep(const char *path, const ctl_login *login)
{
    int lock = -1, code = ctl_session_lock(path, &lock);

    if (code)
        return code;
    code = ctl_session_save(path, login);
    close(lock);
    return code;
}

int ctl_cmd_login(ctl *c)
{
    const char *key_file = ctl_value(c, "api-key-file");
    char *path = NULL;
    ctl_login login = { 0 };
    int code = check_login(c, key_file);

    if (!code)
        code = ctl_session_path(c, &path);
    if (!code)
        code = ctl_connect(c);
    if (!code)
        code = ctl_has(c, "oidc") ? ctl_login_by_oidc(c, &login)
               : key_file         ? login_by_key(c, key_file, &login)
                                  : login_by_password(c, &login);
    if (!code)
        code = ctl_login_keep(path, &login);
    if (!code)
        printf("Logged in; kept in %s.\n", path);
    ctl_login_clear(&login);
    free(path);
    return code;
}

static int end_login(ctl *c, const ctl_login *login)
{
    drmgmt_error *error = NULL;
    int code = ctl_connect(c);

    if (!code && drmgmt_logout(c->context, login->refresh_token, &ctl_origin, &error))
        code = ctl_fail(error);
    if (code)
        ctl_note("the log-in was forgotten here but not revoked: it ends by itself when it expires");
    return code;
}

/* Under the lock: a drmctl that refreshes just now must not bring the file back. */
static int forget(const char *path, ctl_login *login, bool *found)
{
    int lock = -1, code = ctl_session_load(path, login, found);

    if (code || !*found)
        return code;
    ctl_login_clear(login);
    code = ctl_session_lock(path, &lock);
    if (code)
        return code;
    code = ctl_session_load(path, login, found);
    if (!code && *found)
        code = ctl_session_remove(path);
    close(lock);
    return code;
}

/* All of them: the one that is kept ends with the others. */
static int end_everywhere(ctl *c)
{
    drmgmt_error *error = NULL;
    int64_t ended = 0;
    int code = ctl_open(c);

    if (!code && drmgmt_logout_everywhere(c->session, &ended, &error))
        code = ctl_fail(error);
    return code;
}

int ctl_cmd_logout(ctl *c)
{
    char *path = NULL;
    ctl_login login = { 0 };
    bool found = false;
    int code = ctl_has(c, "everywhere") ? end_everywhere(c) : 0;

    if (!code)
        code = ctl_session_path(c, &path);
    if (!code)
        code = forget(path, &login, &found);
    if (!code && !found)
        puts("Not logged in.");
    else if (!code && login.api_key)
        puts("Logged out. The API key itself stays valid: drmctl api-key revoke ends it.");
    else if (!code && !(code = end_login(c, &login)))
        puts("Logged out.");
    ctl_login_clear(&login);
    free(path);
    return code;
}

int ctl_cmd_whoami(ctl *c)
{
    static const char *const names[] = { "email", "role", "tenant", "tenant_id", "user_id", "auth" };
    ctl_column columns[CTL_COUNT(names)];
    const char *cells[CTL_COUNT(names)];
    char *json = NULL;
    drmgmt_error *error = NULL;
    int code = ctl_open(c);

    if (code)
        return code;
    if (drmgmt_session_whoami(c->session, &json, &error))
        return ctl_fail(error);
    json_t *object = json_loads(json, 0, NULL);
    for (size_t i = 0; i < CTL_COUNT(names); i++) {
        columns[i] = (ctl_column){ names[i], CTL_TEXT };
        cells[i] = json_string_value(json_object_get(object, names[i]));
    }
    ctl_writer w = { .ops = ctl_writer_of(c), .columns = columns, .n_columns = CTL_COUNT(names) };
    w.ops->one(&w, cells, json);
    json_decref(object);
    drmgmt_free(json);
    return ctl_output_check();
}
