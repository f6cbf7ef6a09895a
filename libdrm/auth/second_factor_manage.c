/* Enrolling, confirming, disabling, resetting a second factor. Called by programs; calls second_factor.c for codes, and
 * the store. A change of one's own factor is made by functions of the database that want the system context "auth", for
 * the reason told in second_factor.c; they make the context the user's own, so that the audit row is the user's. */
#include "audit/audit.h"
#include "auth/auth_internal.h"
#include "auth/second_factor.h"
#include "auth/totp.h"
#include "core/context_internal.h"
#include "core/strbuf.h"
#include "queries.h"
#include "store/store.h"
#include <drm/second_factor.h>
#include <stdio.h>
#include <string.h>

enum { RECOVERY_CODES = 10 };
enum { STATUS_ENABLED, STATUS_REQUIRED, STATUS_PENDING, STATUS_CODES_LEFT }; /* columns of second_factor_status.sql */

void drmgmt_enrolment_free(drmgmt_enrolment *enrolment)
{
    if (!enrolment)
        return;
    drmgmt__free_secret(enrolment->secret);
    drmgmt__free_secret(enrolment->uri);
    free(enrolment);
}
DRMGMT__DEFINE_CLEANUP(enrolment_freep, drmgmt_enrolment *, drmgmt_enrolment_free)

void drmgmt_recovery_codes_free(drmgmt_recovery_codes *codes)
{
    if (!codes)
        return;
    for (size_t i = 0; codes->codes && i < codes->count; i++)
        drmgmt__free_secret(codes->codes[i]);
    free(codes->codes);
    free(codes);
}
DRMGMT__DEFINE_CLEANUP(recovery_codes_freep, drmgmt_recovery_codes *, drmgmt_recovery_codes_free)

/* ---- who may ---- */

static int need_log_in(drmgmt_session *session, drmgmt_error **error)
{
    if (session->kind == DRMGMT__SESSION_API_KEY)
        return drmgmt__fail(error, DRMGMT_ERR_FORBIDDEN,
                            "an API key cannot change how its owner logs in: log in with the password");
    return drmgmt__need_keyring(session->context, error);
}

/* A code of the factor the user has. *enabled false, and 0, when there is none. */
static int prove(drmgmt_session *session, const char *code, bool *enabled, drmgmt_error **error)
{
    const drmgmt_origin origin = { session->request_id, session->address };
    drmgmt__second_factor answer;
    int rc = drmgmt__second_factor_check(session->context, session->tenant_id, session->user_id, code, &origin, &answer,
                                         error);

    if (rc)
        return rc;
    *enabled = answer != DRMGMT__FACTOR_NOT_NEEDED;
    switch (answer) {
    case DRMGMT__FACTOR_MISSING:
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "code",
                                 "code: a code of your authenticator, or a recovery code, is needed for this");
    case DRMGMT__FACTOR_WRONG:
        return drmgmt__fail_full(error, DRMGMT_ERR_FORBIDDEN, false, NULL, "code",
                                 "code: it is wrong, or was used before: wait for the next one");
    case DRMGMT__FACTOR_NOT_NEEDED:
    case DRMGMT__FACTOR_OK:
        break;
    }
    return 0;
}

/* The same where there must be one. */
static int prove_there(drmgmt_session *session, const char *code, drmgmt_error **error)
{
    bool enabled = false;
    int rc = need_log_in(session, error);

    /* The actor's state first: what follows asks the database in the system's name. */
    if (!rc)
        rc = drmgmt_session_require(session, DRMGMT_PERM_NONE, error);
    if (!rc)
        rc = prove(session, code, &enabled, error);
    if (!rc && !enabled)
        rc = drmgmt__fail(error, DRMGMT_ERR_CONFLICT, "you have no second factor: begin an enrolment first");
    return rc;
}

/* ---- changes: a function of the database, and the audit row ---- */

