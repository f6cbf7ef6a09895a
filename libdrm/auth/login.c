/* Log-in by password, and what every way of log-in ends in: tokens. Called by programs and by the other ways of log-in;
 * calls password.c, second_factor.c, token.c, refresh_token.c and the store.
 *
 * An address may have users in several tenants. Without a tenant's name the user is meant whose password it is; whoever
 * made another user of that address, with another password, is not in the way. Failed log-ins say the same, whatever
 * was wrong; one with an address that no tenant or one tenant knows costs exactly one scrypt. */
#include "audit/audit.h"
#include "auth/auth_internal.h"
#include "auth/second_factor.h"
#include "auth/throttle.h"
#include "core/context_internal.h"
#include "core/strbuf.h"
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

/* Tokens for a user; the family is that of the refresh token unless who names one. */
int drmgmt__tokens_make(drmgmt_context *context, const drmgmt__identity *who, drmgmt__refresh_token *refresh,
                        drmgmt_tokens **tokens, drmgmt_error **error)
{
    DRMGMT__CLEANUP(drmgmt__tokens_freep) drmgmt_tokens *t = new_tokens();
    drmgmt__identity named = *who;
    DRMGMT__KEYRING drmgmt__keyring *keyring = drmgmt__keyring_hold(context);

    if (!t)
        return drmgmt__fail_memory(error);
    if (drmgmt__refresh_token_make(who->tenant_id, who->user_id, refresh, t->refresh_token))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    if (!named.family_id[0])
        memcpy(named.family_id, refresh->id, sizeof named.family_id);
    int rc = drmgmt__token_issue(keyring, &named, &t->access_token, error);
    if (!rc)
        *tokens = DRMGMT__STEAL(t);
    return rc;
}

/* Puts one's own words in the place of UNAUTHENTICATED, which must not tell why; passes other failures on. */
int drmgmt__replace_refusal(int rc, drmgmt_error *failure, const char *text, drmgmt_error **error)
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

static const char refused_login[] = "the address, the password or the tenant is wrong";

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

/* The rows that may log in and whose password this is. A hash that several rows share is computed once. */
static int match_password(const drmgmt__rows *rows, const char *password, bool matches[AUTH_USER_ROWS],
                          drmgmt_error **error)
{
    size_t n = drmgmt__rows_count(rows), tried = 0;
    int rc = 0;

    for (size_t i = 0; !rc && i < n; i++) {
        const char *hash = drmgmt__rows_text(rows, i, 2);
        bool known = !drmgmt__rows_bool(rows, i, 3) || !hash;
        for (size_t k = 0; !known && k < i; k++) {
            const char *before = drmgmt__rows_bool(rows, k, 3) ? drmgmt__rows_text(rows, k, 2) : NULL;
            known = before && strcmp(before, hash) == 0;
            matches[i] = known && matches[k];
        }
        if (known)
            continue;
        tried++;
        drmgmt_error *failure = NULL;
        rc = drmgmt__password_verify(password, hash, &failure);
        matches[i] = rc == 0;
        rc = rc == DRMGMT_ERR_UNAUTHENTICATED ? drmgmt__replace_refusal(0, failure, NULL, error)
                                              : drmgmt__replace_refusal(rc, failure, NULL, error);
    }
    /* Nobody to log in takes as long as somebody. */
    return rc || tried ? rc : drmgmt__password_verify(password, NULL, error);
}

/* The row that logs in. The person has proved to know the password, so that the tenants may be named. */
static int choose(const drmgmt__rows *rows, const bool matches[AUTH_USER_ROWS], size_t *row, drmgmt_error **error)
{
    DRMGMT__STRBUF names = DRMGMT__STRBUF_INIT, json = DRMGMT__STRBUF_INIT;
    size_t found = 0;

    for (size_t i = 0; i < drmgmt__rows_count(rows); i++) {
        if (!matches[i])
            continue;
        drmgmt__strbuf_printf(&names, "%s%s", found ? ", " : "", drmgmt__rows_text(rows, i, 4));
        drmgmt__strbuf_putc(&json, found ? ',' : '[');
        drmgmt__json_string(&json, drmgmt__rows_text(rows, i, 4));
        found++;
        *row = i;
    }
    if (found == 0)
        return drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "%s", refused_login);
    if (found == 1)
        return 0;
    drmgmt__strbuf_putc(&json, ']');
    if (names.failed || json.failed)
        return drmgmt__fail_memory(error);
    int rc = drmgmt__fail_full(error, DRMGMT_ERR_CONFLICT, false, NULL, "tenant",
                               "tenant: this log-in is good in several tenants, name one of: %s", names.data);
    if (error)
        drmgmt__error_set_tenants(*error, json.data);
    return rc;
}

