/* What a person writes: the parameters of operations and the settings of a profile. Called at submission from any
 * thread (driver.c) and again when an operation begins (get.c, walk.c, peer.c). */
#include "proto/snmp/params.h"

#include "core/core.h"
#include "proto/snmp/snmp.h"
#include <stdio.h>
#include <string.h>

int drmgmt__snmp_refuse_member(drmgmt_error **error, const char *object, const char *name, const char *known)
{
    DRMGMT__STRBUF field = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_printf(&field, "%s.%.64s", object, name);
    return drmgmt_error_make(error, DRMGMT_ERR_INVALID, field.data, "SNMP does not know it: there is %s", known);
}

/* ---- lists of objects ---- */

struct list {
    const char *field; /* "params.oids" */
    drmgmt__snmp_wanted wanted;
    size_t most;
};

static int read_list(const struct list *list, const json_t *values, drmgmt__snmp_objects *out, drmgmt_error **error)
{
    uint32_t arcs[DRMGMT__OID_ARCS_MAX];
    size_t used = 0, room = 0;
    char field[48];

    for (size_t i = 0; i < out->n; i++) {
        snprintf(field, sizeof field, "%s[%zu]", list->field, i);
        int rc = drmgmt__snmp_object_read(field, json_array_get(values, i), list->wanted, arcs, &out->oids[i].n, error);
        if (rc)
            return rc;
        if (used + out->oids[i].n > room) {
            room = 2 * (used + out->oids[i].n);
            uint32_t *more = realloc(out->arcs, room * sizeof *more);
            if (!more)
                return drmgmt__fail_memory(error);
            out->arcs = more;
        }
        memcpy(out->arcs + used, arcs, out->oids[i].n * sizeof *arcs);
        used += out->oids[i].n;
    }
    for (size_t i = 0, at = 0; i < out->n; at += out->oids[i++].n)
        out->oids[i].arcs = out->arcs + at;
    return 0;
}

static int read_objects(const struct list *list, const json_t *values, drmgmt__snmp_objects *out, drmgmt_error **error)
{
    drmgmt__snmp_objects objects = { json_array_size(values), NULL, NULL };

    if (!json_is_array(values))
        return drmgmt_error_make(error, DRMGMT_ERR_INVALID, list->field,
                                 "a list of OIDs is wanted, such as [\"sysDescr.0\"]");
    if (objects.n < 1 || objects.n > list->most)
        return drmgmt_error_make(error, DRMGMT_ERR_INVALID, list->field, "1 to %zu OIDs are wanted, not %zu",
                                 list->most, objects.n);
    objects.oids = calloc(objects.n, sizeof *objects.oids);
    int rc = objects.oids ? read_list(list, values, &objects, error) : drmgmt__fail_memory(error);
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

/* ---- get, getnext ---- */

static int read_oids(const char *params, drmgmt__snmp_wanted wanted, drmgmt__snmp_objects *out, drmgmt_error **error)
{
    const struct list list = { "params.oids", wanted, DRMGMT__SNMP_OIDS_MAX };
    DRMGMT__JSON json_t *object = NULL;
    const char *name;
    json_t *value;

    int rc = drmgmt__json_object(params, strlen(params), &object, error);
    if (rc)
        return rc;
    json_object_foreach(object, name, value)
    {
        if (strcmp(name, "oids") != 0)
            return drmgmt__snmp_refuse_member(error, "params", name, "oids, a list");
    }
    return read_objects(&list, json_object_get(object, "oids"), out, error);
}

int drmgmt__snmp_get_params_read(const char *params, drmgmt__snmp_objects *out, drmgmt_error **error)
{
    return read_oids(params, DRMGMT__SNMP_INSTANCE, out, error);
}

int drmgmt__snmp_getnext_params_read(const char *params, drmgmt__snmp_objects *out, drmgmt_error **error)
{
    return read_oids(params, DRMGMT__SNMP_ANY, out, error);
}

/* ---- settings: one row a member ---- */

bool drmgmt__snmp_version_read(const char *text, int *version)
{
    static const struct {
        const char *text;
        int version;
    } versions[] = { { "1", DRMGMT__SNMP_V1 }, { "2c", DRMGMT__SNMP_V2C }, { "3", DRMGMT__SNMP_V3 } };

    for (size_t i = 0; i < DRMGMT__COUNT(versions); i++)
        if (strcmp(versions[i].text, text) == 0) {
            *version = versions[i].version;
            return true;
        }
    return false;
}

static int read_version(const json_t *value, drmgmt__snmp_settings *out)
{
    out->version_given = true;
    return json_is_string(value) && drmgmt__snmp_version_read(json_string_value(value), &out->version) ? 0 : -1;
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

/* The trap listener's: sched.trap_senders() reads it. */
static int read_trap_agent_address(const json_t *value, drmgmt__snmp_settings *out)
{
    (void)out;
    return json_is_boolean(value) ? 0 : -1;
}

static int read_any_source(const json_t *value, drmgmt__snmp_settings *out)
{
    if (!json_is_boolean(value))
        return -1;
    out->any_source = json_is_true(value);
    return 0;
}

static const struct setting {
    const char *name, *field, *wanted;
    int (*read)(const json_t *value, drmgmt__snmp_settings *out);
} settings_rows[] = {
    { "version", "settings.version", "\"1\", \"2c\" or \"3\" is wanted", read_version },
    { "timeout_ms", "settings.timeout_ms", "a whole number from 50 to 60000 is wanted", read_timeout },
    { "retries", "settings.retries", "a whole number from 0 to 10 is wanted", read_retries },
    { "trap_agent_address", "settings.trap_agent_address", "true or false is wanted", read_trap_agent_address },
    { "any_source", "settings.any_source", "true or false is wanted", read_any_source },
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
    drmgmt__snmp_settings read = { .version = DRMGMT__SNMP_V2C, .timeout_ms = 1000, .retries = 1 };
    const char *name;
    json_t *value;

    int rc = drmgmt__json_object(settings, strlen(settings), &object, error);
    if (rc)
        return rc;
    json_object_foreach(object, name, value)
    {
        const struct setting *row = find_setting(name);
        if (!row)
            return drmgmt__snmp_refuse_member(error, "settings", name,
                                              "version, timeout_ms, retries, any_source and trap_agent_address");
        if (row->read(value, &read))
            return drmgmt_error_make(error, DRMGMT_ERR_INVALID, row->field, "%s", row->wanted);
    }
    *out = read;
    return 0;
}
