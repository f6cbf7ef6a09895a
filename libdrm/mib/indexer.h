/* What the files of the index share. Included by index*.c only. Internal. */
#ifndef DRMGMT_MIB_INDEXER_H
#define DRMGMT_MIB_INDEXER_H

#include "mib/index.h"
#include <stdatomic.h>

typedef struct drmgmt__mib_key { /* an OID that has a name: what a look-up searches */
    const uint32_t *arcs;        /* they lie in memory in the order of the keys */
    uint32_t n;
    uint32_t known; /* the preferred name */
} drmgmt__mib_key;

typedef struct drmgmt__mib_slot { /* of the hash table; where one is taken, the next one is tried */
    uint32_t key;                 /* and one; 0: free */
    uint32_t mark;                /* more of the hash: few other keys are looked at in vain */
} drmgmt__mib_slot;

struct drmgmt__mib_index_set {
    drmgmt__arena arena; /* all of it, the index too */
    atomic_size_t held;
    drmgmt__mib_known *known; /* by OID and preference */
    size_t n;
    drmgmt__mib_key *keys;
    size_t n_keys;
    drmgmt__mib_slot *slots;           /* at least half of them free */
    size_t n_slots;                    /* a power of two */
    uint64_t secret;                   /* of the hash */
    size_t longest;                    /* numbers of a key */
    const drmgmt__mib_known **by_name; /* and by preference */
};

/* The hash of an OID that is longer by this number. No module can be written so that its OIDs have equal hashes: it is
 * a polynomial in the secret, modulo the prime 2^61 - 1. */
static inline uint64_t drmgmt__mib_hash(uint64_t hash, uint64_t secret, uint32_t arc)
{
    const uint64_t prime = ((uint64_t)1 << 61) - 1;
    unsigned __int128 product = (unsigned __int128)hash * secret;
    uint64_t sum = (uint64_t)(product & prime) + (uint64_t)(product >> 61) + arc + 1;

    sum = (sum & prime) + (sum >> 61);
    return sum >= prime ? sum - prime : sum;
}

static inline size_t drmgmt__mib_slot_of(const drmgmt__mib_index_set *index, uint64_t hash)
{
    return (size_t)(hash ^ hash >> 32) & (index->n_slots - 1);
}

static inline uint32_t drmgmt__mib_mark_of(uint64_t hash)
{
    return (uint32_t)(hash >> 29);
}

typedef struct drmgmt__mib_source { /* where a known thing comes from, while the index is made */
    const drmgmt__mib_entry *entry;
    const drmgmt__mib_object *object;
    const char *module; /* in the index's memory */
    const drmgmt__snmp_syntax *syntax;
    unsigned rank; /* the least is preferred */
} drmgmt__mib_source;

/* Gives the sources their syntaxes, each only once however many objects have it. False: memory is out. */
bool drmgmt__mib_index_syntaxes(drmgmt__arena *arena, const drmgmt__mib_set *set, drmgmt__mib_source *sources,
                                size_t n);
/* Of a base type alone: the index of SMIv1 may name one. By the words "INTEGER", "OCTET", ...; NULL: it is none. */
const drmgmt__snmp_syntax *drmgmt__mib_index_base(const char *word);

#endif
