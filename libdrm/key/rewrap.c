/* KEK rotation: every tenant's data keys wrapped anew by the active KEK. Called by programs; the database's part is
 * sec.kek_*(). One row is changed at a time and only if nobody changed it meanwhile, and old and new KEK both open
 * throughout: it may be broken off anywhere. */
#include "auth/auth_internal.h"
#include "auth/keyring.h"
#include "key/key.h"
#include "queries.h"
#include <stdio.h>
#include <string.h>

enum { BATCH = 64 };
static const char first_id[] = "00000000-0000-0000-0000-000000000000";

int drmgmt_kek_uses(drmgmt_context *context, drmgmt_kek_use **uses, size_t *count, drmgmt_error **error)
{
    DRMGMT__SESSION drmgmt_session *system = NULL;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    int rc = drmgmt__session_open_system(context, "keys", &system, error);

    if (!rc)
        rc = drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__READ, &drmgmt__q_kek_uses, NULL, &rows, error);
    if (rc)
        return rc;
    size_t n = drmgmt__rows_count(rows);
    drmgmt_kek_use *list = calloc(n + 1, sizeof *list);
    if (!list)
        return drmgmt__fail_memory(error);
    for (size_t i = 0; i < n; i++)
        list[i] = (drmgmt_kek_use){ (unsigned)drmgmt__rows_int(rows, i, 0), (uint64_t)drmgmt__rows_int(rows, i, 1) };
    *uses = list;
    *count = n;
    return 0;
}

/* ---- one row ---- */

static int store(drmgmt_session *system, const drmgmt__rows *rows, size_t row, const uint8_t *wrapped, bool *done,
                 drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *answer = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param(&p, drmgmt__rows_text(rows, row, 0));
    drmgmt__param(&p, drmgmt__rows_text(rows, row, 1));
    drmgmt__param(&p, drmgmt__rows_text(rows, row, 2));
    drmgmt__param_bytes(&p, wrapped, DRMGMT__WRAPPED_SIZE);
    int rc = drmgmt__run(system, DRMGMT_PERM_NONE, DRMGMT__WRITE | DRMGMT__REPEATABLE, &drmgmt__q_kek_put, &p, &answer,
                         error);
    *done = !rc && drmgmt__rows_bool(answer, 0, 0);
    return rc;
}

static int rewrap(drmgmt_session *system, const drmgmt__keyring *keyring, const drmgmt__rows *rows, size_t row,
                  bool *done, drmgmt_error **error)
{
    uint8_t old[DRMGMT__WRAPPED_SIZE], fresh[DRMGMT__WRAPPED_SIZE];
    drmgmt__data_key key;
    const char *tenant_id = drmgmt__rows_text(rows, row, 0);
    uint32_t version = (uint32_t)drmgmt__rows_int(rows, row, 1);
    long n = drmgmt__rows_bytes(rows, row, 2, old, sizeof old);

    *done = false;
    int rc =
        n < 0 || drmgmt__data_key_unwrap(keyring, tenant_id, version, old, (size_t)n, &key) ||
                drmgmt__data_key_wrap(keyring, tenant_id, &key, fresh)
            ? drmgmt__fail(error, DRMGMT_ERR_CRYPTO,
                           "the data key %u of tenant %s does not open: the KEK that wrapped it is missing from the"
                           " keyring, or it is damaged",
                           version, tenant_id)
            : store(system, rows, row, fresh, done, error);
    drmgmt__wipe(&key, sizeof key);
    return rc;
}

/* ---- all of them ---- */

struct pass {
    drmgmt_session *system;
    const drmgmt__keyring *keyring;
    unsigned kek;
    char after[DRMGMT__UUID_SIZE];
    uint64_t wrapped, seen;
    drmgmt_error *failed; /* the first one that does not open: the others go on */
};

static int batch(struct pass *pass, bool *more, drmgmt_error **error)
{
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    drmgmt__params p = DRMGMT__PARAMS_INIT;

    drmgmt__param_int(&p, pass->kek);
    drmgmt__param(&p, pass->after);
    drmgmt__param_int(&p, BATCH);
    int rc = drmgmt__run(pass->system, DRMGMT_PERM_NONE, DRMGMT__READ, &drmgmt__q_kek_pick, &p, &rows, error);
    size_t n = rc ? 0 : drmgmt__rows_count(rows);
    for (size_t i = 0; !rc && i < n; i++) {
        drmgmt_error *failure = NULL;
        bool done;
        rc = rewrap(pass->system, pass->keyring, rows, i, &done, &failure);
        pass->wrapped += done;
        pass->seen++;
        if (rc == DRMGMT_ERR_CRYPTO) {
            if (pass->failed)
                drmgmt_error_free(failure);
            else
                pass->failed = failure;
            rc = 0;
        } else if (rc && error) {
            *error = failure;
        } else {
            drmgmt_error_free(failure);
        }
        /* The next batch begins after whole tenants: one with several data keys may stand across the end. */
        if (i + 1 < n && strcmp(drmgmt__rows_text(rows, i, 0), drmgmt__rows_text(rows, i + 1, 0)) != 0)
            snprintf(pass->after, sizeof pass->after, "%s", drmgmt__rows_text(rows, i, 0));
    }
    *more = n == BATCH;
    return rc;
}

static int run_pass(struct pass *pass, drmgmt_rewrap_fn *progress, void *user, drmgmt_error **error)
{
    bool more = true;
    int rc = 0;

    snprintf(pass->after, sizeof pass->after, "%s", first_id);
    pass->seen = 0;
    while (!rc && more) {
        rc = batch(pass, &more, error);
        if (!rc && progress && pass->seen)
            progress(user, pass->wrapped, pass->after);
    }
    return rc;
}

int drmgmt_kek_rewrap(drmgmt_context *context, drmgmt_rewrap_fn *progress, void *user, uint64_t *wrapped,
                      drmgmt_error **error)
{
    DRMGMT__SESSION drmgmt_session *system = NULL;
    struct pass pass = { .wrapped = 0 };
    int rc = drmgmt__session_open_system(context, "keys", &system, error);

    if (!rc)
        rc = drmgmt_context_reload(context, NULL, error);
    if (rc)
        return rc;
    DRMGMT__KEYRING drmgmt__keyring *keyring = drmgmt__keyring_hold(context);
    pass.system = system;
    pass.keyring = keyring;
    if (!drmgmt__keyring_key(keyring, DRMGMT__KEY_KEK, &pass.kek))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the keyring has no KEK");
    /* Again until a pass finds none: a program that had not read the new KEK yet may have made a tenant meanwhile. */
    do
        rc = run_pass(&pass, progress, user, error);
    while (!rc && pass.seen && !pass.failed);
    if (!rc && pass.failed) {
        rc = drmgmt_error_status(pass.failed);
        if (error)
            *error = DRMGMT__STEAL(pass.failed);
    }
    drmgmt_error_free(pass.failed);
    if (!rc && wrapped)
        *wrapped = pass.wrapped;
    return rc;
}
