/* Workers, as the platform's administrators list them. Called by programs; calls store. */
#include "store/list.h"
#include "core/core.h"
#include "core/record_internal.h"
#include "queries.h"
#include <drm/worker.h>

int drmgmt_worker_list(drmgmt_session *session, const drmgmt_query *query, drmgmt_page **page, drmgmt_error **error)
{
    static const char *const filters[] = { "lane", "host", "state" };
    drmgmt__params p;

    drmgmt__list_params(&p);
    for (size_t i = 0; i < DRMGMT__COUNT(filters); i++) {
        size_t from = 0;
        drmgmt__param(&p, drmgmt__query_filter(query, filters[i], &from));
    }
    return drmgmt__list_run(session, DRMGMT_PERM_PLATFORM_WORKER, &drmgmt__q_worker_list, &p, query, "id", page, error);
}
