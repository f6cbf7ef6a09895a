/* The rows of the outbound policy (drm/outbound.h). Included by matrix_capi_rows.h. */
#ifndef MATRIX_CAPI_OUTBOUND_H
#define MATRIX_CAPI_OUTBOUND_H

#include "matrix_capi.h"
#include <drm/outbound.h>

NO_TENANT(drmgmt_db_outbound_allow, owner);
NO_TENANT(drmgmt_net_udp_socket, driver);
NO_TENANT(drmgmt_op_connect, driver);
NO_TENANT(drmgmt_op_sendto, driver);
NO_TENANT(drmgmt_options_allow_outbound, process);

TENANT_CALL(drmgmt_outbound_check, DRMGMT_PERM_OUTBOUND_READ, OWN, 0)
{
    return drmgmt_outbound_check(w->session, NULL, "fd00::1", 161, "udp", &w->said, error);
}

TENANT_CALL(drmgmt_outbound_rule_list, DRMGMT_PERM_OUTBOUND_READ, LISTS, 0)
{
    return list_with(w, drmgmt_outbound_rule_list, "outbound_rule", error);
}

TENANT_CALL(drmgmt_tenant_outbound_allow, DRMGMT_PERM_PLATFORM_OUTBOUND, NAMES, 0)
{
    drmgmt_record *rule = NULL;
    /* The end of a fresh id, as two groups of an address. */
    char word[ID], cidr[64];

    cr_assert_eq(drmgmt__uuid_v7(word), 0);
    snprintf(cidr, sizeof cidr, "fd00:%.4s:%.4s::/48", word + 24, word + 28);
    drmgmt_draft *draft = draft_with("outbound_rule", "{\"cidr\":\"%s\"}", cidr);
    int rc = drmgmt_tenant_outbound_allow(w->session, w->of->tenant, draft, &rule, error);
    drmgmt_draft_free(draft);
    return said_record(w, rc, rule);
}

TENANT_CALL(drmgmt_tenant_outbound_remove, DRMGMT_PERM_PLATFORM_OUTBOUND, NAMES, 0)
{
    return drmgmt_tenant_outbound_remove(w->session, w->of->tenant, w->of->outbound_rule, error);
}

TENANT_CALL(drmgmt_tenant_outbound_rule_list, DRMGMT_PERM_PLATFORM_OUTBOUND, NAMES, 0)
{
    drmgmt_query *query = drmgmt_query_new(drmgmt_entity_find("outbound_rule"));
    drmgmt_page *page = NULL;
    int rc = drmgmt_tenant_outbound_rule_list(w->session, w->of->tenant, query, &page, error);

    drmgmt_query_free(query);
    return said_page(w, rc, page);
}

TENANT_CALL(a_tenants_outbound_check, DRMGMT_PERM_PLATFORM_OUTBOUND, NAMES, 0)
{
    return drmgmt_outbound_check(w->session, w->of->tenant, "fd00::1", 161, "udp", &w->said, error);
}

#endif
