/* The data-model schema's elements and attributes: see schema.h. */
#include "tr181/schema.h"

#include "core/cleanup.h"
#include <stdlib.h>
#include <string.h>

#define NAME(name) #name,
static const char *const elements[] = { DRMGMT__DM_ELEMENTS(NAME) };
static const char *const attributes[] = { DRMGMT__DM_ATTRIBUTES(NAME) };
#undef NAME

_Static_assert(DRMGMT__DM_E_COUNT <= 63 && DRMGMT__DM_A_COUNT <= 63, "they are bits of a uint64_t");

static int compare(const void *key, const void *row)
{
    return strcmp(key, *(const char *const *)row);
}

static size_t find(const char *name, const char *const *rows, size_t n)
{
    const char *const *row = bsearch(name, rows, n, sizeof *rows, compare);

    return row ? (size_t)(row - rows) : n;
}

drmgmt__dm_element drmgmt__dm_element_of(const char *name)
{
    return (drmgmt__dm_element)find(name, elements, DRMGMT__DM_E_COUNT);
}

drmgmt__dm_attribute drmgmt__dm_attribute_of(const char *name)
{
    return (drmgmt__dm_attribute)find(name, attributes, DRMGMT__DM_A_COUNT);
}

const char *drmgmt__dm_element_name(drmgmt__dm_element element)
{
    return element < DRMGMT__DM_E_COUNT ? elements[element] : "?";
}

const char *drmgmt__dm_attribute_name(drmgmt__dm_attribute attribute)
{
    return attribute < DRMGMT__DM_A_COUNT ? attributes[attribute] : "?";
}

#define E(name)   DRMGMT__DM_BIT(DRMGMT__DM_E_##name)
#define A(name)   DRMGMT__DM_BIT(DRMGMT__DM_A_##name)
#define OUTERMOST DRMGMT__DM_BIT(63)
#define BUILTINS                                                                                                       \
    (E(base64) | E(boolean) | E(dateTime) | E(decimal) | E(hexBinary) | E(int) | E(long) | E(string) |                 \
     E(unsignedInt) | E(unsignedLong))
#define TYPES     (BUILTINS | E(dataType))
#define ARGUMENTS (E(input) | E(output) | E(event))
#define FACETS                                                                                                         \
    (E(size) | E(instanceRef) | E(pathRef) | E(decimalRange) | E(range) | E(enumeration) | E(enumerationRef) |         \
     E(pattern) | E(units) | E(list) | E(default))
#define ITEM (A(id) | A(version) | A(status))

#define ROW(name, ...)                                                                                                 \
    {                                                                                                                  \
        .element = DRMGMT__DM_E_##name, __VA_ARGS__                                                                    \
    }

