/* Makes an index of a resolved set. Called by the import and by tests; calls index_syntax.c. */
#include "mib/index.h"

#include "core/core.h"
#include "mib/indexer.h"
#include "mib/resolver.h"
#include <stdlib.h>
#include <string.h>

enum {
    INDEX_MEMORY = 1u << 30,
    AUGMENTS_MAX = 16,
    SAME_MAX = 64
}; /* AUGMENTS: rows that each augment the next; SAME: modules that have the same row */

typedef struct maker {
    const drmgmt__mib_set *set;
    drmgmt__mib_index_set *index;
    drmgmt__arena *arena;
    drmgmt__mib_source *sources;
    size_t n;
} maker;

/* ---- sources ---- */

static unsigned rank_of(const drmgmt__mib_entry *entry, const drmgmt__mib_object *object)
{
    bool valued = object->kind == DRMGMT__MIB_SCALAR || object->kind == DRMGMT__MIB_COLUMN;
    bool current = object->status != DRMGMT__MIB_OBSOLETE && object->status != DRMGMT__MIB_DEPRECATED;
    /* The modules that define version 2 do not say so. */
    bool old = entry->module->smi == 1 && strncmp(entry->module->name, "SNMPv2-", 7) != 0;

    return (object->implied ? 64u : 0) |
           (valued                             ? 0
            : object->kind == DRMGMT__MIB_NODE ? 32u
                                               : 16u) |
           (current ? 0 : 4u) | (old ? 8u : 0) | (entry->missing.n ? 2u : 0) | (entry->built_in ? 1u : 0);
}

static bool gather(maker *m)
{
    size_t n = 0;

    for (size_t i = 0; i < m->set->n; i++)
        n += m->set->entries[i].module->objects.n;
    m->sources = reallocarray(NULL, n + 1, sizeof *m->sources);
    if (!m->sources)
        return false;
    for (size_t i = 0; i < m->set->n; i++) {
        const drmgmt__mib_entry *entry = &m->set->entries[i];
        const char *module = drmgmt__arena_dup(m->arena, entry->module->name);
        for (size_t k = 0; k < entry->module->objects.n; k++) {
            const drmgmt__mib_object *object = entry->by_name[k]->object;
            bool again = k && strcmp(entry->by_name[k - 1]->object->name, object->name) == 0;
            if (object->meaning.oid && !again)
                m->sources[m->n++] = (drmgmt__mib_source){ entry, object, module, NULL, rank_of(entry, object) };
        }
    }
    return !m->arena->failed;
}

static drmgmt__oid oid_of(const drmgmt__mib_object *object)
{
    return (drmgmt__oid){ object->meaning.oid, object->meaning.n_oid };
}

static int compare_sources(const void *a, const void *b)
{
    const drmgmt__mib_source *x = a, *y = b;
    drmgmt__oid p = oid_of(x->object), q = oid_of(y->object);
    int order = drmgmt__oid_compare(&p, &q);

    if (order == 0)
        order = (x->rank > y->rank) - (x->rank < y->rank);
    if (order == 0)
        order = strcmp(x->module, y->module);
    return order ? order : x->object < y->object ? -1 : x->object > y->object;
}

/* ---- OIDs ---- */

/* The keys, with the numbers of their OIDs one behind the other. */
static bool lay_out(maker *m)
{
    drmgmt__mib_index_set *index = m->index;
    size_t numbers = 0, at = 0;

    for (size_t i = 0; i < m->n; i++)
        numbers += m->sources[i].object->meaning.n_oid;
    index->n = m->n;
    index->known = drmgmt__arena_alloc(m->arena, (m->n + 1) * sizeof *index->known);
    index->keys = drmgmt__arena_alloc(m->arena, (m->n + 1) * sizeof *index->keys);
    uint32_t *arcs = drmgmt__arena_alloc(m->arena, (numbers + 1) * sizeof *arcs);
    if (!index->known || !index->keys || !arcs)
        return false;
    for (size_t i = 0; i < m->n; i++) {
        drmgmt__oid oid = oid_of(m->sources[i].object);
        const drmgmt__mib_key *last = index->n_keys ? &index->keys[index->n_keys - 1] : NULL;
        if (!last || !drmgmt__oid_equal(&oid, &(drmgmt__oid){ last->arcs, last->n })) {
            memcpy(&arcs[at], oid.arcs, oid.n * sizeof *arcs);
            index->keys[index->n_keys++] =
                (drmgmt__mib_key){ .arcs = &arcs[at], .n = (uint32_t)oid.n, .known = (uint32_t)i };
            at += oid.n;
        }
        index->known[i].object.oid = (drmgmt__oid){ index->keys[index->n_keys - 1].arcs, oid.n };
    }
    return true;
}

