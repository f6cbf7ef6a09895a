/* What the files of the device room share. Internal. */
#ifndef DRMGMT_DEVICE_DEVICE_INTERNAL_H
#define DRMGMT_DEVICE_DEVICE_INTERNAL_H

#include "audit/change.h"
#include "auth/auth.h"
#include "core/core.h"
#include "core/record_internal.h"
#include "store/store.h"

/* A device's profiles as given, checked: what goes into the database, and the communities that are still to be sealed.
 */
typedef struct drmgmt__profiles {
    json_t *rows; /* array of {protocol, address, port, settings, credential_id} */
    struct drmgmt__profile_secret {
        char credential_id[DRMGMT__UUID_SIZE];
        char snmp_version[4];
        char *community;
    } * secrets;
    size_t n_secrets;
} drmgmt__profiles;

/* Checks the JSON text of the field "profiles". Errors: INVALID naming the place ("profiles[0].port"), UNSUPPORTED for
 * a protocol without a driver. */
int drmgmt__profiles_parse(const char *json, drmgmt__profiles *profiles, drmgmt_error **error);
void drmgmt__profiles_clear(drmgmt__profiles *profiles); /* wipes */
/* Replaces the device's profiles within the transaction. */
int drmgmt__profiles_store(drmgmt__tx *tx, drmgmt_session *session, const char *device_id,
                           const drmgmt__profiles *profiles, drmgmt_error **error);

/* Seals a community for the credential's row. *hex: malloc()ed "\x..." text for a bytea parameter. Errors: CRYPTO. */
int drmgmt__community_seal(drmgmt__tx *tx, drmgmt_session *session, const char *credential_id, const char *community,
                           char **hex, drmgmt_error **error);

/* Takes away the credentials that came with profiles of a device and that no profile uses any more. */
int drmgmt__credentials_prune(drmgmt__tx *tx, const drmgmt_session *session, const char *device_id,
                              drmgmt_error **error);

#endif
