/* The set, and what its objects mean. No recursion: chains are walked up and down again by the links of the nodes.
 * Called by the import, the index and tests; calls the other resolve_*.c and the parser. */
#include "mib/resolve.h"

#include "core/core.h"
#include "mib/parse.h"
#include "mib/resolver.h"
#include <stdlib.h>
#include <string.h>

enum { RESOLVE_MEMORY = 1u << 30 };

/* ---- the set ---- */

/* Where the module is, or would be. */
static size_t place(const drmgmt__mib_set *set, const char *name, bool *there)
{
    size_t least = 0, most = set->n;

    while (least < most) {
        size_t middle = least + (most - least) / 2;
        if (strcmp(set->entries[middle].module->name, name) < 0)
            least = middle + 1;
        else
            most = middle;
    }
    *there = least < set->n && strcmp(set->entries[least].module->name, name) == 0;
    return least;
}

const drmgmt__mib_entry *drmgmt__mib_set_find(const drmgmt__mib_set *set, const char *name)
{
    bool there;
    size_t at = place(set, name, &there);

    return there ? &set->entries[at] : NULL;
}

static int add(drmgmt__mib_set *set, drmgmt__mib_module *module, bool built_in, drmgmt_error **error)
{
    bool there;
    size_t at = place(set, module->name, &there);

    if (there) {
        drmgmt__mib_module_free(set->entries[at].module);
    } else {
        if (set->n == set->room) {
            size_t room = set->room ? 2 * set->room : 64;
            drmgmt__mib_entry *entries = reallocarray(set->entries, room, sizeof *entries);
            if (!entries) {
                drmgmt__mib_module_free(module);
                return drmgmt__fail_memory(error);
            }
            set->entries = entries;
            set->room = room;
        }
        memmove(&set->entries[at + 1], &set->entries[at], (set->n - at) * sizeof *set->entries);
        set->n++;
    }
    set->entries[at] = (drmgmt__mib_entry){ .module = module, .built_in = built_in };
    return 0;
}

int drmgmt__mib_set_add(drmgmt__mib_set *set, drmgmt__mib_module *module, drmgmt_error **error)
{
    return add(set, module, false, error);
}

bool drmgmt__mib_set_remove(drmgmt__mib_set *set, const char *name)
{
    bool there;
    size_t at = place(set, name, &there);

    if (!there)
        return false;
    drmgmt__mib_module_free(set->entries[at].module);
    set->n--;
    memmove(&set->entries[at], &set->entries[at + 1], (set->n - at) * sizeof *set->entries);
    return true;
}

int drmgmt__mib_set_open(drmgmt__mib_set *set, drmgmt_error **error)
{
    drmgmt__mib_file file = { 0 };

    *set = (drmgmt__mib_set){ 0 };
    int status = drmgmt__mib_parse(&file, drmgmt__mib_built_in, strlen(drmgmt__mib_built_in), NULL, error);
    for (size_t i = 0; status == 0 && i < file.modules.n; i++) {
        status = add(set, file.modules.items[i], true, error);
        file.modules.items[i] = NULL;
    }
    drmgmt__mib_file_free(&file);
    return status;
}

void drmgmt__mib_set_free(drmgmt__mib_set *set)
{
    for (size_t i = 0; i < set->n; i++)
        drmgmt__mib_module_free(set->entries[i].module);
    free(set->entries);
    drmgmt__arena_free(&set->arena);
    *set = (drmgmt__mib_set){ 0 };
}

/* ---- links ---- */

/* The OID's parent is its last part that has a name and no number: all after it are numbers. The first part's name
 * counts even with a number: "enterprises(1)". */
static void link_oid(drmgmt__mib_set *set, drmgmt__mib_node *node)
{
    const drmgmt__mib_object *object = node->object;
    size_t at = object->oid.n;

    if (!at)
        return;
    while (at > 1 && (object->oid.items[at - 1].numbered || !object->oid.items[at - 1].name))
        at--;
    const drmgmt__mib_arc *arc = &object->oid.items[at - 1];
    node->tail = (uint8_t)(at - 1);
    if (!arc->name)
        return;
    drmgmt__mib_node *parent = drmgmt__mib_names_find(set, node->entry, arc->from, arc->name);
    if (parent && parent != node && parent->object->oid.n) {
        node->parent = parent;
        node->tail = (uint8_t)at;
    } else if (drmgmt__mib_root(arc->name, &node->root)) {
        node->rooted = true;
        node->tail = (uint8_t)at;
    } else if (!arc->numbered) {
        node->oid_state = DRMGMT__MIB_DONE; /* and has no OID */
        drmgmt__mib_names_miss(set, node->entry, arc->name, object->line);
    }
}

