/* What was last read from devices, of one and across them. Called by dispatch.c. */
#include "routes.h"
#include <drm/parameter.h>

const drmd_noun drmd_noun_parameter = {
    .entity = "parameter",
    .path = "/api/v1/parameters",
    .list = drmgmt_parameter_list,
};

void drmd_device_parameters(drmd_request *r)
{
    drmgmt_page *page = NULL;
    drmgmt_error *error = NULL;
    drmgmt_query *query = drmd_query_from(r, drmgmt_entity_find("parameter"));
    if (!query)
        return;
    int failed = drmgmt_device_parameters(r->session, r->params[0], query, &page, &error);
    drmgmt_query_free(query);
    if (failed)
        drmd_reply_error(r, error);
    else
        drmd_reply_page(r, page);
}
