/* Memory for many small things that are freed together, with a limit on the whole. Used by mib/ and tr181/, so that
 * what a stranger's file can make grow has an end. One thread at a time; what is in it may be read by any. Internal. */
#ifndef DRMGMT_CORE_ARENA_H
#define DRMGMT_CORE_ARENA_H

#include <drm/export.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct drmgmt__arena {
    struct drmgmt__arena_block *blocks; /* the newest first */
    size_t used, size;                  /* of the newest block, bytes */
    size_t total, limit;                /* of all blocks, bytes; limit 0: none */
    bool failed;                        /* memory was out or the limit reached; sticky */
    bool full;                          /* it was the limit */
} drmgmt__arena;

/* n zeroed bytes, fit for any type. NULL: memory is out, or the limit reached. Freed with the arena only. */
void *drmgmt__arena_alloc(drmgmt__arena *arena, size_t n);
/* A copy of n bytes. NULL as above. */
void *drmgmt__arena_copy(drmgmt__arena *arena, const void *bytes, size_t n);
/* A copy of n bytes with a NUL behind them. NULL as above. */
char *drmgmt__arena_text(drmgmt__arena *arena, const char *text, size_t n);
/* A copy of a text; NULL for a NULL text too. */
char *drmgmt__arena_dup(drmgmt__arena *arena, const char *text);
char *drmgmt__arena_printf(drmgmt__arena *arena, const char *format, ...) DRMGMT_PRINTF(2, 3);
/* A list that grows in an arena. */
#define DRMGMT__ARENA_LIST(type)                                                                                       \
    struct {                                                                                                           \
        type *items;                                                                                                   \
        size_t n, room;                                                                                                \
    }
/* The address of one more item, zeroed. NULL as above; the list is then as it was. */
#define DRMGMT__ARENA_PUSH(arena, list)                                                                                \
    (__extension__({                                                                                                   \
        __typeof__((list)->items) items_ =                                                                             \
            drmgmt__arena_grow((arena), (list)->items, (list)->n, &(list)->room, sizeof *(list)->items);               \
        items_ ? ((list)->items = items_, &items_[(list)->n++]) : NULL;                                                \
    }))
/* The array, or a longer copy of it, with room for more than n elements of this size. NULL as above. */
void *drmgmt__arena_grow(drmgmt__arena *arena, void *array, size_t n, size_t *room, size_t element);
/* The same for an array that does not know its room: it is moved when n is 0 or a power of two. NULL as above. */
void *drmgmt__arena_append(drmgmt__arena *arena, void *array, size_t n, size_t element);
/* Frees all that came from it; it can be used again. */
void drmgmt__arena_free(drmgmt__arena *arena);
/* One of its own: NULL when memory is out. */
drmgmt__arena *drmgmt__arena_new(size_t limit);
void drmgmt__arena_delete(drmgmt__arena *arena); /* NULL is allowed */

#endif
