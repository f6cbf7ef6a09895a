/* The parameters of walk, bulkwalk and table: one row a member. Called by driver.c and walk.c. */
#include "proto/snmp/params.h"

#include "core/core.h"
#include <drm/driver.h>
#include <stdio.h>
#include <string.h>

enum { WALK = 1, BULKWALK = 2, TABLE = 4 };

struct reading {
    unsigned operation;
    drmgmt__snmp_walk_params *out;
    json_t *columns; /* read when the table is known */
    drmgmt_error **error;
};

static int read_number(const struct reading *r, const char *field, const json_t *value, json_int_t most, unsigned *out)
{
    json_int_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < 1 || number > most)
        return drmgmt_error_make(r->error, DRMGMT_ERR_INVALID, field, "a whole number from 1 to %lld is wanted",
                                 (long long)most);
    *out = (unsigned)number;
    return 0;
}

static int add_root(struct reading *r, const uint32_t *arcs, size_t n)
{
    drmgmt__snmp_objects *roots = &r->out->roots;

    roots->oids = calloc(1, sizeof *roots->oids);
    roots->arcs = calloc(n, sizeof *roots->arcs);
    if (!roots->oids || !roots->arcs)
        return drmgmt__fail_memory(r->error);
    memcpy(roots->arcs, arcs, n * sizeof *arcs);
    roots->oids[0] = (drmgmt__oid){ roots->arcs, n };
    roots->n = 1;
    return 0;
}

static int read_oid(struct reading *r, json_t *value)
{
    uint32_t arcs[DRMGMT__OID_ARCS_MAX];
    size_t n;

    int rc = drmgmt__snmp_object_read("params.oid", value, DRMGMT__SNMP_ANY, arcs, &n, r->error);
    return rc ? rc : add_root(r, arcs, n);
}

/* The entry of a table: given itself, or by its table. */
static int read_table(struct reading *r, json_t *value)
{
    drmgmt__snmp_walk_params *p = r->out;
    size_t n;

    int rc = drmgmt__snmp_object_read("params.table", value, DRMGMT__SNMP_ANY, p->entry_arcs, &n, r->error);
    if (rc)
        return rc;
    p->entry_oid = (drmgmt__oid){ p->entry_arcs, n };
    if (drmgmt__snmp_name_of(&p->entry_oid))
        return drmgmt_error_make(r->error, DRMGMT_ERR_INVALID, "params.table",
                                 "that is one object, no table: read it with get, or walk it");
    p->entry = drmgmt__snmp_node_of(&p->entry_oid);
    if (p->entry && p->entry->n_index)
        return add_root(r, p->entry_arcs, n);
    if (n == DRMGMT__OID_ARCS_MAX)
        return drmgmt_error_make(r->error, DRMGMT_ERR_INVALID, "params.table", "that OID is too long for a table");
    p->entry_arcs[p->entry_oid.n++] = 1; /* RFC 2578, section 7.1.12: the entry is the table's .1 */
    const drmgmt__snmp_node *table = p->entry;
    p->entry = drmgmt__snmp_node_of(&p->entry_oid);
    if (table && (!p->entry || !p->entry->n_index))
        return drmgmt_error_make(r->error, DRMGMT_ERR_INVALID, "params.table",
                                 "%s is a group, no table: name one of its tables, or walk it", table->name);
    return add_root(r, p->entry_arcs, p->entry_oid.n);
}

static int read_columns(struct reading *r, json_t *value)
{
    if (!json_is_array(value) || json_array_size(value) < 1 || json_array_size(value) > DRMGMT__SNMP_COLUMNS_MAX)
        return drmgmt_error_make(r->error, DRMGMT_ERR_INVALID, "params.columns",
                                 "a list of 1 to %d names of the table's columns is wanted", DRMGMT__SNMP_COLUMNS_MAX);
    r->columns = value;
    return 0;
}

static int read_from(struct reading *r, json_t *value)
{
    drmgmt__snmp_walk_params *p = r->out;

    p->from.arcs = p->from_arcs;
    return drmgmt__snmp_object_read("params.from", value, DRMGMT__SNMP_ANY, p->from_arcs, &p->from.n, r->error);
}

static int read_max_varbinds(struct reading *r, json_t *value)
{
    return read_number(r, "params.max_varbinds", value, DRMGMT__SNMP_VARBINDS_MAX, &r->out->max_varbinds);
}

static int read_max_repetitions(struct reading *r, json_t *value)
{
    return read_number(r, "params.max_repetitions", value, DRMGMT__SNMP_REPETITIONS_MAX, &r->out->max_repetitions);
}

static int read_any_order(struct reading *r, json_t *value)
{
    if (!json_is_boolean(value))
        return drmgmt_error_make(r->error, DRMGMT_ERR_INVALID, "params.any_order", "true or false is wanted");
    r->out->any_order = json_is_true(value);
    return 0;
}

