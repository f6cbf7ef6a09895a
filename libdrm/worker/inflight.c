/* What the loop has in flight: a table by job id and a heap by time. Called by worker/run.c. */
#include "worker/inflight.h"

#include <stdlib.h>
#include <string.h>

/* Slot 0 of an operation means that it is not in the heap. */
enum { FIRST = 1 };

int drmgmt__inflight_init(drmgmt__inflight *f, unsigned most)
{
    unsigned n = 64;
    while (n < most)
        n *= 2;
    *f = (drmgmt__inflight){ .buckets = calloc(n, sizeof(drmgmt__op *)),
                             .heap = calloc((size_t)most + FIRST, sizeof(drmgmt__op *)),
                             .n_buckets = n };
    if (f->buckets && f->heap)
        return 0;
    drmgmt__inflight_clear(f);
    return DRMGMT_ERR_NO_MEMORY;
}

void drmgmt__inflight_clear(drmgmt__inflight *f)
{
    free(f->buckets);
    free(f->heap);
    *f = (drmgmt__inflight){ 0 };
}

/* The last twelve digits of a UUIDv7 are random. */
static drmgmt__op **bucket_of(const drmgmt__inflight *f, const char *job_id)
{
    uint32_t hash = 2166136261u;
    size_t n = strlen(job_id);
    for (const char *c = job_id + (n > 12 ? n - 12 : 0); *c; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    return &f->buckets[hash & (f->n_buckets - 1)];
}

void drmgmt__inflight_add(drmgmt__inflight *f, drmgmt__op *op)
{
    drmgmt__op **bucket = bucket_of(f, op->job_id);
    op->bucket_next = *bucket;
    op->heap_slot = 0;
    *bucket = op;
    f->n++;
}

drmgmt__op *drmgmt__inflight_find(const drmgmt__inflight *f, const char *job_id)
{
    drmgmt__op *op = *bucket_of(f, job_id);
    while (op && strcmp(op->job_id, job_id) != 0)
        op = op->bucket_next;
    return op;
}

drmgmt__op *drmgmt__inflight_next(const drmgmt__inflight *f, unsigned *bucket)
{
    while (*bucket < f->n_buckets && !f->buckets[*bucket])
        ++*bucket;
    return *bucket < f->n_buckets ? f->buckets[*bucket] : NULL;
}

/* ---- the heap ---- */

static void place(drmgmt__inflight *f, unsigned slot, drmgmt__op *op)
{
    f->heap[slot] = op;
    op->heap_slot = slot;
}

static void settle(drmgmt__inflight *f, unsigned slot, drmgmt__op *op)
{
    while (slot > FIRST && f->heap[slot / 2]->due_ms > op->due_ms) {
        place(f, slot, f->heap[slot / 2]);
        slot /= 2;
    }
    for (;;) {
        unsigned child = slot * 2;
        if (child > f->n_due)
            break;
        if (child < f->n_due && f->heap[child + 1]->due_ms < f->heap[child]->due_ms)
            child++;
        if (f->heap[child]->due_ms >= op->due_ms)
            break;
        place(f, slot, f->heap[child]);
        slot = child;
    }
    place(f, slot, op);
}

void drmgmt__inflight_due(drmgmt__inflight *f, drmgmt__op *op)
{
    settle(f, op->heap_slot ? op->heap_slot : ++f->n_due, op);
}

drmgmt__op *drmgmt__inflight_first_due(const drmgmt__inflight *f)
{
    return f->n_due ? f->heap[FIRST] : NULL;
}

void drmgmt__inflight_remove(drmgmt__inflight *f, drmgmt__op *op)
{
    drmgmt__op **link = bucket_of(f, op->job_id);
    while (*link != op)
        link = &(*link)->bucket_next;
    *link = op->bucket_next;
    f->n--;
    if (op->heap_slot) {
        drmgmt__op *last = f->heap[f->n_due--];
        if (last != op)
            settle(f, op->heap_slot, last);
        op->heap_slot = 0;
    }
}
