/* What the files of the index share. Included by index*.c only. Internal. */
#ifndef DRMGMT_MIB_INDEXER_H
#define DRMGMT_MIB_INDEXER_H

#include "mib/index.h"
#include <stdatomic.h>

typedef struct drmgmt__mib_key { /* an OID that has a name: what a look-up searches */
    const uint32_t *arcs;        /* they lie in memory in the order of the keys */
    uint32_t n;
    uint32_t above; /* the key of the nearest OID above it that has a name; itself: there is none */
    uint32_t known; /* the preferred name */
} drmgmt__mib_key;

struct drmgmt__mib_index_set {
    drmgmt__arena arena; /* all of it, the index too */
    atomic_size_t held;
    drmgmt__mib_known *known; /* by OID and preference */
    size_t n;
    drmgmt__mib_key *keys;
    size_t n_keys;
    const drmgmt__mib_known **by_name; /* and by preference */
};

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
