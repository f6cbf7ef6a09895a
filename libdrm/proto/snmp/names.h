/* What is known of objects: names, syntax, and what a row's index is made of. The seam of a MIB catalog: the rest of
 * the room asks these functions only. Today they answer from the tables of names_data.c. Pure; any thread. Internal. */
#ifndef DRMGMT_PROTO_SNMP_NAMES_H
#define DRMGMT_PROTO_SNMP_NAMES_H

#include "core/strbuf.h"
#include "proto/snmp/oid.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct drmgmt__snmp_named { /* a named number of an INTEGER, or a named bit of BITS */
    int32_t number;
    const char *name;
} drmgmt__snmp_named;

enum {                           /* drmgmt__snmp_syntax.flags */
       DRMGMT__SNMP_BITS = 1,    /* BITS: names[] are its bits */
       DRMGMT__SNMP_TEXT = 2,    /* octets that are text */
       DRMGMT__SNMP_RAW = 4,     /* octets that are never text. Neither of the two: it depends on what they are */
       DRMGMT__SNMP_CHANGING = 8 /* to set it twice is not the same as once: TestAndIncr, RowStatus */
};

typedef struct drmgmt__snmp_syntax {
    const char *name; /* "DisplayString", "Counter32" */
    uint8_t tag;      /* as on the wire */
    const char *hint; /* DISPLAY-HINT (RFC 2579, section 3.1), or NULL */
    const drmgmt__snmp_named *names;
    size_t n_names;
    unsigned flags;
    size_t fixed; /* octets, where their number is always the same: then no length stands in an index. 0: it is not */
} drmgmt__snmp_syntax;

enum {                           /* drmgmt__snmp_name.flags */
       DRMGMT__SNMP_SCALAR = 1,  /* its only instance is .0 */
       DRMGMT__SNMP_COLUMN = 2,  /* its instances are the rows' indices */
       DRMGMT__SNMP_BINARY = 4,  /* octets that are never text: shown in hex even if they look like it */
       DRMGMT__SNMP_WRITABLE = 8 /* read-write or read-create */
};

typedef struct drmgmt__snmp_name { /* an object that has instances to be read */
    const char *module, *name;
    drmgmt__oid oid; /* of the object, without the instance */
    unsigned flags;
    const drmgmt__snmp_syntax *syntax;
} drmgmt__snmp_name;

typedef struct drmgmt__snmp_index { /* one part of a row's index: RFC 2578, section 7.7 */
    const char *name;
    bool implied;
    const drmgmt__snmp_syntax *syntax;
} drmgmt__snmp_index;

typedef struct drmgmt__snmp_node { /* what only stands above objects: a group, a table, a table's entry */
    const char *module, *name;
    drmgmt__oid oid;
    const drmgmt__snmp_index *index; /* entries only */
    size_t n_index;
} drmgmt__snmp_node;

/* The object of this name (length bytes), in this module unless module_length is 0. NULL: not known. */
const drmgmt__snmp_name *drmgmt__snmp_name_find(const char *module, size_t module_length, const char *name,
                                                size_t length);
/* The object that oid is, or is an instance of. NULL: not known. */
const drmgmt__snmp_name *drmgmt__snmp_name_of(const drmgmt__oid *oid);
/* All of them, ordered by OID. */
const drmgmt__snmp_name *drmgmt__snmp_names(size_t *n);
/* "sysDescr.0"; false and nothing written if the object is not known. */
bool drmgmt__snmp_name_print(drmgmt__strbuf *out, const drmgmt__oid *oid);

/* A group, table or entry by its name, as drmgmt__snmp_name_find() takes it, and by its OID. NULL: not known. */
const drmgmt__snmp_node *drmgmt__snmp_node_find(const char *module, size_t module_length, const char *name,
                                                size_t length);
const drmgmt__snmp_node *drmgmt__snmp_node_of(const drmgmt__oid *oid);
/* The objects at or under root: the first one, and how many. Ordered by OID. */
const drmgmt__snmp_name *drmgmt__snmp_names_under(const drmgmt__oid *root, size_t *n);

/* The name of a number or bit; NULL if it has none. And the other way (length bytes). */
const char *drmgmt__snmp_named_name(const drmgmt__snmp_syntax *syntax, int64_t number);
const drmgmt__snmp_named *drmgmt__snmp_named_find(const drmgmt__snmp_syntax *syntax, const char *name, size_t length);

#endif
