/* Implements json.h. Calls jansson. */
#include "json.h"
#include <jansson.h>
#include <string.h>

static drmd_string_field *field_of(drmd_string_field *fields, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

/* Takes the members over; answers with a problem at the first that does not fit. */
static bool take(drmd_request *r, json_t *object, drmd_string_field *fields, size_t n)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        drmd_string_field *field = field_of(fields, n, name);
        if (!field) {
            drmd_reply_problem(r, 400, name, "There is no such field here.");
            return false;
        }
        if (json_is_null(value))
            continue;
        if (!json_is_string(value)) {
            drmd_reply_problem(r, 400, name, "This must be a string.");
            return false;
        }
        field->value = json_string_value(value);
    }
    for (size_t i = 0; i < n; i++)
        if (fields[i].required && (!fields[i].value || !*fields[i].value)) {
            drmd_reply_problem(r, 400, fields[i].name, "This field is required.");
            return false;
        }
    return true;
}

/* A password may have been sent under any name. */
static void wipe(json_t *object)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) if (json_is_string(value))
        explicit_bzero((char *)(uintptr_t)json_string_value(value), json_string_length(value));
}

drmd_strings *drmd_strings_read(drmd_request *r, drmd_string_field *fields, size_t n)
{
    json_error_t error;
    json_t *object = json_loadb(r->body, r->body_length, JSON_REJECT_DUPLICATES, &error);
    if (!object) {
        drmd_reply_problem(r, 400, NULL, "The body is not valid JSON: %s (line %d, column %d).", error.text, error.line,
                           error.column);
    } else if (!json_is_object(object)) {
        drmd_reply_problem(r, 400, NULL, "The body must be a JSON object.");
    } else if (take(r, object, fields, n)) {
        return object;
    } else {
        wipe(object);
    }
    json_decref(object);
    return NULL;
}

void drmd_strings_free(drmd_strings *strings)
{
    if (strings)
        wipe(strings);
    json_decref(strings);
}