int drmgmt__login_second_factor(drmgmt_context *context, const char *tenant_id, const char *user_id, const char *code,
                                const drmgmt_origin *origin, const char **amr, drmgmt_error **error)
{
    drmgmt__second_factor answer;
    int rc = drmgmt__second_factor_check(context, tenant_id, user_id, code, origin, &answer, error);

    if (rc)
        return rc;
    switch (answer) {
    case DRMGMT__FACTOR_MISSING:
        return drmgmt__fail_full(error, DRMGMT_ERR_SECOND_FACTOR, false, NULL, "second_factor",
                                 "second_factor: a code of your authenticator, or a recovery code, is needed as well");
    case DRMGMT__FACTOR_WRONG:
        return drmgmt__fail_full(error, DRMGMT_ERR_UNAUTHENTICATED, false, NULL, "second_factor",
                                 "second_factor: the code is wrong, or was used before: wait for the next one");
    case DRMGMT__FACTOR_NOT_NEEDED:
    case DRMGMT__FACTOR_OK:
        break;
    }
    *amr = answer == DRMGMT__FACTOR_OK ? "pwd otp" : "pwd";
    return 0;
}

static int store_login(drmgmt_session *user, const drmgmt__refresh_token *refresh, const char *amr,
                       drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char audit_id[DRMGMT__UUID_SIZE];

    if (drmgmt__uuid_v7(audit_id))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    drmgmt__param(&p, refresh->id);
    drmgmt__param_bytes(&p, refresh->digest, sizeof refresh->digest);
    drmgmt__param_int(&p, DRMGMT__REFRESH_SECONDS);
    drmgmt__param(&p, audit_id);
    drmgmt__param(&p, amr);
    drmgmt__param(&p, user->request_id);
    drmgmt__param(&p, user->address);
    return drmgmt__run(user, DRMGMT_PERM_NONE, DRMGMT__WRITE | DRMGMT__REPEATABLE, &drmgmt__q_auth_login, &p, NULL,
                       error);
}

bool drmgmt__amr_has(const char *amr, const char *way)
{
    size_t n = strlen(way);

    for (; amr && *amr; amr += strspn(amr, " ")) {
        size_t length = strcspn(amr, " ");
        if (length == n && memcmp(amr, way, n) == 0)
            return true;
        amr += length;
    }
    return false;
}

int drmgmt__login_issue(drmgmt_context *context, const char *tenant_id, const char *user_id, const char *amr,
                        const drmgmt_origin *origin, drmgmt_tokens **tokens, drmgmt_error **error)
{
    DRMGMT__CLEANUP(drmgmt__tokens_freep) drmgmt_tokens *t = NULL;
    DRMGMT__SESSION drmgmt_session *user = NULL;
    drmgmt__identity who;
    drmgmt__refresh_token refresh;
    drmgmt_error *failure = NULL;

    drmgmt__identity_set(&who, tenant_id, user_id, "");
    int rc = drmgmt__session_open_user(context, &who, origin, &user, error);
    if (!rc)
        rc = drmgmt__tokens_make(context, &who, &refresh, &t, error);
    if (rc)
        return rc;
    rc = store_login(user, &refresh, amr, &failure);
    rc = drmgmt__replace_refusal(rc, failure, refused_login, error);
    if (!rc)
        *tokens = DRMGMT__STEAL(t);
    return rc;
}

