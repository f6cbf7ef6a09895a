/* What is known of a set of modules, for those who look things up all the time: OID to name, name to OID, and what the
 * index of a row is made of, in the types of the seam proto/snmp/names.h. An index is made once and never changes: any
 * thread may read it without a lock, and a new one takes its place while others still read the old one. Internal. */
#ifndef DRMGMT_MIB_INDEX_H
#define DRMGMT_MIB_INDEX_H

#include "mib/resolve.h"
#include "proto/snmp/names.h"

typedef struct drmgmt__mib_index_set drmgmt__mib_index_set;

typedef struct drmgmt__mib_known { /* an object that has an OID; of no type */
    /* As the seam tells of objects that can be read: the module it is declared in, its name, its OID without an
     * instance; flags and syntax of scalars and columns whose type is known, else 0 and NULL. */
    drmgmt__snmp_name object;
    /* As the seam tells of what stands above objects: the same again; and of rows, and here of their columns too, the
     * parts of the index. None: what it is made of is not known. */
    drmgmt__snmp_node node;
    drmgmt__mib_kind kind;
    drmgmt__mib_access access;
    const drmgmt__oid *members; /* of notifications: the objects they carry, those that are known */
    size_t n_members;
} drmgmt__mib_known;

/* Makes an index of a resolved set, with copies of all that is in it; it is held once. Modules that are pending count
 * with what is known of them. limit: bytes it may take, 0 for 1 GiB. TOO_LARGE. NO_MEMORY. */
int drmgmt__mib_index_make(drmgmt__mib_index_set **index, const drmgmt__mib_set *set, size_t limit,
                           drmgmt_error **error);
/* Holds it once more; any thread that holds it. */
drmgmt__mib_index_set *drmgmt__mib_index_hold(drmgmt__mib_index_set *index);
/* Lets go of it; the last one frees it. NULL is allowed. */
void drmgmt__mib_index_release(drmgmt__mib_index_set *index);

/* How many names, and the i-th one in the order of OIDs; of the same OID, the one that is preferred comes first. */
size_t drmgmt__mib_index_count(const drmgmt__mib_index_set *index);
const drmgmt__mib_known *drmgmt__mib_index_at(const drmgmt__mib_index_set *index, size_t i);
/* The nearest object at or above oid; what oid has more than that is its instance. Of several modules that give the OID
 * a name: a value before a mere node, what is declared before what is implied, version 2 of the SMI before version 1,
 * what is current before what is not. NULL: nothing above it is known. */
const drmgmt__mib_known *drmgmt__mib_index_of(const drmgmt__mib_index_set *index, const drmgmt__oid *oid);
/* The object of this name (length bytes), in this module unless module_length is 0; preferred as above where several
 * modules have it. NULL: not known. */
const drmgmt__mib_known *drmgmt__mib_index_find(const drmgmt__mib_index_set *index, const char *module,
                                                size_t module_length, const char *name, size_t length);
/* The first name at or under root in the order of OIDs, and how many there are, those of the same OID too. */
size_t drmgmt__mib_index_under(const drmgmt__mib_index_set *index, const drmgmt__oid *root, size_t *n);
/* Whether instance, what stands behind the OID of known, is one that it can have: 0 of a scalar, an index made of the
 * parts of a row. */
bool drmgmt__mib_index_fits(const drmgmt__mib_known *known, const drmgmt__oid *instance);
/* "IF-MIB::ifDescr.3"; what is above all that is known: numbers. */
void drmgmt__mib_index_print(drmgmt__strbuf *out, const drmgmt__mib_index_set *index, const drmgmt__oid *oid);
/* The place of the index that counts now. */
typedef struct drmgmt__mib_place drmgmt__mib_place;
/* NULL: memory is out. */
drmgmt__mib_place *drmgmt__mib_place_new(void);
/* Lets go of what is there. No thread may be at it. NULL is allowed. */
void drmgmt__mib_place_free(drmgmt__mib_place *place);
/* The index of now, held for the caller, who releases it; NULL before the first one is put. Any thread, and brief: but
 * take it once for a piece of work, not for each look-up. */
drmgmt__mib_index_set *drmgmt__mib_place_take(drmgmt__mib_place *place);
/* Puts another there, which the place holds from then on in the caller's stead. Who took the old one keeps it. */
void drmgmt__mib_place_put(drmgmt__mib_place *place, drmgmt__mib_index_set *index);

#endif
