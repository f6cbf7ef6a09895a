/* One's own account: another password, and going over to another tenant where one is the same person. Called by
 * programs; calls auth, store and audit. */
#include "user/user_internal.h"

#include "audit/audit.h"
#include "auth/throttle.h"
#include "core/context_internal.h"
#include "core/strbuf.h"
#include "queries.h"
#include "store/store.h"
#include <drm/user.h>
#include <stdio.h>
#include <string.h>

/* ---- the password ---- */

/* How the log-in was made, and the hash that is stored: looked up as a log-in looks it up. */
struct account {
    char email[DRMGMT__EMAIL_SIZE], amr[64];
    char *hash;
};

static int find_family(drmgmt_session *session, struct account *account, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param(&p, session->family_id[0] ? session->family_id : NULL);
    int rc = drmgmt__run(session, DRMGMT_PERM_NONE, DRMGMT__READ, &drmgmt__q_account_family, &p, &rows, error);
    if (rc)
        return rc;
    const char *email = drmgmt__rows_text(rows, 0, 0), *amr = drmgmt__rows_text(rows, 0, 1);
    if (!email)
        return drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "not authenticated");
    snprintf(account->email, sizeof account->email, "%s", email);
    snprintf(account->amr, sizeof account->amr, "%s", amr ? amr : "pwd");
    return 0;
}

static int find_hash(drmgmt_session *session, struct account *account, drmgmt_error **error)
{
    DRMGMT__SESSION drmgmt_session *system = NULL;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    int rc = drmgmt__session_open_system(session->context, "auth", &system, error);

    drmgmt__param(&p, account->email);
    drmgmt__param(&p, session->tenant_id);
    if (!rc)
        rc = drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__READ, &drmgmt__q_auth_user, &p, &rows, error);
    if (rc)
        return rc;
    for (size_t i = 0; i < drmgmt__rows_count(rows); i++) {
        const char *user = drmgmt__rows_text(rows, i, 1), *hash = drmgmt__rows_text(rows, i, 2);
        if (hash && strcmp(user, session->user_id) == 0 && !(account->hash = strdup(hash)))
            return drmgmt__fail_memory(error);
    }
    return account->hash ? 0
                         : drmgmt__fail(error, DRMGMT_ERR_CONFLICT,
                                        "you have no password to change: an administrator can have one set");
}

/* Who holds a log-in guesses no faster than who has none. */
static int check_old(const drmgmt_session *session, const char *old_password, const struct account *account,
                     drmgmt_error **error)
{
    drmgmt_error *failure = NULL;
    int rc = drmgmt__throttle_admit(session->context, DRMGMT__THROTTLE_LOGIN, account->email, session->address, error);

    if (rc)
        return rc;
    rc = drmgmt__password_verify(old_password, account->hash, &failure);
    drmgmt__throttle_settle(session->context, DRMGMT__THROTTLE_LOGIN, account->email, session->address,
                            !rc                                ? DRMGMT__THROTTLE_SUCCEEDED
                            : rc == DRMGMT_ERR_UNAUTHENTICATED ? DRMGMT__THROTTLE_FAILED
                                                               : DRMGMT__THROTTLE_UNDECIDED);
    if (rc == DRMGMT_ERR_UNAUTHENTICATED || rc == DRMGMT_ERR_INVALID) {
        drmgmt_error_free(failure);
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "old_password",
                                 "old_password: that is not your password");
    }
    return drmgmt__replace_refusal(rc, failure, "", error);
}

static int store(drmgmt_session *session, const char *old_hash, const char *new_hash, drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param(&p, old_hash);
    drmgmt__param(&p, new_hash);
    drmgmt__param(&p, session->request_id);
    drmgmt__param(&p, session->address);
    int rc = drmgmt__tx_begin(session, DRMGMT_PERM_NONE, &tx, error);
    if (!rc)
        rc = drmgmt__tx_exec(tx, &drmgmt__q_account_password, &p, NULL, error);
    if (!rc)
        rc = drmgmt__audit(tx, session, "auth.password", "user", session->user_id, NULL, error);
    return rc ? rc : drmgmt__tx_commit(&tx, error);
}