/* The first row whose parents fit counts. */
static const drmgmt__dm_rule rules[] = {
    ROW(document, .parents = OUTERMOST, .required = A(spec), .allowed = A(spec) | A(file)),
    ROW(abbreviations, .parents = E(document), .skipped = true),
    ROW(bibliography, .parents = E(document), .skipped = true),
    ROW(glossary, .parents = E(document), .skipped = true),
    ROW(template, .parents = E(document), .skipped = true, .allowed = A(id)),
    ROW(import, .parents = E(document), .required = A(file), .allowed = A(file) | A(spec)),

    ROW(dataType, .parents = E(import), .required = A(name), .allowed = A(name) | A(ref)),
    ROW(dataType, .parents = E(document), .required = A(name), .allowed = A(name) | A(base) | A(status) | A(id)),
    ROW(dataType, .parents = E(syntax), .one_of = A(ref) | A(base), .allowed = A(ref) | A(base)),
    ROW(component, .parents = E(import), .required = A(name), .allowed = A(name) | A(ref)),
    ROW(component, .parents = E(document), .required = A(name), .allowed = A(name) | A(virtual) | A(status) | A(id)),
    ROW(component, .parents = E(component) | E(model) | E(object) | ARGUMENTS, .required = A(ref),
        .allowed = A(ref) | A(path) | A(version)),
    ROW(model, .parents = E(import), .required = A(name), .allowed = A(name) | A(ref)),
    ROW(model, .parents = E(document), .required = A(name),
        .allowed = A(name) | A(base) | A(version) | A(isService) | A(status) | A(id)),

    ROW(object, .parents = E(model) | E(component) | ARGUMENTS, .one_of = A(name) | A(base) | A(ref),
        .allowed = A(name) | A(base) | A(ref) | A(access) | A(minEntries) | A(maxEntries) | A(discriminatorParameter) |
                   A(mountType) | A(enableParameter) | A(numEntriesParameter) | ITEM),
    ROW(object, .parents = E(profile), .required = A(ref) | A(requirement),
        .allowed = A(ref) | A(requirement) | A(status)),
    ROW(parameter, .parents = E(uniqueKey), .required = A(ref), .allowed = A(ref)),
    ROW(parameter, .parents = E(profile), .required = A(ref) | A(requirement),
        .allowed = A(ref) | A(requirement) | A(status)),
    ROW(parameter, .parents = E(model) | E(component) | E(object) | ARGUMENTS, .one_of = A(name) | A(base) | A(ref),
        .allowed = A(name) | A(base) | A(ref) | A(access) | A(requirement) | A(activeNotify) | A(forcedInform) |
                   A(mandatory) | ITEM),
    ROW(command, .parents = E(object) | E(component), .one_of = A(name) | A(base) | A(ref),
        .allowed = A(name) | A(base) | A(ref) | A(async) | ITEM),
    ROW(event, .parents = E(object) | E(component), .one_of = A(name) | A(base) | A(ref),
        .allowed = A(name) | A(base) | A(ref) | ITEM),
    ROW(input, .parents = E(command)),
    ROW(output, .parents = E(command)),
    ROW(uniqueKey, .parents = E(object), .allowed = A(functional)),
    ROW(profile, .parents = E(model) | E(component), .one_of = A(name) | A(base),
        .allowed = A(name) | A(base) | A(extends) | A(minVersion) | ITEM),

    ROW(syntax, .parents = E(parameter), .allowed = A(hidden) | A(secured) | A(command)),
    ROW(base64, .parents = E(syntax) | E(dataType)),
    ROW(boolean, .parents = E(syntax) | E(dataType)),
    ROW(dateTime, .parents = E(syntax) | E(dataType)),
    ROW(decimal, .parents = E(syntax) | E(dataType)),
    ROW(hexBinary, .parents = E(syntax) | E(dataType)),
    ROW(int, .parents = E(syntax) | E(dataType)),
    ROW(long, .parents = E(syntax) | E(dataType)),
    ROW(string, .parents = E(syntax) | E(dataType)),
    ROW(unsignedInt, .parents = E(syntax) | E(dataType)),
    ROW(unsignedLong, .parents = E(syntax) | E(dataType)),

    ROW(list, .parents = E(syntax) | E(dataType), .allowed = A(minItems) | A(maxItems) | A(nestedBrackets) | A(status)),
    ROW(default, .parents = E(syntax), .required = A(type) | A(value), .allowed = A(type) | A(value) | A(status)),
    ROW(size, .parents = TYPES | E(list), .allowed = A(minLength) | A(maxLength) | A(access) | A(optional) | A(status)),
    ROW(range, .parents = TYPES,
        .allowed = A(minInclusive) | A(maxInclusive) | A(step) | A(access) | A(optional) | A(status)),
    ROW(decimalRange, .parents = TYPES,
        .allowed = A(minInclusive) | A(maxInclusive) | A(step) | A(access) | A(optional) | A(status)),
    ROW(enumeration, .parents = TYPES, .required = A(value),
        .allowed = A(value) | A(code) | A(version) | A(access) | A(optional) | A(status)),
    ROW(pattern, .parents = TYPES, .required = A(value),
        .allowed = A(value) | A(version) | A(access) | A(optional) | A(status)),
    ROW(units, .parents = TYPES, .required = A(value), .allowed = A(value) | A(status)),
    ROW(pathRef, .parents = TYPES, .required = A(refType),
        .allowed = A(refType) | A(targetParent) | A(targetParentScope) | A(targetType) | A(targetDataType) | A(status)),
    ROW(instanceRef, .parents = TYPES, .required = A(refType) | A(targetParent),
        .allowed = A(refType) | A(targetParent) | A(targetParentScope) | A(status)),
    ROW(enumerationRef, .parents = TYPES, .required = A(targetParam),
        .allowed = A(targetParam) | A(targetParamScope) | A(nullValue) | A(status)),
    ROW(description,
        .parents = FACETS | E(document) | E(dataType) | E(model) | E(component) | E(object) | E(parameter) |
                   E(command) | ARGUMENTS | E(profile) | E(uniqueKey) | E(syntax),
        .allowed = A(action)),
};