static int check_request(const drmgmt_login_request *r, char email[DRMGMT__EMAIL_SIZE], drmgmt_error **error)
{
    if (!drmgmt__email_normalise(r->email, email))
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "email", "email: that is no address");
    if (r->tenant && drmgmt__text_length(r->tenant) < 0)
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "tenant", "tenant: that is no name");
    return 0;
}

/* Who it is that logs in, and how they proved it. */
struct proof {
    drmgmt__rows *rows; /* of the users found; row: the one */
    size_t row;
    const char *amr;
};

static int prove(drmgmt_context *context, const drmgmt_login_request *request, const char *email,
                 const drmgmt_origin *origin, struct proof *proof, drmgmt_error **error)
{
    bool matches[AUTH_USER_ROWS] = { false };
    int rc = find_users(context, email, request->tenant, &proof->rows, error);

    if (!rc) {
        drmgmt_error *failure = NULL;
        rc = match_password(proof->rows, request->password, matches, &failure);
        rc = drmgmt__replace_refusal(rc, failure, refused_login, error);
    }
    if (!rc)
        rc = choose(proof->rows, matches, &proof->row, error);
    return rc ? rc
              : drmgmt__login_second_factor(context, drmgmt__rows_text(proof->rows, proof->row, 0),
                                            drmgmt__rows_text(proof->rows, proof->row, 1), request->second_factor,
                                            origin, &proof->amr, error);
}

/* What the throttle of passwords is told. A second factor, missing or wrong, is counted by itself, but an address from
 * where none was given is not known as the account's either. */
static drmgmt__throttle_outcome outcome_of(int rc, const drmgmt_error *failure)
{
    const char *field = rc ? drmgmt_error_field(failure) : NULL;

    if (!rc)
        return DRMGMT__THROTTLE_SUCCEEDED;
    return rc == DRMGMT_ERR_UNAUTHENTICATED && !field ? DRMGMT__THROTTLE_FAILED : DRMGMT__THROTTLE_UNDECIDED;
}

/* A row in the trail of each tenant that knows the address; where none does, the same work for nothing. */
static void audit_failure(drmgmt_context *context, const struct proof *proof, int rc, const drmgmt_error *failure,
                          const drmgmt_origin *origin)
{
    bool second = drmgmt_error_field(failure) != NULL;
    size_t n = drmgmt__rows_count(proof->rows);

    if (rc != DRMGMT_ERR_UNAUTHENTICATED)
        return;
    if (n == 0)
        drmgmt__audit_failed_login(context, DRMGMT_PLATFORM_TENANT_ID, DRMGMT_PLATFORM_TENANT_ID, "nobody", origin,
                                   NULL);
    for (size_t i = second ? proof->row : 0; i < (second ? proof->row + 1 : n); i++)
        drmgmt__audit_failed_login(context, drmgmt__rows_text(proof->rows, i, 0), drmgmt__rows_text(proof->rows, i, 1),
                                   second ? "second factor" : "password", origin, NULL);
}

int drmgmt_login(drmgmt_context *context, const drmgmt_login_request *request, const drmgmt_origin *origin,
                 drmgmt_tokens **tokens, drmgmt_error **error)
{
    struct proof proof = { .amr = "pwd" };
    char email[DRMGMT__EMAIL_SIZE];
    const char *address = origin ? origin->address : NULL;
    drmgmt_error *failure = NULL;
    int rc = drmgmt__need_keyring(context, error);

    if (!rc)
        rc = check_request(request, email, error);
    if (!rc)
        rc = drmgmt__throttle_admit(context, DRMGMT__THROTTLE_LOGIN, email, address, error);
    if (rc)
        return rc;
    rc = prove(context, request, email, origin, &proof, &failure);
    drmgmt__throttle_settle(context, DRMGMT__THROTTLE_LOGIN, email, address, outcome_of(rc, failure));
    audit_failure(context, &proof, rc, failure, origin);
    if (!rc)
        rc = drmgmt__login_issue(context, drmgmt__rows_text(proof.rows, proof.row, 0),
                                 drmgmt__rows_text(proof.rows, proof.row, 1), proof.amr, origin, tokens, &failure);
    drmgmt__rows_free(proof.rows);
    if (rc && error)
        *error = failure;
    else
        drmgmt_error_free(failure);
    return rc;
}
