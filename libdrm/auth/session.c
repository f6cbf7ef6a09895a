/* Sessions: who acts. Called by programs (public calls) and by login.c; the database checks each on every transaction,
 * so that opening one from a token needs no round trip. */
#include "auth/auth_internal.h"
#include "auth/permission.h"
#include "core/context_internal.h"
#include "core/strbuf.h"
#include "queries.h"
#include "store/store.h"
#include <stdio.h>
#include <string.h>

static drmgmt_session *new_session(drmgmt_context *context, drmgmt__session_kind kind)
{
    drmgmt_session *s = calloc(1, sizeof *s);

    if (s) {
        s->context = context;
        s->kind = kind;
    }
    return s;
}

int drmgmt__need_keyring(const drmgmt_context *context, drmgmt_error **error)
{
    return drmgmt__keyring_given(context)
               ? 0
               : drmgmt__fail(error, DRMGMT_ERR_CRYPTO,
                              "this needs a keyring and the context has none: give it the keyring file, or"
                              " use an API key");
}

int drmgmt__session_open_user(drmgmt_context *context, const drmgmt__identity *who, const drmgmt_origin *origin,
                              drmgmt_session **session, drmgmt_error **error)
{
    int rc = drmgmt__need_keyring(context, error);

    if (rc)
        return rc;
    drmgmt_session *s = new_session(context, DRMGMT__SESSION_USER);
    if (!s)
        return drmgmt__fail_memory(error);
    snprintf(s->tenant_id, sizeof s->tenant_id, "%s", who->tenant_id);
    snprintf(s->user_id, sizeof s->user_id, "%s", who->user_id);
    snprintf(s->family_id, sizeof s->family_id, "%s", who->family_id);
    drmgmt_session_set_origin(s, origin);
    *session = s;
    return 0;
}

int drmgmt__session_open_system(drmgmt_context *context, const char *purpose, drmgmt_session **session,
                                drmgmt_error **error)
{
    int rc = drmgmt__need_keyring(context, error);

    if (rc)
        return rc;
    drmgmt_session *s = new_session(context, DRMGMT__SESSION_SYSTEM);
    if (!s)
        return drmgmt__fail_memory(error);
    snprintf(s->user_id, sizeof s->user_id, "%s", purpose);
    *session = s;
    return 0;
}

int drmgmt_session_open_token(drmgmt_context *context, const char *access_token, const drmgmt_origin *origin,
                              drmgmt_session **session, drmgmt_error **error)
{
    drmgmt__identity who;
    int rc = drmgmt__need_keyring(context, error);

    if (!rc)
        rc = drmgmt__token_check(context, access_token, &who, error);
    return rc ? rc : drmgmt__session_open_user(context, &who, origin, session, error);
}

/* ---- API keys ---- */

static bool key_form(const char *key)
{
    enum { LENGTH = 4 + 32 + 1 + 43 };

    return key && strnlen(key, LENGTH + 1) == LENGTH && memcmp(key, "drm_", 4) == 0 &&
           strspn(key + 4, "0123456789abcdef") == 32 && key[36] == '_' &&
           strspn(key + 37, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == 43;
}

static int refuse_key(drmgmt_error **error)
{
    return drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED,
                        "the API key is unknown, expired, revoked or not to be used from this address");
}

/* Asks whose key it is; a refused one raises in sec.enter_api_key(). */
static int identify(drmgmt_session *s, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt_error *failure = NULL;
    int rc = drmgmt__run(s, DRMGMT_PERM_NONE, DRMGMT__READ, &drmgmt__q_auth_identity, NULL, &rows, &failure);

    if (rc == DRMGMT_ERR_UNAUTHENTICATED) {
        drmgmt_error_free(failure);
        return refuse_key(error);
    }
    if (rc) {
        if (error)
            *error = failure;
        else
            drmgmt_error_free(failure);
        return rc;
    }
    const char *tenant = drmgmt__rows_text(rows, 0, 0), *user = drmgmt__rows_text(rows, 0, 1);
    if (!tenant || !user)
        return refuse_key(error);
    snprintf(s->tenant_id, sizeof s->tenant_id, "%s", tenant);
    snprintf(s->user_id, sizeof s->user_id, "%s", user);
    return 0;
}

