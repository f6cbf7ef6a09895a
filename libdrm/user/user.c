/* Users: made or invited, changed, deleted, their passwords reset, their log-ins ended. Called by programs; the rules
 * stand in the adm functions of the database. Calls store, auth and audit. */
#include <drm/user.h>

#include "audit/audit.h"
#include "core/entities.h"
#include "core/record_internal.h"
#include "queries.h"
#include "store/list.h"
#include "user/user_internal.h"
#include <string.h>

static const drmgmt_entity *const entity = &drmgmt__entity_user;

static int no_such(drmgmt_error **error)
{
    return drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "there is no such user");
}

int drmgmt__user_email(const char *text, char email[DRMGMT__EMAIL_SIZE], drmgmt_error **error)
{
    if (text && !drmgmt__email_normalise(text, email))
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "email",
                                 "email: an address like name@example.net is expected");
    return 0;
}

/* The two ways to a password: its hash, or an invitation by which the person sets it. */
struct secret {
    char *hash, *token;
    drmgmt__invitation invitation;
};

static void clear(struct secret *secret)
{
    drmgmt__free_secret(secret->hash);
    drmgmt__free_secret(secret->token);
}

static int make_secret(const drmgmt_session *session, const char *user_id, const char *password, struct secret *secret,
                       drmgmt_error **error)
{
    return password ? drmgmt__password_hash_named("password", password, &secret->hash, error)
                    : drmgmt__invitation_make(session->tenant_id, user_id, &secret->invitation, &secret->token, error);
}

static void add_secret(drmgmt__params *p, const struct secret *secret)
{
    drmgmt__param(p, secret->hash);
    drmgmt__param_bytes(p, secret->token ? secret->invitation.digest : NULL, sizeof secret->invitation.digest);
    drmgmt__param_int(p, DRMGMT__INVITATION_SECONDS);
}

static void hand_over(struct secret *secret, char **invitation)
{
    if (invitation)
        *invitation = DRMGMT__STEAL(secret->token);
}

int drmgmt__people_begin(drmgmt_session *session, const drmgmt_entity *of, const drmgmt__query *get, const char *id,
                         drmgmt__tx **tx, drmgmt_record **before, drmgmt_error **error)
{
    drmgmt_error *failure = NULL;
    int rc = drmgmt__tx_begin(session, DRMGMT_PERM_USER_ADMIN, tx, error);

    if (!rc)
        rc = drmgmt__tx_exec(*tx, &drmgmt__q_people_hold, NULL, NULL, error);
    if (rc)
        return rc;
    rc = drmgmt__read_one(*tx, of, get, id, before, &failure);
    if (rc == DRMGMT_ERR_NOT_FOUND || !rc) {
        drmgmt_error_free(failure);
        return 0;
    }
    return drmgmt__replace_refusal(rc, failure, "", error);
}

static int begin(drmgmt_session *session, const char *id, drmgmt__tx **tx, drmgmt_record **before, drmgmt_error **error)
{
    return drmgmt__people_begin(session, entity, &drmgmt__q_user_get, id, tx, before, error);
}

/* ---- create ---- */

static int create(drmgmt_session *session, const char *id, const drmgmt_draft *draft, const char *email,
                  const struct secret *secret, drmgmt_record **user, drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param(&p, id);
    drmgmt__param(&p, email);
    drmgmt__param(&p, drmgmt__draft_text(draft, "role"));
    drmgmt__param(&p, drmgmt__draft_text(draft, "active"));
    add_secret(&p, secret);
    int rc = drmgmt__tx_begin(session, DRMGMT_PERM_USER_ADMIN, &tx, error);
    if (!rc)
        rc = drmgmt__exec_explained(tx, &drmgmt__q_user_create, &p, NULL, error);
    return rc ? rc
              : drmgmt__finish_change(&tx, session, secret->token ? "user.invite" : "user.create", NULL, draft,
                                      &drmgmt__q_user_get, id, user, error);
}

int drmgmt_user_create(drmgmt_session *session, const drmgmt_draft *draft, drmgmt_record **user, char **invitation,
                       drmgmt_error **error)
{
    struct secret secret = { .hash = NULL };
    char id[DRMGMT__UUID_SIZE], email[DRMGMT__EMAIL_SIZE];
    int rc = drmgmt__draft_require(draft, error);

    if (!rc)
        rc = drmgmt__user_email(drmgmt__draft_text(draft, "email"), email, error);
    if (!rc && drmgmt__uuid_v7(id))
        rc = drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    /* Before a hash is worked out for somebody who may not. */
    if (!rc)
        rc = drmgmt_session_require(session, DRMGMT_PERM_USER_ADMIN, error);
    if (!rc)
        rc = make_secret(session, id, drmgmt__draft_text(draft, "password"), &secret, error);
    if (!rc)
        rc = create(session, id, draft, email, &secret, user, error);
    if (!rc)
        hand_over(&secret, invitation);
    clear(&secret);
    return rc;
}

/* ---- read ---- */

int drmgmt_user_get(drmgmt_session *session, const char *id_or_email, drmgmt_record **user, drmgmt_error **error)
{
    const drmgmt__query *query = drmgmt__uuid_valid(id_or_email) ? &drmgmt__q_user_get : &drmgmt__q_user_get_by_email;

    return drmgmt__get_run(session, DRMGMT_PERM_USER_READ, query, id_or_email, entity, "user", user, error);
}

