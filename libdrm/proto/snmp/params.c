/* What a person writes: the parameters of operations and the settings of a profile. Called at submission from any
 * thread (driver.c) and again when an operation begins (get.c, peer.c). */
#include "proto/snmp/snmp.h"

#include "core/core.h"
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 1600 }; /* 128 arcs of 10 digits with their dots, and a module and a name */

static const char HOW_TO_NAME[] =
    "write an object of SNMPv2-MIB, IF-MIB or another well-known module with its instance, such as "
    "\"sysDescr.0\" or \"IF-MIB::ifDescr.3\", or its number, such as \"1.3.6.1.2.1.1.1.0\"";

/* ---- objects ---- */

struct reader {
    drmgmt__snmp_objects *objects;
    size_t index, used, room; /* in objects->arcs */
    drmgmt_error **error;
};

/* An unknown member of params or of settings. */
static int refuse_member(drmgmt_error **error, const char *object, const char *name, const char *known)
{
    DRMGMT__STRBUF field = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_printf(&field, "%s.%.64s", object, name);
    return drmgmt_error_make(error, DRMGMT_ERR_INVALID, field.data, "SNMP does not know it: there is %s", known);
}

static int refuse(const struct reader *r, const char *format, ...) DRMGMT_PRINTF(2, 3);
static int refuse(const struct reader *r, const char *format, ...)
{
    DRMGMT__STRBUF field = DRMGMT__STRBUF_INIT, message = DRMGMT__STRBUF_INIT;
    va_list args;

    drmgmt__strbuf_printf(&field, "params.oids[%zu]", r->index);
    va_start(args, format);
    drmgmt__strbuf_vprintf(&message, format, args);
    va_end(args);
    return drmgmt_error_make(r->error, DRMGMT_ERR_INVALID, field.data, "%s", message.data ? message.data : "");
}

static int store(struct reader *r, const uint32_t *arcs, size_t n)
{
    if (r->used + n > r->room) {
        size_t room = 2 * (r->used + n);
        uint32_t *more = realloc(r->objects->arcs, room * sizeof *more);
        if (!more)
            return drmgmt__fail_memory(r->error);
        r->objects->arcs = more;
        r->room = room;
    }
    memcpy(r->objects->arcs + r->used, arcs, n * sizeof *arcs);
    r->objects->oids[r->index].n = n;
    r->used += n;
    return 0;
}

static int refuse_bare(const struct reader *r, const char *text, const drmgmt__snmp_name *row)
{
    if (row->flags & DRMGMT__SNMP_SCALAR)
        return refuse(r, "\"%s\" lacks its instance: write \"%s.0\"", text, text);
    return refuse(r, "\"%s\" is a column and lacks its instance: write \"%s.INDEX\", such as \"%s.1\"", text, text,
                  text);
}

/* "sysDescr.0", "SNMPv2-MIB::sysDescr.0" */
static int read_name(struct reader *r, const char *text)
{
    uint32_t arcs[2 + DRMGMT__OID_ARCS_MAX];
    char instance[TEXT_MAX + 5];
    const char *colons = strstr(text, "::"), *name = colons ? colons + 2 : text, *dot = strchr(name, '.');
    size_t length = dot ? (size_t)(dot - name) : strlen(name), n;

    if (colons && (colons == text || !length))
        return refuse(r, "\"%.80s\" is no name of an object: %s", text, HOW_TO_NAME);
    const drmgmt__snmp_name *row = drmgmt__snmp_name_find(text, colons ? (size_t)(colons - text) : 0, name, length);
    if (!row)
        return refuse(r, "\"%.80s\" is not known here: %s", text, HOW_TO_NAME);
    if (!dot)
        return refuse_bare(r, text, row);
    /* An instance may begin with any number, an OID may not: the object's own first arcs go before it. */
    snprintf(instance, sizeof instance, "1.3%s", dot);
    const char *wrong = drmgmt__oid_parse(instance, arcs, &n);
    if (!wrong && row->oid.n + n - 2 > DRMGMT__OID_ARCS_MAX)
        wrong = "an OID has at most 128 numbers";
    if (wrong)
        return refuse(r, "the instance in \"%.80s\" is malformed: %s", text, wrong);
    memmove(arcs + row->oid.n, arcs + 2, (n - 2) * sizeof *arcs);
    memcpy(arcs, row->oid.arcs, row->oid.n * sizeof *arcs);
    return store(r, arcs, row->oid.n + n - 2);
}

static int read_object(struct reader *r, const json_t *value)
{
    uint32_t arcs[DRMGMT__OID_ARCS_MAX];
    const char *text = json_string_value(value);
    size_t n;

    if (!text)
        return refuse(r, "a text is wanted: %s", HOW_TO_NAME);
    if (!*text)
        return refuse(r, "the OID is empty: %s", HOW_TO_NAME);
    if (strlen(text) > TEXT_MAX || strlen(text) != json_string_length(value))
        return refuse(r, "that is too long for an OID, or holds a NUL character");
    if (*text != '.' && (*text < '0' || *text > '9'))
        return read_name(r, text);
    const char *wrong = drmgmt__oid_parse(text, arcs, &n);
    return wrong ? refuse(r, "\"%.80s\" is malformed: %s", text, wrong) : store(r, arcs, n);
}

