/* An entity with a field of each type, and rows made by hand: for tests and fuzzers of drafts, queries and records,
 * which need no server. Included by test_draft.c, test_query.c, test_record.c, test_cursor.c and the fuzz targets. */
#ifndef DRMGMT_TESTS_ENTITY_SUPPORT_H
#define DRMGMT_TESTS_ENTITY_SUPPORT_H

#include "core/record_internal.h"
#include "store/connection.h"
#include <drm/record.h>
#include <string.h>

enum { WIDGET_FIELDS = 10 };

static const drmgmt_field widget_fields[WIDGET_FIELDS] = {
    { "id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_SORTABLE, "id", "Id", NULL },
    { "name", DRMGMT_TYPE_TEXT,
      DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_REQUIRED | DRMGMT_FIELD_SORTABLE | DRMGMT_FIELD_FILTER, "name", "Name",
      "\"minLength\":1,\"maxLength\":8" },
    { "owner_id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_CREATE | DRMGMT_FIELD_FILTER, "owner_id", "Owner", NULL },
    { "size", DRMGMT_TYPE_INT, DRMGMT_FIELD_WRITABLE, "size", "Size", "\"minimum\":-5,\"maximum\":1000" },
    { "ready", DRMGMT_TYPE_BOOL, DRMGMT_FIELD_WRITABLE, "ready", "Ready", NULL },
    { "tags", DRMGMT_TYPE_TAGS, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_FILTER, "tags", "Tags", NULL },
    { "settings", DRMGMT_TYPE_JSON, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_DETAIL, "settings", "Settings", NULL },
    { "pin", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_SECRET, "pin IS NOT NULL", "Pin", NULL },
    { "count", DRMGMT_TYPE_INT, 0, "count", "Any number", NULL },
    { "created_at", DRMGMT_TYPE_TIME, 0, "created_at", "When", NULL },
};

static const drmgmt_entity widget = { "widget", "widgets", "A thing", widget_fields, WIDGET_FIELDS };

/* One result set of n rows of WIDGET_FIELDS texts, in PostgreSQL's forms; NULL: null. NULL when memory is out. */
static inline drmgmt__rows *widget_rows(const char *const (*rows)[WIDGET_FIELDS], size_t n)
{
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    PGresAttDesc columns[WIDGET_FIELDS];

    memset(columns, 0, sizeof columns);
    for (int i = 0; i < WIDGET_FIELDS; i++)
        columns[i].name = (char *)(uintptr_t)widget_fields[i].name;
    if (!result || !PQsetResultAttrs(result, WIDGET_FIELDS, columns)) {
        PQclear(result);
        return NULL;
    }
    for (size_t row = 0; row < n; row++)
        for (int i = 0; i < WIDGET_FIELDS; i++)
            PQsetvalue(result, (int)row, i, (char *)(uintptr_t)rows[row][i],
                       rows[row][i] ? (int)strlen(rows[row][i]) : -1);
    return drmgmt__rows_new(result);
}

#endif