int drmgmt_user_list(drmgmt_session *session, const drmgmt_query *query, drmgmt_page **page, drmgmt_error **error)
{
    DRMGMT__STRBUF email = DRMGMT__STRBUF_INIT;
    drmgmt__params p;
    size_t from_email = 0, from_role = 0, from_active = 0;

    drmgmt__list_params(&p);
    drmgmt__param(&p, drmgmt__list_pattern(&email, drmgmt__query_filter(query, "email", &from_email)));
    drmgmt__param(&p, drmgmt__query_filter(query, "role", &from_role));
    drmgmt__param(&p, drmgmt__query_filter(query, "active", &from_active));
    if (email.failed)
        return drmgmt__fail_memory(error);
    return drmgmt__list_run(session, DRMGMT_PERM_USER_READ, &drmgmt__q_user_list, &p, query, "id", page, error);
}

/* ---- change ---- */

/* What a null would mean nobody could say. */
static int check_change(const drmgmt_draft *draft, drmgmt_error **error)
{
    static const char *const names[] = { "role", "active" };
    int rc = drmgmt__draft_check_change(draft, error);

    for (size_t i = 0; !rc && i < DRMGMT__COUNT(names); i++)
        if (drmgmt__draft_has(draft, names[i]) && !drmgmt__draft_text(draft, names[i]))
            rc = drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, names[i], "%s: this field cannot be null",
                                   names[i]);
    return rc;
}

int drmgmt_user_update(drmgmt_session *session, const char *id, int64_t if_version, const drmgmt_draft *draft,
                       drmgmt_record **user, drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    DRMGMT__RECORD drmgmt_record *before = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char email[DRMGMT__EMAIL_SIZE];
    const char *address = drmgmt__draft_text(draft, "email");

    if (!drmgmt__uuid_valid(id))
        return no_such(error);
    int rc = check_change(draft, error);
    if (!rc)
        rc = drmgmt__user_email(address, email, error);
    drmgmt__param(&p, id);
    drmgmt__param_int(&p, if_version);
    drmgmt__param(&p, address ? email : NULL);
    drmgmt__param(&p, drmgmt__draft_text(draft, "role"));
    drmgmt__param(&p, drmgmt__draft_text(draft, "active"));
    if (!rc)
        rc = begin(session, id, &tx, &before, error);
    if (!rc)
        rc = drmgmt__exec_explained(tx, &drmgmt__q_user_update, &p, NULL, error);
    return rc ? rc
              : drmgmt__finish_change(&tx, session, "user.update", before, draft, &drmgmt__q_user_get, id, user, error);
}

int drmgmt_user_delete(drmgmt_session *session, const char *id, int64_t if_version, drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    DRMGMT__RECORD drmgmt_record *before = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    if (!drmgmt__uuid_valid(id))
        return no_such(error);
    drmgmt__param(&p, id);
    drmgmt__param_int(&p, if_version);
    int rc = begin(session, id, &tx, &before, error);
    if (!rc)
        rc = drmgmt__exec_explained(tx, &drmgmt__q_user_delete, &p, NULL, error);
    if (!rc)
        rc = drmgmt__audit_change(tx, session, "user.delete", before, NULL, NULL, error);
    return rc ? rc : drmgmt__tx_commit(&tx, error);
}

static int reset(drmgmt_session *session, const char *id, const struct secret *secret, drmgmt_record **user,
                 drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param(&p, id);
    add_secret(&p, secret);
    int rc = drmgmt__tx_begin(session, DRMGMT_PERM_USER_ADMIN, &tx, error);
    if (!rc)
        rc = drmgmt__exec_explained(tx, &drmgmt__q_user_reset_password, &p, NULL, error);
    if (!rc)
        rc = drmgmt__audit(tx, session, "user.reset_password", "user", id,
                           secret->token ? "{\"invitation\":true}" : "{\"invitation\":false}", error);
    drmgmt_record *after = NULL;
    if (!rc)
        rc = drmgmt__read_one(tx, entity, &drmgmt__q_user_get, id, &after, error);
    if (!rc)
        rc = drmgmt__tx_commit(&tx, error);
    if (rc)
        drmgmt_record_free(after);
    else
        *user = after;
    return rc;
}

int drmgmt_user_reset_password(drmgmt_session *session, const char *id, const char *password, drmgmt_record **user,
                               char **invitation, drmgmt_error **error)
{
    struct secret secret = { .hash = NULL };
    char canonical[DRMGMT__UUID_SIZE];

    if (!drmgmt__uuid_normalise(id, canonical))
        return no_such(error);
    int rc = drmgmt_session_require(session, DRMGMT_PERM_USER_ADMIN, error);
    if (!rc)
        rc = make_secret(session, canonical, password, &secret, error);
    if (!rc)
        rc = reset(session, canonical, &secret, user, error);
    if (!rc)
        hand_over(&secret, invitation);
    clear(&secret);
    return rc;
}

int drmgmt_user_logout(drmgmt_session *session, const char *id, int64_t *ended, drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    if (!drmgmt__uuid_valid(id))
        return no_such(error);
    drmgmt__param(&p, id);
    int rc = drmgmt__tx_begin(session, DRMGMT_PERM_USER_ADMIN, &tx, error);
    if (!rc)
        rc = drmgmt__exec_explained(tx, &drmgmt__q_user_logout, &p, &rows, error);
    if (!rc)
        rc = drmgmt__audit(tx, session, "user.logout", "user", id, NULL, error);
    if (!rc)
        rc = drmgmt__tx_commit(&tx, error);
    if (!rc && ended)
        *ended = drmgmt__rows_int(rows, 0, 0);
    return rc;
}
