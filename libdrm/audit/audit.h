/* The audit trail: one row for each changing call, in its transaction. Called by the domain rooms. Internal. */
#ifndef DRMGMT_AUDIT_AUDIT_H
#define DRMGMT_AUDIT_AUDIT_H

#include "store/store.h"

/* Writes one row for the session's actor. action: "device.create"; object_id and detail (JSON, without secrets) may be
 * NULL. */
int drmgmt__audit(drmgmt__tx *tx, const drmgmt_session *session, const char *action, const char *object_type,
                  const char *object_id, const char *detail, drmgmt_error **error);

#endif
