/* What a name stands for: sorted arrays, so that no module can make look-ups slow. Called by the other resolve*.c. */
#include "mib/resolver.h"

#include <stdlib.h>
#include <string.h>

enum { HOPS_MAX = 16 }; /* of a name that each module imports from the next */

/* ---- order ---- */

/* By name; what is declared before what is only implied; then as in the text. */
static int compare_nodes(const void *a, const void *b)
{
    const drmgmt__mib_object *x = (*(drmgmt__mib_node *const *)a)->object, *y = (*(drmgmt__mib_node *const *)b)->object;
    int order = strcmp(x->name, y->name);

    if (order == 0)
        order = (int)x->implied - (int)y->implied;
    return order ? order : x < y ? -1 : x > y;
}

static int compare_imports(const void *a, const void *b)
{
    const drmgmt__mib_import *x = *(const drmgmt__mib_import *const *)a, *y = *(const drmgmt__mib_import *const *)b;
    int order = strcmp(x->name, y->name);

    return order ? order : x < y ? -1 : x > y;
}

bool drmgmt__mib_names_prepare(drmgmt__mib_set *set, drmgmt__mib_entry *entry)
{
    const drmgmt__mib_module *module = entry->module;
    size_t n = module->objects.n, imports = module->imports.n;

    entry->nodes = drmgmt__arena_alloc(&set->arena, (n + 1) * sizeof *entry->nodes);
    entry->by_name = drmgmt__arena_alloc(&set->arena, (n + 1) * sizeof *entry->by_name);
    entry->imports = drmgmt__arena_alloc(&set->arena, (imports + 1) * sizeof *entry->imports);
    if (!entry->nodes || !entry->by_name || !entry->imports)
        return false;
    for (size_t i = 0; i < n; i++) {
        entry->nodes[i] = (drmgmt__mib_node){ .object = &module->objects.items[i], .entry = entry };
        entry->by_name[i] = &entry->nodes[i];
    }
    for (size_t i = 0; i < imports; i++)
        entry->imports[i] = &module->imports.items[i];
    qsort(entry->by_name, n, sizeof *entry->by_name, compare_nodes);
    qsort(entry->imports, imports, sizeof *entry->imports, compare_imports);
    return true;
}

/* ---- look-up ---- */

/* The first one of this name, which is a declared one if there is any. */
static drmgmt__mib_node *find_own(const drmgmt__mib_entry *entry, const char *name)
{
    size_t least = 0, most = entry->module->objects.n;

    while (least < most) {
        size_t middle = least + (most - least) / 2;
        if (strcmp(entry->by_name[middle]->object->name, name) < 0)
            least = middle + 1;
        else
            most = middle;
    }
    if (least == entry->module->objects.n || strcmp(entry->by_name[least]->object->name, name) != 0)
        return NULL;
    return entry->by_name[least];
}

static const drmgmt__mib_import *find_import(const drmgmt__mib_entry *entry, const char *name)
{
    size_t least = 0, most = entry->module->imports.n;

    while (least < most) {
        size_t middle = least + (most - least) / 2;
        if (strcmp(entry->imports[middle]->name, name) < 0)
            least = middle + 1;
        else
            most = middle;
    }
    if (least == entry->module->imports.n || strcmp(entry->imports[least]->name, name) != 0)
        return NULL;
    return entry->imports[least];
}

/* In a module that is named, or those that took over its names. *there: the module itself. */
static drmgmt__mib_node *find_in(const drmgmt__mib_set *set, const char *module, const char *name,
                                 const drmgmt__mib_entry **there)
{
    drmgmt__mib_node *node;
    const char *now;
    size_t at = 0;

    *there = drmgmt__mib_set_find(set, module);
    if (*there && (node = find_own(*there, name)) != NULL)
        return node;
    while ((now = drmgmt__mib_renamed(module, name, &at)) != NULL) {
        const drmgmt__mib_entry *other = drmgmt__mib_set_find(set, now);
        if (other && (node = find_own(other, name)) != NULL)
            return node;
    }
    return NULL;
}

drmgmt__mib_node *drmgmt__mib_names_find(const drmgmt__mib_set *set, const drmgmt__mib_entry *entry, const char *from,
                                         const char *name)
{
    drmgmt__mib_node *own = from ? NULL : find_own(entry, name), *node;
    const drmgmt__mib_entry *at = entry;

    if (own && !own->object->implied)
        return own;
    for (int hop = 0; at && hop < HOPS_MAX; hop++) {
        const drmgmt__mib_import *import = NULL;
        if (!from && (import = find_import(at, name)) == NULL)
            break;
        if ((node = find_in(set, from ? from : import->from, name, &at)) != NULL)
            return node;
        from = NULL;
    }
    if (own)
        return own;
    for (size_t i = 0; drmgmt__mib_well_known(i); i++) {
        const drmgmt__mib_entry *known = drmgmt__mib_set_find(set, drmgmt__mib_well_known(i));
        if (known && (node = find_own(known, name)) != NULL)
            return node;
    }
    return NULL;
}

const drmgmt__mib_object *drmgmt__mib_set_name(const drmgmt__mib_set *set, const drmgmt__mib_entry *entry,
                                               const char *name, const drmgmt__mib_entry **where)
{
    const drmgmt__mib_node *node = drmgmt__mib_names_find(set, entry, NULL, name);

    if (node && where)
        *where = node->entry;
    return node ? node->object : NULL;
}

/* ---- what is missing ---- */

bool drmgmt__mib_names_missing(drmgmt__mib_set *set, drmgmt__mib_entry *entry)
{
    for (size_t i = 0; i < entry->module->imports.n; i++) {
        const drmgmt__mib_import *import = &entry->module->imports.items[i];
        uint32_t arc;
        if (drmgmt__mib_root(import->name, &arc) || drmgmt__mib_is_macro(import->name) ||
            drmgmt__mib_smi_base(import->name) != DRMGMT__MIB_NO_BASE ||
            drmgmt__mib_names_find(set, entry, NULL, import->name))
            continue;
        drmgmt__mib_missing *row = DRMGMT__ARENA_PUSH(&set->arena, &entry->missing);
        if (!row)
            return false;
        *row =
            (drmgmt__mib_missing){ import->name, import->from, import->line, !drmgmt__mib_set_find(set, import->from) };
    }
    return true;
}

void drmgmt__mib_names_miss(drmgmt__mib_set *set, drmgmt__mib_entry *entry, const char *name, uint32_t line)
{
    if (find_import(entry, name))
        return; /* told there */
    drmgmt__mib_missing *row = DRMGMT__ARENA_PUSH(&set->arena, &entry->missing);
    if (row)
        *row = (drmgmt__mib_missing){ .name = name, .line = line };
}

static int compare_missing(const void *a, const void *b)
{
    const drmgmt__mib_missing *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    return order ? order : x->line < y->line ? -1 : x->line > y->line;
}

void drmgmt__mib_names_tidy(drmgmt__mib_entry *entry)
{
    size_t kept = 0;

    if (entry->missing.n)
        qsort(entry->missing.items, entry->missing.n, sizeof *entry->missing.items, compare_missing);
    for (size_t i = 0; i < entry->missing.n; i++)
        if (!kept || strcmp(entry->missing.items[kept - 1].name, entry->missing.items[i].name) != 0)
            entry->missing.items[kept++] = entry->missing.items[i];
    entry->missing.n = kept;
}
