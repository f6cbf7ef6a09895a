/* What a draft of a batch says, checked and as the JSON that the database's functions take. Called by batch.c and by
 * who keeps such drafts for later. */
#include "batch/batch.h"

#include "core/core.h"
#include "core/entities.h"
#include "job/job_internal.h"
#include <stdio.h>
#include <string.h>

static int invalid(drmgmt_error **error, const char *field, const char *what)
{
    return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, field, "%s: %s", field, what);
}

/* ---- devices ---- */

static int check_ids(const char *text, drmgmt_error **error)
{
    DRMGMT__JSON json_t *list = drmgmt__json_value(text);
    size_t i;
    json_t *id;

    if (!json_is_array(list) || json_array_size(list) == 0)
        return invalid(error, "device_ids", "an array of ids is expected");
    if (json_array_size(list) > DRMGMT_BATCH_DEVICES_MAX)
        return invalid(error, "device_ids", "at most 100,000 are allowed");
    json_array_foreach(list, i, id) if (!json_is_string(id) || !drmgmt__uuid_valid(json_string_value(id)))
    {
        char field[40];
        snprintf(field, sizeof field, "device_ids[%zu]", i);
        return invalid(error, field, "a UUID is expected");
    }
    return 0;
}

enum kind { TEXT, TEXTS, TIME };
static const struct {
    const char *name;
    enum kind kind;
} words[] = {
    { "tags", TEXTS },    { "name", TEXT },       { "protocol", TEXT },    { "vendor", TEXT },
    { "firmware", TEXT }, { "seen_since", TIME }, { "seen_before", TIME },
};

static const char *wrong_with(enum kind kind, const json_t *value)
{
    int64_t ms;
    size_t i;
    json_t *tag;

    if (kind == TEXT)
        return json_is_string(value) && *json_string_value(value) ? NULL : "a text is expected";
    if (kind == TIME)
        return json_is_string(value) && drmgmt__time_parse(json_string_value(value), &ms)
                   ? NULL
                   : "a time like 2026-01-31T12:00:00Z is expected, or a date";
    if (!json_is_array(value) || json_array_size(value) < 1 || json_array_size(value) > 64)
        return "an array of 1..64 tags is expected";
    json_array_foreach(value, i, tag) if (!json_is_string(tag)) return "an array of 1..64 tags is expected";
    return NULL;
}

static int check_selector(const char *text, drmgmt_error **error)
{
    DRMGMT__JSON json_t *selector = drmgmt__json_value(text);
    const char *name;
    json_t *value;

    if (!json_is_object(selector))
        return invalid(error, "selector", "an object is expected; {} is all devices");
    json_object_foreach(selector, name, value)
    {
        char field[64];
        size_t i = 0;
        while (i < DRMGMT__COUNT(words) && strcmp(words[i].name, name) != 0)
            i++;
        snprintf(field, sizeof field, "selector.%.40s", name);
        const char *wrong = i == DRMGMT__COUNT(words)
                                ? "devices are not selected by this: tags, name, protocol, vendor, "
                                  "firmware, seen_since and seen_before are known"
                                : wrong_with(words[i].kind, value);
        if (wrong)
            return invalid(error, field, wrong);
    }
    return 0;
}

static int check_devices(const drmgmt_draft *draft, drmgmt_error **error)
{
    const char *ids = drmgmt__draft_text(draft, "device_ids"), *selector = drmgmt__draft_text(draft, "selector");

    if (!ids == !selector)
        return invalid(error, "selector", "either this or device_ids is expected");
    return ids ? check_ids(ids, error) : check_selector(selector, error);
}

/* ---- the operation, as of a job ---- */

static int make_order(const drmgmt_draft *draft, drmgmt_draft *job, drmgmt__order *o, drmgmt_error **error)
{
    static const char *const fields[] = { "protocol", "operation", "params", "priority", "timeout_ms", "max_attempts" };
    int rc = drmgmt_draft_set(job, "device_id", "00000000-0000-0000-0000-000000000000", error);

    for (size_t i = 0; !rc && i < DRMGMT__COUNT(fields); i++)
        if (drmgmt__draft_text(draft, fields[i]))
            rc = drmgmt_draft_set(job, fields[i], drmgmt__draft_text(draft, fields[i]), error);
    return rc ? rc : drmgmt__order_make(job, o, error);
}

static int check_times(const drmgmt_draft *draft, drmgmt_error **error)
{
    static const char *const fields[] = { "run_at", "deadline" };
    int64_t ms;

    for (size_t i = 0; i < DRMGMT__COUNT(fields); i++) {
        const char *text = drmgmt__draft_text(draft, fields[i]);
        if (text && !drmgmt__time_parse(text, &ms))
            return invalid(error, fields[i], "a time like 2026-01-31T12:00:00Z is expected");
    }
    return 0;
}

/* A member whose text is JSON already. */
static void add_literal(drmgmt__strbuf *b, const char *name, const char *text)
{
    if (!text)
        return;
    drmgmt__json_key(b, name);
    drmgmt__strbuf_puts(b, text);
}

static void add_text(drmgmt__strbuf *b, const char *name, const char *text)
{
    if (text)
        drmgmt__json_member(b, name, text);
}

static void write_spec(const drmgmt_draft *draft, const drmgmt__order *o, drmgmt__strbuf *b)
{
    static const char *const literals[] = { "device_ids", "selector", "strict" };
    static const char *const texts[] = { "name", "run_at", "deadline", "canary", "wave", "max_failures" };
    bool writes = o->operation->flags & DRMGMT_OP_WRITES, idempotent = o->operation->flags & DRMGMT_OP_IDEMPOTENT;

    drmgmt__strbuf_putc(b, '{');
    drmgmt__json_member(b, "protocol", o->values[DRMGMT__ORDER_PROTOCOL]);
    drmgmt__json_member(b, "operation", o->values[DRMGMT__ORDER_OPERATION]);
    add_literal(b, "params", o->values[DRMGMT__ORDER_PARAMS]);
    add_literal(b, "priority", o->values[DRMGMT__ORDER_PRIORITY]);
    add_literal(b, "timeout_ms", o->values[DRMGMT__ORDER_TIMEOUT]);
    add_literal(b, "max_attempts", o->values[DRMGMT__ORDER_ATTEMPTS]);
    add_literal(b, "exclusive", writes ? "true" : "false");
    add_literal(b, "idempotent", idempotent ? "true" : "false");
    for (size_t i = 0; i < DRMGMT__COUNT(literals); i++)
        add_literal(b, literals[i], drmgmt__draft_text(draft, literals[i]));
    for (size_t i = 0; i < DRMGMT__COUNT(texts); i++)
        add_text(b, texts[i], drmgmt__draft_text(draft, texts[i]));
    drmgmt__strbuf_putc(b, '}');
}

int drmgmt__batch_spec(const drmgmt_draft *draft, drmgmt__strbuf *spec, drmgmt_permission *permission,
                       drmgmt_error **error)
{
    drmgmt__order o;

    int rc = drmgmt__draft_require(draft, error);
    if (!rc)
        rc = check_devices(draft, error);
    if (!rc)
        rc = check_times(draft, error);
    if (rc)
        return rc;
    drmgmt_draft *job = drmgmt_draft_new(&drmgmt__entity_job);
    rc = job ? make_order(draft, job, &o, error) : drmgmt__fail_memory(error);
    if (!rc) {
        write_spec(draft, &o, spec);
        *permission = drmgmt__order_permission(o.operation);
        rc = spec->failed ? drmgmt__fail_memory(error) : 0;
    }
    drmgmt_draft_free(job);
    return rc;
}
