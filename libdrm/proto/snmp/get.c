/* The operation get. Called by driver.c (begin, cancel); asks by exchange.h. */
#include "proto/snmp/snmp.h"

#include "core/core.h"
#include <string.h>

enum { OUT_KEPT = 1 << 18 };

struct get {
    drmgmt__snmp *snmp;
    drmgmt_op *op;
    drmgmt__snmp_peer *peer;
    drmgmt__snmp_objects objects;
    drmgmt__snmp_varbind varbinds[]; /* of objects */
};

/* Lets go of everything but the operation, which the caller ends. */
static void detach(struct get *get)
{
    drmgmt__snmp_peer_close(get->peer);
    drmgmt__snmp_objects_free(&get->objects);
    free(get);
}

static void fail_status(struct get *get, const drmgmt__snmp_answer *answer)
{
    const drmgmt__snmp_status *status = drmgmt__snmp_status_of(answer->error_status);
    DRMGMT__STRBUF message = DRMGMT__STRBUF_INIT;
    int32_t index = answer->error_index;
    drmgmt_op *op = get->op;

    drmgmt__strbuf_printf(&message, "%s (%d)", status->name, (int)answer->error_status);
    if (index >= 1 && index <= (int32_t)get->objects.n) {
        const drmgmt__oid *oid = &get->objects.oids[index - 1];
        drmgmt__strbuf_printf(&message, " at index %d, ", (int)index);
        if (drmgmt__snmp_name_print(&message, oid))
            drmgmt__strbuf_puts(&message, " = ");
        drmgmt__oid_print(&message, oid);
    }
    drmgmt__strbuf_printf(&message, ": %s.", status->hint);
    detach(get);
    drmgmt_op_fail(op, status->name, message.data ? message.data : "", status->retryable);
}

static void complete(struct get *get, drmgmt__snmp_answer *answer)
{
    drmgmt__snmp *snmp = get->snmp;
    drmgmt__snmp_failure failure;
    drmgmt_op *op = get->op;

    drmgmt__strbuf_reset(&snmp->out);
    const char *wrong = drmgmt__snmp_result(&snmp->out, &answer->cursor, &get->objects);
    detach(get);
    if (wrong) {
        drmgmt__snmp_fail(&failure, "bad-answer", false, "The agent's answer is not to what was asked: it has %s.",
                          wrong);
        drmgmt_op_fail(op, failure.code, failure.message, failure.retryable);
    } else if (snmp->out.failed) {
        drmgmt_op_fail(op, "no-memory", "The worker is out of memory.", true);
    } else {
        drmgmt_op_complete(op, snmp->out.data);
    }
    if (snmp->out.size > OUT_KEPT)
        drmgmt__strbuf_free(&snmp->out);
}

static void on_answer(void *user, const drmgmt__snmp_failure *failure, drmgmt__snmp_answer *answer)
{
    struct get *get = user;
    drmgmt_op *op = get->op;

    if (failure) {
        detach(get);
        drmgmt_op_fail(op, failure->code, failure->message, failure->retryable);
    } else if (answer->error_status) {
        fail_status(get, answer);
    } else {
        complete(get, answer);
    }
}

static struct get *make(drmgmt__snmp *snmp, drmgmt_op *op, drmgmt__snmp_failure *failure)
{
    drmgmt__snmp_objects objects;
    drmgmt_error *error = NULL;

    if (drmgmt__snmp_get_params_read(drmgmt_op_params(op), &objects, &error)) {
        const char *field = drmgmt_error_field(error);
        drmgmt__snmp_fail(failure, "invalid", false, "%s%s%s", field ? field : "", field ? ": " : "",
                          drmgmt_error_message(error));
        drmgmt_error_free(error);
        return NULL;
    }
    struct get *get = calloc(1, sizeof *get + objects.n * sizeof *get->varbinds);
    if (!get) {
        drmgmt__snmp_objects_free(&objects);
        drmgmt__snmp_fail(failure, "no-memory", true, "The worker is out of memory.");
        return NULL;
    }
    get->snmp = snmp;
    get->op = op;
    get->objects = objects;
    for (size_t i = 0; i < objects.n; i++)
        get->varbinds[i].name = objects.oids[i];
    get->peer = drmgmt__snmp_peer_of_op(snmp, op, failure);
    if (get->peer)
        return get;
    detach(get);
    return NULL;
}

void drmgmt__snmp_begin(void *state, drmgmt_op *op)
{
    drmgmt__snmp_failure failure;
    struct get *get = make(state, op, &failure);

    if (!get) {
        drmgmt_op_fail(op, failure.code, failure.message, failure.retryable);
        return;
    }
    drmgmt_op_set_data(op, get);
    drmgmt__snmp_question question = { .type = DRMGMT__SNMP_GET, .varbinds = get->varbinds, .n = get->objects.n };
    if (drmgmt__snmp_ask(get->peer, &question, on_answer, get))
        return;
    detach(get);
    drmgmt_op_fail(op, "no-memory", "The worker is out of memory, or has no random numbers.", true);
}

void drmgmt__snmp_cancel(void *state, drmgmt_op *op)
{
    struct get *get = drmgmt_op_data(op);

    (void)state;
    if (get)
        detach(get);
}
