/* The second factor at log-in: a TOTP code (RFC 6238) or a recovery code, each good once. Called by login.c and
 * second_factor_manage.c; calls totp.c and the store.
 *
 * What is read and used up here stands behind functions that want the system context "auth": whoever has only the
 * database's password and an API key can neither read a seed nor wear out somebody's codes. */
#include "auth/second_factor.h"
#include "audit/audit.h"
#include "auth/auth_internal.h"
#include "auth/throttle.h"
#include "auth/totp.h"
#include "queries.h"
#include "store/store.h"
#include <string.h>

/* ---- recovery codes ---- */

enum { RECOVERY_BYTES = 10, RECOVERY_LETTERS = 16, TYPED_MAX = 64 };

static int hash_letters(const char letters[RECOVERY_LETTERS], uint8_t hash[DRMGMT__RECOVERY_HASH_SIZE])
{
    return drmgmt__sha256(letters, RECOVERY_LETTERS, hash);
}

int drmgmt__recovery_code_make(char code[DRMGMT__RECOVERY_SIZE], uint8_t hash[DRMGMT__RECOVERY_HASH_SIZE])
{
    uint8_t bytes[RECOVERY_BYTES];
    char letters[RECOVERY_LETTERS + 1], *to = code;

    if (drmgmt__random(bytes, sizeof bytes))
        return DRMGMT_ERR_CRYPTO;
    drmgmt__b32(bytes, sizeof bytes, letters);
    for (size_t i = 0; i < RECOVERY_LETTERS; i++) {
        if (i && i % 4 == 0)
            *to++ = '-';
        letters[i] = (char)(letters[i] >= 'A' ? letters[i] + 32 : letters[i]);
        *to++ = letters[i];
    }
    *to = '\0';
    int rc = hash_letters(letters, hash);
    drmgmt__wipe(bytes, sizeof bytes);
    drmgmt__wipe(letters, sizeof letters);
    return rc;
}

bool drmgmt__recovery_code_hash(const char *text, uint8_t hash[DRMGMT__RECOVERY_HASH_SIZE])
{
    char letters[RECOVERY_LETTERS];
    size_t n = 0;

    if (strnlen(text, TYPED_MAX + 1) > TYPED_MAX)
        return false;
    for (; *text; text++) {
        char c = (char)(*text >= 'A' && *text <= 'Z' ? *text + 32 : *text);
        if (c == '-' || c == ' ')
            continue;
        if (n == RECOVERY_LETTERS || !strchr("abcdefghijklmnopqrstuvwxyz234567", c))
            return false;
        letters[n++] = c;
    }
    bool good = n == RECOVERY_LETTERS && hash_letters(letters, hash) == 0;
    drmgmt__wipe(letters, sizeof letters);
    return good;
}

/* ---- seeds ---- */

static int open_seed(drmgmt_session *system, const char *tenant_id, const drmgmt__rows *rows, drmgmt__totp_seed *seed,
                     drmgmt_error **error)
{
    uint8_t blob[DRMGMT__TOTP_SEED_SIZE + DRMGMT__BLOB_OVERHEAD], wrapped[DRMGMT__WRAPPED_SIZE];
    long n = drmgmt__rows_bytes(rows, 0, 1, blob, sizeof blob);
    long n_wrapped = drmgmt__rows_bytes(rows, 0, 4, wrapped, sizeof wrapped);
    drmgmt__data_key key;

    memcpy(seed->id, drmgmt__rows_text(rows, 0, 0), sizeof seed->id);
    seed->last_step = drmgmt__rows_int(rows, 0, 2);
    seed->now = drmgmt__rows_int(rows, 0, 5);
    bool opened =
        n == (long)sizeof blob && n_wrapped > 0 &&
        drmgmt__data_key_cached(system->context, tenant_id, (uint32_t)drmgmt__rows_int(rows, 0, 3), wrapped,
                                (size_t)n_wrapped, &key) == 0 &&
        drmgmt__blob_open(&key, "user_totp", "seed", tenant_id, seed->id, blob, sizeof blob, seed->bytes) == 0;
    drmgmt__wipe(&key, sizeof key);
    return opened ? 0
                  : drmgmt__fail(error, DRMGMT_ERR_CRYPTO,
                                 "the second factor's seed does not open: is this the keyring of this database?");
}

int drmgmt__totp_seed_read(drmgmt_session *system, const char *tenant_id, const char *user_id, bool confirmed,
                           drmgmt__totp_seed *seed, bool *found, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param(&p, tenant_id);
    drmgmt__param(&p, user_id);
    drmgmt__param_bool(&p, confirmed);
    int rc = drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__READ, &drmgmt__q_second_factor_seed, &p, &rows, error);
    if (!rc && drmgmt__rows_count(rows) == 1)
        rc = open_seed(system, tenant_id, rows, seed, error);
    if (!rc)
        *found = drmgmt__rows_count(rows) == 1;
    return rc;
}

