/* A timing wheel: which of many timers are due, at a cost that does not grow with their number. Used by loop.c, for a
 * driver starts and stops one an operation. Pure; one thread. Internal.
 *
 * Five wheels of 64 slots, of 1 ms, 64 ms, 4 s, ... each: a timer stands in the finest one that reaches as far as it is
 * due, and moves into finer ones as its time comes. It is told in the very millisecond all the same. */
#ifndef DRMGMT_WORKER_WHEEL_H
#define DRMGMT_WORKER_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DRMGMT__WHEEL_LEVELS = 5, DRMGMT__WHEEL_SLOTS = 64 };

typedef struct drmgmt__wheel_node {        /* zeroed before the first use */
    struct drmgmt__wheel_node *next, **at; /* at NULL: it stands nowhere */
    uint64_t due;                          /* ms */
    uint8_t level, slot;                   /* level DRMGMT__WHEEL_LEVELS: it is due, or never will be */
} drmgmt__wheel_node;

typedef struct drmgmt__wheel {
    uint64_t now;                        /* all that was due by then has been told or stands among the due ones */
    size_t n;                            /* nodes that wait, also those that are due */
    uint64_t used[DRMGMT__WHEEL_LEVELS]; /* a bit a slot */
    drmgmt__wheel_node *slots[DRMGMT__WHEEL_LEVELS][DRMGMT__WHEEL_SLOTS];
    drmgmt__wheel_node *due, **due_end; /* in the order of their times */
} drmgmt__wheel;

void drmgmt__wheel_init(drmgmt__wheel *wheel, uint64_t now);
/* The node, which must stand nowhere, waits until then. Returns the time at which drmgmt__wheel_advance() is to be
 * called at the latest because of it. */
uint64_t drmgmt__wheel_add(drmgmt__wheel *wheel, drmgmt__wheel_node *node, uint64_t due);
void drmgmt__wheel_remove(drmgmt__wheel *wheel, drmgmt__wheel_node *node); /* standing nowhere is no error */
/* When to call drmgmt__wheel_advance() next; UINT64_MAX: nothing waits. */
uint64_t drmgmt__wheel_next(const drmgmt__wheel *wheel);
void drmgmt__wheel_advance(drmgmt__wheel *wheel, uint64_t now);
/* Takes the first one that is due out of the wheel; NULL: none is. */
drmgmt__wheel_node *drmgmt__wheel_take(drmgmt__wheel *wheel);

#endif
