/* Compares data models: see diff.h. */
#include "tr181/diff.h"

#include "core/cleanup.h"
#include "core/core.h"
#include "core/strbuf.h"
#include <stdlib.h>
#include <string.h>

enum { STEPS_MAX = 200 * 1000 * 1000 }; /* values compared: enumerations of thousands in another order take many */
#define DIFF_MEMORY_MAX ((size_t)256 * 1024 * 1024)

static const char *const names[] = { "added", "removed", "changed" };
_Static_assert(DRMGMT__COUNT(names) == DRMGMT__DM_CHANGE_KINDS, "a word for each kind");

const char *drmgmt__dm_change_name(unsigned kind)
{
    return kind < DRMGMT__COUNT(names) ? names[kind] : "";
}

void drmgmt__dm_changes_free(drmgmt__dm_changes *changes)
{
    drmgmt__arena_delete(changes->arena);
    *changes = (drmgmt__dm_changes){ .rows = NULL };
}

/* ---- fields as text; nothing appended: there is none ---- */

static void put(drmgmt__strbuf *out, const char *text)
{
    if (text)
        drmgmt__strbuf_puts(out, text);
}

static void put_flag(drmgmt__strbuf *out, bool flag)
{
    put(out, flag ? "true" : NULL);
}

static void put_bounds(drmgmt__strbuf *out, uint32_t min, uint32_t max)
{
    if (max == DRMGMT__DM_UNBOUNDED)
        drmgmt__strbuf_printf(out, "%u:unbounded", min);
    else
        drmgmt__strbuf_printf(out, "%u:%u", min, max);
}

static void put_sizes(drmgmt__strbuf *out, const drmgmt__dm_size *sizes, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        put(out, i ? ", " : NULL);
        put_bounds(out, sizes[i].min, sizes[i].max);
    }
}

static void kind(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    put(out, drmgmt__dm_kind_name(item->kind));
}

static void access_of(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    if (item->kind == DRMGMT__DM_OBJECT || item->kind == DRMGMT__DM_PARAMETER)
        put(out, drmgmt__dm_access_name(item->access));
}

static void status(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    put(out, drmgmt__dm_status_name(item->status));
}

static void version(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    put(out, item->since);
}

static void entries(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    if (item->kind == DRMGMT__DM_OBJECT)
        put_bounds(out, item->min_entries, item->max_entries);
}

static void num_entries(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    put(out, item->num_entries);
}

static void enable(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    put(out, item->enable);
}

static void discriminator(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    put(out, item->discriminator);
}

static void mount(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    put(out, item->mount);
}

static void keys(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    for (uint32_t i = 0; i < item->n_keys; i++) {
        put(out, i ? "; " : NULL);
        for (uint32_t k = 0; k < item->keys[i].n; k++) {
            put(out, k ? ", " : NULL);
            put(out, item->keys[i].parameters[k]);
        }
        put(out, item->keys[i].functional ? "" : " (not functional)");
    }
}

static void async(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    if (item->kind == DRMGMT__DM_COMMAND)
        put(out, item->async ? "true" : "false");
}

static void mandatory(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    put_flag(out, item->mandatory);
}

static void hidden(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    put_flag(out, item->hidden);
}

static void secured(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    put_flag(out, item->secured);
}

static void command(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    put_flag(out, item->is_command);
}

static void forced_inform(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    put_flag(out, item->forced_inform);
}

static void notify(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    put(out, item->notify);
}

static void default_of(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    if (item->default_value)
        drmgmt__strbuf_printf(out, "%s: %s", item->default_type ? item->default_type : "", item->default_value);
}

static void type(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    put(out, item->syntax ? drmgmt__dm_base_name(item->syntax->base) : NULL);
}

static void data_type(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    put(out, item->syntax ? item->syntax->data_type : NULL);
}

static void list(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    const drmgmt__dm_syntax *s = item->syntax;

    if (!s || !s->list)
        return;
    put_bounds(out, s->list_min, s->list_max);
    if (s->n_list_sizes) {
        put(out, ", size ");
        put_sizes(out, s->list_sizes, s->n_list_sizes);
    }
    if (s->nesting && strcmp(s->nesting, "legacy") != 0)
        drmgmt__strbuf_printf(out, ", brackets %s", s->nesting);
}

static void size(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    if (item->syntax)
        put_sizes(out, item->syntax->sizes, item->syntax->n_sizes);
}

