/* drmctl worker: the platform's administrators look at the processes that run jobs. Called through the table. */
#include "writer.h"
#include <drm/worker.h>

int ctl_cmd_worker_list(ctl *c)
{
    return ctl_list(c, drmgmt_worker_list);
}
