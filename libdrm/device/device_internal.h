/* What the files of the device room share. Internal. */
#ifndef DRMGMT_DEVICE_DEVICE_INTERNAL_H
#define DRMGMT_DEVICE_DEVICE_INTERNAL_H

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

/* Begins a change or a deletion: the record as it is before, held for the rest of the transaction. hold: a statement
 * with id and version; get: the one that reads by id; what: "device". NOT_FOUND, or PRECONDITION when the version is
 * another than if_version (0: any). */
int drmgmt__hold(drmgmt__tx *tx, const drmgmt_entity *entity, const drmgmt__query *hold, const drmgmt__query *get,
                 const char *id, int64_t if_version, const char *what, drmgmt_record **before, drmgmt_error **error);
/* The end of making or changing one (before NULL: making): reads the record as it has become, writes the audit row, and
 * commits. *tx as drmgmt__tx_commit() leaves it, unless something before that failed. */
int drmgmt__finish_change(drmgmt__tx **tx, const drmgmt_session *session, const char *action,
                          const drmgmt_record *before, const drmgmt_draft *draft, const drmgmt__query *get,
                          const char *id, drmgmt_record **record, drmgmt_error **error);
/* A record of the transaction by id. */
int drmgmt__read_one(drmgmt__tx *tx, const drmgmt_entity *entity, const drmgmt__query *get, const char *id,
                     drmgmt_record **record, drmgmt_error **error);
/* Takes away the credentials that came with profiles of a device and that no profile uses any more. */
int drmgmt__credentials_prune(drmgmt__tx *tx, const drmgmt_session *session, const char *device_id,
                              drmgmt_error **error);
DRMGMT__DEFINE_CLEANUP(drmgmt__record_freep, drmgmt_record *, drmgmt_record_free)
#define DRMGMT__RECORD DRMGMT__CLEANUP(drmgmt__record_freep)
/* A statement of the transaction whose violated constraints are told in words of ours. */
int drmgmt__exec_explained(drmgmt__tx *tx, const drmgmt__query *query, const drmgmt__params *params,
                           drmgmt__rows **rows, drmgmt_error **error);

#endif