static bool hash_keys(maker *m)
{
    drmgmt__mib_index_set *index = m->index;

    if (drmgmt__random(&index->secret, sizeof index->secret) != 0)
        return false;
    index->secret >>= 4; /* below the prime of the hash */
    for (index->n_slots = 64; index->n_slots < 2 * index->n_keys;)
        index->n_slots *= 2;
    index->slots = drmgmt__arena_alloc(m->arena, index->n_slots * sizeof *index->slots);
    if (!index->slots)
        return false;
    for (size_t i = 0; i < index->n_keys; i++) {
        const drmgmt__mib_key *key = &index->keys[i];
        uint64_t hash = 0;
        for (size_t k = 0; k < key->n; k++)
            hash = drmgmt__mib_hash(hash, index->secret, key->arcs[k]);
        size_t at = drmgmt__mib_slot_of(index, hash);
        while (index->slots[at].key)
            at = (at + 1) & (index->n_slots - 1);
        index->slots[at] = (drmgmt__mib_slot){ (uint32_t)i + 1, drmgmt__mib_mark_of(hash) };
        if (index->longest < key->n)
            index->longest = key->n;
    }
    return true;
}

/* ---- what is known ---- */

static const drmgmt__mib_known *known_of(const maker *m, const drmgmt__mib_entry *entry,
                                         const drmgmt__mib_object *object)
{
    const drmgmt__mib_known *known = drmgmt__mib_index_find(m->index, entry->module->name, strlen(entry->module->name),
                                                            object->name, strlen(object->name));

    return known && known->kind == object->kind ? known : NULL;
}

static unsigned flags_of(const drmgmt__mib_source *source)
{
    const drmgmt__snmp_syntax *syntax = source->syntax;
    bool writable =
        source->object->access == DRMGMT__MIB_READ_WRITE || source->object->access == DRMGMT__MIB_READ_CREATE;

    if (!syntax)
        return 0;
    return (source->object->kind == DRMGMT__MIB_SCALAR ? DRMGMT__SNMP_SCALAR : DRMGMT__SNMP_COLUMN) |
           (syntax->flags & DRMGMT__SNMP_RAW ? DRMGMT__SNMP_BINARY : 0) | (writable ? DRMGMT__SNMP_WRITABLE : 0);
}

static bool fill(maker *m)
{
    drmgmt__mib_index_set *index = m->index;

    for (size_t i = 0; i < m->n; i++) {
        const drmgmt__mib_source *source = &m->sources[i];
        drmgmt__mib_known *known = &index->known[i];
        const char *name = drmgmt__arena_dup(m->arena, source->object->name);
        known->object =
            (drmgmt__snmp_name){ source->module, name, known->object.oid, flags_of(source), source->syntax };
        known->node = (drmgmt__snmp_node){ source->module, name, known->object.oid, NULL, 0 };
        known->kind = source->object->kind;
        known->access = source->object->access;
    }
    return !m->arena->failed;
}

typedef struct named { /* for the order of names */
    const drmgmt__mib_known *known;
    const drmgmt__mib_source *source;
} named;

static int compare_named(const void *a, const void *b)
{
    const named *x = a, *y = b;
    int order = strcmp(x->known->object.name, y->known->object.name);

    if (order == 0)
        order = (x->source->rank > y->source->rank) - (x->source->rank < y->source->rank);
    if (order == 0)
        order = strcmp(x->known->object.module, y->known->object.module);
    return order ? order : x->source->object < y->source->object ? -1 : x->source->object > y->source->object;
}

static bool order_names(maker *m)
{
    named *order = reallocarray(NULL, m->n + 1, sizeof *order);

    m->index->by_name = drmgmt__arena_alloc(m->arena, (m->n + 1) * sizeof(void *));
    if (order && m->index->by_name) {
        for (size_t i = 0; i < m->n; i++)
            order[i] = (named){ &m->index->known[i], &m->sources[i] };
        qsort(order, m->n, sizeof *order, compare_named);
        for (size_t i = 0; i < m->n; i++)
            m->index->by_name[i] = order[i].known;
    }
    free(order);
    return order && m->index->by_name;
}

/* ---- indices of rows ---- */

/* The row whose INDEX counts for this one, and the module its names are of. NULL: what it augments is not known. */
static const drmgmt__mib_object *indexed_row(const maker *m, const drmgmt__mib_object *row,
                                             const drmgmt__mib_entry **entry)
{
    for (int i = 0; row && !row->index.n && row->augments; i++)
        row = i < AUGMENTS_MAX ? drmgmt__mib_set_name(m->set, *entry, row->augments, entry) : NULL;
    return row;
}

