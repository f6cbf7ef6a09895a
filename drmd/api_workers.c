/* Workers over REST, for the platform's administrators. Called by dispatch.c. */
#include "routes.h"
#include <drm/worker.h>

const drmd_noun drmd_noun_worker = {
    .entity = "worker",
    .path = "/api/v1/workers",
    .list = drmgmt_worker_list,
};
