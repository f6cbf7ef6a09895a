/* Changing the keyring's file. Called by key/. Internal. */
#ifndef DRMGMT_AUTH_KEYRING_FILE_H
#define DRMGMT_AUTH_KEYRING_FILE_H

#include "auth/keyring.h"
#include "core/strbuf.h"

/* One key's line: put in, replaced or (remove) taken out. */
typedef struct drmgmt__key_change {
    drmgmt__key_kind kind;
    drmgmt__key key;
    bool changed, remove;
} drmgmt__key_change;
/* Decides on the change, seeing the file as it is under the lock; whatever must be true before the file changes is done
 * here. An error leaves the file alone. */
typedef int drmgmt__keyring_change(void *user, const drmgmt__keyring *before, drmgmt__key_change *change,
                                   drmgmt_error **error);
/* Other lines, comments, mode and owner stay. Errors: IO, CRYPTO (the file is malformed), those of fn. */
int drmgmt__keyring_edit(const char *path, drmgmt__keyring_change *fn, void *user, drmgmt_error **error);

#endif
