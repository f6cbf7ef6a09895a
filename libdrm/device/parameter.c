/* What was last read from devices: the entity's description and its lists. Called by programs; calls store. The rows
 * are written by the worker (worker/noter.c). */
#include <drm/parameter.h>

#include "audit/change.h"
#include "core/core.h"
#include "core/entities.h"
#include "core/record_internal.h"
#include "proto/snmp/params.h"
#include "queries.h"
#include "store/list.h"
#include <string.h>

static const drmgmt_field fields[] = {
    { "id", DRMGMT_TYPE_TEXT, 0, "p.device_id || '/' || p.path", "Device and path", NULL },
    { "device_id", DRMGMT_TYPE_UUID, DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "p.device_id",
      "The device it was read from", NULL },
    { "path", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "p.path",
      "Where the device has it: of SNMP the OID. A filter takes well-known names too; of one device, * may stand at "
      "its "
      "end",
      NULL },
    { "name", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_COLUMN, "p.name", "The same by name, where it is known", NULL },
    { "type", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_COLUMN, "p.type", "Its type, in the protocol's words", NULL },
    { "value", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_FILTER | DRMGMT_FIELD_COLUMN, "p.value",
      "As it was last read, the first 4096 octets of it; a filter takes it whole", NULL },
    { "text", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_COLUMN, "p.text",
      "What the syntax of the object makes of it, where it says more", NULL },
    { "size", DRMGMT_TYPE_INT, 0, "p.size", "Octets of the whole value", NULL },
    { "read_at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_COLUMN, "p.read_at", "When it was last read", NULL },
    { "changed_at", DRMGMT_TYPE_TIME, DRMGMT_FIELD_FILTER, "p.changed_at", "Since when it has been read like this",
      NULL },
    { "search", DRMGMT_TYPE_TEXT, DRMGMT_FIELD_FILTER | DRMGMT_FIELD_INPUT, "NULL",
      "Only what has this in its path, name, value or text", NULL },
};

const drmgmt_entity drmgmt__entity_parameter = {
    "parameter", "parameters", "What was last read from a device", fields, DRMGMT__COUNT(fields),
};

static const char *filter(const drmgmt_query *query, const char *name)
{
    size_t at = 0;

    return drmgmt__query_filter(query, name, &at);
}

/* ---- paths ---- */

/* The path that a filter means, n octets of it without the *: a name of SNMP becomes its OID. What is neither number
 * nor name of an object is taken as it is: other protocols have other paths. */
static void put_path(drmgmt__strbuf *out, const char *text, size_t n)
{
    uint32_t arcs[DRMGMT__OID_ARCS_MAX];
    size_t n_arcs = 0;
    bool dot = n > 1 && text[n - 1] == '.'; /* "ifDescr.*" */
    DRMGMT__JSON json_t *word = json_stringn(text + (*text == '.'), n - dot - (*text == '.'));
    bool number = n && (*text == '.' || (*text >= '0' && *text <= '9'));

    if (!number && word && !drmgmt__snmp_object_read("path", word, DRMGMT__SNMP_ANY, arcs, &n_arcs, NULL)) {
        drmgmt__oid_print(out, &(drmgmt__oid){ arcs, n_arcs });
        drmgmt__strbuf_puts(out, dot ? "." : "");
        return;
    }
    drmgmt__strbuf_puts(out, "");
    drmgmt__strbuf_add(out, text + (*text == '.'), n - (*text == '.'));
}

/* The range of paths that the filter stands for: the path alone, or all that begin with it. */
static int path_range(const char *path, drmgmt__strbuf *from, drmgmt__strbuf *until, drmgmt_error **error)
{
    size_t n = path ? strlen(path) : 0, star = path ? strcspn(path, "*") : 0;

    if (path && star + 1 < n)
        return drmgmt__fail_full(error, DRMGMT_ERR_INVALID, false, NULL, "path",
                                 "path: * may stand at the end only, such as 1.3.6.1.2.1.2.*");
    if (path) {
        put_path(from, path, star);
        put_path(until, path, star);
    } else {
        drmgmt__strbuf_puts(from, "");
    }
    /* The least and the greatest text that may follow. */
    drmgmt__strbuf_puts(until, path && star == n ? "\x01" : "\xf4\x8f\xbf\xbf");
    return from->failed || until->failed ? drmgmt__fail_memory(error) : 0;
}

/* ---- lists ---- */

/* device NULL: of all of them. */
static int list_range(drmgmt_session *session, const drmgmt_query *query, const char *device, drmgmt_page **page,
                      drmgmt_error **error)
{
    DRMGMT__STRBUF from = DRMGMT__STRBUF_INIT;
    DRMGMT__STRBUF until = DRMGMT__STRBUF_INIT;
    const char *only = filter(query, "device_id");
    drmgmt__params p;

    int rc = path_range(filter(query, "path"), &from, &until, error);
    if (rc)
        return rc;
    drmgmt__list_params(&p);
    if (device)
        drmgmt__param(&p, device);
    drmgmt__param(&p, from.data);
    /* The list of one device filtered by another one is empty. */
    drmgmt__param(&p, device && only && strcmp(device, only) != 0 ? from.data : until.data);
    drmgmt__param(&p, filter(query, "value"));
    drmgmt__param(&p, filter(query, "search"));
    drmgmt__param(&p, query->since);
    drmgmt__param(&p, query->until);
    return drmgmt__list_run(session, DRMGMT_PERM_DEVICE_READ,
                            device ? &drmgmt__q_parameter_list_device : &drmgmt__q_parameter_list, &p, query,
                            device ? "path" : "id", page, error);
}

static int check(const drmgmt_query *query, drmgmt_error **error)
{
    if (query->entity != &drmgmt__entity_parameter)
        return drmgmt__fail(error, DRMGMT_ERR_INVALID, "the query is not one for parameters");
    return 0;
}

int drmgmt_device_parameters(drmgmt_session *session, const char *device, const drmgmt_query *query, drmgmt_page **page,
                             drmgmt_error **error)
{
    DRMGMT__RECORD drmgmt_record *record = NULL;

    int rc = check(query, error);
    /* It also tells a device without values from none. */
    rc = rc ? rc : drmgmt_device_get(session, device, &record, error);
    return rc ? rc : list_range(session, query, drmgmt_record_id(record), page, error);
}

int drmgmt_parameter_list(drmgmt_session *session, const drmgmt_query *query, drmgmt_page **page, drmgmt_error **error)
{
    DRMGMT__STRBUF whole = DRMGMT__STRBUF_INIT;
    drmgmt__params p;

    int rc = check(query, error);
    if (rc)
        return rc;
    const char *device = filter(query, "device_id"), *path = filter(query, "path"), *value = filter(query, "value");
    if (device || !path || strchr(path, '*') || filter(query, "search"))
        return list_range(session, query, device, page, error);
    put_path(&whole, path, strlen(path));
    if (whole.failed)
        return drmgmt__fail_memory(error);
    drmgmt__list_params(&p);
    drmgmt__param(&p, whole.data);
    drmgmt__param(&p, query->since);
    drmgmt__param(&p, query->until);
    if (value)
        drmgmt__param(&p, value);
    return drmgmt__list_run(session, DRMGMT_PERM_DEVICE_READ,
                            value ? &drmgmt__q_parameter_list_value : &drmgmt__q_parameter_list_path, &p, query,
                            "device_id", page, error);
}
