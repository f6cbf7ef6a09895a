/* Outbound rules over REST: a tenant's own, and those of any tenant for the platform's administrators. Called by
 * dispatch.c; calls drm/outbound.h. */
#include "routes.h"
#include <stdio.h>

static void list(drmd_request *r, const char *tenant)
{
    drmgmt_query *query = drmd_query_from(r, drmgmt_entity_find("outbound_rule"));
    drmgmt_page *page = NULL;
    drmgmt_error *error = NULL;
    if (!query)
        return;
    int failed = tenant ? drmgmt_tenant_outbound_rule_list(r->session, tenant, query, &page, &error)
                        : drmgmt_outbound_rule_list(r->session, query, &page, &error);
    drmgmt_query_free(query);
    if (failed)
        drmd_reply_error(r, error);
    else
        drmd_reply_page(r, page);
}

void drmd_outbound_list(drmd_request *r)
{
    list(r, NULL);
}

void drmd_tenant_outbound_list(drmd_request *r)
{
    list(r, r->params[0]);
}

void drmd_tenant_outbound_allow(drmd_request *r)
{
    drmgmt_draft *draft = drmd_draft_from(r, drmgmt_entity_find("outbound_rule"));
    drmgmt_record *rule = NULL;
    drmgmt_error *error = NULL;
    if (!draft)
        return;
    int failed = drmgmt_tenant_outbound_allow(r->session, r->params[0], draft, &rule, &error);
    drmgmt_draft_free(draft);
    if (failed)
        drmd_reply_error(r, error);
    else
        drmd_reply_record(r, 201, rule);
}

void drmd_tenant_outbound_remove(drmd_request *r)
{
    drmgmt_error *error = NULL;
    if (drmgmt_tenant_outbound_remove(r->session, r->params[0], r->params[1], &error))
        drmd_reply_error(r, error);
    else
        drmd_reply(r, 204, NULL, NULL, 0);
}
