/* Drafts: field values to create or change an entity, checked against its description as they are set. Called by
 * programs and domain rooms. */
#include "core/core.h"
#include "core/limits.h"
#include "core/record_internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

drmgmt_draft *drmgmt_draft_new(const drmgmt_entity *entity)
{
    drmgmt_draft *d = calloc(1, sizeof *d);

    if (!d || !(d->values = calloc(entity->n_fields, sizeof *d->values))) {
        free(d);
        return NULL;
    }
    d->entity = entity;
    return d;
}

void drmgmt_draft_free(drmgmt_draft *draft)
{
    if (!draft)
        return;
    for (size_t i = 0; i < draft->entity->n_fields; i++)
        drmgmt__free_secret(draft->values[i].text);
    free(draft->values);
    free(draft);
}

static int invalid(drmgmt_error **error, const char *field, const char *what)
{
    return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, field, "%s: %s", field, what);
}

static int writable_field(const drmgmt_draft *draft, const char *name, drmgmt_error **error)
{
    int i = drmgmt_entity_field(draft->entity, name);

    if (i < 0)
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, name, "%.80s: there is no such field in a %s",
                                 name, draft->entity->name);
    if (!(draft->entity->fields[i].flags & (DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_CREATE)))
        return invalid(error, name, "this field cannot be set");
    return i;
}

static bool is_int(const char *text)
{
    char *end;

    errno = 0;
    strtoll(text, &end, 10);
    return (*text == '-' || (*text >= '0' && *text <= '9')) && end > text && !*end && !errno;
}

static bool is_tags(const char *text)
{
    DRMGMT__JSON json_t *value = drmgmt__json_value(text);
    size_t i;
    json_t *item;

    if (!json_is_array(value))
        return false;
    json_array_foreach(value, i, item) if (!json_is_string(item)) return false;
    return true;
}

/* NULL: good; else what is expected. */
static const char *type_error(drmgmt_type type, const char *text)
{
    switch (type) {
    case DRMGMT_TYPE_UUID:
        return drmgmt__uuid_valid(text) ? NULL : "a UUID is expected";
    case DRMGMT_TYPE_INT:
        return is_int(text) ? NULL : "a whole number is expected";
    case DRMGMT_TYPE_BOOL:
        return strcmp(text, "true") == 0 || strcmp(text, "false") == 0 ? NULL : "true or false is expected";
    case DRMGMT_TYPE_TAGS:
        return is_tags(text) ? NULL : "an array of strings is expected";
    case DRMGMT_TYPE_JSON: {
        DRMGMT__JSON json_t *value = drmgmt__json_value(text);
        return value ? NULL : "JSON is expected, nested at most 32 deep";
    }
    case DRMGMT_TYPE_TEXT:
        return drmgmt__utf8_valid(text) ? NULL : "text in UTF-8 is expected";
    case DRMGMT_TYPE_TIME:
        return drmgmt__time_parse(text, &(int64_t){ 0 }) ? NULL : "a time like 2026-01-31T12:00:00Z is expected";
    }
    return NULL;
}

/* Type and limits. */
static const char *value_error(const drmgmt_field *field, const char *text, char buffer[256])
{
    const char *wrong = type_error(field->type, text);

    return wrong ? wrong : drmgmt__limits_check(field, text, buffer, 256);
}

/* Takes text over. */
static void put(drmgmt_draft *draft, int i, char *text)
{
    drmgmt__free_secret(draft->values[i].text);
    draft->values[i].text = text;
    draft->values[i].set = true;
}

int drmgmt_draft_set(drmgmt_draft *draft, const char *field, const char *text, drmgmt_error **error)
{
    int i = writable_field(draft, field, error);
    const char *wrong;
    char *copy = NULL, buffer[256];

    if (i < 0)
        return i;
    if (text && (wrong = value_error(&draft->entity->fields[i], text, buffer)))
        return invalid(error, field, wrong);
    if (text && !(copy = strdup(text)))
        return drmgmt__fail_memory(error);
    put(draft, i, copy);
    return 0;
}