static int replace(drmgmt_session *session, const char *old_password, const char *new_password, struct account *account,
                   drmgmt_error **error)
{
    char *fresh = NULL;
    int rc = find_family(session, account, error);

    if (!rc)
        rc = find_hash(session, account, error);
    if (!rc)
        rc = check_old(session, old_password, account, error);
    if (!rc)
        rc = drmgmt__password_hash_named("new_password", new_password, &fresh, error);
    if (!rc)
        rc = store(session, account->hash, fresh, error);
    drmgmt__free_secret(fresh);
    return rc;
}

int drmgmt_password_change(drmgmt_session *session, const char *old_password, const char *new_password,
                           drmgmt_tokens **tokens, drmgmt_error **error)
{
    struct account account = { .hash = NULL };
    drmgmt_origin origin = { .request_id = session->request_id, .address = session->address };
    int rc = drmgmt__need_keyring(session->context, error);

    if (rc)
        return rc;
    if (session->kind != DRMGMT__SESSION_USER)
        return drmgmt__fail(error, DRMGMT_ERR_FORBIDDEN,
                            "an API key cannot change the password: log in by it, and change it then");
    if (strcmp(old_password, new_password) == 0)
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "new_password",
                                 "new_password: another one than the old is expected");
    rc = replace(session, old_password, new_password, &account, error);
    drmgmt__free_secret(account.hash);
    return rc ? rc
              : drmgmt__login_issue(session->context, session->tenant_id, session->user_id, account.amr, &origin,
                                    tokens, error);
}

/* ---- tenants ---- */

int drmgmt_session_tenants(drmgmt_session *session, char **json, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    DRMGMT__STRBUF b = DRMGMT__STRBUF_INIT;
    int rc = drmgmt__run(session, DRMGMT_PERM_NONE, DRMGMT__READ, &drmgmt__q_account_tenants, NULL, &rows, error);

    if (rc)
        return rc;
    drmgmt__strbuf_puts(&b, "{\"tenants\":[");
    for (size_t i = 0; i < drmgmt__rows_count(rows); i++) {
        drmgmt__strbuf_puts(&b, i ? ",{" : "{");
        drmgmt__json_member(&b, "tenant_id", drmgmt__rows_text(rows, i, 0));
        drmgmt__json_member(&b, "tenant", drmgmt__rows_text(rows, i, 1));
        drmgmt__json_key(&b, "current");
        drmgmt__strbuf_puts(&b, drmgmt__rows_bool(rows, i, 2) ? "true}" : "false}");
    }
    drmgmt__strbuf_puts(&b, "]}");
    char *text = drmgmt__strbuf_steal(&b, NULL);
    if (!text)
        return drmgmt__fail_memory(error);
    *json = text;
    return 0;
}

/* Within the transaction that holds the family: whether the token is good, and for this. A tenant's own issuer says who
 * somebody is in that tenant, and in no other. */
static int check_token(drmgmt__tx *tx, const drmgmt__refresh_token *token, bool *reused, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param(&p, token->id);
    int rc = drmgmt__tx_exec(tx, &drmgmt__q_account_token, &p, &rows, error);
    if (rc)
        return rc;
    *reused = drmgmt__rows_bool(rows, 0, 1);
    if (!drmgmt__rows_bool(rows, 0, 0))
        return drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "%s", drmgmt__refused_refresh);
    if (!drmgmt__amr_has(drmgmt__rows_text(rows, 0, 2), "pwd"))
        return drmgmt__fail(error, DRMGMT_ERR_FORBIDDEN,
                            "only a log-in by password reaches other tenants: log in to the other one");
    return 0;
}

