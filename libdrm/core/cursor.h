/* Opaque, signed keyset cursors: where the next page of a list starts. Internal. */
#ifndef DRMGMT_CORE_CURSOR_H
#define DRMGMT_CORE_CURSOR_H

#include "core/core.h"
#include "core/record_internal.h"

enum { DRMGMT__CURSOR_VALUES = 2 };

/* A cursor for the page after a row with these key values (NULL-terminated when fewer): bound to entity, sort and
 * filters of the query. malloc()ed; NULL when memory is out. */
char *drmgmt__cursor_make(drmgmt_context *context, const drmgmt_query *query,
                          const char *const values[DRMGMT__CURSOR_VALUES]);
/* Key values of the query's cursor; *values stay NULL without one. Freed with free(values[0]) (one block). INVALID for
 * a cursor that was changed, or made for another list. */
int drmgmt__cursor_parse(drmgmt_context *context, const drmgmt_query *query, char *values[DRMGMT__CURSOR_VALUES],
                         drmgmt_error **error);

#endif
