/* Going through subtrees of a device, with GETNEXT or GETBULK: what walk.c and rows.c share. Loop thread only.
 * Internal.
 *
 * How many repetitions a GETBULK asks for begins low, doubles while answers come whole and in time, and shrinks when
 * one is tooBig, cut short, slow or lost. A subtree ends with the first OID beyond it, with endOfMibView, and - version
 * 1, and agents behind a proxy - with noSuchName. OIDs that do not increase end a walk with an error, because it may
 * never end; where the parameters allow them, one that comes back to where it was does. */
#ifndef DRMGMT_PROTO_SNMP_WALKER_H
#define DRMGMT_PROTO_SNMP_WALKER_H

#include "proto/snmp/operation.h"
#include "proto/snmp/params.h"

typedef struct drmgmt__snmp_walker drmgmt__snmp_walker;

struct drmgmt__snmp_walker {
    drmgmt__snmp_job job; /* must be first */
    drmgmt__snmp_walk_params params;
    /* One more varbind. False: no more can be taken; vb was not. */
    bool (*take)(drmgmt__snmp_walker *walker, const drmgmt__snmp_varbind *vb);
    /* All has been taken, or no more could be: position is then the last OID taken. It ends the job. */
    void (*done)(drmgmt__snmp_walker *walker, bool complete);
    void (*clear)(drmgmt__snmp_walker *walker); /* of what stands behind it */
    /* where it is */
    size_t root;
    uint32_t position_arcs[DRMGMT__OID_ARCS_MAX];
    drmgmt__oid position;
    drmgmt__snmp_varbind asked;
    uint64_t n_taken;
    /* how it asks */
    unsigned repetitions, most; /* 0: GETNEXT */
    uint64_t asked_ms;
    bool heard; /* an answer of this agent has come */
    bool alone; /* nothing was found under the root: it is asked for itself */
    /* Brent's way of finding a circle, where any order is allowed */
    uint32_t mark_arcs[DRMGMT__OID_ARCS_MAX];
    drmgmt__oid mark;
    uint64_t since_mark, mark_after;
};

/* Memory of size bytes for a walk by the parameters of op ("walk", "bulkwalk", "table"), or NULL: op has failed. */
void *drmgmt__snmp_walker_new(drmgmt__snmp *snmp, drmgmt_op *op, size_t size,
                              void (*clear)(drmgmt__snmp_walker *walker));
void drmgmt__snmp_walker_start(drmgmt__snmp_walker *walker);

#endif
