/* One object as a person writes it. Called by params.c and set_params.c. */
#include "proto/snmp/params.h"

#include "core/core.h"
#include <drm/driver.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 1600 }; /* 128 arcs of 10 digits with their dots, and a module and a name */

static const char HOW_TO_NAME[] =
    "write an object of SNMPv2-MIB, IF-MIB or another well-known module with its instance, such as "
    "\"sysDescr.0\" or \"IF-MIB::ifDescr.3\", or its number, such as \"1.3.6.1.2.1.1.1.0\"";

struct reader {
    const char *field;
    drmgmt__snmp_wanted wanted;
    uint32_t *arcs;
    size_t *n;
    drmgmt_error **error;
};

#define refuse(r, ...) drmgmt_error_make((r)->error, DRMGMT_ERR_INVALID, (r)->field, __VA_ARGS__)

static int store(const struct reader *r, const drmgmt__oid *oid)
{
    memcpy(r->arcs, oid->arcs, oid->n * sizeof *oid->arcs);
    *r->n = oid->n;
    return 0;
}

static int refuse_bare(const struct reader *r, const char *text, const drmgmt__snmp_name *row)
{
    if (row->flags & DRMGMT__SNMP_SCALAR)
        return refuse(r, "\"%s\" lacks its instance: write \"%s.0\"", text, text);
    return refuse(r, "\"%s\" is a column and lacks its instance: write \"%s.INDEX\", such as \"%s.1\"", text, text,
                  text);
}

/* The numbers that stand after a name go behind its OID. */
static int read_rest(const struct reader *r, const char *text, const char *dot, const drmgmt__oid *before)
{
    uint32_t arcs[2 + DRMGMT__OID_ARCS_MAX];
    char instance[TEXT_MAX + 5];
    size_t n;

    /* An instance may begin with any number, an OID may not: the object's own first arcs go before it. */
    snprintf(instance, sizeof instance, "1.3%s", dot);
    const char *wrong = drmgmt__oid_parse(instance, arcs, &n);
    if (!wrong && before->n + n - 2 > DRMGMT__OID_ARCS_MAX)
        wrong = "an OID has at most 128 numbers";
    if (wrong)
        return refuse(r, "the instance in \"%.80s\" is malformed: %s", text, wrong);
    memcpy(r->arcs, before->arcs, before->n * sizeof *arcs);
    memcpy(r->arcs + before->n, arcs + 2, (n - 2) * sizeof *arcs);
    *r->n = before->n + n - 2;
    return 0;
}

/* "sysDescr.0", "SNMPv2-MIB::sysDescr.0", "ifTable" */
static int read_name(const struct reader *r, const char *text)
{
    const char *colons = strstr(text, "::"), *name = colons ? colons + 2 : text, *dot = strchr(name, '.');
    size_t length = dot ? (size_t)(dot - name) : strlen(name), module = colons ? (size_t)(colons - text) : 0;

    if (colons && (!module || !length))
        return refuse(r, "\"%.80s\" is no name of an object: %s", text, HOW_TO_NAME);
    const drmgmt__snmp_name *row = drmgmt__snmp_name_find(text, module, name, length);
    const drmgmt__snmp_node *node = row ? NULL : drmgmt__snmp_node_find(text, module, name, length);
    if (!row && !node)
        return refuse(r, "\"%.80s\" is not known here: %s", text, HOW_TO_NAME);
    if (node && r->wanted == DRMGMT__SNMP_INSTANCE && !dot)
        return refuse(r, "\"%.80s\" is a table or a group: walk it, or name one of its objects with its instance",
                      text);
    if (row && r->wanted == DRMGMT__SNMP_INSTANCE && !dot)
        return refuse_bare(r, text, row);
    const drmgmt__oid *oid = row ? &row->oid : &node->oid;
    return dot ? read_rest(r, text, dot, oid) : store(r, oid);
}

int drmgmt__snmp_object_read(const char *field, const json_t *value, drmgmt__snmp_wanted wanted,
                             uint32_t arcs[DRMGMT__OID_ARCS_MAX], size_t *n, drmgmt_error **error)
{
    const struct reader r = { field, wanted, arcs, n, error };
    const char *text = json_string_value(value);

    if (!text)
        return refuse(&r, "a text is wanted: %s", HOW_TO_NAME);
    if (!*text)
        return refuse(&r, "the OID is empty: %s", HOW_TO_NAME);
    if (strlen(text) > TEXT_MAX || strlen(text) != json_string_length(value))
        return refuse(&r, "that is too long for an OID, or holds a NUL character");
    if (*text != '.' && (*text < '0' || *text > '9'))
        return read_name(&r, text);
    const char *wrong = drmgmt__oid_parse(text, arcs, n);
    return wrong ? refuse(&r, "\"%.80s\" is malformed: %s", text, wrong) : 0;
}
