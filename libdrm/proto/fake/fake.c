/* The driver "fake": no device behind it. For tests, benchmarks and examples: each operation behaves as its parameters
 * say. Its operations are started by the worker's engine. */
#include "core/core.h"
#include "core/strbuf.h"
#include "proto/registry.h"
#include <string.h>

enum { MS_MAX = 86400000, STEPS_MAX = 1000 };

/* What a running operation waits for. */
struct pause {
    drmgmt_op *op;
    drmgmt_timer *timer;
    unsigned ms, steps, step; /* of the whole operation; steps 0: no progress is told */
};

static const drmgmt_operation operations[] = {
    { "echo", DRMGMT_OP_IDEMPOTENT, 10000, "Returns its parameters.", "{\"type\":\"object\"}", 3 },
    { "sleep", DRMGMT_OP_IDEMPOTENT, 60000, "Completes after a while.",
      "{\"type\":\"object\",\"required\":[\"ms\"],\"additionalProperties\":false,\"properties\":{"
      "\"ms\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":86400000}}}",
      3 },
    { "fail", DRMGMT_OP_IDEMPOTENT, 10000, "Fails as told.",
      "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"code\":{\"type\":\"string\"},"
      "\"message\":{\"type\":\"string\"},\"retryable\":{\"type\":\"boolean\"}}}",
      3 },
    { "write", DRMGMT_OP_WRITES, 10000, "Pretends to change the device.",
      "{\"type\":\"object\",\"required\":[\"value\"],\"additionalProperties\":false,\"properties\":{\"value\":{},"
      "\"ms\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":86400000}}}",
      1 },
    { "progress", DRMGMT_OP_IDEMPOTENT | DRMGMT_OP_LONG, 60000, "Takes a while, and tells how far it is.",
      "{\"type\":\"object\",\"required\":[\"ms\",\"steps\"],\"additionalProperties\":false,\"properties\":{"
      "\"ms\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":86400000},"
      "\"steps\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000}}}",
      3 },
};

/* ---- checks: one row a parameter ---- */

static const struct parameter {
    const char *operation, *name, *wanted;
    bool required, any;
    json_type type; /* JSON_TRUE: a boolean */
    json_int_t low, high;
} parameters[] = {
    { "sleep", "ms", "a number from 0 to 86400000 is wanted", true, false, JSON_INTEGER, 0, MS_MAX },
    { "fail", "code", "a text is wanted", false, false, JSON_STRING, 0, 0 },
    { "fail", "message", "a text is wanted", false, false, JSON_STRING, 0, 0 },
    { "fail", "retryable", "true or false is wanted", false, false, JSON_TRUE, 0, 0 },
    { "write", "value", "a value is wanted", true, true, JSON_NULL, 0, 0 },
    { "write", "ms", "a number from 0 to 86400000 is wanted", false, false, JSON_INTEGER, 0, MS_MAX },
    { "progress", "ms", "a number from 0 to 86400000 is wanted", true, false, JSON_INTEGER, 0, MS_MAX },
    { "progress", "steps", "a number from 1 to 1000 is wanted", true, false, JSON_INTEGER, 1, STEPS_MAX },
};

static bool fits(const struct parameter *p, const json_t *value)
{
    if (!value)
        return !p->required;
    if (p->any)
        return true;
    if (p->type == JSON_TRUE)
        return json_is_boolean(value);
    if (json_typeof(value) != p->type)
        return false;
    return p->type != JSON_INTEGER || (json_integer_value(value) >= p->low && json_integer_value(value) <= p->high);
}

static const struct parameter *find(const char *operation, const char *name)
{
    for (size_t i = 0; i < DRMGMT__COUNT(parameters); i++)
        if (strcmp(parameters[i].operation, operation) == 0 && strcmp(parameters[i].name, name) == 0)
            return &parameters[i];
    return NULL;
}

static int refuse(drmgmt_error **error, const char *name, const char *wanted)
{
    DRMGMT__STRBUF field = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_printf(&field, "params.%s", name);
    return drmgmt_error_make(error, DRMGMT_ERR_INVALID, field.data, "%s", wanted);
}

static int check(const drmgmt_operation *operation, const char *params, drmgmt_error **error)
{
    DRMGMT__JSON json_t *object = NULL;
    const char *name;
    json_t *value;

    if (strcmp(operation->name, "echo") == 0)
        return 0;
    int rc = drmgmt__json_object(params, strlen(params), &object, error);
    if (rc)
        return rc;
    json_object_foreach(object, name, value) if (!find(operation->name, name)) return refuse(
        error, name, "there is no such parameter");
    for (size_t i = 0; i < DRMGMT__COUNT(parameters); i++) {
        const struct parameter *p = &parameters[i];
        if (strcmp(p->operation, operation->name) == 0 && !fits(p, json_object_get(object, p->name)))
            return refuse(error, p->name, p->wanted);
    }
    return 0;
}