static int change(drmgmt_session *session, const drmgmt__query *query, const drmgmt__params *params, const char *action,
                  drmgmt_error **error)
{
    const drmgmt_origin origin = { session->request_id, session->address };
    DRMGMT__SESSION drmgmt_session *system = NULL;
    DRMGMT__TX drmgmt__tx *tx = NULL;
    int rc = drmgmt__session_open_system(session->context, "auth", &system, error);

    if (rc)
        return rc;
    drmgmt_session_set_origin(system, &origin);
    rc = drmgmt__tx_begin(system, DRMGMT_PERM_NONE, &tx, error);
    if (!rc)
        rc = drmgmt__tx_exec(tx, query, params, NULL, error);
    if (!rc)
        rc = drmgmt__audit(tx, system, action, "user", session->user_id, NULL, error);
    return rc ? rc : drmgmt__tx_commit(&tx, error);
}

static void add_user(drmgmt__params *p, const drmgmt_session *session)
{
    drmgmt__param(p, session->tenant_id);
    drmgmt__param(p, session->user_id);
}

/* ---- begin ---- */

/* Seals a fresh seed; and tells what the authenticator is to be given. */
static int make_seed(drmgmt__tx *tx, drmgmt_session *session, const char *id,
                     uint8_t blob[DRMGMT__TOTP_SEED_SIZE + DRMGMT__BLOB_OVERHEAD], drmgmt_enrolment *enrolment,
                     drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *who = NULL;
    uint8_t seed[DRMGMT__TOTP_SEED_SIZE];
    drmgmt__data_key key;
    char issuer[600];
    int rc = drmgmt__tx_exec(tx, &drmgmt__q_auth_whoami, NULL, &who, error);

    if (!rc)
        rc = drmgmt__data_key_newest(tx, session, &key, error);
    if (rc)
        return rc;
    if (drmgmt__rows_count(who) == 0)
        return drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "not authenticated");
    snprintf(issuer, sizeof issuer, "drmgmt %s", drmgmt__rows_text(who, 0, 1));
    if (drmgmt__random(seed, sizeof seed) ||
        drmgmt__blob_seal(&key, "user_totp", "seed", session->tenant_id, id, seed, sizeof seed, blob)) {
        rc = drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the seed cannot be made or sealed");
    } else if (!(enrolment->secret = calloc(1, DRMGMT__TOTP_SEED_SIZE * 8 / 5 + 2))) {
        rc = drmgmt__fail_memory(error);
    } else {
        drmgmt__b32(seed, sizeof seed, enrolment->secret);
        enrolment->uri = drmgmt__totp_uri(issuer, drmgmt__rows_text(who, 0, 3), enrolment->secret);
        rc = enrolment->uri ? 0 : drmgmt__fail_memory(error);
    }
    drmgmt__wipe(seed, sizeof seed);
    drmgmt__wipe(&key, sizeof key);
    return rc;
}

int drmgmt_second_factor_begin(drmgmt_session *session, const char *code, drmgmt_enrolment **enrolment,
                               drmgmt_error **error)
{
    DRMGMT__CLEANUP(enrolment_freep) drmgmt_enrolment *e = NULL;
    DRMGMT__TX drmgmt__tx *tx = NULL;
    uint8_t blob[DRMGMT__TOTP_SEED_SIZE + DRMGMT__BLOB_OVERHEAD];
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char id[DRMGMT__UUID_SIZE];
    bool enabled;
    int rc = need_log_in(session, error);

    if (rc)
        return rc;
    if (drmgmt__uuid_v7(id))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
    e = calloc(1, sizeof *e);
    if (!e)
        return drmgmt__fail_memory(error);
    rc = drmgmt__tx_begin(session, DRMGMT_PERM_NONE, &tx, error);
    if (!rc)
        rc = make_seed(tx, session, id, blob, e, error);
    if (!rc)
        rc = drmgmt__tx_commit(&tx, error);
    if (!rc)
        rc = prove(session, code, &enabled, error);
    if (rc)
        return rc;
    add_user(&p, session);
    drmgmt__param(&p, id);
    drmgmt__param_bytes(&p, blob, sizeof blob);
    rc = change(session, &drmgmt__q_second_factor_begin, &p, "second_factor.begin", error);
    if (!rc)
        *enrolment = DRMGMT__STEAL(e);
    return rc;
}

