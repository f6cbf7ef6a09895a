/* What a MIB module says: the model between the parser, which makes it, the resolver, which fills in what needs other
 * modules, and the index. Texts are UTF-8 and NUL-terminated, and live as long as the module. Internal. */
#ifndef DRMGMT_MIB_MODULE_H
#define DRMGMT_MIB_MODULE_H

#include "core/arena.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum drmgmt__mib_kind {
    DRMGMT__MIB_NODE, /* a name in the tree: OBJECT IDENTIFIER */
    DRMGMT__MIB_SCALAR,
    DRMGMT__MIB_TABLE,
    DRMGMT__MIB_ROW,
    DRMGMT__MIB_COLUMN,
    DRMGMT__MIB_NOTIFICATION, /* NOTIFICATION-TYPE and TRAP-TYPE */
    DRMGMT__MIB_GROUP,        /* OBJECT-GROUP and NOTIFICATION-GROUP */
    DRMGMT__MIB_COMPLIANCE,
    DRMGMT__MIB_CAPABILITY,
    DRMGMT__MIB_IDENTITY,   /* MODULE-IDENTITY and OBJECT-IDENTITY */
    DRMGMT__MIB_CONVENTION, /* a TEXTUAL-CONVENTION; it has no OID */
    DRMGMT__MIB_TYPE,       /* another type, also a SEQUENCE; it has no OID */
    DRMGMT__MIB_KINDS
} drmgmt__mib_kind;

typedef enum drmgmt__mib_base {                        /* what goes over the wire: RFC 2578, section 7.1 */
                                DRMGMT__MIB_NO_BASE,   /* none, or not known yet */
                                DRMGMT__MIB_INTEGER32, /* also INTEGER with named numbers */
                                DRMGMT__MIB_UNSIGNED32,
                                DRMGMT__MIB_COUNTER32,
                                DRMGMT__MIB_GAUGE32,
                                DRMGMT__MIB_COUNTER64,
                                DRMGMT__MIB_TIMETICKS,
                                DRMGMT__MIB_OCTET_STRING,
                                DRMGMT__MIB_OBJECT_IDENTIFIER,
                                DRMGMT__MIB_BITS,
                                DRMGMT__MIB_IPADDRESS,
                                DRMGMT__MIB_OPAQUE,
                                DRMGMT__MIB_SEQUENCE,    /* of named fields: a row */
                                DRMGMT__MIB_SEQUENCE_OF, /* rows: a table */
                                DRMGMT__MIB_OTHER,       /* CHOICE, ANY, NULL: no value has it */
                                DRMGMT__MIB_BASES
} drmgmt__mib_base;

typedef enum drmgmt__mib_access {
    DRMGMT__MIB_NO_ACCESS, /* not said */
    DRMGMT__MIB_NOT_ACCESSIBLE,
    DRMGMT__MIB_FOR_NOTIFY,
    DRMGMT__MIB_READ_ONLY,
    DRMGMT__MIB_READ_WRITE,
    DRMGMT__MIB_READ_CREATE,
    DRMGMT__MIB_WRITE_ONLY,
    DRMGMT__MIB_NOT_IMPLEMENTED,
    DRMGMT__MIB_ACCESSES
} drmgmt__mib_access;

typedef enum drmgmt__mib_status {
    DRMGMT__MIB_NO_STATUS,
    DRMGMT__MIB_CURRENT,
    DRMGMT__MIB_DEPRECATED,
    DRMGMT__MIB_OBSOLETE,
    DRMGMT__MIB_MANDATORY, /* SMIv1 */
    DRMGMT__MIB_OPTIONAL,  /* SMIv1 */
    DRMGMT__MIB_STATUSES
} drmgmt__mib_status;

/* Their words: "scalar", "OCTET STRING", "read-only", "current". "" for none. */
const char *drmgmt__mib_kind_name(drmgmt__mib_kind kind);
const char *drmgmt__mib_base_name(drmgmt__mib_base base);
const char *drmgmt__mib_access_name(drmgmt__mib_access access);
const char *drmgmt__mib_status_name(drmgmt__mib_status status);

typedef struct drmgmt__mib_number { /* from -2^63 to 2^64-1 */
    uint64_t magnitude;
    bool negative;
} drmgmt__mib_number;

typedef struct drmgmt__mib_named { /* a named number or bit */
    const char *name;
    int64_t number;
} drmgmt__mib_named;

typedef struct drmgmt__mib_range { /* of values or sizes; both ends are in it */
    drmgmt__mib_number least, most;
    bool from_min, to_max; /* MIN, MAX: as far as the type it refines goes */
} drmgmt__mib_range;

