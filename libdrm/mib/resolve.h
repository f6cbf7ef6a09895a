/* A set of modules that import from each other: what each name, OID and type in them stands for. Called by the import,
 * the index and tests. Pure: no file, no database. One thread at a time. Internal. */
#ifndef DRMGMT_MIB_RESOLVE_H
#define DRMGMT_MIB_RESOLVE_H

#include "mib/module.h"
#include <drm/error.h>

enum { DRMGMT__MIB_ARCS_MAX = 128 }; /* of an OID: RFC 3416, section 4.1 */

typedef struct drmgmt__mib_missing { /* a name that nothing known to the set stands for */
    const char *name;
    const char *from; /* the module it is imported from, which is not there or has no such name; NULL: not imported */
    uint32_t line;    /* where it is imported, or first used */
    bool absent;      /* that module is not there */
} drmgmt__mib_missing;

typedef struct drmgmt__mib_node drmgmt__mib_node;

typedef struct drmgmt__mib_entry { /* a module of the set; what was resolved is in the meaning of its objects */
    drmgmt__mib_module *module;
    bool built_in;
    DRMGMT__ARENA_LIST(drmgmt__mib_missing) missing; /* by name; empty: the module is complete, else it is pending */
    size_t unresolved;                               /* objects whose OID or type is not known yet */
    drmgmt__mib_node *nodes;                         /* the resolver's: one for each object */
    drmgmt__mib_node **by_name;
    const drmgmt__mib_import **imports;
} drmgmt__mib_entry;

typedef struct drmgmt__mib_set {
    drmgmt__mib_entry *entries; /* by the module's name */
    size_t n, room;
    drmgmt__arena arena; /* of the last resolution */
} drmgmt__mib_set;

/* A set of what every module takes for granted: the SMI's own modules and the textual conventions of RFC 2579. set is
 * to be freed in any case. NO_MEMORY. */
int drmgmt__mib_set_open(drmgmt__mib_set *set, drmgmt_error **error);
/* Frees its modules too. */
void drmgmt__mib_set_free(drmgmt__mib_set *set);

/* Puts a module in and takes it over, also where that fails; another of its name is freed. What was resolved before
 * counts no more. NO_MEMORY. */
int drmgmt__mib_set_add(drmgmt__mib_set *set, drmgmt__mib_module *module, drmgmt_error **error);
/* Takes a module out and frees it; a built-in one comes not back. False: there is none. */
bool drmgmt__mib_set_remove(drmgmt__mib_set *set, const char *name);
/* NULL: there is none. */
const drmgmt__mib_entry *drmgmt__mib_set_find(const drmgmt__mib_set *set, const char *name);

/* Resolves all there is, anew: fills in the meaning and the final kind (scalar, column, row) of each object, and tells
 * what is missing. The work is n log n in the objects, whatever the modules say; a cycle leaves those in it unresolved.
 * limit: bytes that all of it may take, 0 for 1 GiB. TOO_LARGE: it takes more. NO_MEMORY. */
int drmgmt__mib_set_resolve(drmgmt__mib_set *set, size_t limit, drmgmt_error **error);

/* After a resolution: the object that a name stands for in this module, by its own declarations, its imports, the
 * modules those were renamed to, and what is well known. *where: the module it is in; may be NULL. NULL: nothing. */
const drmgmt__mib_object *drmgmt__mib_set_name(const drmgmt__mib_set *set, const drmgmt__mib_entry *entry,
                                               const char *name, const drmgmt__mib_entry **where);

#endif
