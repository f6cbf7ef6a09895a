/* A data model in memory: see model.h. */
#include "tr181/model.h"

#include "core/cleanup.h"
#include <stdlib.h>
#include <string.h>

struct drmgmt__dm_slot {
    drmgmt__dm_item *item;
    uint32_t hash;
};

drmgmt__dm_model *drmgmt__dm_model_new(size_t limit)
{
    drmgmt__arena *arena = drmgmt__arena_new(limit);
    drmgmt__dm_model *model = arena ? drmgmt__arena_alloc(arena, sizeof *model) : NULL;

    if (!model) {
        drmgmt__arena_delete(arena);
        return NULL;
    }
    model->arena = arena;
    return model;
}

void drmgmt__dm_model_free(drmgmt__dm_model *model)
{
    if (model)
        drmgmt__arena_delete(model->arena);
}

/* ---- paths: a table with open addressing, twice as large as what is in it ---- */

static uint32_t hash_of(const char *text, size_t n)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (size_t i = 0; i < n; i++)
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    return hash ^ hash >> 15;
}

drmgmt__dm_item *drmgmt__dm_find(const drmgmt__dm_model *model, const char *path, size_t n)
{
    uint32_t hash = hash_of(path, n), mask = model->n_slots - 1;

    if (model->n_slots == 0)
        return NULL;
    for (uint32_t i = hash & mask; model->slots[i].item; i = (i + 1) & mask) {
        const char *there = model->slots[i].item->path;
        if (model->slots[i].hash == hash && strncmp(there, path, n) == 0 && there[n] == '\0')
            return model->slots[i].item;
    }
    return NULL;
}

static void place(drmgmt__dm_model *model, drmgmt__dm_item *item, uint32_t hash)
{
    uint32_t mask = model->n_slots - 1, i = hash & mask;

    while (model->slots[i].item)
        i = (i + 1) & mask;
    model->slots[i].item = item;
    model->slots[i].hash = hash;
}

static bool make_room(drmgmt__dm_model *model)
{
    uint32_t larger = model->n_slots ? 2 * model->n_slots : 64;
    struct drmgmt__dm_slot *before = model->slots;
    uint32_t n = model->n_slots;

    if (2 * (model->n_items + 1) <= model->n_slots)
        return true;
    model->slots = drmgmt__arena_alloc(model->arena, larger * sizeof *model->slots);
    if (!model->slots) {
        model->slots = before;
        return false;
    }
    model->n_slots = larger;
    for (uint32_t i = 0; i < n; i++)
        if (before[i].item)
            place(model, before[i].item, before[i].hash);
    return true;
}

/* The last part: behind the last dot but one of an object (whose "{i}." goes with it), behind the last of the rest. */
static const char *name_in(const char *path, drmgmt__dm_kind kind)
{
    size_t end = strlen(path);

    if (kind == DRMGMT__DM_OBJECT && end && path[end - 1] == '.')
        end--;
    if (kind == DRMGMT__DM_OBJECT && end > 4 && memcmp(path + end - 4, ".{i}", 4) == 0)
        end -= 4;
    while (end && path[end - 1] != '.')
        end--;
    return path + end;
}

drmgmt__dm_item *drmgmt__dm_add(drmgmt__dm_model *model, drmgmt__dm_kind kind, drmgmt__dm_role role, const char *path)
{
    size_t n = strlen(path);
    drmgmt__dm_item *item, **items;

    if (drmgmt__dm_find(model, path, n) || !make_room(model))
        return NULL;
    items = drmgmt__arena_append(model->arena, model->items, model->n_items, sizeof(drmgmt__dm_item *));
    item = drmgmt__arena_alloc(model->arena, sizeof *item);
    if (!items || !item)
        return NULL;
    model->items = items;
    item->path = drmgmt__arena_text(model->arena, path, n);
    if (!item->path)
        return NULL;
    item->name = name_in(item->path, kind);
    item->kind = (uint8_t)kind;
    item->role = (uint8_t)role;
    item->min_entries = item->max_entries = 1;
    item->index = model->n_items;
    model->items[model->n_items++] = item;
    place(model, item, hash_of(path, n));
    return item;
}

/* ---- types and profiles ---- */

const drmgmt__dm_type *drmgmt__dm_type_of(const drmgmt__dm_model *model, const char *name)
{
    for (uint32_t i = 0; i < model->n_types; i++)
        if (strcmp(model->types[i]->name, name) == 0)
            return model->types[i];
    return NULL;
}

