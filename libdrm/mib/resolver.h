/* What the files of the resolver share. Included by resolve*.c only. Internal. */
#ifndef DRMGMT_MIB_RESOLVER_H
#define DRMGMT_MIB_RESOLVER_H

#include "mib/resolve.h"

typedef enum drmgmt__mib_state { DRMGMT__MIB_TODO, DRMGMT__MIB_UNDER_WAY, DRMGMT__MIB_DONE } drmgmt__mib_state;

struct drmgmt__mib_node { /* an object of the set while it is resolved */
    drmgmt__mib_object *object;
    drmgmt__mib_entry *entry;
    drmgmt__mib_node *parent; /* what its OID starts from; NULL: a number, or missing */
    drmgmt__mib_node *type;   /* what its syntax names; NULL: a base type, or missing */
    drmgmt__mib_node *next;   /* on the way up: the one that waits for this */
    uint8_t oid_state, type_state;
    uint8_t tail;  /* the arcs of its OID from this one on are numbers */
    bool rooted;   /* root comes before them */
    uint32_t root; /* of a name that ASN.1 itself knows */
};

/* The texts of the modules that are built in: NUL-terminated, one after the other. */
extern const char drmgmt__mib_built_in[];
/* Whether a module is one of those that define the SMI itself: what its base types are is not read from its text. */
bool drmgmt__mib_is_smi(const char *module);
/* The base type that the SMI calls by this name; NO_BASE: none. */
drmgmt__mib_base drmgmt__mib_smi_base(const char *name);
/* The number of a name that ASN.1 itself gives to a root of the tree (X.660, clause 7). False: it is none. */
bool drmgmt__mib_root(const char *name, uint32_t *arc);
/* Whether it is a macro's name, or a word that ASN.1 reserves and old modules import. */
bool drmgmt__mib_is_macro(const char *name);
/* Where a name is now that was once in this module; start with *at 0 and call again. NULL: no more. */
const char *drmgmt__mib_renamed(const char *module, const char *name, size_t *at);
/* The i-th module that names are looked for in that a module uses and forgot to import. NULL: no more. */
const char *drmgmt__mib_well_known(size_t i);

/* Sorts an entry's names and imports; before any look-up. False: memory is out. */
bool drmgmt__mib_names_prepare(drmgmt__mib_set *set, drmgmt__mib_entry *entry);
/* What a name stands for in this module; from: the module written before it, or NULL. NULL: nothing. */
drmgmt__mib_node *drmgmt__mib_names_find(const drmgmt__mib_set *set, const drmgmt__mib_entry *entry, const char *from,
                                         const char *name);
/* The entry's imports that nothing stands for, into its list. False: memory is out. */
bool drmgmt__mib_names_missing(drmgmt__mib_set *set, drmgmt__mib_entry *entry);
/* One more missing name, that is used without being imported. */
void drmgmt__mib_names_miss(drmgmt__mib_set *set, drmgmt__mib_entry *entry, const char *name, uint32_t line);
/* Orders the list of missing names; each is told once. */
void drmgmt__mib_names_tidy(drmgmt__mib_entry *entry);

#endif
