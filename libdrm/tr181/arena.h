/* Memory of a data model: many small pieces, freed at once, and never more than was allowed. Internal.
 *
 * What a stranger's file can make grow is taken from here: once the limit is reached every further call gives NULL and
 * full says that it was the limit. One thread at a time; what is in it may be read by many. */
#ifndef DRMGMT_TR181_ARENA_H
#define DRMGMT_TR181_ARENA_H

#include <drm/export.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct drmgmt__arena drmgmt__arena;

/* limit: bytes. NULL when memory is out. */
drmgmt__arena *drmgmt__arena_new(size_t limit);
/* NULL is allowed. */
void drmgmt__arena_free(drmgmt__arena *arena);
/* Zeroed and aligned for any type; NULL when memory or the limit is used up. */
void *drmgmt__arena_get(drmgmt__arena *arena, size_t size);
void *drmgmt__arena_copy(drmgmt__arena *arena, const void *bytes, size_t size);
/* A NUL-terminated copy; NULL for a NULL text too. */
char *drmgmt__arena_text(drmgmt__arena *arena, const char *text);
char *drmgmt__arena_text_n(drmgmt__arena *arena, const char *text, size_t n);
char *drmgmt__arena_printf(drmgmt__arena *arena, const char *format, ...) DRMGMT_PRINTF(2, 3);
/* The array with room for one more element at n, moved when it was full: capacities are powers of two. NULL as above.
 */
void *drmgmt__arena_grow(drmgmt__arena *arena, void *array, size_t n, size_t size);
size_t drmgmt__arena_used(const drmgmt__arena *arena);
/* Whether something was refused for the limit. */
bool drmgmt__arena_full(const drmgmt__arena *arena);

#endif
