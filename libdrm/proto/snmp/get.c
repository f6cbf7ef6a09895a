/* The operations get and getnext. Called by driver.c; asks by exchange.h. What does not fit into one message is asked
 * in several. */
#include "proto/snmp/operation.h"
#include "proto/snmp/params.h"
#include "proto/snmp/snmp.h"

#include "core/core.h"
#include <string.h>

struct asked { /* what the parameters say: the same for thousands of operations */
    drmgmt__snmp_objects objects;
    drmgmt__snmp_varbind varbinds[]; /* of objects */
};

struct get {
    drmgmt__snmp_job job;
    uint8_t type;
    drmgmt__kept *kept;
    const struct asked *asked; /* kept's */
    size_t done, at_once;
    drmgmt__strbuf out; /* while there is more to ask; one message's result is made in snmp->out */
};

static void clear(drmgmt__snmp_job *job)
{
    struct get *get = (struct get *)job;

    drmgmt__kept_release(get->kept);
    drmgmt__strbuf_free(&get->out);
}

static void ask(struct get *get);

/* False: there is only one object left to ask for. */
static bool ask_for_less(struct get *get)
{
    size_t asked = get->asked->objects.n - get->done;

    asked = asked < get->at_once ? asked : get->at_once;
    if (asked < 2)
        return false;
    get->at_once = (asked + 1) / 2;
    ask(get);
    return true;
}

static void take(struct get *get, drmgmt__snmp_answer *answer, size_t n)
{
    drmgmt__snmp_job *job = &get->job;
    bool whole = n == get->asked->objects.n;
    drmgmt__strbuf *out = whole ? &job->snmp->out : &get->out;

    if (whole)
        drmgmt__strbuf_reset(out);
    drmgmt__strbuf_puts(out, get->done ? "," : "{\"varbinds\":[");
    const char *wrong = drmgmt__snmp_put_answer(out, &job->snmp->render, &answer->cursor,
                                                get->asked->objects.oids + get->done, n, get->type == DRMGMT__SNMP_GET);
    if (wrong) {
        drmgmt__snmp_job_fail_text(job, NULL, "bad-answer", false,
                                   "The agent's answer is not to what was asked: it has %s.", wrong);
        return;
    }
    get->done += n;
    if (get->done < get->asked->objects.n) {
        ask(get);
        return;
    }
    drmgmt__snmp *snmp = job->snmp;
    drmgmt__strbuf_puts(out, "]}");
    drmgmt__snmp_job_complete(job, out);
    if (snmp->out.size > DRMGMT__SNMP_OUT_KEPT)
        drmgmt__strbuf_free(&snmp->out);
}

static void on_answer(void *user, const drmgmt__snmp_failure *failure, drmgmt__snmp_answer *answer)
{
    enum { TOO_BIG = 1 };
    struct get *get = user;
    size_t n = get->asked->objects.n - get->done;

    n = n < get->at_once ? n : get->at_once;
    if (failure ? strcmp(failure->code, "too-large") == 0 : answer->error_status == TOO_BIG)
        if (ask_for_less(get))
            return;
    if (failure) {
        drmgmt__snmp_job_fail(&get->job, failure);
    } else if (answer->error_status) {
        bool points = answer->error_index >= 1 && (size_t)answer->error_index <= n;
        size_t index = points ? get->done + (size_t)answer->error_index : 0;
        drmgmt__snmp_job_fail_status(&get->job, answer->error_status, (int32_t)index,
                                     points ? &get->asked->objects.oids[index - 1] : NULL);
    } else {
        take(get, answer, n);
    }
}

static void ask(struct get *get)
{
    size_t n = get->asked->objects.n - get->done;
    const drmgmt__snmp_question question = { .type = get->type,
                                             .varbinds = get->asked->varbinds + get->done,
                                             .n = n < get->at_once ? n : get->at_once };

    if (!drmgmt__snmp_ask(get->job.peer, &question, on_answer, get))
        drmgmt__snmp_job_fail_memory(&get->job);
}

/* ---- parameters ---- */

typedef int read_fn(const char *params, drmgmt__snmp_objects *out, drmgmt_error **error);

static int read_asked(read_fn *read, const char *params, void **value, drmgmt_error **error)
{
    drmgmt__snmp_objects objects;
    int rc = read(params, &objects, error);

    if (rc)
        return rc;
    struct asked *asked = calloc(1, sizeof *asked + objects.n * sizeof *asked->varbinds);
    if (!asked) {
        drmgmt__snmp_objects_free(&objects);
        return drmgmt__fail_memory(error);
    }
    asked->objects = objects;
    for (size_t i = 0; i < objects.n; i++)
        asked->varbinds[i].name = objects.oids[i];
    *value = asked;
    return 0;
}

static int read_get(const char *params, void **value, drmgmt_error **error)
{
    return read_asked(drmgmt__snmp_get_params_read, params, value, error);
}

static int read_getnext(const char *params, void **value, drmgmt_error **error)
{
    return read_asked(drmgmt__snmp_getnext_params_read, params, value, error);
}

static void free_asked(void *value)
{
    struct asked *asked = value;

    drmgmt__snmp_objects_free(&asked->objects);
    free(asked);
}

/* ---- begin ---- */

static void begin(drmgmt__snmp *snmp, drmgmt_op *op, uint8_t type, const drmgmt__kept_kind *kind)
{
    drmgmt_error *error = NULL;
    drmgmt__kept *kept;

    if (drmgmt__keep(&snmp->kept, drmgmt_op_params(op), kind, &kept, &error)) {
        drmgmt__snmp_fail_invalid(op, error);
        return;
    }
    struct get *get = drmgmt__snmp_job_new(snmp, op, sizeof *get, clear);
    if (!get) {
        drmgmt__kept_release(kept);
        return;
    }
    get->type = type;
    get->kept = kept;
    get->asked = kept->value;
    get->at_once = get->asked->objects.n;
    ask(get);
}

void drmgmt__snmp_get_begin(drmgmt__snmp *snmp, drmgmt_op *op)
{
    static const drmgmt__kept_kind kind = { read_get, free_asked };
    begin(snmp, op, DRMGMT__SNMP_GET, &kind);
}

void drmgmt__snmp_getnext_begin(drmgmt__snmp *snmp, drmgmt_op *op)
{
    static const drmgmt__kept_kind kind = { read_getnext, free_asked };
    begin(snmp, op, DRMGMT__SNMP_GETNEXT, &kind);
}
