/* The walker. Called by walk.c and rows.c; asks by exchange.h. */
#include "proto/snmp/walker.h"

#include "core/core.h"
#include "proto/snmp/snmp.h"
#include <string.h>

enum { FIRST_REPETITIONS = 10, TOO_BIG = 1, NO_SUCH_NAME = 2, COUNTED_HALF = 1000 };

static void clear(drmgmt__snmp_job *job)
{
    drmgmt__snmp_walker *w = (drmgmt__snmp_walker *)job;

    w->clear(w);
    drmgmt__snmp_walk_params_free(&w->params);
}

/* ---- failing: told with how far it came ---- */

static void fail(drmgmt__snmp_walker *w, const char *code, bool retryable, const char *message)
{
    DRMGMT__STRBUF detail = DRMGMT__STRBUF_INIT, oid = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_printf(&detail, "{\"varbinds\":%llu", (unsigned long long)w->n_taken);
    drmgmt__oid_print(&oid, &w->position);
    drmgmt__json_member(&detail, "after", oid.data);
    drmgmt__strbuf_putc(&detail, '}');
    drmgmt__snmp_job_fail_text(&w->job, detail.failed ? NULL : detail.data, code, retryable, "%s", message);
}

static void fail_order(drmgmt__snmp_walker *w, const drmgmt__oid *next, bool circle)
{
    DRMGMT__STRBUF message = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_puts(&message, "The agent's OIDs do not increase: ");
    drmgmt__oid_print(&message, next);
    drmgmt__strbuf_puts(&message, " came after ");
    drmgmt__oid_print(&message, &w->position);
    drmgmt__strbuf_puts(&message, circle ? ", where it had been before: the walk goes in a circle."
                                         : ". Walk on nevertheless with \"any_order\", which stops at circles only.");
    fail(w, circle ? "circle" : "non-increasing", false, message.data ? message.data : "");
}

/* ---- progress: of the objects known under the roots, else by count ---- */

static unsigned percent(const drmgmt__snmp_walker *w)
{
    uint64_t done = w->n_taken, all = w->n_taken + COUNTED_HALF;
    size_t n = 0, before = 0;

    if (w->params.roots.n > 1)
        return (unsigned)(100 * w->root / w->params.roots.n);
    const drmgmt__snmp_name *first = drmgmt__snmp_names_under(&w->params.roots.oids[0], &n);
    if (n > 1) {
        while (before < n && drmgmt__oid_compare(&first[before].oid, &w->position) <= 0)
            before++;
        done = before ? before - 1 : 0;
        all = n;
    }
    if (w->params.max_varbinds && w->n_taken * all > done * w->params.max_varbinds) {
        done = w->n_taken;
        all = w->params.max_varbinds;
    }
    return (unsigned)(100 * done / all);
}

/* ---- asking ---- */

static void on_answer(void *user, const drmgmt__snmp_failure *failure, drmgmt__snmp_answer *answer);

static void ask(drmgmt__snmp_walker *w)
{
    drmgmt__snmp_question question = { .type = w->alone         ? DRMGMT__SNMP_GET
                                               : w->repetitions ? DRMGMT__SNMP_GETBULK
                                                                : DRMGMT__SNMP_GETNEXT,
                                       .max_repetitions = (int32_t)w->repetitions,
                                       .varbinds = &w->asked,
                                       .n = 1 };

    w->asked = (drmgmt__snmp_varbind){ .name = w->position };
    w->asked_ms = drmgmt_loop_now(w->job.snmp->loop);
    if (!drmgmt__snmp_ask(w->job.peer, &question, on_answer, w))
        drmgmt__snmp_job_fail_memory(&w->job);
}

static void move_to(drmgmt__snmp_walker *w, const drmgmt__oid *oid)
{
    memmove(w->position_arcs, oid->arcs, oid->n * sizeof *oid->arcs);
    w->position = (drmgmt__oid){ w->position_arcs, oid->n };
}

/* As snmpwalk does: what has nothing under it may be an instance. */
static bool is_to_be_asked_alone(const drmgmt__snmp_walker *w)
{
    return !w->alone && w->n_taken == 0 && w->params.roots.n == 1 && !w->params.from.n && !w->params.entry_oid.n;
}

static void end_root(drmgmt__snmp_walker *w)
{
    if (is_to_be_asked_alone(w)) {
        w->alone = true;
        move_to(w, &w->params.roots.oids[0]);
        ask(w);
    } else if (++w->root < w->params.roots.n) {
        move_to(w, &w->params.roots.oids[w->root]);
        w->mark.n = 0;
        ask(w);
    } else {
        w->done(w, true);
    }
}

static void ask_for_fewer(drmgmt__snmp_walker *w, unsigned repetitions, unsigned most)
{
    w->repetitions = repetitions ? repetitions : 1;
    w->most = most > w->repetitions ? most : w->repetitions;
    ask(w);
}

/* After an answer with got varbinds that did not end it. */
static void adapt(drmgmt__snmp_walker *w, unsigned got)
{
    uint64_t took = drmgmt_loop_now(w->job.snmp->loop) - w->asked_ms;
    unsigned timeout = drmgmt__snmp_peer_settings(w->job.peer)->timeout_ms;

    if (!w->repetitions)
        return;
    if (got < w->repetitions) /* the agent's messages hold no more */
        w->repetitions = got ? got : 1;
    else if (took > timeout / 2 && took < timeout) /* longer ones were lost and asked for again */
        w->repetitions = (w->repetitions + 1) / 2;
    else if (w->repetitions < w->most)
        w->repetitions = 2 * w->repetitions < w->most ? 2 * w->repetitions : w->most;
}

