/* Keys in use: secrets that are sealed for a table's row, and the changing of keys while they are used. Called by the
 * rooms that keep secrets (device), by worker/ (the background part) and by programs (drm/key.h). Internal. */
#ifndef DRMGMT_KEY_KEY_H
#define DRMGMT_KEY_KEY_H

#include "auth/auth.h"
#include "core/core.h"
#include "store/owner.h"
#include "store/store.h"
#include <drm/key.h>

/* ---- sealed_columns.c: THE table of columns of the schema drm that hold sealed values. A row for a new one, and its
 * migration grants drm_sched SELECT and UPDATE of the column (and sec.open_to_scheduler): then its values follow a new
 * data key. ---- */
typedef struct drmgmt__sealed_column {
    const char *table, *column;
    const char *row_id; /* the uuid column a value is bound to, unique in the tenant */
} drmgmt__sealed_column;
extern const drmgmt__sealed_column drmgmt__sealed_columns[];
extern const size_t drmgmt__n_sealed_columns;
/* Tells the database, as its owner. */
int drmgmt__sealed_columns_install(drmgmt__owner *owner, drmgmt_error **error);

/* ---- secret.c ---- */
/* Seals a secret of n bytes for a column of a row, by the tenant's newest data key, which stays while the transaction
 * lasts: so the value is to be stored in the same transaction. *hex: malloc()ed "\x..." text for a bytea parameter.
 * Errors: CRYPTO. */
int drmgmt__secret_seal(drmgmt__tx *tx, drmgmt_session *session, const char *table, const char *column,
                        const char *row_id, const void *secret, size_t n, char **hex, drmgmt_error **error);

/* ---- rekey.c: sealing anew by a tenant's newest data key what older ones sealed ---- */
typedef struct drmgmt__rekey drmgmt__rekey;
int drmgmt__rekey_new(drmgmt_context *context, drmgmt__rekey **rekey, drmgmt_error **error);
void drmgmt__rekey_free(drmgmt__rekey *rekey); /* wipes; NULL is allowed */
/* One small step: a few statements and at most a few hundred rows. *busy: there is more to do. A failure loses nothing:
 * the work is taken up anew, by whoever comes first. */
int drmgmt__rekey_step(drmgmt__rekey *rekey, bool *busy, drmgmt_error **error);
/* What was done since it was made. */
void drmgmt__rekey_done(const drmgmt__rekey *rekey, drmgmt_rekey_progress *done);

/* ---- install.c ---- */
/* Runs work in a transaction of the owner's, again when the seal keys are busy for a moment. */
typedef int drmgmt__owner_work(drmgmt__owner *owner, void *user, drmgmt_error **error);
int drmgmt__seal_keys_change(const char *owner_url, drmgmt__owner_work *work, void *user, drmgmt_error **error);
int drmgmt__seal_key_install(drmgmt__owner *owner, const char *path, unsigned number, const uint8_t key[32],
                             drmgmt_error **error);

#endif
