/* A REST query string's names and values, and cursors from outside. A cursor that is taken must be one that was made.
 */
#include "fuzz.h"

#include "core/context_internal.h"
#include "core/core.h"
#include "core/cursor.h"
#include "entity_support.h"

static drmgmt_context context;

/* A cursor made of the input's first two lines must come back as it was. */
static void check_made(drmgmt_query *query, const char *text)
{
    const char *position[DRMGMT__CURSOR_VALUES] = { text, NULL };
    char *values[DRMGMT__CURSOR_VALUES], *cursor = drmgmt__cursor_make(&context, query, position);

    if (!cursor) {
        MUST(strlen(text) > 1000);
        return;
    }
    MUST(drmgmt_query_set(query, "cursor", cursor, NULL) == 0);
    MUST(drmgmt__cursor_parse(&context, query, values, NULL) == 0);
    MUST(strcmp(values[0], text) == 0 && !values[1]);
    free(values[0]);
    free(cursor);
}

static void check_foreign(drmgmt_query *query, const char *text)
{
    char *values[DRMGMT__CURSOR_VALUES];

    MUST(drmgmt_query_set(query, "cursor", text, NULL) == 0);
    MUST(drmgmt__cursor_parse(&context, query, values, NULL) == DRMGMT_ERR_INVALID);
    MUST(!values[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    drmgmt_query *query = drmgmt_query_new(&widget);
    char *text = malloc(size + 1), *next = text;

    MUST(query && text);
    memcpy(text, data, size);
    text[size] = '\0';
    check_foreign(query, text);
    for (char *pair; (pair = strsep(&next, "&"));) {
        char *value = pair, *name = strsep(&value, "=");
        int rc = drmgmt_query_set(query, name, value, NULL);
        MUST(rc == 0 || rc == DRMGMT_ERR_INVALID);
        MUST(query->limit >= 1 && query->limit <= DRMGMT_LIMIT_MAX);
    }
    for (size_t i = 0; i < query->n_filters; i++)
        MUST(widget_fields[query->filters[i].field].flags & DRMGMT_FIELD_FILTER);
    memcpy(text, data, size);
    check_made(query, text);
    free(text);
    drmgmt_query_free(query);
    return 0;
}