const drmgmt__dm_rule *drmgmt__dm_rule_of(drmgmt__dm_element element, drmgmt__dm_element parent)
{
    uint64_t bit = parent < DRMGMT__DM_E_COUNT ? DRMGMT__DM_BIT(parent) : OUTERMOST;

    for (size_t i = 0; i < DRMGMT__COUNT(rules); i++)
        if (rules[i].element == element && (rules[i].parents & bit))
            return &rules[i];
    return NULL;
}

/* ---- values ---- */

static bool is_one_of(const char *value, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(*words, value) == 0)
            return true;
    return false;
}

static bool is_number(const char *text, bool sign, bool point)
{
    size_t digits;

    if (sign && (*text == '-' || *text == '+'))
        text++;
    digits = strspn(text, "0123456789");
    text += digits;
    if (point && *text == '.') {
        size_t more = strspn(++text, "0123456789");
        digits += more;
        text += more;
    }
    return digits > 0 && *text == '\0';
}

/* 1.2 or 1.2.3 */
static bool is_version(const char *text)
{
    int parts = 0;

    for (;;) {
        size_t digits = strspn(text, "0123456789");
        if (digits == 0 || digits > 9)
            return false;
        text += digits;
        parts++;
        if (*text == '\0')
            return parts == 2 || parts == 3;
        if (*text++ != '.')
            return false;
    }
}

static const char *const booleans[] = { "true", "false", "1", "0", NULL };
static const char *const statuses[] = { "current", "deprecated", "obsoleted", "deleted", NULL };
static const char *const accesses[] = { "readOnly", "readWrite", "writeOnceReadOnly", NULL };
static const char *const actions[] = { "create", "prefix", "append", "replace", NULL };
static const char *const notifies[] = { "normal", "forceEnabled", "forceDefaultEnabled", "canDeny", NULL };
static const char *const mounts[] = { "none", "mountable", "mountPoint", NULL };
static const char *const nestings[] = { "legacy", "permitted", "required", NULL };
static const char *const references[] = { "weak", "strong", NULL };
static const char *const scopes[] = { "normal", "model", "object", NULL };
static const char *const targets[] = { "any", "parameter", "object", "single", "table", "row", NULL };
static const char *const defaults[] = { "factory", "object", "implementation", "parameter", NULL };
static const char *const requirements[] = { "notSpecified", "present",           "create",
                                            "delete",       "createDelete",      "readOnly",
                                            "readWrite",    "writeOnceReadOnly", NULL };

enum form { WORDS, COUNT, COUNT_OR_UNBOUNDED, NUMBER, STEP, VERSION };

static const struct {
    uint8_t attribute, form;
    const char *const *words;
    const char *must; /* what the value must be */
} values[] = {
    { DRMGMT__DM_A_access, WORDS, accesses, "readOnly, readWrite or writeOnceReadOnly" },
    { DRMGMT__DM_A_action, WORDS, actions, "create, prefix, append or replace" },
    { DRMGMT__DM_A_activeNotify, WORDS, notifies, "normal, forceEnabled, forceDefaultEnabled or canDeny" },
    { DRMGMT__DM_A_async, WORDS, booleans, "true or false" },
    { DRMGMT__DM_A_command, WORDS, booleans, "true or false" },
    { DRMGMT__DM_A_forcedInform, WORDS, booleans, "true or false" },
    { DRMGMT__DM_A_functional, WORDS, booleans, "true or false" },
    { DRMGMT__DM_A_hidden, WORDS, booleans, "true or false" },
    { DRMGMT__DM_A_isService, WORDS, booleans, "true or false" },
    { DRMGMT__DM_A_mandatory, WORDS, booleans, "true or false" },
    { DRMGMT__DM_A_optional, WORDS, booleans, "true or false" },
    { DRMGMT__DM_A_secured, WORDS, booleans, "true or false" },
    { DRMGMT__DM_A_virtual, WORDS, booleans, "true or false" },
    { DRMGMT__DM_A_maxEntries, COUNT_OR_UNBOUNDED, NULL, "a number of 0 or more, or unbounded" },
    { DRMGMT__DM_A_maxItems, COUNT_OR_UNBOUNDED, NULL, "a number of 0 or more, or unbounded" },
    { DRMGMT__DM_A_minEntries, COUNT, NULL, "a number of 0 or more" },
    { DRMGMT__DM_A_minItems, COUNT, NULL, "a number of 0 or more" },
    { DRMGMT__DM_A_minLength, COUNT, NULL, "a number of 0 or more" },
    { DRMGMT__DM_A_maxLength, COUNT, NULL, "a number of 0 or more" },
    { DRMGMT__DM_A_minInclusive, NUMBER, NULL, "a number" },
    { DRMGMT__DM_A_maxInclusive, NUMBER, NULL, "a number" },
    { DRMGMT__DM_A_step, STEP, NULL, "a number above 0" },
    { DRMGMT__DM_A_mountType, WORDS, mounts, "none, mountable or mountPoint" },
    { DRMGMT__DM_A_nestedBrackets, WORDS, nestings, "legacy, permitted or required" },
    { DRMGMT__DM_A_refType, WORDS, references, "weak or strong" },
    { DRMGMT__DM_A_requirement, WORDS, requirements,
      "notSpecified, present, create, delete, createDelete, readOnly, readWrite or writeOnceReadOnly" },
    { DRMGMT__DM_A_status, WORDS, statuses, "current, deprecated, obsoleted or deleted" },
    { DRMGMT__DM_A_targetParamScope, WORDS, scopes, "normal, model or object" },
    { DRMGMT__DM_A_targetParentScope, WORDS, scopes, "normal, model or object" },
    { DRMGMT__DM_A_targetType, WORDS, targets, "any, parameter, object, single, table or row" },
    { DRMGMT__DM_A_type, WORDS, defaults, "factory, object, implementation or parameter" },
    { DRMGMT__DM_A_version, VERSION, NULL, "a version as 2.16 or 2.16.1" },
};

