/* Looks for names and OIDs in the built-in tables. Called by params.c, result.c and the operations. */
#include "proto/snmp/names.h"

#include "core/cleanup.h"
#include "proto/snmp/names_data.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const drmgmt__snmp_name *objects_by_name[DRMGMT__SNMP_OBJECTS_MAX];
static const drmgmt__snmp_node *nodes_by_name[DRMGMT__SNMP_NODES_MAX];

/* ---- by name ---- */

static int compare_texts(const char *a, size_t a_length, const char *b, size_t b_length)
{
    int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
    return order ? order : (a_length > b_length) - (a_length < b_length);
}

static int compare_objects(const void *a, const void *b)
{
    return strcmp((*(const drmgmt__snmp_name *const *)a)->name, (*(const drmgmt__snmp_name *const *)b)->name);
}

static int compare_nodes(const void *a, const void *b)
{
    return strcmp((*(const drmgmt__snmp_node *const *)a)->name, (*(const drmgmt__snmp_node *const *)b)->name);
}

static void order_by_name(void)
{
    for (size_t i = 0; i < drmgmt__snmp_n_objects; i++)
        objects_by_name[i] = &drmgmt__snmp_objects_data[i];
    for (size_t i = 0; i < drmgmt__snmp_n_nodes; i++)
        nodes_by_name[i] = &drmgmt__snmp_nodes_data[i];
    qsort(objects_by_name, drmgmt__snmp_n_objects, sizeof(void *), compare_objects);
    qsort(nodes_by_name, drmgmt__snmp_n_nodes, sizeof(void *), compare_nodes);
}

static pthread_once_t ordered = PTHREAD_ONCE_INIT;

struct name_key {
    const char *text;
    size_t length;
};

static int compare_object_key(const void *key, const void *row)
{
    const struct name_key *k = key;
    const char *name = (*(const drmgmt__snmp_name *const *)row)->name;
    return compare_texts(k->text, k->length, name, strlen(name));
}

static int compare_node_key(const void *key, const void *row)
{
    const struct name_key *k = key;
    const char *name = (*(const drmgmt__snmp_node *const *)row)->name;
    return compare_texts(k->text, k->length, name, strlen(name));
}

static bool in_module(const char *wanted, size_t length, const char *module)
{
    return !length || compare_texts(wanted, length, module, strlen(module)) == 0;
}

const drmgmt__snmp_name *drmgmt__snmp_name_find(const char *module, size_t module_length, const char *name,
                                                size_t length)
{
    struct name_key key = { name, length };

    pthread_once(&ordered, order_by_name);
    const drmgmt__snmp_name *const *row =
        bsearch(&key, objects_by_name, drmgmt__snmp_n_objects, sizeof(void *), compare_object_key);
    return row && in_module(module, module_length, (*row)->module) ? *row : NULL;
}

const drmgmt__snmp_node *drmgmt__snmp_node_find(const char *module, size_t module_length, const char *name,
                                                size_t length)
{
    struct name_key key = { name, length };

    pthread_once(&ordered, order_by_name);
    const drmgmt__snmp_node *const *row =
        bsearch(&key, nodes_by_name, drmgmt__snmp_n_nodes, sizeof(void *), compare_node_key);
    return row && in_module(module, module_length, (*row)->module) ? *row : NULL;
}

/* ---- by OID ---- */

/* Equal when oid is the row's object or lies below it. */
static int compare_oid(const void *key, const void *row)
{
    const drmgmt__oid *oid = key, *object = &((const drmgmt__snmp_name *)row)->oid;

    for (size_t i = 0; i < object->n; i++) {
        if (i == oid->n || oid->arcs[i] < object->arcs[i])
            return -1;
        if (oid->arcs[i] > object->arcs[i])
            return 1;
    }
    return 0;
}

const drmgmt__snmp_name *drmgmt__snmp_name_of(const drmgmt__oid *oid)
{
    return bsearch(oid, drmgmt__snmp_objects_data, drmgmt__snmp_n_objects, sizeof *drmgmt__snmp_objects_data,
                   compare_oid);
}

const drmgmt__snmp_name *drmgmt__snmp_names(size_t *n)
{
    *n = drmgmt__snmp_n_objects;
    return drmgmt__snmp_objects_data;
}

static int compare_node_oid(const void *key, const void *row)
{
    return drmgmt__oid_compare(key, &((const drmgmt__snmp_node *)row)->oid);
}

const drmgmt__snmp_node *drmgmt__snmp_node_of(const drmgmt__oid *oid)
{
    return bsearch(oid, drmgmt__snmp_nodes_data, drmgmt__snmp_n_nodes, sizeof *drmgmt__snmp_nodes_data,
                   compare_node_oid);
}

const drmgmt__snmp_name *drmgmt__snmp_names_under(const drmgmt__oid *root, size_t *n)
{
    const drmgmt__snmp_name *rows = drmgmt__snmp_objects_data;
    size_t low = 0, high = drmgmt__snmp_n_objects;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (drmgmt__oid_compare(&rows[middle].oid, root) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (*n = 0; low + *n < drmgmt__snmp_n_objects && drmgmt__oid_under(&rows[low + *n].oid, root);)
        ++*n;
    return &rows[low];
}

bool drmgmt__snmp_name_print(drmgmt__strbuf *out, const drmgmt__oid *oid)
{
    const drmgmt__snmp_name *row = drmgmt__snmp_name_of(oid);

    if (!row)
        return false;
    drmgmt__strbuf_puts(out, row->name);
    if (oid->n > row->oid.n) {
        drmgmt__strbuf_putc(out, '.');
        drmgmt__oid_print(out, &(drmgmt__oid){ oid->arcs + row->oid.n, oid->n - row->oid.n });
    }
    return true;
}

/* ---- named numbers: ordered by number ---- */

const char *drmgmt__snmp_named_name(const drmgmt__snmp_syntax *syntax, int64_t number)
{
    size_t low = 0, high = syntax->n_names;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (syntax->names[middle].number == number)
            return syntax->names[middle].name;
        if (syntax->names[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const drmgmt__snmp_named *drmgmt__snmp_named_find(const drmgmt__snmp_syntax *syntax, const char *name, size_t length)
{
    for (size_t i = 0; i < syntax->n_names; i++)
        if (compare_texts(name, length, syntax->names[i].name, strlen(syntax->names[i].name)) == 0)
            return &syntax->names[i];
    return NULL;
}
