/* Group commit: calls that arrive while another one of the same kind is under way are carried out together after it. An
 * idle system pays nothing for it, a busy one does the work of many calls, and waits for the disk, once. Called by
 * job/submit.c. Internal. */
#ifndef DRMGMT_CORE_COMBINE_H
#define DRMGMT_CORE_COMBINE_H

#include <stddef.h>

struct drmgmt__combiner;
struct drmgmt__combiner *drmgmt__combiner_new(void);           /* NULL when memory is out */
void drmgmt__combiner_free(struct drmgmt__combiner *combiner); /* NULL is allowed; no call is under way */

enum { DRMGMT__COMBINE_MAX = 64 };
typedef void drmgmt__combine_fn(void *const *items, size_t n);

/* Returns when fn has been called with item among its items, by this thread or by another one; 1..DRMGMT__COMBINE_MAX
 * items, in the order they came. Calls with the same key (less than 256 bytes) never run at the same time, others may.
 * fn must not fail: outcomes belong into the items. */
void drmgmt__combine(struct drmgmt__combiner *combiner, const char *key, void *item, drmgmt__combine_fn *fn);

#endif
