/* What finished jobs tell of their devices, on its way to the inventory: noted by the ledger once a result is stored,
 * taken by the noter (noter.c), which writes it to the database beside the jobs. Bounded in number and bytes: what does
 * not fit is left out and counted. Of the same question to the same device the newest answer is kept. Any thread.
 * Internal. */
#ifndef DRMGMT_WORKER_INVENTORY_H
#define DRMGMT_WORKER_INVENTORY_H

#include "store/sched.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DRMGMT__NOTES_MAX = 65536,            /* that wait */
    DRMGMT__NOTES_BYTES_MAX = 32 << 20,   /* of their results */
    DRMGMT__NOTES_AT_ONCE = 256,          /* of one batch */
    DRMGMT__NOTES_AT_ONCE_BYTES = 1 << 20 /* of their results, unless the first alone has more */
};

typedef struct drmgmt__note {
    char tenant_id[37], device_id[37];
    int64_t at_ms; /* when it was read, since 1970 */
    char *result;  /* JSON; NULL: the device answered, and that is all */
} drmgmt__note;

typedef struct drmgmt__inventory drmgmt__inventory;

/* NULL when memory is out. */
drmgmt__inventory *drmgmt__inventory_new(void);
void drmgmt__inventory_free(drmgmt__inventory *inventory); /* NULL is allowed */

/* Fills f->about for a job that completed: what it asked of which device, in a number that two different questions do
 * not share but by accident. Leaves it at 0 when there is nothing to be noted. Pure. */
void drmgmt__inventory_about(drmgmt__finish *f, const char *protocol, const char *device_id, const char *operation,
                             const char *params);
/* Notes those of n stored results that have something to be noted. Takes their result over (f->result is NULL then). */
void drmgmt__inventory_note(drmgmt__inventory *inventory, drmgmt__finish *items, size_t n);

/* Waits for notes, but for pause_ms before, and takes a batch, the oldest first. 0: it was closed, and none are left.
 * The caller frees each note's result. One thread. */
size_t drmgmt__inventory_take(drmgmt__inventory *inventory, unsigned pause_ms,
                              drmgmt__note notes[DRMGMT__NOTES_AT_ONCE]);
/* No more pauses: nothing will be noted any more. */
void drmgmt__inventory_close(drmgmt__inventory *inventory);
bool drmgmt__inventory_closed(drmgmt__inventory *inventory);
/* Waits for so long, or until it is closed. */
void drmgmt__inventory_pause(drmgmt__inventory *inventory, unsigned ms);
/* How many were left out since it was asked last. */
unsigned long long drmgmt__inventory_left_out(drmgmt__inventory *inventory);

#endif