static void link_type(drmgmt__mib_set *set, drmgmt__mib_node *node)
{
    drmgmt__mib_object *object = node->object;
    const drmgmt__mib_syntax *syntax = &object->syntax;

    object->meaning.base = syntax->base;
    if (syntax->base != DRMGMT__MIB_NO_BASE || !syntax->name)
        return;
    if (drmgmt__mib_is_smi(node->entry->module->name))
        object->meaning.base = drmgmt__mib_smi_base(syntax->name);
    drmgmt__mib_node *type = drmgmt__mib_names_find(set, node->entry, syntax->from, syntax->name);
    if (type && type != node && type->object->kind >= DRMGMT__MIB_CONVENTION)
        node->type = type;
    else if ((object->meaning.base = drmgmt__mib_smi_base(syntax->name)) == DRMGMT__MIB_NO_BASE)
        drmgmt__mib_names_miss(set, node->entry, syntax->name, object->line);
}

/* ---- OIDs ---- */

static bool set_oid(drmgmt__mib_set *set, drmgmt__mib_node *node)
{
    drmgmt__mib_object *object = node->object;
    const drmgmt__mib_meaning *parent = node->parent ? &node->parent->object->meaning : NULL;
    size_t above = parent ? parent->n_oid : node->rooted, own = object->oid.n - node->tail;

    node->oid_state = DRMGMT__MIB_DONE;
    if ((parent && !parent->oid) || above + own > DRMGMT__MIB_ARCS_MAX || above + own == 0)
        return true;
    uint32_t *arcs = drmgmt__arena_alloc(&set->arena, (above + own) * sizeof *arcs);
    if (!arcs)
        return false;
    for (size_t i = 0; i < above; i++)
        arcs[i] = parent ? parent->oid[i] : node->root;
    for (size_t i = 0; i < own; i++)
        arcs[above + i] = object->oid.items[node->tail + i].number;
    object->meaning.oid = arcs;
    object->meaning.n_oid = above + own;
    return true;
}

/* Up to what is known or starts from a number, and down again. Who meets itself on the way up has no OID. */
static bool resolve_oid(drmgmt__mib_set *set, drmgmt__mib_node *node)
{
    drmgmt__mib_node *waiting = NULL;

    for (; node && node->oid_state == DRMGMT__MIB_TODO; node = node->parent) {
        node->oid_state = DRMGMT__MIB_UNDER_WAY;
        node->next = waiting;
        waiting = node;
    }
    for (; waiting; waiting = waiting->next)
        if (!set_oid(set, waiting))
            return false;
    return true;
}

/* ---- types ---- */

static void set_type(drmgmt__mib_node *node)
{
    drmgmt__mib_object *object = node->object;
    const drmgmt__mib_object *type = node->type ? node->type->object : NULL;
    drmgmt__mib_meaning *meaning = &object->meaning;
    const drmgmt__mib_syntax *syntax = &object->syntax;

    node->type_state = DRMGMT__MIB_DONE;
    if (type && meaning->base == DRMGMT__MIB_NO_BASE)
        meaning->base = type->meaning.base;
    meaning->hint = object->hint ? object->hint : type ? type->meaning.hint : NULL;
    meaning->values = syntax->named.n ? syntax : type ? type->meaning.values : NULL;
    meaning->limits = syntax->ranges.n ? syntax : type ? type->meaning.limits : NULL;
    meaning->type = syntax->name ? syntax->name : drmgmt__mib_base_name(meaning->base);
    meaning->type_module =
        type && !drmgmt__mib_is_smi(node->type->entry->module->name) ? node->type->entry->module->name : NULL;
    /* The SMI's own types are what they are called: in its text Unsigned32 and Gauge32 are the same. */
    if (drmgmt__mib_is_smi(node->entry->module->name) && object->kind >= DRMGMT__MIB_CONVENTION) {
        drmgmt__mib_base base = drmgmt__mib_smi_base(object->name);
        if (base != DRMGMT__MIB_NO_BASE)
            meaning->base = base;
    }
}

