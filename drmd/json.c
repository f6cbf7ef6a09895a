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

/* NULL: it answered itself. */
static json_t *read_object(drmd_request *r)
{
    json_error_t error;
    json_t *object = json_loadb(r->body, r->body_length, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(object))
        return object;
    if (object)
        drmd_reply_problem(r, 400, NULL, "The body must be a JSON object.");
    else
        drmd_reply_problem(r, 400, NULL, "The body is not valid JSON: %s (line %d, column %d).", error.text, error.line,
                           error.column);
    json_decref(object);
    return NULL;
}

drmd_strings *drmd_strings_read(drmd_request *r, drmd_string_field *fields, size_t n)
{
    json_t *object = read_object(r);
    if (!object || take(r, object, fields, n))
        return object;
    wipe(object);
    json_decref(object);
    return NULL;
}

bool drmd_flag_read(drmd_request *r, const char *name, bool *flag)
{
    json_t *object = read_object(r), *value;
    const char *member, *wrong = NULL;
    if (!object)
        return false;
    *flag = json_is_true(json_object_get(object, name));
    json_object_foreach(object, member, value)
    {
        if (strcmp(member, name) != 0)
            wrong = "There is no such field here.";
        else if (!json_is_boolean(value) && !json_is_null(value))
            wrong = "This must be true or false.";
        if (wrong) {
            drmd_reply_problem(r, 400, member, "%s", wrong);
            break;
        }
    }
    json_decref(object);
    return !wrong;
}

void drmd_strings_free(drmd_strings *strings)
{
    if (strings)
        wipe(strings);
    json_decref(strings);
}
