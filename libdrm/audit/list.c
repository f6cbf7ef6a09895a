/* Listing audit rows. Called by programs; calls store. */
#include "store/list.h"
#include "audit/audit.h"
#include "core/core.h"
#include "core/entities.h"
#include "core/record_internal.h"
#include "queries.h"
#include <drm/audit.h>

static const char *filter(const drmgmt_query *query, const char *name)
{
    size_t from = 0;

    return drmgmt__query_filter(query, name, &from);
}

int drmgmt_audit_list(drmgmt_session *session, const drmgmt_query *query, drmgmt_page **page, drmgmt_error **error)
{
    DRMGMT__STRBUF action = DRMGMT__STRBUF_INIT;
    const char *actor = filter(query, "actor_id"), *object = filter(query, "object_id");
    char from[DRMGMT__UUID_SIZE], until[DRMGMT__UUID_SIZE];
    drmgmt__params p;

    if (query->entity != &drmgmt__entity_audit_log)
        return drmgmt__fail(error, DRMGMT_ERR_INVALID, "the query is not one for audit rows");
    drmgmt__list_ids(query, from, until);
    drmgmt__list_params(&p);
    drmgmt__param(&p, actor);
    drmgmt__param(&p, drmgmt__list_pattern(&action, filter(query, "action")));
    drmgmt__param(&p, filter(query, "object_type"));
    drmgmt__param(&p, object);
    drmgmt__param(&p, filter(query, "request_id"));
    drmgmt__param(&p, query->since);
    drmgmt__param(&p, query->until);
    drmgmt__param(&p, from);
    drmgmt__param(&p, until);
    if (action.failed)
        return drmgmt__fail_memory(error);
    const drmgmt__query *statement = object  ? &drmgmt__q_audit_list_object
                                     : actor ? &drmgmt__q_audit_list_actor
                                             : &drmgmt__q_audit_list;
    return drmgmt__list_run(session, DRMGMT_PERM_AUDIT_READ, statement, &p, query, "id", page, error);
}
