/* Invitations: a token by which a person sets the password of a user that an administrator has made or reset. Made by
 * user.c; accepted here. Calls auth and store. */
#include "user/user_internal.h"

#include "audit/audit.h"
#include "core/context_internal.h"
#include "queries.h"
#include "store/store.h"
#include <drm/user.h>
#include <stdio.h>
#include <string.h>

static const char prefix[] = "drmi_";
enum { ID = 16, SECRET = 32, BYTES = 2 * ID + SECRET };

static const char refused[] = "the invitation is unknown, used or expired: ask an administrator for a new one";

int drmgmt__invitation_make(const char *tenant_id, const char *user_id, drmgmt__invitation *invitation, char **text,
                            drmgmt_error **error)
{
    uint8_t bytes[BYTES];

    if (drmgmt__uuid_bytes(tenant_id, bytes) || drmgmt__uuid_bytes(user_id, bytes + ID) ||
        drmgmt__random(bytes + 2 * ID, SECRET))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    char *token = calloc(1, DRMGMT__INVITATION_SIZE);
    if (!token)
        return drmgmt__fail_memory(error);
    memcpy(token, prefix, sizeof prefix - 1);
    drmgmt__b64url(bytes, sizeof bytes, token + sizeof prefix - 1);
    drmgmt__wipe(bytes, sizeof bytes);
    if (drmgmt__sha256(token, strlen(token), invitation->digest)) {
        drmgmt__free_secret(token);
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "SHA-256 is not available");
    }
    memcpy(invitation->tenant_id, tenant_id, DRMGMT__UUID_SIZE);
    memcpy(invitation->user_id, user_id, DRMGMT__UUID_SIZE);
    *text = token;
    return 0;
}

bool drmgmt__invitation_parse(const char *text, drmgmt__invitation *invitation)
{
    uint8_t bytes[BYTES];
    size_t length = text ? strnlen(text, DRMGMT__INVITATION_SIZE) : 0;

    if (length != DRMGMT__INVITATION_SIZE - 1 || memcmp(text, prefix, sizeof prefix - 1) != 0 ||
        drmgmt__unb64url(text + sizeof prefix - 1, length - (sizeof prefix - 1), bytes, sizeof bytes) != BYTES)
        return false;
    drmgmt__uuid_text(bytes, invitation->tenant_id);
    drmgmt__uuid_text(bytes + ID, invitation->user_id);
    drmgmt__wipe(bytes, sizeof bytes);
    return drmgmt__sha256(text, length, invitation->digest) == 0;
}

int drmgmt__password_hash_named(const char *field, const char *password, char **hash, drmgmt_error **error)
{
    drmgmt_error *failure = NULL;
    int rc = drmgmt__password_hash(password, hash, &failure);

    if (rc == DRMGMT_ERR_INVALID) {
        const char *message = drmgmt_error_message(failure), *colon = strchr(message, ':');
        rc = drmgmt__fail_full(error, rc, false, NULL, field, "%s%s", field, colon ? colon : "");
        drmgmt_error_free(failure);
        return rc;
    }
    return drmgmt__replace_refusal(rc, failure, "", error);
}

/* ---- accepting by a password ---- */

/* Whom it is for, while it is good: looked at before the password is hashed, which costs much more. */
static int check(drmgmt_session *user, const drmgmt__invitation *invitation, char email[DRMGMT__EMAIL_SIZE],
                 drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param_bytes(&p, invitation->digest, sizeof invitation->digest);
    int rc = drmgmt__run(user, DRMGMT_PERM_NONE, DRMGMT__READ, &drmgmt__q_account_invitation, &p, &rows, error);
    if (rc)
        return rc;
    const char *address = drmgmt__rows_text(rows, 0, 0);
    if (!address)
        return drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "%s", refused);
    snprintf(email, DRMGMT__EMAIL_SIZE, "%s", address);
    return 0;
}

static int set_password(drmgmt_session *user, const drmgmt__invitation *invitation, const char *hash,
                        drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param_bytes(&p, invitation->digest, sizeof invitation->digest);
    drmgmt__param(&p, hash);
    int rc = drmgmt__tx_begin(user, DRMGMT_PERM_NONE, &tx, error);
    if (!rc)
        rc = drmgmt__tx_exec(tx, &drmgmt__q_account_accept, &p, NULL, error);
    if (!rc)
        rc = drmgmt__audit(tx, user, "auth.accept_invitation", "user", invitation->user_id, NULL, error);
    return rc ? rc : drmgmt__tx_commit(&tx, error);
}

