/* Figures of the engine as Prometheus reads them: what is queued, what workers and trap listeners have done, how long
 * it took. Of all tenants together, and without any tenant's names or data. docs/operations.md. */
#ifndef DRMGMT_METRICS_H
#define DRMGMT_METRICS_H

#include <drm/context.h>
#include <stddef.h>

DRMGMT_BEGIN

/* The figures of the whole system, wherever it runs, in the Prometheus text format (version 0.0.4): the same from each
 * context of one database, so who reads it from several takes one of them (or the maximum), never the sum. Counters
 * begin with the database and do not go back. Costs one statement that reads small tables, whatever is queued. *text is
 * to be freed with drmgmt_free(); *length may be NULL. The context needs a keyring. Any thread.
 * Errors: INVALID (no keyring), UNAVAILABLE, LIMIT, TIMEOUT, NO_MEMORY, DATABASE. */
DRMGMT_API DRMGMT_NODISCARD int drmgmt_metrics_text(drmgmt_context *context, char **text, size_t *length,
                                                    drmgmt_error **error);

DRMGMT_END

#endif