/* ---- recovery codes ---- */

static int make_codes(drmgmt_recovery_codes **codes, uint8_t hashes[RECOVERY_CODES][DRMGMT__RECOVERY_HASH_SIZE],
                      drmgmt_error **error)
{
    DRMGMT__CLEANUP(recovery_codes_freep) drmgmt_recovery_codes *c = calloc(1, sizeof *c);

    if (!c || !(c->codes = calloc(RECOVERY_CODES, sizeof *c->codes)))
        return drmgmt__fail_memory(error);
    for (; c->count < RECOVERY_CODES; c->count++) {
        if (!(c->codes[c->count] = calloc(1, DRMGMT__RECOVERY_SIZE)))
            return drmgmt__fail_memory(error);
        if (drmgmt__recovery_code_make(c->codes[c->count], hashes[c->count])) {
            free(c->codes[c->count]);
            return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the system gives no random numbers");
        }
    }
    *codes = DRMGMT__STEAL(c);
    return 0;
}

int drmgmt_second_factor_recovery_codes(drmgmt_session *session, const char *code, drmgmt_recovery_codes **codes,
                                        drmgmt_error **error)
{
    DRMGMT__CLEANUP(recovery_codes_freep) drmgmt_recovery_codes *made = NULL;
    uint8_t hashes[RECOVERY_CODES][DRMGMT__RECOVERY_HASH_SIZE];
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    int rc = prove_there(session, code, error);

    if (!rc)
        rc = make_codes(&made, hashes, error);
    if (rc)
        return rc;
    add_user(&p, session);
    drmgmt__param_bytes(&p, hashes, sizeof hashes);
    rc = change(session, &drmgmt__q_second_factor_codes, &p, "second_factor.recovery_codes", error);
    if (!rc)
        *codes = DRMGMT__STEAL(made);
    return rc;
}

/* ---- confirm ---- */

static int find_step(drmgmt_session *session, const char *code, char id[DRMGMT__UUID_SIZE], int64_t *step,
                     drmgmt_error **error)
{
    DRMGMT__SESSION drmgmt_session *system = NULL;
    drmgmt__totp_seed seed = { .id = "" };
    bool found = false;
    int rc = drmgmt__session_open_system(session->context, "auth", &system, error);

    if (!rc)
        rc = drmgmt__totp_seed_read(system, session->tenant_id, session->user_id, false, &seed, &found, error);
    if (!rc && !found)
        rc = drmgmt__fail(error, DRMGMT_ERR_CONFLICT, "no enrolment was begun: begin one first");
    if (!rc && drmgmt__totp_find(seed.bytes, code, seed.now, seed.last_step, step))
        rc = drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "OpenSSL cannot compute a one-time code");
    memcpy(id, seed.id, sizeof seed.id);
    drmgmt__wipe(&seed, sizeof seed);
    if (!rc && *step < 0)
        rc = drmgmt__fail_full(error, DRMGMT_ERR_FORBIDDEN, false, NULL, "code",
                               "code: it is not the one of this moment: look at the authenticator's clock");
    return rc;
}

