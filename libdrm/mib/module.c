/* The words of the model, and its end. Called by the other files of this room. */
#include "mib/module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *drmgmt__mib_kind_name(drmgmt__mib_kind kind)
{
    static const char *const names[DRMGMT__MIB_KINDS] = {
        "node",
        "scalar",
        "table",
        "row",
        "column",
        "notification",
        "group",
        "compliance",
        "capability",
        "identity",
        "textual-convention",
        "type",
    };
    return names[kind];
}

const char *drmgmt__mib_base_name(drmgmt__mib_base base)
{
    static const char *const names[DRMGMT__MIB_BASES] = {
        "",          "Integer32", "Unsigned32",   "Counter32",         "Gauge32",
        "Counter64", "TimeTicks", "OCTET STRING", "OBJECT IDENTIFIER", "BITS",
        "IpAddress", "Opaque",    "SEQUENCE",     "SEQUENCE OF",       "",
    };
    return names[base];
}

const char *drmgmt__mib_access_name(drmgmt__mib_access access)
{
    static const char *const names[DRMGMT__MIB_ACCESSES] = {
        "",           "not-accessible",  "accessible-for-notify", "read-only", "read-write", "read-create",
        "write-only", "not-implemented",
    };
    return names[access];
}

const char *drmgmt__mib_status_name(drmgmt__mib_status status)
{
    static const char *const names[DRMGMT__MIB_STATUSES] = {
        "", "current", "deprecated", "obsolete", "mandatory", "optional",
    };
    return names[status];
}

void drmgmt__mib_module_free(drmgmt__mib_module *module)
{
    if (!module)
        return;
    drmgmt__arena arena = module->arena; /* module is in it */
    drmgmt__arena_free(&arena);
}

bool drmgmt__mib_date(const char *text, char out[18])
{
    size_t n = strlen(text);
    unsigned year, month, day, hour, minute;
    int end = 0;

    if ((n != 11 && n != 13) || text[n - 1] != 'Z' || strspn(text, "0123456789") != n - 1)
        return false;
    if (sscanf(text, n == 11 ? "%2u%2u%2u%2u%2u%n" : "%4u%2u%2u%2u%2u%n", &year, &month, &day, &hour, &minute, &end) !=
        5)
        return false;
    if (n == 11)
        year += 1900;
    if (year > 9999 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59)
        return false;
    snprintf(out, 18, "%04u-%02u-%02uT%02u:%02uZ", year % 10000, month % 100, day % 100, hour % 100, minute % 100);
    return true;
}