/* One part. False: what it is cannot be told. */
static bool make_part(const maker *m, const drmgmt__mib_entry *entry, const drmgmt__mib_index *from,
                      drmgmt__snmp_index *part)
{
    const drmgmt__mib_entry *where = entry;
    const drmgmt__mib_object *object = drmgmt__mib_set_name(m->set, entry, from->name, &where);
    const drmgmt__mib_known *known = object ? known_of(m, where, object) : NULL;

    part->implied = from->implied;
    part->syntax = known ? known->object.syntax : drmgmt__mib_index_base(from->name);
    part->name = known ? known->object.name : part->syntax ? part->syntax->name : NULL;
    return part->syntax != NULL;
}

/* All parts or none. False: memory is out. */
static bool make_parts(maker *m, const drmgmt__mib_source *source, drmgmt__mib_known *known)
{
    const drmgmt__mib_entry *entry = source->entry;
    const drmgmt__mib_object *row = indexed_row(m, source->object, &entry);
    size_t n = row && row->index.n <= DRMGMT__OID_ARCS_MAX ? row->index.n : 0;

    if (!n)
        return true;
    drmgmt__snmp_index *parts = drmgmt__arena_alloc(m->arena, n * sizeof *parts);
    if (!parts)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!make_part(m, entry, &row->index.items[i], &parts[i]))
            return true;
    known->node.index = parts;
    known->node.n_index = n;
    return true;
}

static bool make_members(maker *m, const drmgmt__mib_source *source, drmgmt__mib_known *known)
{
    const drmgmt__mib_names *names = &source->object->members;
    drmgmt__oid *members = names->n ? drmgmt__arena_alloc(m->arena, names->n * sizeof *members) : NULL;

    if (names->n && !members)
        return false;
    known->members = members;
    for (size_t i = 0; i < names->n; i++) {
        const drmgmt__mib_entry *where = source->entry;
        const drmgmt__mib_object *object = drmgmt__mib_set_name(m->set, source->entry, names->items[i], &where);
        const drmgmt__mib_known *member = object ? known_of(m, where, object) : NULL;
        if (member)
            members[known->n_members++] = member->object.oid;
    }
    return true;
}

/* The row a column is in: in its module if that has one at the OID above. */
static void share_parts(drmgmt__mib_index_set *index, drmgmt__mib_known *column)
{
    drmgmt__oid above = { column->object.oid.arcs, column->object.oid.n - 1 };
    size_t n, first = drmgmt__mib_index_under(index, &above, &n);

    for (size_t i = first;
         i < index->n && i < first + SAME_MAX && drmgmt__oid_equal(&index->known[i].object.oid, &above); i++) {
        const drmgmt__mib_known *row = &index->known[i];
        if (row->kind != DRMGMT__MIB_ROW || !row->node.n_index ||
            (column->node.n_index && strcmp(row->object.module, column->object.module) != 0))
            continue;
        column->node.index = row->node.index;
        column->node.n_index = row->node.n_index;
    }
}

static bool relate(maker *m)
{
    for (size_t i = 0; i < m->n; i++) {
        drmgmt__mib_known *known = &m->index->known[i];
        if (known->kind == DRMGMT__MIB_ROW && !make_parts(m, &m->sources[i], known))
            return false;
        if (known->kind == DRMGMT__MIB_NOTIFICATION && !make_members(m, &m->sources[i], known))
            return false;
    }
    for (size_t i = 0; i < m->n; i++)
        if (m->index->known[i].kind == DRMGMT__MIB_COLUMN)
            share_parts(m->index, &m->index->known[i]);
    return true;
}

/* ---- all of it ---- */

static bool build(maker *m)
{
    if (!gather(m) || !drmgmt__mib_index_syntaxes(m->arena, m->set, m->sources, m->n))
        return false;
    qsort(m->sources, m->n, sizeof *m->sources, compare_sources);
    return lay_out(m) && hash_keys(m) && fill(m) && order_names(m) && relate(m);
}

int drmgmt__mib_index_make(drmgmt__mib_index_set **index, const drmgmt__mib_set *set, size_t limit,
                           drmgmt_error **error)
{
    drmgmt__arena arena = { .limit = limit ? limit : INDEX_MEMORY };
    maker m = { .set = set, .index = drmgmt__arena_alloc(&arena, sizeof *m.index) };
    bool ok = false, full = arena.full;

    *index = NULL;
    if (m.index) {
        m.index->arena = arena;
        m.arena = &m.index->arena;
        atomic_init(&m.index->held, 1);
        ok = build(&m);
        full = m.arena->full;
        free(m.sources);
    }
    if (ok) {
        *index = m.index;
        return 0;
    }
    drmgmt__mib_index_release(m.index);
    if (!full)
        return drmgmt__fail_memory(error);
    return drmgmt__fail(error, DRMGMT_ERR_TOO_LARGE,
                        "an index of these modules takes more than %zu bytes of memory: leave some of them out",
                        arena.limit);
}
