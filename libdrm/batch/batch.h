/* What the files of the batch room share, and what others make batches with. Internal. */
#ifndef DRMGMT_BATCH_BATCH_H
#define DRMGMT_BATCH_BATCH_H

#include "core/record_internal.h"
#include "core/strbuf.h"
#include "store/store.h"
#include <drm/batch.h>

/* A draft of entity "batch", checked, as the JSON that adm.batch_create() and sched.batch_start() take, added to spec;
 * and the permission that it needs. Errors: INVALID, UNSUPPORTED, TOO_LARGE. */
int drmgmt__batch_spec(const drmgmt_draft *draft, drmgmt__strbuf *spec, drmgmt_permission *permission,
                       drmgmt_error **error);

/* Tells the stream of the tenant's events what has become of a batch: {"batch_id","status"}, DONE when it has ended. */
void drmgmt__batch_publish(drmgmt_context *context, const char *tenant_id, const char *batch_id, const char *status);

#endif
