/* A tenant's quotas and what is used of them. Called by programs; calls the store. */
#include "limit/limit.h"

#include "auth/auth.h"
#include "core/context_internal.h"
#include "core/core.h"
#include "core/strbuf.h"
#include "queries.h"
#include "store/store.h"
#include <string.h>

static void add_number(drmgmt__strbuf *b, const char *name, const drmgmt__rows *rows, size_t row, size_t column)
{
    if (drmgmt__rows_text(rows, row, column))
        drmgmt__json_member_int(b, name, drmgmt__rows_int(rows, row, column));
    else
        drmgmt__json_member(b, name, NULL);
}

static void add_row(drmgmt__strbuf *b, drmgmt_session *session, const drmgmt__rows *rows, size_t row)
{
    const char *quota = drmgmt__rows_text(rows, row, 0);
    int64_t requests =
        strcmp(quota, "api_requests") == 0 ? drmgmt__requests_used(session->context->requests, session->tenant_id) : -1;

    drmgmt__strbuf_puts(b, row ? ",{" : "{");
    drmgmt__json_member(b, "quota", quota);
    add_number(b, "limit", rows, row, 1);
    if (requests >= 0)
        drmgmt__json_member_int(b, "used", requests);
    else
        add_number(b, "used", rows, row, 2);
    drmgmt__strbuf_putc(b, '}');
}

int drmgmt_quota_get(drmgmt_session *session, char **json, drmgmt_error **error)
{
    DRMGMT__STRBUF b = DRMGMT__STRBUF_INIT;
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    int rc = drmgmt__run(session, DRMGMT_PERM_TENANT_READ, DRMGMT__READ, &drmgmt__q_quota_list, NULL, &rows, error);

    if (rc)
        return rc;
    drmgmt__strbuf_puts(&b, "{\"items\":[");
    for (size_t i = 0; i < drmgmt__rows_count(rows); i++)
        add_row(&b, session, rows, i);
    drmgmt__strbuf_puts(&b, "]}");
    char *text = drmgmt__strbuf_steal(&b, NULL);
    if (!text)
        return drmgmt__fail_memory(error);
    *json = text;
    return 0;
}