int drmgmt_session_open_api_key(drmgmt_context *context, const char *api_key, const drmgmt_origin *origin,
                                drmgmt_session **session, drmgmt_error **error)
{
    if (!key_form(api_key))
        return refuse_key(error);
    drmgmt_session *s = new_session(context, DRMGMT__SESSION_API_KEY);
    if (!s || !(s->api_key = strdup(api_key))) {
        free(s);
        return drmgmt__fail_memory(error);
    }
    drmgmt_session_set_origin(s, origin);
    int rc = identify(s, error);
    if (rc) {
        drmgmt_session_close(s);
        return rc;
    }
    *session = s;
    return 0;
}

void drmgmt_session_close(drmgmt_session *session)
{
    if (!session)
        return;
    drmgmt__free_secret(session->api_key);
    drmgmt__wipe(session, sizeof *session);
    free(session);
}

/* ---- what a session tells ---- */

const char *drmgmt_session_tenant_id(const drmgmt_session *session)
{
    return session->tenant_id;
}

const char *drmgmt_session_user_id(const drmgmt_session *session)
{
    return session->user_id;
}

drmgmt_context *drmgmt_session_context(const drmgmt_session *session)
{
    return session->context;
}

/* Both come from outside and go into audit rows: a byte that PostgreSQL would refuse must not make the change fail. */
static void keep_printable(const char *text, char out[65])
{
    size_t n = text ? strnlen(text, 64) : 0;

    for (size_t i = 0; i < n; i++)
        out[i] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
    out[n] = '\0';
}

void drmgmt_session_set_origin(drmgmt_session *session, const drmgmt_origin *origin)
{
    keep_printable(origin ? origin->request_id : NULL, session->request_id);
    keep_printable(origin ? origin->address : NULL, session->address);
}

int drmgmt_session_whoami(drmgmt_session *session, char **json, drmgmt_error **error)
{
    static const char *const names[] = { "tenant_id", "tenant", "user_id", "email", "role" };
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    DRMGMT__STRBUF b = DRMGMT__STRBUF_INIT;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char key_id[33] = "";

    if (session->kind == DRMGMT__SESSION_API_KEY)
        snprintf(key_id, sizeof key_id, "%.32s", session->api_key + 4); /* "drm_<id>_..." */
    drmgmt__param(&p, key_id[0] ? key_id : NULL);
    int rc = drmgmt__run(session, DRMGMT_PERM_NONE, DRMGMT__READ, &drmgmt__q_account_whoami, &p, &rows, error);

    if (rc)
        return rc;
    /* The user may go between sec.enter() and the statement. */
    if (drmgmt__rows_count(rows) == 0)
        return drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "not authenticated");
    drmgmt__strbuf_putc(&b, '{');
    for (size_t i = 0; i < DRMGMT__COUNT(names); i++)
        drmgmt__json_member(&b, names[i], drmgmt__rows_text(rows, 0, i));
    drmgmt__json_key(&b, "permissions");
    drmgmt__permission_names(&b, (uint64_t)drmgmt__rows_int(rows, 0, DRMGMT__COUNT(names)));
    drmgmt__json_key(&b, "scoped_permissions");
    drmgmt__permission_names(&b, (uint64_t)drmgmt__rows_int(rows, 0, DRMGMT__COUNT(names) + 1));
    drmgmt__json_member(&b, "auth", session->kind == DRMGMT__SESSION_API_KEY ? "api-key" : "token");
    drmgmt__strbuf_putc(&b, '}');
    char *text = drmgmt__strbuf_steal(&b, NULL);
    if (!text)
        return drmgmt__fail_memory(error);
    *json = text;
    return 0;
}

int drmgmt_session_require(drmgmt_session *session, drmgmt_permission permission, drmgmt_error **error)
{
    drmgmt_error *failure = NULL;
    int rc = drmgmt__run(session, permission, DRMGMT__READ, &drmgmt__q_auth_identity, NULL, NULL, &failure);

    if (rc == DRMGMT_ERR_FORBIDDEN) {
        drmgmt_error_free(failure);
        return drmgmt__fail(error, rc, "your role does not allow this: the permission %s is needed",
                            drmgmt_permission_name(permission));
    }
    if (rc && error)
        *error = failure;
    else
        drmgmt_error_free(failure);
    return rc;
}
