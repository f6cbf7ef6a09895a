/* Refresh and log-out. Called by programs; calls token.c, refresh_token.c and the store. */
#include "auth/auth_internal.h"
#include "core/context_internal.h"
#include "queries.h"
#include "store/store.h"
#include <string.h>

const char drmgmt__refused_refresh[] = "the refresh token is unknown, expired, used or revoked: log in again";

/* Opens the transaction of a token's family: its first row is locked, so that whoever rotates and whoever revokes wait
 * for each other, and the next statement sees all of it. UNAUTHENTICATED when there is no such token. */
int drmgmt__family_lock(drmgmt_session *session, const drmgmt__refresh_token *token, drmgmt__tx **tx,
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
        return drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "%s", drmgmt__refused_refresh);
    return 0;
}

int drmgmt__family_revoke(drmgmt__tx **tx, const drmgmt_session *session, const char *family_id, const char *action,
                          drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char audit_id[DRMGMT__UUID_SIZE];

    if (drmgmt__uuid_v7(audit_id))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    drmgmt__param(&p, family_id);
    drmgmt__param(&p, audit_id);
    drmgmt__param(&p, action);
    drmgmt__param(&p, session->request_id);
    drmgmt__param(&p, session->address);
    int rc = drmgmt__tx_exec(*tx, &drmgmt__q_auth_family_revoke, &p, NULL, error);
    return rc ? rc : drmgmt__tx_commit(tx, error);
}

int drmgmt__family_reused(drmgmt__tx **tx, const drmgmt_session *session, const char *family_id, drmgmt_error **error)
{
    int rc = drmgmt__family_revoke(tx, session, family_id, "auth.refresh_reuse", error);

    if (rc)
        return rc;
    drmgmt__log(session->context, DRMGMT_LOG_WARNING, "a refresh token was used twice: its family is revoked", "tenant",
                session->tenant_id, "user", session->user_id, "family", family_id, NULL);
    return drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "%s", drmgmt__refused_refresh);
}

static int exchange(drmgmt__tx *tx, const drmgmt__refresh_token *old, const drmgmt__refresh_token *fresh,
                    drmgmt__rows **rows, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param(&p, old->id);
    drmgmt__param(&p, fresh->id);
    drmgmt__param_bytes(&p, fresh->digest, sizeof fresh->digest);
    drmgmt__param_int(&p, DRMGMT__REFRESH_SECONDS);
    return drmgmt__tx_exec(tx, &drmgmt__q_auth_refresh, &p, rows, error);
}

/* Uses the old token up and stores the new one. A token that was used before is in two hands: the family ends, and that
 * stays. */
static int rotate(drmgmt_session *session, const drmgmt__refresh_token *old, drmgmt_tokens **tokens,
                  drmgmt_error **error)
{
    DRMGMT__CLEANUP(drmgmt__tokens_freep) drmgmt_tokens *t = NULL;
    DRMGMT__TX drmgmt__tx *tx = NULL;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__identity who;
    drmgmt__refresh_token fresh;

    drmgmt__identity_set(&who, old->tenant_id, old->user_id, "");
    int rc = drmgmt__family_lock(session, old, &tx, who.family_id, error);
    if (!rc)
        rc = drmgmt__tokens_make(session->context, &who, &fresh, &t, error);
    if (!rc)
        rc = exchange(tx, old, &fresh, &rows, error);
    if (rc)
        return rc;
    if (drmgmt__rows_bool(rows, 0, 0)) {
        rc = drmgmt__tx_commit(&tx, error);
        if (!rc)
            *tokens = DRMGMT__STEAL(t);
        return rc;
    }
    return drmgmt__rows_bool(rows, 0, 1)
               ? drmgmt__family_reused(&tx, session, who.family_id, error)
               : drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "%s", drmgmt__refused_refresh);
}

static int open_owner(drmgmt_context *context, const drmgmt__refresh_token *token, const drmgmt_origin *origin,
                      drmgmt_session **session, drmgmt_error **error)
{
    drmgmt__identity who;

    drmgmt__identity_set(&who, token->tenant_id, token->user_id, "");
    return drmgmt__session_open_user(context, &who, origin, session, error);
}

int drmgmt_refresh(drmgmt_context *context, const char *refresh_token, const drmgmt_origin *origin,
                   drmgmt_tokens **tokens, drmgmt_error **error)
{
    DRMGMT__SESSION drmgmt_session *user = NULL;
    drmgmt__refresh_token old;
    drmgmt_error *failure = NULL;
    int rc = drmgmt__need_keyring(context, error);

    if (rc)
        return rc;
    if (!drmgmt__refresh_token_parse(refresh_token, &old))
        return drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "%s", drmgmt__refused_refresh);
    rc = open_owner(context, &old, origin, &user, error);
    if (rc)
        return rc;
    rc = rotate(user, &old, tokens, &failure);
    return drmgmt__replace_refusal(rc, failure, drmgmt__refused_refresh, error);
}

int drmgmt_logout(drmgmt_context *context, const char *refresh_token, const drmgmt_origin *origin, drmgmt_error **error)
{
    DRMGMT__SESSION drmgmt_session *user = NULL;
    DRMGMT__TX drmgmt__tx *tx = NULL;
    drmgmt__refresh_token token;
    char family_id[DRMGMT__UUID_SIZE];
    drmgmt_error *failure = NULL;
    int rc = drmgmt__need_keyring(context, error);

    if (rc || !drmgmt__refresh_token_parse(refresh_token, &token))
        return rc;
    rc = open_owner(context, &token, origin, &user, error);
    if (rc)
        return rc;
    rc = drmgmt__family_lock(user, &token, &tx, family_id, &failure);
    if (!rc)
        rc = drmgmt__family_revoke(&tx, user, family_id, "auth.logout", &failure);
    if (rc && rc != DRMGMT_ERR_UNAUTHENTICATED && error)
        *error = failure;
    else
        drmgmt_error_free(failure);
    return rc == DRMGMT_ERR_UNAUTHENTICATED ? 0 : rc;
}

int drmgmt_logout_everywhere(drmgmt_session *session, int64_t *ended, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char audit_id[DRMGMT__UUID_SIZE];

    if (drmgmt__uuid_v7(audit_id))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    drmgmt__param(&p, audit_id);
    drmgmt__param(&p, session->request_id);
    drmgmt__param(&p, session->address);
    int rc = drmgmt__run(session, DRMGMT_PERM_NONE, DRMGMT__WRITE, &drmgmt__q_auth_logout_everywhere, &p, &rows, error);
    if (!rc && ended)
        *ended = drmgmt__rows_int(rows, 0, 0);
    return rc;
}
