/* Log-in, refresh, log-out. Called by programs; calls password.c, token.c, refresh_token.c and the store.
 *
 * An address may have users in several tenants. Without a tenant's name the one user that may log in is meant; when
 * there are several, none is: whoever knows a password could otherwise find out by trying it which tenants know the
 * address. Every failed log-in costs exactly one scrypt and says the same. */
#include "auth/auth_internal.h"
#include "core/context_internal.h"
#include "queries.h"
#include "store/store.h"
#include <string.h>

enum { AUTH_USER_ROWS = 8 }; /* sec.auth_user() answers at most so many */

void drmgmt_tokens_free(drmgmt_tokens *tokens)
{
    if (!tokens)
        return;
    drmgmt__free_secret(tokens->access_token);
    drmgmt__free_secret(tokens->refresh_token);
    free(tokens);
}
DRMGMT__DEFINE_CLEANUP(tokens_freep, drmgmt_tokens *, drmgmt_tokens_free)

static drmgmt_tokens *new_tokens(void)
{
    drmgmt_tokens *t = calloc(1, sizeof *t);

    if (!t || !(t->refresh_token = calloc(1, DRMGMT__REFRESH_SIZE))) {
        drmgmt_tokens_free(t);
        return NULL;
    }
    t->expires_in = DRMGMT__ACCESS_SECONDS;
    t->refresh_expires_in = DRMGMT__REFRESH_SECONDS;
    return t;
}

/* Tokens for a user, and what is to be stored of the refresh token. */
static int make_tokens(drmgmt_context *context, const char *tenant_id, const char *user_id,
                       drmgmt__refresh_token *refresh, drmgmt_tokens **tokens, drmgmt_error **error)
{
    DRMGMT__CLEANUP(tokens_freep) drmgmt_tokens *t = new_tokens();

    if (!t)
        return drmgmt__fail_memory(error);
    if (drmgmt__refresh_token_make(tenant_id, user_id, refresh, t->refresh_token))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    int rc = drmgmt__token_issue(context->keyring, tenant_id, user_id, &t->access_token, error);
    if (!rc)
        *tokens = DRMGMT__STEAL(t);
    return rc;
}

/* Puts one's own words in the place of UNAUTHENTICATED, which must not tell why; passes other failures on. */
static int replace_refusal(int rc, drmgmt_error *failure, const char *text, drmgmt_error **error)
{
    if (rc == DRMGMT_ERR_UNAUTHENTICATED) {
        drmgmt_error_free(failure);
        return drmgmt__fail(error, rc, "%s", text);
    }
    if (rc && error)
        *error = failure;
    else
        drmgmt_error_free(failure);
    return rc;
}

/* ---- log-in ---- */

static const char refused_login[] = "the address, the password or the tenant is wrong (an address known in several "
                                    "tenants needs the tenant's name)";

static int find_users(drmgmt_context *context, const char *email, const char *tenant, drmgmt__rows **rows,
                      drmgmt_error **error)
{
    DRMGMT__SESSION drmgmt_session *system = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    int rc = drmgmt__session_open_system(context, "auth", &system, error);

    if (rc)
        return rc;
    drmgmt__param(&p, email);
    drmgmt__param(&p, tenant);
    return drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__READ, &drmgmt__q_auth_user, &p, rows, error);
}

/* The row of the one user that may log in; -1 if there is none, or not only one. */
static long one_active(const drmgmt__rows *rows)
{
    size_t n = drmgmt__rows_count(rows);
    long found = -1;

    for (size_t i = 0; i < n; i++) {
        if (!drmgmt__rows_bool(rows, i, 3))
            continue;
        if (found >= 0)
            return -1;
        found = (long)i;
    }
    return n < AUTH_USER_ROWS ? found : -1;
}

static int store_login(drmgmt_context *context, const drmgmt__refresh_token *refresh, drmgmt_error **error)
{
    DRMGMT__SESSION drmgmt_session *user = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char audit_id[DRMGMT__UUID_SIZE];
    int rc = drmgmt__session_open_user(context, refresh->tenant_id, refresh->user_id, &user, error);

    if (rc)
        return rc;
    if (drmgmt__uuid_v7(audit_id))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    drmgmt__param(&p, refresh->id);
    drmgmt__param_bytes(&p, refresh->digest, sizeof refresh->digest);
    drmgmt__param_int(&p, DRMGMT__REFRESH_SECONDS);
    drmgmt__param(&p, audit_id);
    return drmgmt__run(user, DRMGMT_PERM_NONE, DRMGMT__WRITE | DRMGMT__REPEATABLE, &drmgmt__q_auth_login, &p, NULL,
                       error);
}

static int issue(drmgmt_context *context, const char *tenant_id, const char *user_id, drmgmt_tokens **tokens,
                 drmgmt_error **error)
{
    DRMGMT__CLEANUP(tokens_freep) drmgmt_tokens *t = NULL;
    drmgmt__refresh_token refresh;
    drmgmt_error *failure = NULL;
    int rc = make_tokens(context, tenant_id, user_id, &refresh, &t, error);

    if (rc)
        return rc;
    rc = store_login(context, &refresh, &failure);
    rc = replace_refusal(rc, failure, refused_login, error);
    if (!rc)
        *tokens = DRMGMT__STEAL(t);
    return rc;
}

