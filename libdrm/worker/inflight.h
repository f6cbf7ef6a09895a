/* What the loop has in flight: found by job id, and ordered by when each is due to be looked at. Used by worker/run.c;
 * loop thread only. Internal. */
#ifndef DRMGMT_WORKER_INFLIGHT_H
#define DRMGMT_WORKER_INFLIGHT_H

#include "worker/op.h"

typedef struct drmgmt__inflight {
    drmgmt__op **buckets; /* chained by bucket_next */
    drmgmt__op **heap;    /* by due_ms, earliest first; an op knows its slot */
    unsigned n_buckets, n, n_due;
} drmgmt__inflight;

/* most: how many there can be at once. */
int drmgmt__inflight_init(drmgmt__inflight *f, unsigned most);
void drmgmt__inflight_clear(drmgmt__inflight *f);
void drmgmt__inflight_add(drmgmt__inflight *f, drmgmt__op *op);
void drmgmt__inflight_remove(drmgmt__inflight *f, drmgmt__op *op);
drmgmt__op *drmgmt__inflight_find(const drmgmt__inflight *f, const char *job_id);
/* One of those in bucket *bucket or later, which is moved on to its bucket; NULL at the end. Start at 0 to see all of
 * them while each is removed. */
drmgmt__op *drmgmt__inflight_next(const drmgmt__inflight *f, unsigned *bucket);
/* (Re)places op among the due ones, at op->due_ms. */
void drmgmt__inflight_due(drmgmt__inflight *f, drmgmt__op *op);
drmgmt__op *drmgmt__inflight_first_due(const drmgmt__inflight *f);

#endif
