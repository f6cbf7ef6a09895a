/* What is known of types, in the form of the seam. Called by index_make.c. */
#include "mib/indexer.h"

#include "core/core.h"
#include "proto/snmp/message.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t tags[DRMGMT__MIB_BASES] = {
    [DRMGMT__MIB_INTEGER32] = DRMGMT__SNMP_INTEGER,   [DRMGMT__MIB_UNSIGNED32] = DRMGMT__SNMP_GAUGE32,
    [DRMGMT__MIB_COUNTER32] = DRMGMT__SNMP_COUNTER32, [DRMGMT__MIB_GAUGE32] = DRMGMT__SNMP_GAUGE32,
    [DRMGMT__MIB_COUNTER64] = DRMGMT__SNMP_COUNTER64, [DRMGMT__MIB_TIMETICKS] = DRMGMT__SNMP_TIMETICKS,
    [DRMGMT__MIB_OCTET_STRING] = DRMGMT__SNMP_OCTETS, [DRMGMT__MIB_OBJECT_IDENTIFIER] = DRMGMT__SNMP_OID,
    [DRMGMT__MIB_BITS] = DRMGMT__SNMP_OCTETS,         [DRMGMT__MIB_IPADDRESS] = DRMGMT__SNMP_IPADDRESS,
    [DRMGMT__MIB_OPAQUE] = DRMGMT__SNMP_OPAQUE,
};

/* ---- parts of a syntax ---- */

/* Types that say in words only what they look like: version 1 of the SMI has no hints. NULL: it is none. */
static const char *unsaid_hint(const drmgmt__mib_meaning *meaning, unsigned *flags)
{
    static const struct {
        const char *name, *hint;
        unsigned flags;
    } types[] = {
        { "DisplayString", "255a", DRMGMT__SNMP_TEXT },
        { "InternationalDisplayString", NULL, DRMGMT__SNMP_TEXT },
        { "MacAddress", "1x:", DRMGMT__SNMP_RAW },
        { "PhysAddress", "1x:", DRMGMT__SNMP_RAW },
    };

    for (size_t i = 0; i < DRMGMT__COUNT(types); i++)
        if (strcmp(types[i].name, meaning->type) == 0) {
            *flags = types[i].flags;
            return types[i].hint;
        }
    return NULL;
}

/* Octets: "255a" and "127t" are text, other hints are never. No hint: it depends. */
static const char *look(const drmgmt__mib_meaning *meaning, unsigned *flags)
{
    const char *at = meaning->hint;

    *flags = meaning->base == DRMGMT__MIB_BITS ? DRMGMT__SNMP_BITS | DRMGMT__SNMP_RAW : 0;
    if (meaning->base != DRMGMT__MIB_OCTET_STRING)
        return at;
    if (!at)
        return unsaid_hint(meaning, flags);
    while (isdigit((unsigned char)*at))
        at++;
    *flags = (*at == 'a' || *at == 't') && !at[1] ? DRMGMT__SNMP_TEXT : DRMGMT__SNMP_RAW;
    return meaning->hint;
}

/* Whether it is a TestAndIncr or a RowStatus, or of a type that is made of one of them: what it may be is written
 * there.
 */
static bool changes(const drmgmt__mib_set *set, const drmgmt__mib_meaning *meaning)
{
    static const char *const names[] = { "RowStatus", "TestAndIncr" };
    const drmgmt__mib_entry *entry = drmgmt__mib_set_find(set, "SNMPv2-TC");

    for (size_t i = 0; i < DRMGMT__COUNT(names); i++) {
        if (meaning->type && strcmp(meaning->type, names[i]) == 0)
            return true;
        const drmgmt__mib_object *type = entry ? drmgmt__mib_set_name(set, entry, names[i], NULL) : NULL;
        if (type && (meaning->values == &type->syntax || meaning->limits == &type->syntax))
            return true;
    }
    return false;
}

static size_t fixed(const drmgmt__mib_meaning *meaning)
{
    const drmgmt__mib_range *range = meaning->limits ? meaning->limits->ranges.items : NULL;

    if (meaning->base != DRMGMT__MIB_OCTET_STRING || !range || meaning->limits->ranges.n != 1 || range->from_min ||
        range->to_max || range->least.negative || range->least.magnitude != range->most.magnitude ||
        range->most.magnitude > DRMGMT__OID_ARCS_MAX)
        return 0;
    return (size_t)range->most.magnitude;
}

static int compare_named(const void *a, const void *b)
{
    const drmgmt__snmp_named *x = a, *y = b;
    int order = (x->number > y->number) - (x->number < y->number);

    return order ? order : strcmp(x->name, y->name);
}

