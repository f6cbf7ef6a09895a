/* The keyring's seal keys in the database. Called by drmctl init and key, and by rotate.c; works as the migrating
 * owner, because programs know no key of the database. */
#include "auth/permission.h"
#include "key/key.h"
#include <drm/db.h>
#include <string.h>
#include <time.h>

enum { ATTEMPTS = 20, PAUSE_MS = 250 };

int drmgmt__seal_key_install(drmgmt__owner *owner, const char *path, unsigned number, const uint8_t key[32],
                             drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt_error *failure = NULL;

    drmgmt__param_int(&p, number);
    drmgmt__param_bytes(&p, key, 32);
    int rc = drmgmt__owner_exec(owner, "SELECT sec.install_seal_key($1::integer, $2::bytea)", &p, NULL, &failure);
    if (rc == DRMGMT_ERR_CONFLICT) {
        drmgmt_error_free(failure);
        return drmgmt__fail(error, rc,
                            "the database knows another seal key under number %u than keyring %s: it was set up with"
                            " another keyring file; use that one, or give the key here a number of its own",
                            number, path);
    }
    if (rc && error)
        *error = failure;
    else
        drmgmt_error_free(failure);
    return rc;
}

static int attempt(const char *owner_url, drmgmt__owner_work *work, void *user, drmgmt_error **error)
{
    DRMGMT__OWNER drmgmt__owner *owner = NULL;
    int rc = drmgmt__owner_open(owner_url, &owner, error);

    if (!rc)
        rc = drmgmt__owner_become(owner, error);
    if (!rc)
        rc = drmgmt__owner_script(owner, "BEGIN", error);
    if (!rc)
        rc = work(owner, user, error);
    return rc ? rc : drmgmt__owner_script(owner, "COMMIT", error);
}

/* 55P03: transactions that have asked for their tenant hold the keys; sec.write_seal_keys() waits a second for them. */
int drmgmt__seal_keys_change(const char *owner_url, drmgmt__owner_work *work, void *user, drmgmt_error **error)
{
    for (int i = 1;; i++) {
        drmgmt_error *failure = NULL;
        int rc = attempt(owner_url, work, user, &failure);
        const char *state = rc ? drmgmt_error_detail(failure) : NULL;
        bool busy = state && strcmp(state, "55P03") == 0;
        if (busy && i < ATTEMPTS) {
            drmgmt_error_free(failure);
            nanosleep(&(struct timespec){ .tv_nsec = PAUSE_MS * 1000000 }, NULL);
            continue;
        }
        if (busy)
            drmgmt__fail_full(error, rc, true, state, NULL,
                              "the seal keys are in use by a transaction that does not end: find it in"
                              " pg_stat_activity, or try again later");
        else if (rc && error)
            *error = DRMGMT__STEAL(failure);
        drmgmt_error_free(failure);
        return rc;
    }
}

struct file {
    const char *path;
    const drmgmt__keyring *keyring;
};

static int install_all(drmgmt__owner *owner, void *user, drmgmt_error **error)
{
    const struct file *f = user;
    const uint8_t *key;
    unsigned number;
    int rc = 0;

    for (size_t i = 0; !rc && (key = drmgmt__keyring_at(f->keyring, DRMGMT__KEY_SEAL, i, &number)); i++)
        rc = drmgmt__seal_key_install(owner, f->path, number, key, error);
    return rc ? rc : drmgmt__permissions_install(owner, error);
}

int drmgmt_key_install(const char *keyring_path, const char *owner_url, drmgmt_error **error)
{
    DRMGMT__KEYRING drmgmt__keyring *keyring = NULL;
    int rc = drmgmt__keyring_load(keyring_path, &keyring, error);

    return rc ? rc : drmgmt__seal_keys_change(owner_url, install_all, &(struct file){ keyring_path, keyring }, error);
}

int drmgmt_db_install_keyring(const char *owner_url, const char *keyring_path, bool *created, drmgmt_error **error)
{
    bool fresh = false;
    int rc = drmgmt__keyring_create(keyring_path, &fresh, error);

    if (!rc)
        rc = drmgmt_key_install(keyring_path, owner_url, error);
    if (!rc && created)
        *created = fresh;
    return rc;
}