static const struct member {
    const char *name;
    unsigned operations;
    int (*read)(struct reading *r, json_t *value);
} members[] = {
    { "oid", WALK | BULKWALK, read_oid },
    { "from", WALK | BULKWALK, read_from },
    { "max_varbinds", WALK | BULKWALK, read_max_varbinds },
    { "any_order", WALK | BULKWALK, read_any_order },
    { "max_repetitions", BULKWALK | TABLE, read_max_repetitions },
    { "table", TABLE, read_table },
    { "columns", TABLE, read_columns },
};

static int refuse_unknown(const struct reading *r, const char *name)
{
    DRMGMT__STRBUF known = DRMGMT__STRBUF_INIT;

    for (size_t i = 0; i < DRMGMT__COUNT(members); i++) {
        if (!(members[i].operations & r->operation))
            continue;
        drmgmt__strbuf_puts(&known, known.length ? ", " : "");
        drmgmt__strbuf_puts(&known, members[i].name);
    }
    return drmgmt__snmp_refuse_member(r->error, "params", name, known.data ? known.data : "");
}

static int read_members(struct reading *r, json_t *object)
{
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        const struct member *member = NULL;
        for (size_t i = 0; i < DRMGMT__COUNT(members) && !member; i++)
            if (members[i].operations & r->operation && strcmp(members[i].name, name) == 0)
                member = &members[i];
        int rc = member ? member->read(r, value) : refuse_unknown(r, name);
        if (rc)
            return rc;
    }
    return 0;
}

/* Each column is walked by itself. */
static int choose_columns(struct reading *r)
{
    drmgmt__snmp_walk_params *p = r->out;
    size_t n = json_array_size(r->columns), length = p->entry_oid.n + 1;
    uint32_t arcs[DRMGMT__OID_ARCS_MAX];
    char field[48];
    size_t n_arcs;

    drmgmt__snmp_objects_free(&p->roots);
    p->roots.oids = calloc(n, sizeof *p->roots.oids);
    p->roots.arcs = calloc(n * length, sizeof *p->roots.arcs);
    if (!p->roots.oids || !p->roots.arcs)
        return drmgmt__fail_memory(r->error);
    for (size_t i = 0; i < n; i++) {
        snprintf(field, sizeof field, "params.columns[%zu]", i);
        int rc =
            drmgmt__snmp_object_read(field, json_array_get(r->columns, i), DRMGMT__SNMP_ANY, arcs, &n_arcs, r->error);
        if (rc)
            return rc;
        if (n_arcs != length || !drmgmt__oid_under(&(drmgmt__oid){ arcs, n_arcs }, &p->entry_oid))
            return drmgmt_error_make(r->error, DRMGMT_ERR_INVALID, field, "it is no column of this table");
        memcpy(p->roots.arcs + i * length, arcs, length * sizeof *arcs);
        p->roots.oids[i] = (drmgmt__oid){ p->roots.arcs + i * length, length };
    }
    p->roots.n = n;
    return 0;
}

static int complete(struct reading *r)
{
    static const uint32_t mib_2[] = { 1, 3, 6, 1, 2, 1 };
    drmgmt__snmp_walk_params *p = r->out;

    if (!p->roots.n && r->operation == TABLE)
        return drmgmt_error_make(r->error, DRMGMT_ERR_INVALID, "params.table",
                                 "a table is wanted, such as \"ifTable\" or its number");
    if (r->columns)
        return choose_columns(r);
    int rc = p->roots.n ? 0 : add_root(r, mib_2, DRMGMT__COUNT(mib_2));
    if (!rc && p->from.n && !drmgmt__oid_under(&p->from, &p->roots.oids[0]))
        return drmgmt_error_make(r->error, DRMGMT_ERR_INVALID, "params.from", "it is not under \"oid\"");
    return rc;
}

int drmgmt__snmp_walk_params_read(const char *name, const char *params, drmgmt__snmp_walk_params *out,
                                  drmgmt_error **error)
{
    DRMGMT__JSON json_t *object = NULL;
    struct reading r = { .out = out, .error = error };

    memset(out, 0, sizeof *out);
    r.operation = strcmp(name, "walk") == 0 ? WALK : strcmp(name, "bulkwalk") == 0 ? BULKWALK : TABLE;
    if (r.operation != WALK)
        out->max_repetitions = DRMGMT__SNMP_REPETITIONS;
    int rc = drmgmt__json_object(params, strlen(params), &object, error);
    if (!rc)
        rc = read_members(&r, object);
    if (!rc)
        rc = complete(&r);
    if (rc)
        drmgmt__snmp_walk_params_free(out);
    return rc;
}

void drmgmt__snmp_walk_params_free(drmgmt__snmp_walk_params *params)
{
    drmgmt__snmp_objects_free(&params->roots);
}
