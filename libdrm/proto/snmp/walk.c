/* The operations walk and bulkwalk. Called by driver.c.
 *
 * A result has at most 1 MiB: a walk that finds more ends complete: false, with the OID after which the next one goes
 * on. */
#include "proto/snmp/walker.h"

#include "core/core.h"
#include "proto/snmp/snmp.h"

enum { TAIL_MAX = 2048 }; /* what stands behind the varbinds */

struct walk {
    drmgmt__snmp_walker walker;
    drmgmt__strbuf out;
    bool full;
};

static void clear(drmgmt__snmp_walker *walker)
{
    drmgmt__strbuf_free(&((struct walk *)walker)->out);
}

static bool take(drmgmt__snmp_walker *walker, const drmgmt__snmp_varbind *vb)
{
    struct walk *walk = (struct walk *)walker;
    size_t before = walk->out.length;

    if (walker->n_taken)
        drmgmt__strbuf_putc(&walk->out, ',');
    drmgmt__snmp_put_varbind(&walk->out, &walker->job.snmp->render, vb);
    if (walk->out.length + TAIL_MAX <= DRMGMT_RESULT_BYTES_MAX)
        return true;
    walk->out.length = before;
    walk->full = true;
    return false;
}

static void done(drmgmt__snmp_walker *walker, bool complete)
{
    struct walk *walk = (struct walk *)walker;
    drmgmt__strbuf *out = &walk->out;

    drmgmt__strbuf_puts(out, complete ? "],\"complete\":true}" : "],\"complete\":false,\"next\":\"");
    if (!complete) {
        drmgmt__oid_print(out, &walker->position);
        drmgmt__strbuf_puts(out, walk->full ? "\",\"limit\":\"result_bytes\"}" : "\",\"limit\":\"max_varbinds\"}");
    }
    drmgmt__snmp_job_complete(&walker->job, out);
}

void drmgmt__snmp_walk_begin(drmgmt__snmp *snmp, drmgmt_op *op)
{
    struct walk *walk = drmgmt__snmp_walker_new(snmp, op, sizeof *walk, clear);

    if (!walk)
        return;
    walk->walker.take = take;
    walk->walker.done = done;
    drmgmt__strbuf_puts(&walk->out, "{\"varbinds\":[");
    drmgmt__snmp_walker_start(&walk->walker);
}
