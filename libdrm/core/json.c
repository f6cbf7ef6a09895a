/* JSON in: jansson with duplicates refused and nesting capped, because its own cap (2048) costs stack. */
#include "core/core.h"
#include "core/strbuf.h"
#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 32 };

/* Nesting by counting brackets outside strings; what is not JSON is left for the parser to name. */
static bool too_deep(const char *text, size_t length)
{
    bool in_string = false;
    int depth = 0;

    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > DEPTH_MAX)
                return true;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return false;
}

int drmgmt__json_object(const char *text, size_t length, json_t **object, drmgmt_error **error)
{
    json_error_t e;

    if (too_deep(text, length))
        return drmgmt__fail(error, DRMGMT_ERR_INVALID, "the JSON is nested more than %d deep", DEPTH_MAX);
    json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES, &e);
    if (!value) {
        /* The parser quotes what it stumbled over, which may be part of a password: the position says enough. */
        const char *quote = strstr(e.text, " near ");
        return drmgmt__fail(error, DRMGMT_ERR_INVALID, "not valid JSON: %.*s (line %d, column %d)",
                            quote ? (int)(quote - e.text) : (int)sizeof e.text, e.text, e.line, e.column);
    }
    if (!json_is_object(value)) {
        json_decref(value);
        return drmgmt__fail(error, DRMGMT_ERR_INVALID, "a JSON object is expected");
    }
    *object = value;
    return 0;
}

json_t *drmgmt__json_value(const char *text)
{
    return too_deep(text, strlen(text)) ? NULL : json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
}

/* ---- out: jansson would write 0.1 as 0.10000000000000001 ---- */

static void write_real(drmgmt__strbuf *b, double value)
{
    char text[40];

    snprintf(text, sizeof text, "%.15g", value);
    if (strtod(text, NULL) != value)
        snprintf(text, sizeof text, "%.17g", value);
    drmgmt__strbuf_puts(b, text);
    if (!strpbrk(text, ".e"))
        drmgmt__strbuf_puts(b, ".0"); /* it came as a real and stays one */
}

static void write_value(drmgmt__strbuf *b, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT: {
        const char *name;
        json_t *member;
        drmgmt__strbuf_putc(b, '{');
        json_object_foreach((json_t *)(uintptr_t)value, name, member)
        {
            drmgmt__json_key(b, name);
            write_value(b, member);
        }
        drmgmt__strbuf_putc(b, '}');
        break;
    }
    case JSON_ARRAY:
        drmgmt__strbuf_putc(b, '[');
        for (size_t i = 0; i < json_array_size(value); i++) {
            if (i)
                drmgmt__strbuf_putc(b, ',');
            write_value(b, json_array_get(value, i));
        }
        drmgmt__strbuf_putc(b, ']');
        break;
    case JSON_STRING:
        drmgmt__json_string_n(b, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        drmgmt__strbuf_printf(b, "%lld", (long long)json_integer_value(value));
        break;
    case JSON_REAL:
        write_real(b, json_real_value(value));
        break;
    case JSON_TRUE:
        drmgmt__strbuf_puts(b, "true");
        break;
    case JSON_FALSE:
        drmgmt__strbuf_puts(b, "false");
        break;
    case JSON_NULL:
        drmgmt__strbuf_puts(b, "null");
        break;
    }
}

char *drmgmt__json_text(const json_t *value)
{
    drmgmt__strbuf b = DRMGMT__STRBUF_INIT;

    write_value(&b, value);
    return drmgmt__strbuf_steal(&b, NULL);
}