/* ---- answers ---- */

enum verdict { GO_ON, ROOT_ENDED, OVER };

static bool goes_in_a_circle(drmgmt__snmp_walker *w, const drmgmt__oid *oid)
{
    if (w->mark.n && drmgmt__oid_equal(&w->mark, oid))
        return true;
    if (w->since_mark++ < w->mark_after && w->mark.n)
        return false;
    memcpy(w->mark_arcs, oid->arcs, oid->n * sizeof *oid->arcs);
    w->mark = (drmgmt__oid){ w->mark_arcs, oid->n };
    w->since_mark = 0;
    w->mark_after = 2 * w->mark_after + 1;
    return false;
}

static enum verdict take(drmgmt__snmp_walker *w, const drmgmt__snmp_varbind *vb)
{
    const drmgmt__oid *root = &w->params.roots.oids[w->root];
    uint8_t tag = vb->value.tag;

    if (tag == DRMGMT__SNMP_END_OF_MIB_VIEW || tag == DRMGMT__SNMP_NO_SUCH_OBJECT ||
        tag == DRMGMT__SNMP_NO_SUCH_INSTANCE || !drmgmt__oid_under(&vb->name, root))
        return ROOT_ENDED;
    if (!w->alone) {
        bool circle = w->params.any_order && goes_in_a_circle(w, &vb->name);
        if (circle || (!w->params.any_order && drmgmt__oid_compare(&vb->name, &w->position) <= 0)) {
            fail_order(w, &vb->name, circle);
            return OVER;
        }
    }
    if (!drmgmt__snmp_shown(tag)) {
        fail(w, "bad-answer", false, "The agent answered with a type of value that SNMPv1 and SNMPv2c do not have.");
        return OVER;
    }
    if ((w->params.max_varbinds && w->n_taken >= w->params.max_varbinds) || !w->take(w, vb)) {
        w->done(w, false);
        return OVER;
    }
    w->n_taken++;
    move_to(w, &vb->name);
    return GO_ON;
}

static void take_all(drmgmt__snmp_walker *w, drmgmt__snmp_answer *answer)
{
    drmgmt__snmp_varbind vb;
    enum verdict verdict = GO_ON;
    unsigned got = 0;
    int more = 0;

    while (verdict == GO_ON && (more = drmgmt__snmp_next(&answer->cursor, &vb)) == 1) {
        verdict = take(w, &vb);
        got++;
    }
    if (verdict == OVER)
        return;
    if (verdict == ROOT_ENDED || w->alone) {
        end_root(w);
        return;
    }
    if (got == 0) {
        if (w->repetitions > 1)
            ask_for_fewer(w, w->repetitions / 2, w->repetitions - 1);
        else
            fail(w, "bad-answer", false,
                 more ? "The agent's answer is malformed." : "The agent answered without any object.");
        return;
    }
    adapt(w, got);
    drmgmt_op_progress(w->job.op, percent(w));
    ask(w);
}

/* An agent that lives may lose what becomes too large on its way. */
static bool may_be_size(const drmgmt__snmp_walker *w, const drmgmt__snmp_failure *failure)
{
    return w->repetitions > 1 && w->heard && strcmp(failure->code, "timeout") == 0;
}

static void on_answer(void *user, const drmgmt__snmp_failure *failure, drmgmt__snmp_answer *answer)
{
    drmgmt__snmp_walker *w = user;

    if (failure) {
        if (may_be_size(w, failure))
            /* Each that is lost costs a timeout: it does not grow again. */
            ask_for_fewer(w, w->repetitions > FIRST_REPETITIONS ? w->repetitions / 4 : 1, 0);
        else if (w->n_taken == 0)
            drmgmt__snmp_job_fail(&w->job, failure);
        else
            fail(w, failure->code, failure->retryable, failure->message);
        return;
    }
    w->heard = true;
    if (answer->error_status == NO_SUCH_NAME)
        end_root(w);
    else if (answer->error_status == TOO_BIG && w->repetitions > 1)
        ask_for_fewer(w, w->repetitions / 2, w->repetitions - 1);
    else if (answer->error_status)
        drmgmt__snmp_job_fail_status(&w->job, answer->error_status, answer->error_index, &w->position);
    else
        take_all(w, answer);
}

/* ---- begin ---- */

void *drmgmt__snmp_walker_new(drmgmt__snmp *snmp, drmgmt_op *op, size_t size,
                              void (*clear_more)(drmgmt__snmp_walker *walker))
{
    drmgmt_error *error = NULL;
    drmgmt__snmp_walker *w = drmgmt__snmp_job_new(snmp, op, size, clear);

    if (!w)
        return NULL;
    w->clear = clear_more;
    if (drmgmt__snmp_walk_params_read(drmgmt_op_operation(op), drmgmt_op_params(op), &w->params, &error)) {
        drmgmt__snmp_job_free(&w->job);
        drmgmt__snmp_fail_invalid(op, error);
        return NULL;
    }
    return w;
}

void drmgmt__snmp_walker_start(drmgmt__snmp_walker *w)
{
    w->most = w->params.max_repetitions;
    /* GETBULK came with version 2. */
    if (drmgmt__snmp_peer_settings(w->job.peer)->version == DRMGMT__SNMP_V1)
        w->most = 0;
    w->repetitions = w->most < FIRST_REPETITIONS ? w->most : FIRST_REPETITIONS;
    move_to(w, w->params.from.n ? &w->params.from : &w->params.roots.oids[0]);
    ask(w);
}
