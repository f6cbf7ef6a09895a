/* A hash table of structs that carry their own link; grows as it fills. Used by this room for questions, sessions and
 * host names. Internal. */
#ifndef DRMGMT_PROTO_SNMP_TABLE_H
#define DRMGMT_PROTO_SNMP_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct drmgmt__link {
    struct drmgmt__link *next;
    uint64_t hash;
} drmgmt__link;

typedef struct drmgmt__table {
    drmgmt__link **buckets; /* a power of two of them */
    size_t n_buckets, n;
    uint64_t steps; /* links that look-ups went over: what they cost */
} drmgmt__table;

/* The struct of this type whose member is the link. */
#define DRMGMT__OF_LINK(type, member, pointer) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* False when memory is out. */
bool drmgmt__table_add(drmgmt__table *table, drmgmt__link *link, uint64_t hash);
void drmgmt__table_remove(drmgmt__table *table, drmgmt__link *link);
/* The first link with this hash, and the next one after it; NULL if there is none. */
drmgmt__link *drmgmt__table_find(drmgmt__table *table, uint64_t hash);
drmgmt__link *drmgmt__table_next(const drmgmt__link *link);
void drmgmt__table_free(drmgmt__table *table); /* not what is in it */

/* Of n bytes, from a seed or an earlier hash. */
uint64_t drmgmt__hash(uint64_t seed, const void *bytes, size_t n);

#endif