static bool value_fits(enum form form, const char *const *words, const char *value)
{
    switch (form) {
    case WORDS:
        return is_one_of(value, words);
    case COUNT:
        return is_number(value, false, false);
    case COUNT_OR_UNBOUNDED:
        return strcmp(value, "unbounded") == 0 || is_number(value, false, false);
    case NUMBER:
        return is_number(value, true, true);
    case STEP:
        return is_number(value, false, true) && strpbrk(value, "123456789");
    case VERSION:
        return is_version(value);
    }
    return false;
}

/* Names: letters, digits, '_' and '-', and more than ASCII; with the ending that commands and events have. */
static bool is_name(const char *text, size_t n)
{
    if (n == 0 || (text[0] >= '0' && text[0] <= '9') || text[0] == '-')
        return false;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] <= ' ' || strchr(".:{}[]()!*?#/\\\"'<>&=|,;\x7f", text[i]))
            return false;
    return true;
}

/* "Device.WiFi.SSID.{i}."; and without the last dot, as some files have it. */
static bool is_object_name(const char *text)
{
    bool after_instance = true;

    while (*text) {
        size_t n = strcspn(text, ".");
        if (n == 3 && memcmp(text, "{i}", 3) == 0 && !after_instance)
            after_instance = true;
        else if (is_name(text, n))
            after_instance = false;
        else
            return false;
        text += n + (text[n] == '.');
    }
    return true;
}

static const char *name_wrong(drmgmt__dm_element element, const char *value)
{
    size_t n = strlen(value);

    if (n > 256)
        return "256 characters at most";
    switch ((int)element) {
    case DRMGMT__DM_E_object:
        return n && is_object_name(value) ? NULL : "an object's name as Device.WiFi.SSID.{i}.";
    case DRMGMT__DM_E_parameter:
        return is_name(value, n) ? NULL : "a parameter's name";
    case DRMGMT__DM_E_command:
        return n > 2 && strcmp(value + n - 2, "()") == 0 && is_name(value, n - 2) ? NULL
                                                                                  : "a command's name as Reboot()";
    case DRMGMT__DM_E_event:
        return n > 1 && value[n - 1] == '!' && is_name(value, n - 1) ? NULL : "an event's name as Boot!";
    default:
        return n ? NULL : "a name";
    }
}

const char *drmgmt__dm_value_wrong(drmgmt__dm_element element, drmgmt__dm_attribute attribute, const char *value)
{
    if (attribute == DRMGMT__DM_A_name || attribute == DRMGMT__DM_A_base)
        return name_wrong(element, value);
    if (attribute == DRMGMT__DM_A_path)
        return strlen(value) <= 256 && is_object_name(value) ? NULL : "an object's name as Device.WiFi.SSID.{i}.";
    for (size_t i = 0; i < DRMGMT__COUNT(values); i++)
        if (values[i].attribute == attribute)
            return value_fits((enum form)values[i].form, values[i].words, value) ? NULL : values[i].must;
    return NULL;
}