static void resolve_type(drmgmt__mib_node *node)
{
    drmgmt__mib_node *waiting = NULL;

    for (; node && node->type_state == DRMGMT__MIB_TODO; node = node->type) {
        node->type_state = DRMGMT__MIB_UNDER_WAY;
        node->next = waiting;
        waiting = node;
    }
    for (; waiting; waiting = waiting->next)
        set_type(waiting);
}

/* ---- kinds ---- */

/* A row has a SEQUENCE for its type, or stands alone under a table. */
static void find_row(drmgmt__mib_node *node)
{
    drmgmt__mib_object *object = node->object;
    const drmgmt__mib_object *parent = node->parent ? node->parent->object : NULL;

    if (object->kind != DRMGMT__MIB_SCALAR)
        return;
    if (object->meaning.base == DRMGMT__MIB_SEQUENCE ||
        (parent && parent->kind == DRMGMT__MIB_TABLE && object->oid.n - node->tail == 1))
        object->kind = DRMGMT__MIB_ROW;
}

static void find_column(drmgmt__mib_node *node)
{
    drmgmt__mib_object *object = node->object;

    if (object->kind == DRMGMT__MIB_SCALAR && node->parent && node->parent->object->kind == DRMGMT__MIB_ROW)
        object->kind = DRMGMT__MIB_COLUMN;
}

static void finish(drmgmt__mib_node *node)
{
    drmgmt__mib_object *object = node->object;
    bool typed = object->kind >= DRMGMT__MIB_SCALAR && object->kind <= DRMGMT__MIB_COLUMN;

    object->meaning.resolved = object->kind >= DRMGMT__MIB_CONVENTION
                                   ? object->meaning.base != DRMGMT__MIB_NO_BASE
                                   : object->meaning.oid && (!typed || object->meaning.base != DRMGMT__MIB_NO_BASE);
    node->entry->unresolved += !object->meaning.resolved;
}

/* ---- all of it ---- */

/* As the parser left it. */
static void forget(drmgmt__mib_object *object)
{
    object->meaning = (drmgmt__mib_meaning){ 0 };
    if (object->kind == DRMGMT__MIB_ROW || object->kind == DRMGMT__MIB_COLUMN)
        object->kind = object->index.n || object->augments ? DRMGMT__MIB_ROW : DRMGMT__MIB_SCALAR;
}

static bool prepare(drmgmt__mib_set *set)
{
    for (size_t i = 0; i < set->n; i++) {
        drmgmt__mib_entry *entry = &set->entries[i];
        *entry = (drmgmt__mib_entry){ .module = entry->module, .built_in = entry->built_in };
        if (!drmgmt__mib_names_prepare(set, entry))
            return false;
        for (size_t k = 0; k < entry->module->objects.n; k++)
            forget(entry->nodes[k].object);
    }
    for (size_t i = 0; i < set->n; i++) {
        drmgmt__mib_entry *entry = &set->entries[i];
        if (!drmgmt__mib_names_missing(set, entry))
            return false;
        for (size_t k = 0; k < entry->module->objects.n; k++) {
            link_oid(set, &entry->nodes[k]);
            link_type(set, &entry->nodes[k]);
        }
    }
    return !set->arena.failed;
}

/* Each step needs the one before it for all objects, of all modules. */
static bool resolve(drmgmt__mib_set *set)
{
    static void (*const steps[])(drmgmt__mib_node *) = { resolve_type, find_row, find_column, finish };

    for (size_t i = 0; i < set->n; i++)
        for (size_t k = 0; k < set->entries[i].module->objects.n; k++)
            if (!resolve_oid(set, &set->entries[i].nodes[k]))
                return false;
    for (size_t step = 0; step < DRMGMT__COUNT(steps); step++)
        for (size_t i = 0; i < set->n; i++)
            for (size_t k = 0; k < set->entries[i].module->objects.n; k++)
                steps[step](&set->entries[i].nodes[k]);
    for (size_t i = 0; i < set->n; i++)
        drmgmt__mib_names_tidy(&set->entries[i]);
    return true;
}

int drmgmt__mib_set_resolve(drmgmt__mib_set *set, size_t limit, drmgmt_error **error)
{
    drmgmt__arena_free(&set->arena);
    set->arena = (drmgmt__arena){ .limit = limit ? limit : RESOLVE_MEMORY };
    if (prepare(set) && resolve(set))
        return 0;
    if (!set->arena.full)
        return drmgmt__fail_memory(error);
    return drmgmt__fail(error, DRMGMT_ERR_TOO_LARGE,
                        "what the modules say takes more than %zu bytes of memory: leave some of them out",
                        set->arena.limit);
}
