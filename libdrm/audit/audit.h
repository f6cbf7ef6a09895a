/* The audit trail: one row for each changing call, in its transaction. Called by the domain rooms. Internal.
 *
 * Refused calls (FORBIDDEN) write their row by themselves, in store/refused.c. */
#ifndef DRMGMT_AUDIT_AUDIT_H
#define DRMGMT_AUDIT_AUDIT_H

#include "store/store.h"

/* Writes one row for the session's actor. action: "device.create"; object_id and detail (JSON, without secrets) may be
 * NULL. */
int drmgmt__audit(drmgmt__tx *tx, const drmgmt_session *session, const char *action, const char *object_type,
                  const char *object_id, const char *detail, drmgmt_error **error);

/* The same for a change of a record, with {"before":{...},"after":{...}}: the fields that differ, or all that have a
 * value when it is made (before NULL) or deleted (after NULL). Version and times are left out. Of a secret only
 * {"set":true|false} is kept, with "changed":true when draft (which may be NULL) sets it; a value above 4 KiB is told
 * by its length and SHA-256. object_type is the entity's name. */
int drmgmt__audit_change(drmgmt__tx *tx, const drmgmt_session *session, const char *action, const drmgmt_record *before,
                         const drmgmt_record *after, const drmgmt_draft *draft, drmgmt_error **error);
/* The detail that it writes, for statements that write their audit row themselves; free(). NULL: memory is out. */
char *drmgmt__audit_diff(const drmgmt_record *before, const drmgmt_record *after, const drmgmt_draft *draft);

/* A log-in to a known account failed: a row "auth.login_failed" in the account's tenant, in a transaction of its own.
 * At most 60 a minute of one account are written, the others counted. reason: a word or two of the caller's own, never
 * what somebody typed. origin may be NULL. Needs a keyring. A caller that is to answer the log-in anyway passes NULL
 * for error and goes on. */
int drmgmt__audit_failed_login(drmgmt_context *context, const char *tenant_id, const char *user_id, const char *reason,
                               const drmgmt_origin *origin, drmgmt_error **error);

#endif
