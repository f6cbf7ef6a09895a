/* The operation set: all its objects in one message, which the agent carries out whole or not at all (RFC 3416, section
 * 4.2.5). Called by driver.c; asks by exchange.h.
 *
 * An agent that carried it out may be silent about it, and what is set once need not be the same set twice (RowStatus,
 * TestAndIncr): unless the parameters say that it may be repeated, it is sent once. */
#include "proto/snmp/operation.h"
#include "proto/snmp/params.h"
#include "proto/snmp/snmp.h"

#include "core/core.h"
#include <string.h>

struct set {
    drmgmt__snmp_job job;
    drmgmt__snmp_set_params params;
};

static void clear(drmgmt__snmp_job *job)
{
    drmgmt__snmp_set_params_free(&((struct set *)job)->params);
}

static void fail(struct set *set, const drmgmt__snmp_failure *failure)
{
    DRMGMT__STRBUF message = DRMGMT__STRBUF_INIT;
    drmgmt_op *op = set->job.op;

    if (strcmp(failure->code, "timeout") != 0) {
        drmgmt__snmp_job_fail(&set->job, failure);
        return;
    }
    drmgmt__strbuf_printf(&message, "%s Whether the device carried it out is not known: read the objects.",
                          failure->message);
    drmgmt__snmp_job_free(&set->job);
    drmgmt_op_uncertain(op, failure->code, message.data ? message.data : "");
}

static void on_answer(void *user, const drmgmt__snmp_failure *failure, drmgmt__snmp_answer *answer)
{
    struct set *set = user;
    drmgmt__snmp_job *job = &set->job;
    drmgmt__strbuf *out = &job->snmp->out;
    drmgmt__snmp_varbind vb;

    if (failure) {
        fail(set, failure);
        return;
    }
    if (answer->error_status) {
        bool points = answer->error_index >= 1 && (size_t)answer->error_index <= set->params.n;
        drmgmt__snmp_job_fail_status(job, answer->error_status, answer->error_index,
                                     points ? &set->params.varbinds[answer->error_index - 1].name : NULL);
        return;
    }
    /* It is done, whatever the varbinds of the answer are: what was set is told. */
    drmgmt__strbuf_reset(out);
    drmgmt__strbuf_puts(out, "{\"varbinds\":[");
    for (size_t i = 0; i < set->params.n; i++) {
        bool told = drmgmt__snmp_next(&answer->cursor, &vb) == 1 &&
                    drmgmt__oid_equal(&vb.name, &set->params.varbinds[i].name) && drmgmt__snmp_shown(vb.value.tag);
        drmgmt__strbuf_puts(out, i ? "," : "");
        drmgmt__snmp_put_varbind(out, &job->snmp->render, told ? &vb : &set->params.varbinds[i]);
    }
    drmgmt__strbuf_puts(out, "]}");
    drmgmt__snmp_job_complete(job, out);
}

void drmgmt__snmp_set_begin(drmgmt__snmp *snmp, drmgmt_op *op)
{
    drmgmt__snmp_set_params params;
    drmgmt_error *error = NULL;

    if (drmgmt__snmp_set_params_read(drmgmt_op_params(op), &params, &error)) {
        drmgmt__snmp_fail_invalid(op, error);
        return;
    }
    struct set *set = drmgmt__snmp_job_new(snmp, op, sizeof *set, clear);
    if (!set) {
        drmgmt__snmp_set_params_free(&params);
        return;
    }
    set->params = params;
    const drmgmt__snmp_question question = {
        .type = DRMGMT__SNMP_SET, .once = !params.repeatable, .varbinds = set->params.varbinds, .n = set->params.n
    };
    if (!drmgmt__snmp_ask(set->job.peer, &question, on_answer, set))
        drmgmt__snmp_job_fail_memory(&set->job);
}
