/* Texts that were read before: an operation's parameters and a profile's settings are the same JSON for thousands of
 * operations, and reading it costs more than asking the agent. Loop thread only. Internal.
 *
 *     const drmgmt__kept *kept;
 *     rc = drmgmt__keep(&store, text, &kind, &kept, &error);   // reads it, or finds what was read
 *     use(kept->value); drmgmt__kept_release(kept); */
#ifndef DRMGMT_PROTO_SNMP_KEPT_H
#define DRMGMT_PROTO_SNMP_KEPT_H

#include "proto/snmp/table.h"
#include <drm/error.h>

typedef struct drmgmt__kept_kind {
    /* Makes a value of a text; 0 and *value, or a status and *error. Pure: the same text, the same value. */
    int (*read)(const char *text, void **value, drmgmt_error **error);
    void (*free)(void *value);
} drmgmt__kept_kind;

typedef struct drmgmt__kept {
    drmgmt__link link;
    const drmgmt__kept_kind *kind;
    void *value;
    unsigned users; /* the store is one of them while it has it */
    char text[];
} drmgmt__kept;

typedef struct drmgmt__kept_store {
    drmgmt__table table;
    uint64_t seed;
} drmgmt__kept_store;

/* What the text says; also the answer to a later call with the same text and kind. Not changed by anybody. Give it back
 * with drmgmt__kept_release(). What cannot be read is not kept. 0, a status of kind->read(), or NO_MEMORY. */
int drmgmt__keep(drmgmt__kept_store *store, const char *text, const drmgmt__kept_kind *kind, drmgmt__kept **out,
                 drmgmt_error **error);
void drmgmt__kept_release(drmgmt__kept *kept); /* NULL is allowed */
/* Nobody may use any of it. */
void drmgmt__kept_clear(drmgmt__kept_store *store);

#endif
