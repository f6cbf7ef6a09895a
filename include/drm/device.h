/* Devices with their protocol profiles, and SNMP credentials.
 *
 * Entity "device": id, name, description, tags, protocols, profiles, version, created_at, updated_at.
 * "profiles" is an array, at most one a protocol; setting it replaces the set:
 *   [{"protocol":"snmp","address":"192.0.2.7","port":161,"settings":{"version":"2c","timeout_ms":1000,"retries":1},
 *     "credential_id":"..."}]
 * In place of "credential_id" a "community" may be given: a credential named after the device is then made in the same
 * transaction, and goes with the profile; this needs the permission credential:write too. Secrets are sealed with the
 * tenant's data key and are never read back. Entity "snmp_credential": id, name, snmp_version ("1", "2c"), community
 * (secret), device_id (when it was made for one), version, created_at, updated_at. */
#ifndef DRMGMT_DEVICE_H
#define DRMGMT_DEVICE_H

#include <drm/session.h>

DRMGMT_BEGIN

/* Creates a device. Permission device:write. Errors: INVALID with the field, NOT_FOUND (a profile's credential),
 * CONFLICT (name taken). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_device_create(drmgmt_session *session, const drmgmt_draft *draft,
                                                     drmgmt_record **device, drmgmt_error **error);
/* Reads one by id, or by name where id_or_name is no UUID. Permission device:read. Errors: NOT_FOUND. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_device_get(drmgmt_session *session, const char *id_or_name,
                                                  drmgmt_record **device, drmgmt_error **error);
/* Changes the fields set in draft. if_version: the version read before, or 0 for whatever is there.
 * Errors: NOT_FOUND, PRECONDITION (version is another by now), INVALID, CONFLICT. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_device_update(drmgmt_session *session, const char *id, int64_t if_version,
                                                     const drmgmt_draft *draft, drmgmt_record **device,
                                                     drmgmt_error **error);
/* Deletes a device with its profiles and its finished jobs' link to it. Errors: NOT_FOUND, PRECONDITION,
 * CONFLICT (jobs still active: cancel them first). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_device_delete(drmgmt_session *session, const char *id, int64_t if_version,
                                                     drmgmt_error **error);
/* Lists by filters name (wildcards), tag, protocol; sort "id" (default, oldest first), "name", "-name", "-id". */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_device_list(drmgmt_session *session, const drmgmt_query *query,
                                                   drmgmt_page **page, drmgmt_error **error);

/* The same for SNMP credentials. Permissions credential:read and credential:write. Deleting one that a device uses:
 * CONFLICT. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_snmp_credential_create(drmgmt_session *session, const drmgmt_draft *draft,
                                                              drmgmt_record **credential, drmgmt_error **error);
DRMGMT_API DRMGMT_NODISCARD int drmgmt_snmp_credential_get(drmgmt_session *session, const char *id,
                                                           drmgmt_record **credential, drmgmt_error **error);
DRMGMT_API DRMGMT_NODISCARD int drmgmt_snmp_credential_update(drmgmt_session *session, const char *id,
                                                              int64_t if_version, const drmgmt_draft *draft,
                                                              drmgmt_record **credential, drmgmt_error **error);
DRMGMT_API DRMGMT_NODISCARD int drmgmt_snmp_credential_delete(drmgmt_session *session, const char *id,
                                                              int64_t if_version, drmgmt_error **error);
DRMGMT_API DRMGMT_NODISCARD int drmgmt_snmp_credential_list(drmgmt_session *session, const drmgmt_query *query,
                                                            drmgmt_page **page, drmgmt_error **error);

DRMGMT_END

#endif