static void range(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    const drmgmt__dm_syntax *s = item->syntax;

    for (uint32_t i = 0; s && i < s->n_ranges; i++) {
        put(out, i ? ", " : NULL);
        put(out, s->ranges[i].min);
        put(out, ":");
        put(out, s->ranges[i].max);
        put(out, s->ranges[i].step ? " step " : NULL);
        put(out, s->ranges[i].step);
    }
}

static void units(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    put(out, item->syntax ? item->syntax->units : NULL);
}

static void reference(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    const drmgmt__dm_reference *r = item->syntax ? item->syntax->reference : NULL;
    const struct {
        const char *name, *value;
    } parts[] = { { "target", r ? r->target : NULL },
                  { "scope", r ? r->scope : NULL },
                  { "type", r ? r->target_type : NULL },
                  { "data type", r ? r->data_type : NULL },
                  { "null", r ? r->null_value : NULL } };

    if (!r)
        return;
    drmgmt__strbuf_printf(out, "%s%s", r->kind, r->strong ? " strong" : "");
    for (size_t i = 0; i < DRMGMT__COUNT(parts); i++)
        if (parts[i].value)
            drmgmt__strbuf_printf(out, ", %s %s", parts[i].name, parts[i].value);
}

static void description(const drmgmt__dm_item *item, drmgmt__strbuf *out)
{
    put(out, item->description);
}

/* In the order in which they are told. description is the last. */
static const struct {
    const char *name;
    void (*text)(const drmgmt__dm_item *item, drmgmt__strbuf *out);
} fields[] = {
    { "kind", kind },
    { "status", status },
    { "version", version },
    { "access", access_of },
    { "entries", entries },
    { "numEntriesParameter", num_entries },
    { "enableParameter", enable },
    { "discriminatorParameter", discriminator },
    { "mountType", mount },
    { "uniqueKey", keys },
    { "async", async },
    { "mandatory", mandatory },
    { "type", type },
    { "dataType", data_type },
    { "list", list },
    { "size", size },
    { "range", range },
    { "units", units },
    { "reference", reference },
    { "default", default_of },
    { "hidden", hidden },
    { "secured", secured },
    { "command", command },
    { "forcedInform", forced_inform },
    { "activeNotify", notify },
    { "description", description },
};

/* ---- comparing ---- */

struct diff {
    drmgmt__dm_changes *changes;
    drmgmt__strbuf before, after;
    size_t n_fields;
    uint64_t steps;
};

static bool add(struct diff *d, drmgmt__dm_change change)
{
    drmgmt__dm_changes *c = d->changes;
    drmgmt__dm_change *rows = drmgmt__arena_append(c->arena, c->rows, c->n, sizeof *rows);

    if (!rows)
        return false;
    c->rows = rows;
    rows[c->n++] = change;
    c->n_of[change.kind]++;
    return true;
}

/* A text that the changes keep; NULL for none. failed: there was one and no memory. */
static const char *keep(struct diff *d, const drmgmt__strbuf *text, bool *failed)
{
    char *copy = text->length ? drmgmt__arena_text(d->changes->arena, text->data, text->length) : NULL;

    *failed = *failed || text->failed || (text->length && !copy);
    return copy;
}

static bool compare_field(struct diff *d, const drmgmt__dm_item *older, const drmgmt__dm_item *newer, size_t field)
{
    drmgmt__dm_change change = { .kind = DRMGMT__DM_CHANGED, .item = newer, .field = fields[field].name };
    bool failed = false;

    drmgmt__strbuf_reset(&d->before);
    drmgmt__strbuf_reset(&d->after);
    fields[field].text(older, &d->before);
    fields[field].text(newer, &d->after);
    if (d->before.failed || d->after.failed)
        return false;
    if (d->before.length == d->after.length &&
        (d->before.length == 0 || memcmp(d->before.data, d->after.data, d->before.length) == 0))
        return true;
    change.before = keep(d, &d->before, &failed);
    change.after = keep(d, &d->after, &failed);
    return !failed && add(d, change);
}

static void choice(const drmgmt__dm_choice *choice, drmgmt__strbuf *out)
{
    drmgmt__strbuf_reset(out);
    if (!choice)
        return;
    put(out, *choice->value ? choice->value : "\"\"");
    if (choice->status != DRMGMT__DM_CURRENT)
        drmgmt__strbuf_printf(out, " (%s)", drmgmt__dm_status_name(choice->status));
    put(out, choice->read_only ? " (readOnly)" : NULL);
    put(out, choice->optional ? " (optional)" : NULL);
}