int drmgmt_login(drmgmt_context *context, const char *email, const char *password, const char *tenant,
                 drmgmt_tokens **tokens, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    char address[DRMGMT__EMAIL_SIZE];
    drmgmt_error *failure = NULL;
    int rc = drmgmt__need_keyring(context, error);

    if (rc)
        return rc;
    if (!drmgmt__email_normalise(email, address))
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "email", "email: that is no address");
    if (tenant && drmgmt__text_length(tenant) < 0)
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "tenant", "tenant: that is no name");
    rc = find_users(context, address, tenant, &rows, error);
    if (rc)
        return rc;
    long row = one_active(rows);
    const char *hash = row < 0 ? NULL : drmgmt__rows_text(rows, (size_t)row, 2);
    rc = drmgmt__password_verify(password, hash, &failure);
    rc = replace_refusal(rc, failure, refused_login, error);
    if (rc)
        return rc;
    return issue(context, drmgmt__rows_text(rows, (size_t)row, 0), drmgmt__rows_text(rows, (size_t)row, 1), tokens,
                 error);
}

/* ---- refresh and log-out ---- */

static const char refused_refresh[] = "the refresh token is unknown, expired, used or revoked: log in again";

/* Opens the transaction of a token's family: its first row is locked, so that whoever rotates and whoever revokes wait
 * for each other, and the next statement sees all of it. UNAUTHENTICATED when there is no such token. */
static int lock_family(drmgmt_session *session, const drmgmt__refresh_token *token, drmgmt__tx **tx,
                       char family_id[DRMGMT__UUID_SIZE], drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    int rc = drmgmt__tx_begin(session, DRMGMT_PERM_NONE, tx, error);

    drmgmt__param(&p, token->id);
    drmgmt__param_bytes(&p, token->digest, sizeof token->digest);
    if (!rc)
        rc = drmgmt__tx_exec(*tx, &drmgmt__q_auth_family_lock, &p, &rows, error);
    if (rc)
        return rc;
    const char *id = drmgmt__rows_text(rows, 0, 0);
    if (!id || !drmgmt__uuid_normalise(id, family_id))
        return drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "%s", refused_refresh);
    return 0;
}

static int revoke_family(drmgmt__tx **tx, const char *family_id, const char *action, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char audit_id[DRMGMT__UUID_SIZE];

    if (drmgmt__uuid_v7(audit_id))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    drmgmt__param(&p, family_id);
    drmgmt__param(&p, audit_id);
    drmgmt__param(&p, action);
    int rc = drmgmt__tx_exec(*tx, &drmgmt__q_auth_family_revoke, &p, NULL, error);
    return rc ? rc : drmgmt__tx_commit(tx, error);
}

/* Uses the old token up and stores the new one. A token that was used before is in two hands: the family ends, and that
 * stays. */
static int rotate(drmgmt_session *session, const drmgmt__refresh_token *old, const drmgmt__refresh_token *fresh,
                  drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char family_id[DRMGMT__UUID_SIZE];
    int rc = lock_family(session, old, &tx, family_id, error);

    if (rc)
        return rc;
    drmgmt__param(&p, old->id);
    drmgmt__param(&p, fresh->id);
    drmgmt__param_bytes(&p, fresh->digest, sizeof fresh->digest);
    drmgmt__param_int(&p, DRMGMT__REFRESH_SECONDS);
    rc = drmgmt__tx_exec(tx, &drmgmt__q_auth_refresh, &p, &rows, error);
    if (rc)
        return rc;
    if (drmgmt__rows_bool(rows, 0, 0))
        return drmgmt__tx_commit(&tx, error);
    if (drmgmt__rows_bool(rows, 0, 1)) {
        rc = revoke_family(&tx, family_id, "auth.refresh_reuse", error);
        if (rc)
            return rc;
        drmgmt__log(session->context, DRMGMT_LOG_WARNING, "a refresh token was used twice: its family is revoked",
                    "tenant", session->tenant_id, "user", session->user_id, "family", family_id, NULL);
    }
    return drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "%s", refused_refresh);
}

int drmgmt_refresh(drmgmt_context *context, const char *refresh_token, drmgmt_tokens **tokens, drmgmt_error **error)
{
    DRMGMT__CLEANUP(tokens_freep) drmgmt_tokens *t = NULL;
    DRMGMT__SESSION drmgmt_session *user = NULL;
    drmgmt__refresh_token old, fresh;
    drmgmt_error *failure = NULL;
    int rc = drmgmt__need_keyring(context, error);

    if (rc)
        return rc;
    if (!drmgmt__refresh_token_parse(refresh_token, &old))
        return drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "%s", refused_refresh);
    rc = drmgmt__session_open_user(context, old.tenant_id, old.user_id, &user, error);
    if (!rc)
        rc = make_tokens(context, old.tenant_id, old.user_id, &fresh, &t, error);
    if (rc)
        return rc;
    rc = rotate(user, &old, &fresh, &failure);
    rc = replace_refusal(rc, failure, refused_refresh, error);
    if (!rc)
        *tokens = DRMGMT__STEAL(t);
    return rc;
}

int drmgmt_logout(drmgmt_context *context, const char *refresh_token, drmgmt_error **error)
{
    DRMGMT__SESSION drmgmt_session *user = NULL;
    DRMGMT__TX drmgmt__tx *tx = NULL;
    drmgmt__refresh_token token;
    char family_id[DRMGMT__UUID_SIZE];
    drmgmt_error *failure = NULL;
    int rc = drmgmt__need_keyring(context, error);

    if (rc || !drmgmt__refresh_token_parse(refresh_token, &token))
        return rc;
    rc = drmgmt__session_open_user(context, token.tenant_id, token.user_id, &user, error);
    if (rc)
        return rc;
    rc = lock_family(user, &token, &tx, family_id, &failure);
    if (!rc)
        rc = revoke_family(&tx, family_id, "auth.logout", &failure);
    if (rc && rc != DRMGMT_ERR_UNAUTHENTICATED && error)
        *error = failure;
    else
        drmgmt_error_free(failure);
    return rc == DRMGMT_ERR_UNAUTHENTICATED ? 0 : rc;
}
