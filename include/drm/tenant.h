/* Tenants, as the platform's administrators manage them: sessions of the tenant "platform" (drm/session.h), which hold
 * platform:tenant and nothing of any tenant. The first of them is made on the host (drm/db.h, drmctl init --platform).
 *
 * Entity "tenant": id, name, status, class (a label of metrics), the quotas (drm/quota.h) max_devices, max_queued,
 * max_running, max_requests, purged, version, created_at, updated_at. */
#ifndef DRMGMT_TENANT_H
#define DRMGMT_TENANT_H

#include <drm/session.h>

DRMGMT_BEGIN

/* Creates a tenant with its data key and its first administrator, in one transaction. Needs a keyring.
 * Errors: INVALID with the field, CONFLICT (name taken). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_tenant_create(drmgmt_session *session, const char *name, const char *email,
                                                     const char *password, drmgmt_record **tenant,
                                                     drmgmt_error **error);
/* Reads one by id, or by name where id_or_name is no UUID. Errors: NOT_FOUND. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_tenant_get(drmgmt_session *session, const char *id_or_name,
                                                  drmgmt_record **tenant, drmgmt_error **error);
/* Renames, sets its class and quotas (null: no limit), suspends ("status":"suspended") and opens again ("active"). A
 * suspended tenant's people and API keys are refused from the next call on, and no job of it begins; running ones end.
 * if_version: 0 for any. Errors: NOT_FOUND, PRECONDITION, INVALID, CONFLICT (name taken; being deleted). */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_tenant_update(drmgmt_session *session, const char *id, int64_t if_version,
                                                     const drmgmt_draft *draft, drmgmt_record **tenant,
                                                     drmgmt_error **error);
/* Deletes: its data keys are gone when this returns, so that no secret of it opens any more (also not out of a backup
 * of its rows), and nobody enters. Workers then remove its rows in batches; drmgmt_tenant_get() tells how many so far
 * and, when all is done, NOT_FOUND. Deleting twice is no error. Errors: NOT_FOUND, PRECONDITION. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_tenant_delete(drmgmt_session *session, const char *id, int64_t if_version,
                                                     drmgmt_error **error);
/* Lists by filters name (wildcards) and status; oldest first. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_tenant_list(drmgmt_session *session, const drmgmt_query *query,
                                                   drmgmt_page **page, drmgmt_error **error);

/* A stranger makes a tenant of their own and is logged in as its administrator. For programs that were told to allow it
 * (drmd --allow-registration): the library does not ask again. Errors: INVALID with the field, CONFLICT (name taken).
 */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_register(drmgmt_context *context, const char *tenant, const char *email,
                                                const char *password, const drmgmt_origin *origin,
                                                drmgmt_tokens **tokens, drmgmt_error **error);

DRMGMT_END

#endif
