/* Opens the session a command works in: an API key, or the log-in that is kept, refreshed when it is about to expire.
 * Called by handlers. */
#include "drmctl.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { EARLY = 60 /* s: a command that starts now shall not end unauthenticated */ };

const drmgmt_origin ctl_origin = { .request_id = NULL, .address = "drmctl" };

static int open_api_key(ctl *c, const char *key)
{
    drmgmt_error *error = NULL;

    return drmgmt_session_open_api_key(c->context, key, &ctl_origin, &c->session, &error) ? ctl_fail(error) : 0;
}

static bool is_stale(const ctl_login *login)
{
    return login->expires_at - EARLY <= (long long)time(NULL);
}

/* A refresh token is good for one use. So only one drmctl at a time refreshes, looks again at what another has stored
 * meanwhile, and is not to be interrupted between using the token and keeping its successor. */
static int exchange(ctl *c, const char *path, ctl_login *login)
{
    drmgmt_tokens *tokens = NULL;
    drmgmt_error *error = NULL;
    ctl_login stored;
    bool found;
    int code = ctl_session_load(path, &stored, &found);

    if (code)
        return code;
    if (found && stored.access_token && strcmp(stored.access_token, login->access_token) != 0) {
        ctl_login_clear(login);
        *login = stored;
        return 0;
    }
    ctl_login_clear(&stored);
    if (!drmgmt_refresh(c->context, login->refresh_token, &ctl_origin, &tokens, &error)) {
        ctl_login_take(login, tokens);
        return ctl_session_save(path, login);
    }
    if (drmgmt_error_status(error) != DRMGMT_ERR_UNAUTHENTICATED)
        return ctl_fail(error);
    drmgmt_error_free(error);
    return ctl_complain(DRMGMT_ERR_UNAUTHENTICATED,
                        "the log-in has expired or was revoked (log in again: drmctl login)");
}

static int refresh(ctl *c, const char *path, ctl_login *login)
{
    int lock = -1, code = ctl_session_lock(path, &lock);

    if (code)
        return code;
    ctl_hold_signals(true);
    code = exchange(c, path, login);
    ctl_hold_signals(false);
    close(lock);
    return code;
}

static int open_login(ctl *c, const char *path, ctl_login *login)
{
    drmgmt_error *error = NULL;
    bool refreshed = is_stale(login);
    int code = refreshed ? refresh(c, path, login) : 0;

    if (code)
        return code;
    if (!drmgmt_session_open_token(c->context, login->access_token, &ctl_origin, &c->session, &error))
        return 0;
    /* A clock that was set, or a token key that was changed: the refresh token may still be good. */
    if (refreshed || drmgmt_error_status(error) != DRMGMT_ERR_UNAUTHENTICATED)
        return ctl_fail(error);
    drmgmt_error_free(error);
    code = refresh(c, path, login);
    if (code)
        return code;
    return drmgmt_session_open_token(c->context, login->access_token, &ctl_origin, &c->session, &error)
               ? ctl_fail(error)
               : 0;
}

static int open_kept(ctl *c)
{
    char *path = NULL;
    const char *keyring;
    ctl_login login = { 0 };
    bool found = false;
    int code = ctl_session_path(c, &path);

    if (!code)
        code = ctl_session_load(path, &login, &found);
    if (!code && !found)
        code = ctl_complain(DRMGMT_ERR_UNAUTHENTICATED,
                            "not logged in (drmctl login, or give an API key with --api-key-file or DRM_API_KEY)");
    else if (!code && login.api_key)
        code = open_api_key(c, login.api_key);
    else if (!code)
        code = ctl_keyring(c, "a log-in by password", &keyring);
    if (!code && !c->session)
        code = open_login(c, path, &login);
    free(path);
    ctl_login_clear(&login);
    return code;
}

/* Flags win over the environment; a key wins over a log-in that is kept. */
int ctl_open(ctl *c)
{
    int code = ctl_connect(c);
    const char *environment = getenv("DRM_API_KEY");
    char *key = NULL;

    if (code || c->session)
        return code;
    if (ctl_has(c, "api-key-file")) {
        code = ctl_read_secret(ctl_value(c, "api-key-file"), "API key", &key);
        if (!code)
            code = open_api_key(c, key);
        ctl_free_secret(key);
    } else if (environment && *environment && !ctl_has(c, "session-file")) {
        code = open_api_key(c, environment);
    } else {
        code = open_kept(c);
    }
    return code;
}