/* ---- the check ---- */

/* Compare and set in one statement: of two log-ins with the same code the second finds it used. */
static int take_step(drmgmt_session *system, const char *tenant_id, const char *user_id, const drmgmt__totp_seed *seed,
                     int64_t step, bool *taken, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param(&p, tenant_id);
    drmgmt__param(&p, user_id);
    drmgmt__param(&p, seed->id);
    drmgmt__param_int(&p, step);
    int rc = drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__WRITE, &drmgmt__q_second_factor_take_step, &p, &rows, error);
    if (!rc)
        *taken = drmgmt__rows_bool(rows, 0, 0);
    return rc;
}

static int take_recovery_code(drmgmt_session *system, const char *tenant_id, const char *user_id,
                              const uint8_t hash[DRMGMT__RECOVERY_HASH_SIZE], bool *taken, drmgmt_error **error)
{
    DRMGMT__TX drmgmt__tx *tx = NULL;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param(&p, tenant_id);
    drmgmt__param(&p, user_id);
    drmgmt__param_bytes(&p, hash, DRMGMT__RECOVERY_HASH_SIZE);
    int rc = drmgmt__tx_begin(system, DRMGMT_PERM_NONE, &tx, error);
    if (!rc)
        rc = drmgmt__tx_exec(tx, &drmgmt__q_second_factor_take_code, &p, &rows, error);
    if (rc || !drmgmt__rows_bool(rows, 0, 0)) {
        *taken = false;
        return rc;
    }
    /* Used, the function has made the context the user's own. */
    rc = drmgmt__audit(tx, system, "second_factor.recovery_code_used", "user", user_id, NULL, error);
    if (!rc)
        rc = drmgmt__tx_commit(&tx, error);
    if (!rc)
        *taken = true;
    return rc;
}

static int try_code(drmgmt_session *system, const char *tenant_id, const char *user_id, const drmgmt__totp_seed *seed,
                    const char *code, bool *taken, drmgmt_error **error)
{
    uint8_t hash[DRMGMT__RECOVERY_HASH_SIZE];
    int64_t step = -1;

    if (drmgmt__recovery_code_hash(code, hash))
        return take_recovery_code(system, tenant_id, user_id, hash, taken, error);
    *taken = false;
    if (drmgmt__totp_find(seed->bytes, code, seed->now, seed->last_step, &step))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "OpenSSL cannot compute a one-time code");
    return step < 0 ? 0 : take_step(system, tenant_id, user_id, seed, step, taken, error);
}

/* A code is short: somebody who knows the password must not be able to try them all. */
static int try_throttled(drmgmt_session *system, const char *tenant_id, const char *user_id,
                         const drmgmt__totp_seed *seed, const char *code, bool *taken, drmgmt_error **error)
{
    const char *address = system->address[0] ? system->address : NULL;
    int rc = drmgmt__throttle_admit(system->context, DRMGMT__THROTTLE_SECOND_FACTOR, user_id, address, error);

    if (rc)
        return rc;
    rc = try_code(system, tenant_id, user_id, seed, code, taken, error);
    drmgmt__throttle_settle(system->context, DRMGMT__THROTTLE_SECOND_FACTOR, user_id, address,
                            rc       ? DRMGMT__THROTTLE_UNDECIDED
                            : *taken ? DRMGMT__THROTTLE_SUCCEEDED
                                     : DRMGMT__THROTTLE_FAILED);
    return rc;
}

int drmgmt__second_factor_check(drmgmt_context *context, const char *tenant_id, const char *user_id, const char *code,
                                const drmgmt_origin *origin, drmgmt__second_factor *answer, drmgmt_error **error)
{
    DRMGMT__SESSION drmgmt_session *system = NULL;
    drmgmt__totp_seed seed = { .id = "" };
    bool found = false, taken = false;
    int rc = drmgmt__session_open_system(context, "auth", &system, error);

    if (rc)
        return rc;
    drmgmt_session_set_origin(system, origin);
    rc = drmgmt__totp_seed_read(system, tenant_id, user_id, true, &seed, &found, error);
    bool given = code && *code;
    if (!rc && found && given)
        rc = try_throttled(system, tenant_id, user_id, &seed, code, &taken, error);
    drmgmt__wipe(&seed, sizeof seed);
    if (!rc)
        *answer = !found   ? DRMGMT__FACTOR_NOT_NEEDED
                  : !given ? DRMGMT__FACTOR_MISSING
                  : taken  ? DRMGMT__FACTOR_OK
                           : DRMGMT__FACTOR_WRONG;
    return rc;
}