int drmgmt_second_factor_confirm(drmgmt_session *session, const char *code, drmgmt_recovery_codes **codes,
                                 drmgmt_error **error)
{
    DRMGMT__CLEANUP(recovery_codes_freep) drmgmt_recovery_codes *made = NULL;
    uint8_t hashes[RECOVERY_CODES][DRMGMT__RECOVERY_HASH_SIZE];
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    char id[DRMGMT__UUID_SIZE];
    int64_t step = -1;
    int rc = need_log_in(session, error);

    if (!rc && !(code && *code))
        rc = drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "code",
                               "code: a code of the new authenticator is needed");
    if (!rc)
        rc = drmgmt_session_require(session, DRMGMT_PERM_NONE, error);
    if (!rc)
        rc = find_step(session, code, id, &step, error);
    if (!rc)
        rc = make_codes(&made, hashes, error);
    if (rc)
        return rc;
    add_user(&p, session);
    drmgmt__param(&p, id);
    drmgmt__param_int(&p, step);
    drmgmt__param_bytes(&p, hashes, sizeof hashes);
    drmgmt__param(&p, session->family_id);
    rc = change(session, &drmgmt__q_second_factor_confirm, &p, "second_factor.enable", error);
    if (!rc)
        *codes = DRMGMT__STEAL(made);
    return rc;
}

/* ---- the end of one ---- */

/* Told before a code is asked for and used up; the database's function decides. */
static int refuse_required(drmgmt_session *session, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    int rc = drmgmt__run(session, DRMGMT_PERM_NONE, DRMGMT__READ, &drmgmt__q_second_factor_status, NULL, &rows, error);

    if (!rc && drmgmt__rows_bool(rows, 0, STATUS_ENABLED) && drmgmt__rows_bool(rows, 0, STATUS_REQUIRED))
        rc = drmgmt__fail(error, DRMGMT_ERR_CONFLICT,
                          "your tenant requires a second factor: begin an enrolment to replace yours with another");
    return rc;
}

int drmgmt_second_factor_disable(drmgmt_session *session, const char *code, drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    int rc = need_log_in(session, error);

    if (!rc)
        rc = refuse_required(session, error);
    if (!rc)
        rc = prove_there(session, code, error);
    if (rc)
        return rc;
    add_user(&p, session);
    return change(session, &drmgmt__q_second_factor_remove, &p, "second_factor.disable", error);
}

int drmgmt_second_factor_reset(drmgmt_session *session, const char *user_id, drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    if (!drmgmt__uuid_valid(user_id))
        return drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "there is no such user with a second factor");
    drmgmt__param(&p, user_id);
    int rc = drmgmt__tx_begin(session, DRMGMT_PERM_USER_ADMIN, &tx, error);
    if (!rc)
        rc = drmgmt__tx_exec(tx, &drmgmt__q_second_factor_reset, &p, NULL, error);
    if (!rc)
        rc = drmgmt__audit(tx, session, "second_factor.reset", "user", user_id, NULL, error);
    return rc ? rc : drmgmt__tx_commit(&tx, error);
}

/* ---- status ---- */

int drmgmt_second_factor_status(drmgmt_session *session, char **json, drmgmt_error **error)
{
    static const char *const names[] = { "enabled", "required", "pending" };
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    DRMGMT__STRBUF b = DRMGMT__STRBUF_INIT;
    int rc = drmgmt__run(session, DRMGMT_PERM_NONE, DRMGMT__READ, &drmgmt__q_second_factor_status, NULL, &rows, error);

    if (rc)
        return rc;
    if (drmgmt__rows_count(rows) == 0)
        return drmgmt__fail(error, DRMGMT_ERR_UNAUTHENTICATED, "not authenticated");
    for (size_t i = STATUS_ENABLED; i <= STATUS_PENDING; i++)
        drmgmt__strbuf_printf(&b, "%s\"%s\":%s", i ? "," : "{", names[i],
                              drmgmt__rows_bool(rows, 0, i) ? "true" : "false");
    drmgmt__json_member_int(&b, "recovery_codes_left", drmgmt__rows_int(rows, 0, STATUS_CODES_LEFT));
    drmgmt__strbuf_putc(&b, '}');
    char *text = drmgmt__strbuf_steal(&b, NULL);
    if (!text)
        return drmgmt__fail_memory(error);
    *json = text;
    return 0;
}
