/* drmctl parameter, and device parameters: the inventory. Called through the table. */
#include "drmctl.h"
#include "writer.h"
#include <drm/parameter.h>

static const char *device; /* of the one command of this process */

static int list_of_device(drmgmt_session *session, const drmgmt_query *query, drmgmt_page **page, drmgmt_error **error)
{
    return drmgmt_device_parameters(session, device, query, page, error);
}

int ctl_cmd_device_parameters(ctl *c)
{
    device = c->args[0];
    return ctl_list(c, list_of_device);
}

int ctl_cmd_parameter_list(ctl *c)
{
    return ctl_list(c, drmgmt_parameter_list);
}