typedef struct drmgmt__mib_syntax { /* as it is written */
    drmgmt__mib_base base;          /* NO_BASE: it is the type that is called name */
    const char *name;               /* "DisplayString"; of SEQUENCE OF: the row's type. Else NULL */
    const char *from;               /* the module that is written before the name; else NULL */
    DRMGMT__ARENA_LIST(drmgmt__mib_named) named;
    DRMGMT__ARENA_LIST(drmgmt__mib_range) ranges; /* of the value; of the size for octets */
} drmgmt__mib_syntax;

typedef struct drmgmt__mib_arc { /* one part of an OID as it is written: name, number, or name(number) */
    const char *name;            /* or NULL */
    const char *from;            /* the module that is written before the name, or NULL */
    uint32_t number;
    bool numbered;
} drmgmt__mib_arc;

typedef DRMGMT__ARENA_LIST(const char *) drmgmt__mib_names;

typedef struct drmgmt__mib_index {
    const char *name; /* of the object; in SMIv1 it may be a type: "INTEGER" */
    bool implied;
} drmgmt__mib_index;

/* What the resolver found, of an object or a type. Lives as long as the resolution. */
typedef struct drmgmt__mib_meaning {
    const uint32_t *oid; /* NULL: not known yet, or it has none */
    size_t n_oid;
    drmgmt__mib_base base;
    const char *hint;                 /* DISPLAY-HINT of the nearest textual convention that has one, or NULL */
    const drmgmt__mib_syntax *values; /* where the nearest named numbers or bits stand, or NULL */
    const drmgmt__mib_syntax *limits; /* where the nearest ranges stand, or NULL */
    const char *type;        /* the outermost name of the type: "InterfaceIndex"; that of the base if it has none */
    const char *type_module; /* where that type is defined; NULL for a base type */
    bool resolved;           /* nothing is missing */
} drmgmt__mib_meaning;

typedef struct drmgmt__mib_object {
    const char *name;
    drmgmt__mib_kind kind;
    uint32_t line;
    bool implied; /* not declared: a name(number) inside the OID of another */
    bool trap;    /* TRAP-TYPE: its OID is that of enterprise, 0, and the number (RFC 3584, section 3.1) */
    drmgmt__mib_access access;
    drmgmt__mib_status status;
    DRMGMT__ARENA_LIST(drmgmt__mib_arc) oid; /* as written; empty for types */
    drmgmt__mib_syntax syntax;
    const char *units, *hint, *description, *reference,
        *defval; /* or NULL; defval as it is written between the braces */
    DRMGMT__ARENA_LIST(drmgmt__mib_index) index;
    const char *augments;
    drmgmt__mib_names members; /* of notifications and groups */
    drmgmt__mib_meaning meaning;
} drmgmt__mib_object;

typedef struct drmgmt__mib_import {
    const char *name, *from;
    uint32_t line;
} drmgmt__mib_import;

typedef struct drmgmt__mib_revision {
    const char *date, *description; /* date as it is written: "9505241811Z" */
} drmgmt__mib_revision;

typedef struct drmgmt__mib_note { /* what is wrong with the text */
    uint32_t line;
    bool error; /* a declaration was lost; else it could be read all the same */
    const char *text;
} drmgmt__mib_note;

typedef struct drmgmt__mib_notes {
    DRMGMT__ARENA_LIST(drmgmt__mib_note) list; /* the first DRMGMT__MIB_NOTES_MAX */
    size_t errors, warnings;                   /* all of them */
} drmgmt__mib_notes;

enum { DRMGMT__MIB_NOTES_MAX = 200 };

typedef struct drmgmt__mib_module {
    drmgmt__arena arena; /* all of it, the module too */
    const char *name;
    unsigned smi; /* 1 or 2 */
    uint32_t line;
    const char *last_updated, *organization, *contact, *description; /* of MODULE-IDENTITY, or NULL */
    DRMGMT__ARENA_LIST(drmgmt__mib_revision) revisions;
    DRMGMT__ARENA_LIST(drmgmt__mib_import) imports;
    DRMGMT__ARENA_LIST(drmgmt__mib_object) objects; /* in the order of the text; of equal names the first one counts */
    drmgmt__mib_notes notes;
} drmgmt__mib_module;

/* NULL is allowed. */
void drmgmt__mib_module_free(drmgmt__mib_module *module);

/* The time of "9505241811Z" or "199505241811Z" (RFC 2578, section 2) as "1995-05-24T18:11Z". False: it is none. */
bool drmgmt__mib_date(const char *text, char out[18]);

#endif