const drmgmt__dm_profile *drmgmt__dm_profile_of(const drmgmt__dm_model *model, const char *name)
{
    for (uint32_t i = 0; i < model->n_profiles; i++)
        if (strcmp(model->profiles[i]->name, name) == 0)
            return model->profiles[i];
    return NULL;
}

enum { PROFILE_DEPTH_MAX = 8, PROFILES_EACH_MAX = 200 };

struct each {
    const drmgmt__dm_model *model;
    bool (*fn)(void *user, const drmgmt__dm_requirement *requirement);
    void *user;
    unsigned visited; /* ends what goes in circles and fans out */
};

static bool profile_each(struct each *each, const drmgmt__dm_profile *profile, int depth)
{
    const char *lists[] = { profile->base, profile->extends };

    if (depth > PROFILE_DEPTH_MAX || each->visited++ > PROFILES_EACH_MAX)
        return true;
    for (size_t i = 0; i < DRMGMT__COUNT(lists); i++) {
        for (const char *name = lists[i]; name && *name; name += strspn(name, " ")) {
            size_t n = strcspn(name, " ");
            char copy[128];
            const drmgmt__dm_profile *other;
            if (n < sizeof copy) {
                memcpy(copy, name, n);
                copy[n] = '\0';
                other = drmgmt__dm_profile_of(each->model, copy);
                if (other && other != profile && !profile_each(each, other, depth + 1))
                    return false;
            }
            name += n;
        }
    }
    for (uint32_t i = 0; i < profile->n; i++)
        if (!each->fn(each->user, &profile->requirements[i]))
            return false;
    return true;
}

bool drmgmt__dm_profile_each(const drmgmt__dm_model *model, const drmgmt__dm_profile *profile,
                             bool (*fn)(void *user, const drmgmt__dm_requirement *requirement), void *user)
{
    struct each each = { model, fn, user, 0 };

    return profile_each(&each, profile, 0);
}

/* ---- words ---- */

static const char *const kinds[] = { "object", "parameter", "command", "event" };
static const char *const accesses[] = { "readOnly", "readWrite", "writeOnceReadOnly" };
static const char *const statuses[] = { "current", "deprecated", "obsoleted", "deleted" };
static const char *const bases[] = { "",    "base64", "boolean", "dateTime",    "decimal",     "hexBinary",
                                     "int", "long",   "string",  "unsignedInt", "unsignedLong" };
_Static_assert(DRMGMT__COUNT(bases) == DRMGMT__DM_BASE_COUNT, "a word for each base");

static const char *word(const char *const *words, size_t n, unsigned at)
{
    return at < n ? words[at] : "";
}

static unsigned number(const char *const *words, size_t n, const char *name)
{
    for (size_t i = 0; name && i < n; i++)
        if (strcmp(words[i], name) == 0)
            return (unsigned)i;
    return 0;
}

const char *drmgmt__dm_kind_name(unsigned kind)
{
    return word(kinds, DRMGMT__COUNT(kinds), kind);
}

const char *drmgmt__dm_access_name(unsigned access)
{
    return word(accesses, DRMGMT__COUNT(accesses), access);
}

const char *drmgmt__dm_status_name(unsigned status)
{
    return word(statuses, DRMGMT__COUNT(statuses), status);
}

const char *drmgmt__dm_base_name(unsigned base)
{
    return word(bases, DRMGMT__COUNT(bases), base);
}

unsigned drmgmt__dm_base_of(const char *name)
{
    return number(bases, DRMGMT__COUNT(bases), name);
}

unsigned drmgmt__dm_access_of(const char *name)
{
    return number(accesses, DRMGMT__COUNT(accesses), name);
}

unsigned drmgmt__dm_status_of(const char *name)
{
    return number(statuses, DRMGMT__COUNT(statuses), name);
}

int drmgmt__dm_version_compare(const char *a, const char *b)
{
    if (!a || !b)
        return (a != NULL) - (b != NULL);
    while (*a || *b) {
        char *a_end, *b_end;
        unsigned long x = strtoul(a, &a_end, 10), y = strtoul(b, &b_end, 10);
        if (x != y)
            return x < y ? -1 : 1;
        if (a_end == a && b_end == b)
            return strcmp(a, b);
        a = a_end + (*a_end == '.');
        b = b_end + (*b_end == '.');
    }
    return 0;
}
