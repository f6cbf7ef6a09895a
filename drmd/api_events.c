/* What devices told by themselves, as a list; to who asks for an event stream, as one. Called by dispatch.c. */
#include "routes.h"
#include <drm/event.h>
#include <string.h>

void drmd_event_list(drmd_request *r)
{
    const char *accept = r->headers[DRMD_H_ACCEPT];
    if (accept && strstr(accept, "text/event-stream")) {
        drmd_event_stream(r);
        return;
    }
    drmgmt_query *query = drmd_query_from(r, drmgmt_entity_find("event"));
    if (!query)
        return;
    drmgmt_page *page = NULL;
    drmgmt_error *error = NULL;
    int failed = drmgmt_event_list(r->session, query, &page, &error);
    drmgmt_query_free(query);
    if (failed)
        drmd_reply_error(r, error);
    else
        drmd_reply_page(r, page);
}