static int find_target(drmgmt__tx *tx, const char *tenant, drmgmt__identity *target, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param(&p, tenant);
    int rc = drmgmt__tx_exec(tx, &drmgmt__q_account_tenant, &p, &rows, error);
    if (rc)
        return rc;
    if (drmgmt__rows_count(rows) == 0)
        return drmgmt__fail_full(error, DRMGMT_ERR_NOT_FOUND, false, NULL, "tenant",
                                 "tenant: you cannot switch to a tenant of this name; log in to it");
    drmgmt__identity_set(target, drmgmt__rows_text(rows, 0, 0), drmgmt__rows_text(rows, 0, 1), "");
    return 0;
}

/* Whether the token is good and where it leads; ends: the log-in it belongs to, for good. */
static int find_way(drmgmt_session *session, const drmgmt__refresh_token *token, const char *tenant, bool ends,
                    drmgmt__identity *target, drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    char family_id[DRMGMT__UUID_SIZE];
    bool reused = false;
    drmgmt_error *failure = NULL;
    int rc = drmgmt__family_lock(session, token, &tx, family_id, error);

    if (rc)
        return rc;
    rc = check_token(tx, token, &reused, &failure);
    if (rc && reused) {
        drmgmt_error_free(failure);
        return drmgmt__family_reused(&tx, session, family_id, error);
    }
    if (!rc)
        rc = find_target(tx, tenant, target, &failure);
    if (!rc && ends)
        rc = drmgmt__family_revoke(&tx, session, family_id, "auth.switch", &failure);
    if (rc && error)
        *error = failure;
    else
        drmgmt_error_free(failure);
    return rc;
}

/* The old log-in ends before the new one is given: a token that is sent twice at once is good once. But it does not end
 * for want of a code; it does for a wrong one, so that codes are guessed no faster than by logging in. */
static int go_over(drmgmt_session *user, const drmgmt__refresh_token *token, const drmgmt_switch_request *request,
                   const drmgmt_origin *origin, drmgmt__identity *target, const char **amr, drmgmt_error **error)
{
    drmgmt_error *failure = NULL;
    int rc = find_way(user, token, request->tenant, false, target, &failure);

    rc = drmgmt__replace_refusal(rc, failure, drmgmt__refused_refresh, error);
    if (rc)
        return rc;
    rc = drmgmt__login_second_factor(user->context, target->tenant_id, target->user_id, request->second_factor, origin,
                                     amr, error);
    if (rc && rc != DRMGMT_ERR_UNAUTHENTICATED)
        return rc;
    failure = NULL;
    int ended = find_way(user, token, request->tenant, true, target, &failure);
    if (rc) {
        drmgmt_error_free(failure);
        return rc;
    }
    return drmgmt__replace_refusal(ended, failure, drmgmt__refused_refresh, error);
}

int drmgmt_switch(drmgmt_context *context, const drmgmt_switch_request *request, const drmgmt_origin *origin,
                  drmgmt_tokens **tokens, drmgmt_error **error)
{
    DRMGMT__SESSION drmgmt_session *user = NULL;
    drmgmt__refresh_token token;
    drmgmt__identity who, target;
    const char *amr = NULL;
    int rc = drmgmt__need_keyring(context, error);

    if (rc)
        return rc;
    if (drmgmt__text_length(request->tenant) < 0)
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "tenant", "tenant: that is no name");
    if (!drmgmt__refresh_token_parse(request->refresh_token, &token))
        return drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "%s", drmgmt__refused_refresh);
    drmgmt__identity_set(&who, token.tenant_id, token.user_id, "");
    rc = drmgmt__session_open_user(context, &who, origin, &user, error);
    if (rc)
        return rc;
    rc = go_over(user, &token, request, origin, &target, &amr, error);
    return rc ? rc : drmgmt__login_issue(context, target.tenant_id, target.user_id, amr, origin, tokens, error);
}
