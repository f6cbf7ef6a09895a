/* Listing device events. Called by programs; calls store. */
#include "store/list.h"

#include "core/core.h"
#include "core/entities.h"
#include "core/record_internal.h"
#include "queries.h"
#include <drm/event.h>

int drmgmt_event_list(drmgmt_session *session, const drmgmt_query *query, drmgmt_page **page, drmgmt_error **error)
{
    DRMGMT__STRBUF kind = DRMGMT__STRBUF_INIT;
    char from[DRMGMT__UUID_SIZE], until[DRMGMT__UUID_SIZE];
    size_t at = 0;
    drmgmt__params p;

    if (query->entity != &drmgmt__entity_event)
        return drmgmt__fail(error, DRMGMT_ERR_INVALID, "the query is not one for events");
    drmgmt__list_ids(query, from, until);
    drmgmt__list_params(&p);
    drmgmt__param(&p, drmgmt__list_pattern(&kind, drmgmt__query_filter(query, "kind", &at)));
    at = 0;
    const char *device = drmgmt__query_filter(query, "device_id", &at);
    drmgmt__param(&p, device);
    drmgmt__param(&p, query->since);
    drmgmt__param(&p, query->until);
    drmgmt__param(&p, from);
    drmgmt__param(&p, until);
    if (kind.failed)
        return drmgmt__fail_memory(error);
    return drmgmt__list_run(session, DRMGMT_PERM_EVENT_READ,
                            device ? &drmgmt__q_event_list_device : &drmgmt__q_event_list, &p, query, "id", page,
                            error);
}
