/* What was seen before, for a while: informs that are sent again, and replays. Bounded memory: of too many at a time
 * the oldest are forgotten. Any thread. Internal. */
#ifndef DRMGMT_TRAP_ONCE_H
#define DRMGMT_TRAP_ONCE_H

#include <stddef.h>
#include <stdint.h>

typedef struct drmgmt__trap_once drmgmt__trap_once;
typedef struct drmgmt__trap_mark { /* what a thing is known by: made by drmgmt__trap_mark_of() */
    uint8_t bytes[16];
} drmgmt__trap_mark;

typedef enum drmgmt__trap_seen { DRMGMT__TRAP_NEW, DRMGMT__TRAP_WAITS, DRMGMT__TRAP_STORED } drmgmt__trap_seen;

/* Remembers up to n (a power of two, 8 or more) for keep_ms each. NULL when memory is out. */
drmgmt__trap_once *drmgmt__trap_once_new(size_t n, unsigned keep_ms);
void drmgmt__trap_once_free(drmgmt__trap_once *once); /* NULL is allowed */
/* How it was seen before. A new one is remembered as waiting. */
drmgmt__trap_seen drmgmt__trap_once_see(drmgmt__trap_once *once, const drmgmt__trap_mark *mark, uint64_t now_ms);
/* What became of one that waits; NEW: it is forgotten. */
void drmgmt__trap_once_set(drmgmt__trap_once *once, const drmgmt__trap_mark *mark, drmgmt__trap_seen seen);
/* A mark of parts, each with its length (SHA-256, cut off); ends with a NULL part. */
void drmgmt__trap_mark_of(drmgmt__trap_mark *mark, const void *part, size_t n, ...);

#endif
