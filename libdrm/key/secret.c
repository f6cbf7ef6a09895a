/* Secrets of a table's row, sealed. Called by the rooms that keep them; calls auth/seal.c by way of the data key cache.
 */
#include "key/key.h"
#include <string.h>

int drmgmt__secret_seal(drmgmt__tx *tx, drmgmt_session *session, const char *table, const char *column,
                        const char *row_id, const void *secret, size_t n, char **hex, drmgmt_error **error)
{
    drmgmt__data_key key;

    if (!drmgmt__keyring_given(session->context))
        return drmgmt__fail(error, DRMGMT_ERR_CRYPTO,
                            "credentials can be stored only by a program that holds the keyring");
    int rc = drmgmt__data_key_newest(tx, session, &key, error);
    if (rc)
        return rc;
    DRMGMT__FREE uint8_t *blob = malloc(n + DRMGMT__BLOB_OVERHEAD);
    char *text = malloc(2 * (n + DRMGMT__BLOB_OVERHEAD) + 3);
    if (!blob || !text) {
        rc = drmgmt__fail_memory(error);
    } else if (drmgmt__blob_seal(&key, table, column, session->tenant_id, row_id, secret, n, blob)) {
        rc = drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "the secret cannot be sealed");
    } else {
        memcpy(text, "\\x", 2);
        drmgmt__hex(blob, n + DRMGMT__BLOB_OVERHEAD, text + 2);
        *hex = DRMGMT__STEAL(text);
    }
    free(text);
    drmgmt__wipe(&key, sizeof key);
    return rc;
}
