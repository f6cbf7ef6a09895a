/* Keyset lists: one row more than asked for tells whether there is a next page. Called by the domain rooms. */
#include "store/list.h"

#include "auth/auth.h"
#include "core/context_internal.h"
#include "core/core.h"
#include <stdio.h>
#include <string.h>

void drmgmt__list_params(drmgmt__params *params)
{
    params->n = 0;
    drmgmt__param(params, NULL);
    drmgmt__param(params, NULL);
}

static void bound(const char *time, int64_t by_ms, const char *fallback, char id[DRMGMT__UUID_SIZE])
{
    int64_t ms = 0;

    memcpy(id, fallback, DRMGMT__UUID_SIZE);
    if (time && drmgmt__time_parse(time, &ms) && ms + by_ms > 0)
        drmgmt__uuid_at(ms + by_ms, id);
}

void drmgmt__list_ids(const drmgmt_query *query, char from[37], char until[37])
{
    enum { CLOCKS_DIFFER_MS = 86400000 };

    bound(query->since, -CLOCKS_DIFFER_MS, "00000000-0000-0000-0000-000000000000", from);
    bound(query->until, CLOCKS_DIFFER_MS, "ffffffff-ffff-ffff-ffff-ffffffffffff", until);
}

const char *drmgmt__list_pattern(drmgmt__strbuf *buffer, const char *text)
{
    if (!text)
        return NULL;
    drmgmt__strbuf_puts(buffer, "");
    for (; *text; text++) {
        if (*text == '%' || *text == '_' || *text == '\\')
            drmgmt__strbuf_putc(buffer, '\\');
        drmgmt__strbuf_putc(buffer, *text == '*' ? '%' : *text);
    }
    return buffer->data;
}

/* Takes rows over. */
static int make_page(drmgmt_session *session, const drmgmt_query *query, drmgmt__rows *rows, const char *key,
                     drmgmt_page **page, drmgmt_error **error)
{
    size_t count = drmgmt__rows_count(rows);
    char *next = NULL;

    if (count > query->limit) {
        count = query->limit;
        int column = drmgmt_entity_field(query->entity, key);
        const char *values[DRMGMT__CURSOR_VALUES] = { drmgmt__rows_text(rows, count - 1, (size_t)column) };
        next = drmgmt__cursor_make(session->context, query, values);
        if (!next) {
            drmgmt__rows_free(rows);
            return drmgmt__fail_memory(error);
        }
    }
    return drmgmt__page_new(query->entity, rows, count, next, page, error);
}

int drmgmt__list_run(drmgmt_session *session, drmgmt_permission permission, const drmgmt__query *statement,
                     drmgmt__params *params, const drmgmt_query *query, const char *key, drmgmt_page **page,
                     drmgmt_error **error)
{
    char *after[DRMGMT__CURSOR_VALUES];
    drmgmt__rows *rows = NULL;
    int rc = drmgmt__cursor_parse(session->context, query, after, error);

    if (rc)
        return rc;
    snprintf(params->numbers[0], sizeof params->numbers[0], "%u", query->limit + 1);
    params->values[0] = params->numbers[0];
    params->values[1] = after[0];
    rc = drmgmt__run(session, permission, DRMGMT__READ, statement, params, &rows, error);
    free(after[0]);
    return rc ? rc : make_page(session, query, rows, key, page, error);
}

int drmgmt__get_run(drmgmt_session *session, drmgmt_permission permission, const drmgmt__query *statement,
                    const char *id_or_name, const drmgmt_entity *entity, const char *what, drmgmt_record **record,
                    drmgmt_error **error)
{
    drmgmt__params p = DRMGMT__PARAMS_INIT;
    drmgmt__rows *rows = NULL;

    drmgmt__param(&p, id_or_name);
    int rc = drmgmt__run(session, permission, DRMGMT__READ, statement, &p, &rows, error);
    if (!rc && drmgmt__rows_count(rows) == 0) {
        drmgmt__rows_free(rows);
        return drmgmt__fail(error, DRMGMT_ERR_NOT_FOUND, "there is no such %s", what);
    }
    return rc ? rc : drmgmt__record_new(entity, rows, 0, record, error);
}
