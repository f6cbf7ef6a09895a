/* A drm-worker in a hurry, for tests/chaos: drm-worker's own main, linked so that its drmgmt_worker_new() comes by here
 * (--wrap) and leases expire after seconds instead of half a minute. What is shipped has no such switch. */
#include "worker/engine.h"

int __real_drmgmt_worker_new(drmgmt_context *context, const char *lane, unsigned slots, drmgmt_worker **worker,
                             drmgmt_error **error);
int __wrap_drmgmt_worker_new(drmgmt_context *context, const char *lane, unsigned slots, drmgmt_worker **worker,
                             drmgmt_error **error);

static const drmgmt__worker_timing hurried = {
    .beat_ms = 250,
    .due_ms = 100,
    .silent_ms = 2500,
    .steady_ms = 1500,
    .recover_ms = 1500,
    .rekey_ms = 10000,
};

int __wrap_drmgmt_worker_new(drmgmt_context *context, const char *lane, unsigned slots, drmgmt_worker **worker,
                             drmgmt_error **error)
{
    int rc = __real_drmgmt_worker_new(context, lane, slots, worker, error);

    if (!rc)
        drmgmt__worker_set_timing(*worker, &hurried);
    return rc;
}