static bool add_names(drmgmt__arena *arena, drmgmt__snmp_syntax *syntax, const drmgmt__mib_syntax *values)
{
    drmgmt__snmp_named *names = drmgmt__arena_alloc(arena, (values->named.n + 1) * sizeof *names);
    size_t n = 0;

    if (!names)
        return false;
    for (size_t i = 0; i < values->named.n; i++) {
        const drmgmt__mib_named *named = &values->named.items[i];
        if (named->number < INT32_MIN || named->number > INT32_MAX)
            continue;
        names[n].number = (int32_t)named->number;
        names[n].name = drmgmt__arena_dup(arena, named->name);
        if (!names[n++].name)
            return false;
    }
    qsort(names, n, sizeof *names, compare_named);
    syntax->names = names;
    syntax->n_names = n;
    return true;
}

static drmgmt__snmp_syntax *make(drmgmt__arena *arena, const drmgmt__mib_set *set, const drmgmt__mib_meaning *meaning)
{
    drmgmt__snmp_syntax *syntax = drmgmt__arena_alloc(arena, sizeof *syntax);

    if (!syntax)
        return NULL;
    syntax->name = drmgmt__arena_dup(arena, meaning->type);
    syntax->hint = drmgmt__arena_dup(arena, look(meaning, &syntax->flags));
    syntax->tag = tags[meaning->base];
    syntax->flags |= changes(set, meaning) ? DRMGMT__SNMP_CHANGING : 0;
    syntax->fixed = fixed(meaning);
    if (meaning->values && !add_names(arena, syntax, meaning->values))
        return NULL;
    return arena->failed ? NULL : syntax;
}

/* ---- each once ---- */

static int compare_pointers(const void *a, const void *b)
{
    return ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);
}

/* Those that mean the same stand together: the parts are shared where the type is. */
static int compare_meanings(const void *a, const void *b)
{
    const drmgmt__mib_meaning *x = &(*(drmgmt__mib_source *const *)a)->object->meaning,
                              *y = &(*(drmgmt__mib_source *const *)b)->object->meaning;
    int order = (int)x->base - (int)y->base;

    if (order == 0)
        order = strcmp(x->type, y->type);
    if (order == 0)
        order = compare_pointers(x->hint, y->hint);
    if (order == 0)
        order = compare_pointers(x->values, y->values);
    return order ? order : compare_pointers(x->limits, y->limits);
}

bool drmgmt__mib_index_syntaxes(drmgmt__arena *arena, const drmgmt__mib_set *set, drmgmt__mib_source *sources, size_t n)
{
    drmgmt__mib_source **order = reallocarray(NULL, n + 1, sizeof *order);
    size_t valued = 0;
    bool ok = order != NULL;

    for (size_t i = 0; ok && i < n; i++) {
        const drmgmt__mib_object *object = sources[i].object;
        if ((object->kind == DRMGMT__MIB_SCALAR || object->kind == DRMGMT__MIB_COLUMN) && tags[object->meaning.base])
            order[valued++] = &sources[i];
    }
    if (ok && valued)
        qsort(order, valued, sizeof(*order), compare_meanings);
    for (size_t i = 0; ok && i < valued; i++) {
        if (i && compare_meanings(&order[i - 1], &order[i]) == 0)
            order[i]->syntax = order[i - 1]->syntax;
        else
            ok = (order[i]->syntax = make(arena, set, &order[i]->object->meaning)) != NULL;
    }
    free(order);
    return ok;
}

const drmgmt__snmp_syntax *drmgmt__mib_index_base(const char *word)
{
    static const struct {
        const char *word;
        drmgmt__snmp_syntax syntax;
    } bases[] = {
        { "INTEGER", { .name = "Integer32", .tag = DRMGMT__SNMP_INTEGER } },
        { "OCTET", { .name = "OCTET STRING", .tag = DRMGMT__SNMP_OCTETS } },
        { "OBJECT", { .name = "OBJECT IDENTIFIER", .tag = DRMGMT__SNMP_OID } },
        { "IpAddress", { .name = "IpAddress", .tag = DRMGMT__SNMP_IPADDRESS } },
        { "NetworkAddress", { .name = "IpAddress", .tag = DRMGMT__SNMP_IPADDRESS } },
    };

    for (size_t i = 0; i < DRMGMT__COUNT(bases); i++)
        if (strcmp(bases[i].word, word) == 0)
            return &bases[i].syntax;
    return NULL;
}