static int take_up(drmgmt_context *context, const drmgmt__invitation *invitation, const char *password,
                   const drmgmt_origin *origin, char email[DRMGMT__EMAIL_SIZE], drmgmt_error **error)
{
    DRMGMT__SESSION drmgmt_session *user = NULL;
    drmgmt__identity who;
    char *hash = NULL;

    drmgmt__identity_set(&who, invitation->tenant_id, invitation->user_id, "");
    int rc = drmgmt__session_open_user(context, &who, origin, &user, error);
    if (!rc)
        rc = check(user, invitation, email, error);
    if (!rc)
        rc = drmgmt__password_hash(password, &hash, error);
    if (!rc)
        rc = set_password(user, invitation, hash, error);
    drmgmt__free_secret(hash);
    return rc;
}

int drmgmt_invitation_accept(drmgmt_context *context, const char *invitation, const char *password,
                             const drmgmt_origin *origin, drmgmt_tokens **tokens, drmgmt_error **error)
{
    drmgmt__invitation parsed;
    char email[DRMGMT__EMAIL_SIZE];
    drmgmt_error *failure = NULL;
    int rc = drmgmt__need_keyring(context, error);

    if (rc)
        return rc;
    if (!drmgmt__invitation_parse(invitation, &parsed))
        return drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "%s", refused);
    rc = take_up(context, &parsed, password, origin, email, &failure);
    rc = drmgmt__replace_refusal(rc, failure, refused, error);
    /* By the front door: what a log-in has to pass besides the password holds for this one too. */
    return rc ? rc
              : drmgmt_login(
                    context,
                    &(drmgmt_login_request){ .email = email, .password = password, .tenant = parsed.tenant_id }, origin,
                    tokens, error);
}

/* ---- accepting as who one is already ---- */

/* The proof that counts is the password that both users will share: not what a tenant's own issuer says, nor a key. */
static int require_password_login(drmgmt_session *session, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    int rc = 0;

    drmgmt__param(&p, session->family_id[0] ? session->family_id : NULL);
    if (session->kind == DRMGMT__SESSION_USER)
        rc = drmgmt__run(session, DRMGMT_PERM_NONE, DRMGMT__READ, &drmgmt__q_account_family, &p, &rows, error);
    if (rc || drmgmt__amr_has(rows ? drmgmt__rows_text(rows, 0, 1) : NULL, "pwd"))
        return rc;
    return drmgmt__fail(error, DRMGMT_ERR_FORBIDDEN, "log in by password to do this");
}

static int link_users(drmgmt_session *session, const drmgmt__invitation *invitation, drmgmt_error **error)
{
    DRMGMT__SESSION drmgmt_session *system = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char identity[DRMGMT__UUID_SIZE];
    drmgmt_error *failure = NULL;

    if (drmgmt__uuid_v7(identity))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    int rc = drmgmt__session_open_system(session->context, "auth", &system, error);
    if (rc)
        return rc;
    drmgmt__param(&p, invitation->tenant_id);
    drmgmt__param(&p, invitation->user_id);
    drmgmt__param_bytes(&p, invitation->digest, sizeof invitation->digest);
    drmgmt__param(&p, session->tenant_id);
    drmgmt__param(&p, session->user_id);
    drmgmt__param(&p, identity);
    drmgmt__param(&p, session->request_id);
    drmgmt__param(&p, session->address);
    rc = drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__WRITE, &drmgmt__q_account_link, &p, NULL, &failure);
    /* 401 is for log-ins: this one is good, what it brought is not. */
    if (rc == DRMGMT_ERR_UNAUTHENTICATED) {
        drmgmt_error_free(failure);
        return drmgmt__fail_full(error, DRMGMT_ERR_NOT_FOUND, false, NULL, "token", "%s", refused);
    }
    return drmgmt__replace_refusal(rc, failure, "", error);
}

int drmgmt_invitation_link(drmgmt_session *session, const char *invitation, drmgmt_error **error)
{
    drmgmt__invitation parsed;
    int rc = drmgmt__need_keyring(session->context, error);

    if (!rc)
        rc = require_password_login(session, error);
    if (rc)
        return rc;
    if (!drmgmt__invitation_parse(invitation, &parsed))
        return drmgmt__fail_full(error, DRMGMT_ERR_NOT_FOUND, false, NULL, "token", "%s", refused);
    return link_users(session, &parsed, error);
}
