/* Numbers that several processes add to, kept by Redis: one thread adds what has come together, and tells the sums.
 * Called by limit/requests.c; calls redis.c. Internal. */
#ifndef DRMGMT_QUEUE_TALLY_H
#define DRMGMT_QUEUE_TALLY_H

#include <drm/context.h>
#include <stddef.h>
#include <stdint.h>

enum { DRMGMT__TALLY_AT_ONCE = 256, DRMGMT__TALLY_NAME = 80 };

typedef struct drmgmt__tally_item {
    char name[DRMGMT__TALLY_NAME]; /* of the number; Redis keeps it as drm:tally:<name> for keep_s seconds */
    unsigned keep_s;
    uint64_t add;
    uint64_t sum; /* afterwards */
} drmgmt__tally_item;

typedef struct drmgmt__tally_user {
    void *user;
    /* Fills in what is to be added, at most DRMGMT__TALLY_AT_ONCE; returns how many. */
    size_t (*collect)(void *user, drmgmt__tally_item *items);
    /* Tells the sums of them. Not called when Redis did not answer: what was sent then counts as added. */
    void (*told)(void *user, const drmgmt__tally_item *items, size_t n);
} drmgmt__tally_user;

struct drmgmt__tally;
/* The thread starts with the first wake. user is copied; both functions are called by the thread. */
int drmgmt__tally_new(drmgmt_context *context, const drmgmt__tally_user *user, struct drmgmt__tally **tally,
                      drmgmt_error **error);
/* Ends the thread; what was not added yet is not. NULL is allowed. */
void drmgmt__tally_free(struct drmgmt__tally *tally);
/* There is something to collect. Any thread; never blocks for Redis. */
void drmgmt__tally_wake(struct drmgmt__tally *tally);

#endif
