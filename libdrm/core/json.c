/* JSON in: jansson with duplicates refused and nesting capped, because its own cap (2048) costs stack. */
#include "core/core.h"
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