static int read_objects(const json_t *list, drmgmt__snmp_objects *out, drmgmt_error **error)
{
    struct reader r = { .objects = out, .error = error };
    json_t *value;

    for (; r.index < out->n; r.index++) {
        value = json_array_get(list, r.index);
        int rc = read_object(&r, value);
        if (rc)
            return rc;
    }
    for (size_t i = 0, at = 0; i < out->n; at += out->oids[i++].n)
        out->oids[i].arcs = out->arcs + at;
    return 0;
}

int drmgmt__snmp_get_params_read(const char *params, drmgmt__snmp_objects *out, drmgmt_error **error)
{
    DRMGMT__JSON json_t *object = NULL;
    drmgmt__snmp_objects objects = { 0, NULL, NULL };
    const char *name;
    json_t *value;

    int rc = drmgmt__json_object(params, strlen(params), &object, error);
    if (rc)
        return rc;
    json_object_foreach(object, name, value)
    {
        if (strcmp(name, "oids") != 0)
            return refuse_member(error, "params", name, "oids, a list");
    }
    const json_t *list = json_object_get(object, "oids");
    if (!json_is_array(list))
        return drmgmt_error_make(error, DRMGMT_ERR_INVALID, "params.oids",
                                 "a list of OIDs is wanted, such as [\"sysDescr.0\"]");
    objects.n = json_array_size(list);
    if (objects.n < 1 || objects.n > DRMGMT__SNMP_OIDS_MAX)
        return drmgmt_error_make(error, DRMGMT_ERR_INVALID, "params.oids", "1 to %d OIDs are wanted, not %zu",
                                 DRMGMT__SNMP_OIDS_MAX, objects.n);
    objects.oids = calloc(objects.n, sizeof *objects.oids);
    rc = objects.oids ? read_objects(list, &objects, error) : drmgmt__fail_memory(error);
    if (rc)
        drmgmt__snmp_objects_free(&objects);
    else
        *out = objects;
    return rc;
}

void drmgmt__snmp_objects_free(drmgmt__snmp_objects *objects)
{
    free(objects->oids);
    free(objects->arcs);
    *objects = (drmgmt__snmp_objects){ 0, NULL, NULL };
}

/* ---- settings: one row a member ---- */

static int read_version(const json_t *value, drmgmt__snmp_settings *out)
{
    const char *text = json_string_value(value);

    if (!text || (strcmp(text, "1") != 0 && strcmp(text, "2c") != 0))
        return -1;
    out->version = text[0] == '1' ? DRMGMT__SNMP_V1 : DRMGMT__SNMP_V2C;
    return 0;
}

static int read_number(const json_t *value, json_int_t low, json_int_t high, unsigned *out)
{
    json_int_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < low || number > high)
        return -1;
    *out = (unsigned)number;
    return 0;
}

static int read_timeout(const json_t *value, drmgmt__snmp_settings *out)
{
    return read_number(value, 50, 60000, &out->timeout_ms);
}

static int read_retries(const json_t *value, drmgmt__snmp_settings *out)
{
    return read_number(value, 0, 10, &out->retries);
}

static const struct setting {
    const char *name, *field, *wanted;
    int (*read)(const json_t *value, drmgmt__snmp_settings *out);
} settings_rows[] = {
    { "version", "settings.version", "\"1\" or \"2c\" is wanted", read_version },
    { "timeout_ms", "settings.timeout_ms", "a whole number from 50 to 60000 is wanted", read_timeout },
    { "retries", "settings.retries", "a whole number from 0 to 10 is wanted", read_retries },
};

static const struct setting *find_setting(const char *name)
{
    for (size_t i = 0; i < DRMGMT__COUNT(settings_rows); i++)
        if (strcmp(settings_rows[i].name, name) == 0)
            return &settings_rows[i];
    return NULL;
}

int drmgmt__snmp_settings_read(const char *settings, drmgmt__snmp_settings *out, drmgmt_error **error)
{
    DRMGMT__JSON json_t *object = NULL;
    drmgmt__snmp_settings read = { DRMGMT__SNMP_V2C, 1000, 1, false };
    const char *name;
    json_t *value;

    int rc = drmgmt__json_object(settings, strlen(settings), &object, error);
    if (rc)
        return rc;
    json_object_foreach(object, name, value)
    {
        const struct setting *row = find_setting(name);
        if (!row)
            return refuse_member(error, "settings", name, "version, timeout_ms and retries");
        if (row->read(value, &read))
            return drmgmt_error_make(error, DRMGMT_ERR_INVALID, row->field, "%s", row->wanted);
    }
    *out = read;
    return 0;
}
