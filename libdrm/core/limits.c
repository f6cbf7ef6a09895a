/* The limits that OpenAPI shows are the limits that hold: minimum, maximum, minLength, maxLength, enum and maxItems of
 * a field's schema, applied as a draft is filled. Called by core/draft.c. */
#include "core/limits.h"

#include "core/core.h"
#include "core/strbuf.h"
#include <stdio.h>
#include <string.h>

/* Characters, as PostgreSQL's length() and JSON Schema count them; text is UTF-8. */
static size_t characters(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += (*text & 0xc0) != 0x80;
    return n;
}

static bool number_of(const json_t *schema, const char *name, long long *value)
{
    const json_t *member = json_object_get(schema, name);

    *value = json_integer_value(member);
    return json_is_integer(member);
}

static const char *check_int(const json_t *schema, const char *text, char *buffer, size_t size)
{
    long long value = strtoll(text, NULL, 10), low = 0, high = 0;
    bool has_low = number_of(schema, "minimum", &low), has_high = number_of(schema, "maximum", &high);

    if ((!has_low || value >= low) && (!has_high || value <= high))
        return NULL;
    if (has_low && has_high)
        snprintf(buffer, size, "%lld..%lld is expected", low, high);
    else
        snprintf(buffer, size, "at %s %lld is expected", has_low ? "least" : "most", has_low ? low : high);
    return buffer;
}

static const char *check_text(const json_t *schema, const char *text, char *buffer, size_t size)
{
    const json_t *words = json_object_get(schema, "enum");
    long long low = 0, high = 0;
    long long n = (long long)characters(text);

    number_of(schema, "minLength", &low);
    if (n < low || (number_of(schema, "maxLength", &high) && n > high)) {
        snprintf(buffer, size, "%lld to %lld characters are expected", low, high);
        return buffer;
    }
    if (!words)
        return NULL;
    int length = snprintf(buffer, size, "one of");
    for (size_t i = 0; i < json_array_size(words); i++) {
        const char *word = json_string_value(json_array_get(words, i));
        if (strcmp(word, text) == 0)
            return NULL;
        if (length > 0 && (size_t)length < size)
            length += snprintf(buffer + length, size - (size_t)length, "%s \"%s\"", i ? "," : "", word);
    }
    if (length > 0 && (size_t)length < size)
        snprintf(buffer + length, size - (size_t)length, " is expected");
    return buffer;
}

static const char *check_tags(const json_t *schema, const char *text, char *buffer, size_t size)
{
    DRMGMT__JSON json_t *value = json_loads(text, 0, NULL);
    const json_t *items = json_object_get(schema, "items");
    long long most = 0;

    if (number_of(schema, "maxItems", &most) && (long long)json_array_size(value) > most) {
        snprintf(buffer, size, "at most %lld are allowed", most);
        return buffer;
    }
    for (size_t i = 0; items && i < json_array_size(value); i++) {
        const char *wrong = check_text(items, json_string_value(json_array_get(value, i)), buffer, size);
        if (wrong)
            return wrong;
    }
    return NULL;
}

const char *drmgmt__limits_check(const drmgmt_field *field, const char *text, char *buffer, size_t size)
{
    DRMGMT__STRBUF members = DRMGMT__STRBUF_INIT;

    if (!field->schema)
        return NULL;
    drmgmt__strbuf_printf(&members, "{%s}", field->schema);
    DRMGMT__JSON json_t *schema = members.failed ? NULL : json_loads(members.data, 0, NULL);
    if (!schema)
        return "it cannot be checked: out of memory";
    switch (field->type) {
    case DRMGMT_TYPE_INT:
        return check_int(schema, text, buffer, size);
    case DRMGMT_TYPE_TEXT:
        return check_text(schema, text, buffer, size);
    case DRMGMT_TYPE_TAGS:
        return check_tags(schema, text, buffer, size);
    case DRMGMT_TYPE_UUID:
    case DRMGMT_TYPE_BOOL:
    case DRMGMT_TYPE_TIME:
    case DRMGMT_TYPE_JSON:
        break;
    }
    return NULL;
}