/* ---- operations ---- */

static void let_go(struct pause *pause)
{
    drmgmt_timer_free(pause->timer);
    free(pause);
}

static void complete_pause(struct pause *pause)
{
    DRMGMT__STRBUF result = DRMGMT__STRBUF_INIT;
    drmgmt_op *op = pause->op;

    if (strcmp(drmgmt_op_operation(op), "write") == 0) {
        DRMGMT__JSON json_t *params = json_loads(drmgmt_op_params(op), 0, NULL);
        DRMGMT__FREE char *value = json_dumps(json_object_get(params, "value"), JSON_COMPACT | JSON_ENCODE_ANY);
        drmgmt__strbuf_printf(&result, "{\"written\":%s}", value ? value : "null");
    } else {
        drmgmt__strbuf_printf(&result, "{\"slept_ms\":%u}", pause->ms);
    }
    let_go(pause);
    if (result.failed)
        drmgmt_op_fail(op, "no-memory", "The worker is out of memory.", true);
    else
        drmgmt_op_complete(op, result.data);
}

static unsigned step_ms(const struct pause *pause)
{
    unsigned steps = pause->steps ? pause->steps : 1;
    uint64_t before = (uint64_t)pause->ms * pause->step / steps;
    return (unsigned)((uint64_t)pause->ms * (pause->step + 1) / steps - before);
}

static void on_timer(void *user)
{
    struct pause *pause = user;

    pause->step++;
    if (pause->step >= pause->steps) {
        complete_pause(pause);
        return;
    }
    drmgmt_op_progress(pause->op, pause->step * 100 / pause->steps);
    drmgmt_timer_again(pause->timer, step_ms(pause));
}

static unsigned number(const json_t *params, const char *name, unsigned most)
{
    json_int_t n = json_integer_value(json_object_get(params, name));
    return n < 0 ? 0 : n > most ? most : (unsigned)n;
}

static void begin_pause(drmgmt_loop *loop, drmgmt_op *op)
{
    DRMGMT__JSON json_t *params = json_loads(drmgmt_op_params(op), 0, NULL);
    struct pause *pause = calloc(1, sizeof *pause);

    if (pause) {
        pause->op = op;
        pause->ms = number(params, "ms", MS_MAX);
        pause->steps = number(params, "steps", STEPS_MAX);
        pause->timer = drmgmt_loop_timer(loop, step_ms(pause), on_timer, pause);
    }
    if (!pause || !pause->timer) {
        free(pause);
        drmgmt_op_fail(op, "no-memory", "The worker is out of memory.", true);
        return;
    }
    drmgmt_op_set_data(op, pause);
}

static void begin_fail(drmgmt_op *op)
{
    DRMGMT__JSON json_t *params = json_loads(drmgmt_op_params(op), 0, NULL);
    const char *code = json_string_value(json_object_get(params, "code"));
    const char *message = json_string_value(json_object_get(params, "message"));

    drmgmt_op_fail(op, code ? code : "failed", message ? message : "Failed as told.",
                   json_is_true(json_object_get(params, "retryable")));
}

static int open_driver(drmgmt_loop *loop, void **state, drmgmt_error **error)
{
    (void)error;
    *state = loop;
    return 0;
}

static void begin(void *state, drmgmt_op *op)
{
    const char *operation = drmgmt_op_operation(op);

    if (strcmp(operation, "echo") == 0)
        drmgmt_op_complete(op, drmgmt_op_params(op));
    else if (strcmp(operation, "fail") == 0)
        begin_fail(op);
    else
        begin_pause(state, op);
}

static void cancel(void *state, drmgmt_op *op)
{
    (void)state;
    let_go(drmgmt_op_data(op));
}

/* "fail" fails with any: metrics count the others as such. */
static const char *const codes[] = { "refused", "unreachable", NULL };

const drmgmt_driver drmgmt__driver_fake = {
    .abi = DRMGMT_DRIVER_ABI,
    .name = "fake",
    .doc = "No device: for tests, benchmarks and examples",
    .operations = operations,
    .n_operations = DRMGMT__COUNT(operations),
    .check = check,
    .open = open_driver,
    .begin = begin,
    .cancel = cancel,
    .codes = codes,
};
