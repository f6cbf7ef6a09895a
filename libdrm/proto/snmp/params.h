/* What a person writes: the parameters of operations. Read at submission (driver.c's checks, any thread) and again when
 * an operation begins. Pure. Internal. (The settings of a profile: exchange.h.)
 *
 * All of them: 0, or INVALID with the field ("params.oids[2]") and how to write it. */
#ifndef DRMGMT_PROTO_SNMP_PARAMS_H
#define DRMGMT_PROTO_SNMP_PARAMS_H

#include "proto/snmp/message.h"
#include "proto/snmp/names.h"
#include <drm/error.h>
#include <jansson.h>

enum {
    DRMGMT__SNMP_OIDS_MAX = 128,
    DRMGMT__SNMP_COLUMNS_MAX = 64,
    DRMGMT__SNMP_REPETITIONS_MAX = 1000,
    DRMGMT__SNMP_REPETITIONS = 25, /* unless told otherwise */
    DRMGMT__SNMP_VARBINDS_MAX = 1000000
};

typedef struct drmgmt__snmp_objects { /* in the order written */
    size_t n;
    drmgmt__oid *oids;
    uint32_t *arcs; /* of all of them */
} drmgmt__snmp_objects;

void drmgmt__snmp_objects_free(drmgmt__snmp_objects *objects);

/* ---- one object as text (object.c) ---- */
/* What may be written there. */
typedef enum drmgmt__snmp_wanted {
    DRMGMT__SNMP_INSTANCE, /* an object with its instance */
    DRMGMT__SNMP_ANY       /* also an object without instance, a table or a group */
} drmgmt__snmp_wanted;
/* field: what an error calls it. */
int drmgmt__snmp_object_read(const char *field, const json_t *value, drmgmt__snmp_wanted wanted,
                             uint32_t arcs[DRMGMT__OID_ARCS_MAX], size_t *n, drmgmt_error **error);

/* ---- operations (params.c) ---- */
/* {"oids":[...]} */
int drmgmt__snmp_get_params_read(const char *params, drmgmt__snmp_objects *out, drmgmt_error **error);
int drmgmt__snmp_getnext_params_read(const char *params, drmgmt__snmp_objects *out, drmgmt_error **error);

typedef struct drmgmt__snmp_walk_params { /* of walk, bulkwalk and table */
    drmgmt__snmp_objects roots;           /* what is walked, one after the other */
    drmgmt__oid from;                     /* where to go on, in the first root; n 0: at its beginning */
    unsigned max_varbinds;                /* 0: no limit of the caller's */
    unsigned max_repetitions;             /* 0: one by one, with GETNEXT */
    bool any_order;                       /* OIDs that do not increase are no error */
    const drmgmt__snmp_node *entry;       /* table: the entry, if it is known */
    drmgmt__oid entry_oid;                /* table */
    uint32_t from_arcs[DRMGMT__OID_ARCS_MAX], entry_arcs[DRMGMT__OID_ARCS_MAX];
} drmgmt__snmp_walk_params;

/* name: "walk", "bulkwalk", "table". out has pointers into itself: it is not to be copied. */
int drmgmt__snmp_walk_params_read(const char *name, const char *params, drmgmt__snmp_walk_params *out,
                                  drmgmt_error **error);
void drmgmt__snmp_walk_params_free(drmgmt__snmp_walk_params *params);

/* ---- set (set_params.c) ---- */
typedef struct drmgmt__snmp_set_params {
    drmgmt__snmp_varbind *varbinds;
    size_t n;
    bool repeatable;                   /* the caller says that twice is the same as once */
    struct drmgmt__snmp_block *blocks; /* what varbinds point to */
} drmgmt__snmp_set_params;

int drmgmt__snmp_set_params_read(const char *params, drmgmt__snmp_set_params *out, drmgmt_error **error);
void drmgmt__snmp_set_params_free(drmgmt__snmp_set_params *params);

/* An unknown member of params or of settings. */
int drmgmt__snmp_refuse_member(drmgmt_error **error, const char *object, const char *name, const char *known);

#endif