/* The text form of a JSON value for a field of a type; *wrong tells what is expected instead. */
static char *text_of(drmgmt_type type, const json_t *value, const char **wrong)
{
    char number[32];

    *wrong = NULL;
    switch (type) {
    case DRMGMT_TYPE_UUID:
    case DRMGMT_TYPE_TEXT:
    case DRMGMT_TYPE_TIME:
        if (!json_is_string(value))
            *wrong = "a string is expected";
        return *wrong ? NULL : strdup(json_string_value(value));
    case DRMGMT_TYPE_INT:
        if (!json_is_integer(value))
            *wrong = "a whole number is expected";
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
        return *wrong ? NULL : strdup(number);
    case DRMGMT_TYPE_BOOL:
        if (!json_is_boolean(value))
            *wrong = "true or false is expected";
        return *wrong ? NULL : strdup(json_is_true(value) ? "true" : "false");
    case DRMGMT_TYPE_TAGS:
    case DRMGMT_TYPE_JSON:
        break;
    }
    return drmgmt__json_text(value);
}

static int fill(drmgmt_draft *draft, json_t *object, drmgmt_error **error)
{
    const char *name, *wrong;
    char buffer[256];
    json_t *value;

    json_object_foreach(object, name, value)
    {
        int i = writable_field(draft, name, error);
        if (i < 0)
            return i;
        const drmgmt_field *field = &draft->entity->fields[i];
        char *text = json_is_null(value) ? NULL : text_of(field->type, value, &wrong);
        if (!text && !json_is_null(value))
            return wrong ? invalid(error, name, wrong) : drmgmt__fail_memory(error);
        put(draft, i, text);
        if (text && (wrong = value_error(field, text, buffer)))
            return invalid(error, name, wrong);
    }
    return 0;
}

int drmgmt_draft_from_json(const drmgmt_entity *entity, const char *json, size_t length, drmgmt_draft **draft,
                           drmgmt_error **error)
{
    DRMGMT__JSON json_t *object = NULL;
    int rc = drmgmt__json_object(json, length, &object, error);

    if (rc)
        return rc;
    drmgmt_draft *d = drmgmt_draft_new(entity);
    if (!d)
        return drmgmt__fail_memory(error);
    rc = fill(d, object, error);
    if (rc) {
        drmgmt_draft_free(d);
        return rc;
    }
    *draft = d;
    return 0;
}

/* ---- for domain files ---- */

const char *drmgmt__draft_text(const drmgmt_draft *draft, const char *name)
{
    int i = drmgmt_entity_field(draft->entity, name);

    return i < 0 ? NULL : draft->values[i].text;
}

bool drmgmt__draft_has(const drmgmt_draft *draft, const char *name)
{
    int i = drmgmt_entity_field(draft->entity, name);

    return i >= 0 && draft->values[i].set;
}

int drmgmt__draft_require(const drmgmt_draft *draft, drmgmt_error **error)
{
    for (size_t i = 0; i < draft->entity->n_fields; i++)
        if ((draft->entity->fields[i].flags & DRMGMT_FIELD_REQUIRED) && !draft->values[i].text)
            return invalid(error, draft->entity->fields[i].name, "this field is required");
    return 0;
}

int drmgmt__draft_check_change(const drmgmt_draft *draft, drmgmt_error **error)
{
    for (size_t i = 0; i < draft->entity->n_fields; i++) {
        const drmgmt_field *f = &draft->entity->fields[i];
        if (!draft->values[i].set)
            continue;
        if (!(f->flags & DRMGMT_FIELD_WRITABLE))
            return invalid(error, f->name, "this field can be set at creation only");
        if ((f->flags & DRMGMT_FIELD_REQUIRED) && !draft->values[i].text)
            return invalid(error, f->name, "this field cannot be null");
    }
    return 0;
}