/* The value in rows; mostly both sides have the same order, so the search begins at hint. */
static const drmgmt__dm_choice *same_value(struct diff *d, const drmgmt__dm_choice *rows, uint32_t n, uint32_t hint,
                                           const char *value)
{
    for (uint32_t i = 0; i < n; i++) {
        const drmgmt__dm_choice *row = &rows[(hint + i) % n];
        d->steps++;
        if (strcmp(row->value, value) == 0)
            return row;
    }
    return NULL;
}

/* One value of an enumeration, or a pattern: a row if it is on one side only, or not the same. */
static bool compare_choice(struct diff *d, const drmgmt__dm_item *item, const char *field,
                           const drmgmt__dm_choice *before, const drmgmt__dm_choice *after)
{
    drmgmt__dm_change change = { .kind = DRMGMT__DM_CHANGED, .item = item, .field = field };
    bool failed = false;

    choice(before, &d->before);
    choice(after, &d->after);
    if (before && after && d->before.data && d->after.data && strcmp(d->before.data, d->after.data) == 0)
        return true;
    change.before = keep(d, &d->before, &failed);
    change.after = keep(d, &d->after, &failed);
    return !failed && add(d, change);
}

static bool compare_choices(struct diff *d, const drmgmt__dm_item *item, const char *field,
                            const drmgmt__dm_choice *before, uint32_t n_before, const drmgmt__dm_choice *after,
                            uint32_t n_after)
{
    if (before == after && n_before == n_after)
        return true;
    for (uint32_t i = 0; i < n_after; i++)
        if (!compare_choice(d, item, field, same_value(d, before, n_before, i, after[i].value), &after[i]))
            return false;
    for (uint32_t i = 0; i < n_before; i++)
        if (!same_value(d, after, n_after, i, before[i].value) && !compare_choice(d, item, field, &before[i], NULL))
            return false;
    return d->steps <= STEPS_MAX;
}

static bool compare(struct diff *d, const drmgmt__dm_item *older, const drmgmt__dm_item *newer)
{
    static const drmgmt__dm_syntax none;
    const drmgmt__dm_syntax *a = older->syntax ? older->syntax : &none, *b = newer->syntax ? newer->syntax : &none;

    for (size_t i = 0; i < d->n_fields; i++)
        if (!compare_field(d, older, newer, i))
            return false;
    return compare_choices(d, newer, "enumeration", a->choices, a->n_choices, b->choices, b->n_choices) &&
           compare_choices(d, newer, "pattern", a->patterns, a->n_patterns, b->patterns, b->n_patterns);
}

static bool compare_all(struct diff *d, const drmgmt__dm_model *older, const drmgmt__dm_model *newer)
{
    for (uint32_t i = 0; i < newer->n_items; i++) {
        const drmgmt__dm_item *item = newer->items[i];
        const drmgmt__dm_item *before = drmgmt__dm_find(older, item->path, strlen(item->path));
        if (!(before ? compare(d, before, item)
                     : add(d, (drmgmt__dm_change){ .kind = DRMGMT__DM_ADDED, .item = item })))
            return false;
    }
    for (uint32_t i = 0; i < older->n_items; i++) {
        const drmgmt__dm_item *item = older->items[i];
        if (!drmgmt__dm_find(newer, item->path, strlen(item->path)) &&
            !add(d, (drmgmt__dm_change){ .kind = DRMGMT__DM_REMOVED, .item = item }))
            return false;
    }
    return true;
}

int drmgmt__dm_diff(const drmgmt__dm_model *older, const drmgmt__dm_model *newer, bool descriptions,
                    drmgmt__dm_changes *changes, drmgmt_error **error)
{
    struct diff d = { .changes = changes, .n_fields = DRMGMT__COUNT(fields) - (descriptions ? 0 : 1) };
    bool done, full;

    *changes = (drmgmt__dm_changes){ .arena = drmgmt__arena_new(DIFF_MEMORY_MAX) };
    done = changes->arena && compare_all(&d, older, newer);
    drmgmt__strbuf_free(&d.before);
    drmgmt__strbuf_free(&d.after);
    if (done)
        return 0;
    full = (changes->arena && changes->arena->full) || d.steps > STEPS_MAX;
    drmgmt__dm_changes_free(changes);
    return full ? drmgmt__fail(error, DRMGMT_ERR_TOO_LARGE, "the models differ in more than can be compared")
                : drmgmt__fail_memory(error);
}
