/* Results to readings. Called by noter.c. */
#include "worker/readings.h"

#include "core/core.h"
#include "core/strbuf.h"
#include "device/secret_path.h"
#include "proto/snmp/message.h"
#include "proto/snmp/names.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---- */

/* Makes room for one more of n things. NULL, and failed: memory is out. */
static void *grow(drmgmt__readings *r, void *items, size_t n, size_t *room, size_t size)
{
    if (n < *room)
        return items;
    size_t more = *room ? *room * 2 : 64;
    void *grown = reallocarray(items, more, size);
    if (grown)
        *room = more;
    else
        r->failed = true;
    return grown;
}

/* Takes text over, also when it fails. */
static const char *own(drmgmt__readings *r, char *text)
{
    char **owned = text ? grow(r, r->owned, r->n_owned, &r->owned_room, sizeof *owned) : NULL;

    if (!owned) {
        r->failed = true;
        free(text);
        return NULL;
    }
    r->owned = owned;
    return r->owned[r->n_owned++] = text;
}

void drmgmt__readings_clear(drmgmt__readings *r)
{
    for (size_t i = 0; i < r->n_results; i++)
        json_decref(r->results[i]);
    for (size_t i = 0; i < r->n_owned; i++)
        free(r->owned[i]);
    free(r->results);
    free(r->owned);
    free(r->items);
    *r = (drmgmt__readings){ .items = NULL };
}

/* ---- one value ---- */

/* At most so many octets of it, whole characters. */
static const char *cut(drmgmt__readings *r, const char *text)
{
    size_t n = DRMGMT__READING_VALUE_MAX;

    if (!text || strnlen(text, n + 1) <= n)
        return text;
    while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--;
    return own(r, strndup(text, n));
}

static void take_value(drmgmt__readings *r, drmgmt__reading *to, const json_t *value)
{
    const char *text = json_string_value(value);

    if (json_is_integer(value)) {
        snprintf(to->number, sizeof to->number, "%lld", (long long)json_integer_value(value));
    } else {
        text = text ? text : own(r, drmgmt__json_text(value));
        to->value = cut(r, text);
        r->failed = r->failed || !to->value;
    }
    to->size = strlen(text ? text : to->number);
}

/* A value without its type, and null, which a missing object has, are no readings. */
static void add(drmgmt__readings *r, const drmgmt__reading *like, const json_t *value)
{
    if (!like->path || !*like->path || !like->type || !value || json_is_null(value) ||
        strlen(like->path) > DRMGMT__READING_PATH_MAX || strlen(like->type) > 100 ||
        (like->name && strlen(like->name) > DRMGMT__READING_PATH_MAX) ||
        drmgmt__secret_path(like->path, like->name, json_is_string(value)))
        return;
    drmgmt__reading *items = grow(r, r->items, r->n, &r->room, sizeof *items);
    if (!items)
        return;
    r->items = items;
    drmgmt__reading *to = &r->items[r->n];
    *to = *like;
    to->nth = r->n;
    to->text = cut(r, like->text);
    take_value(r, to, value);
    if (!r->failed)
        r->n++;
}

const char *drmgmt__reading_value(const drmgmt__reading *reading)
{
    return reading->value ? reading->value : reading->number;
}

/* ---- varbinds ---- */

static void add_varbinds(drmgmt__readings *r, const drmgmt__reading *like, const json_t *varbinds)
{
    for (size_t i = 0; i < json_array_size(varbinds) && !r->failed; i++) {
        const json_t *vb = json_array_get(varbinds, i);
        drmgmt__reading reading = *like;
        reading.path = json_string_value(json_object_get(vb, "oid"));
        reading.name = json_string_value(json_object_get(vb, "name"));
        reading.type = json_string_value(json_object_get(vb, "type"));
        reading.text = json_string_value(json_object_get(vb, "text"));
        add(r, &reading, json_object_get(vb, "value"));
    }
}

/* ---- tables: {"oid": of the entry, "rows": [{"instance", "values": {column: value}, "texts"}]} ---- */

/* The column's OID as text, its name and type. False: it is no column of this table. */
static bool read_column(const char *entry, const char *column, drmgmt__strbuf *oid, drmgmt__reading *reading)
{
    if (strspn(column, "0123456789") == strlen(column)) { /* not known by name */
        drmgmt__strbuf_printf(oid, "%s.%s", entry, column);
        reading->type = "unknown";
        return true;
    }
    const drmgmt__snmp_name *name = drmgmt__snmp_name_find("", 0, column, strlen(column));
    if (!name)
        return false;
    drmgmt__oid_print(oid, &name->oid);
    const char *dot = oid->data ? strrchr(oid->data, '.') : NULL;
    /* Parts of the index may be columns of another table. */
    if (!dot || strncmp(oid->data, entry, strlen(entry)) != 0 || strlen(entry) != (size_t)(dot - oid->data))
        return false;
    reading->type = name->syntax ? drmgmt__snmp_type_name(name->syntax->tag) : "unknown";
    return true;
}

static void add_cell(drmgmt__readings *r, const drmgmt__reading *like, const char *entry, const json_t *row,
                     const char *column, const json_t *value)
{
    const char *instance = json_string_value(json_object_get(row, "instance"));
    DRMGMT__STRBUF oid = DRMGMT__STRBUF_INIT;
    DRMGMT__STRBUF name = DRMGMT__STRBUF_INIT;
    drmgmt__reading reading = *like;

    if (!instance || !read_column(entry, column, &oid, &reading))
        return;
    drmgmt__strbuf_printf(&oid, ".%s", instance);
    if (column[strspn(column, "0123456789")])
        drmgmt__strbuf_printf(&name, "%s.%s", column, instance);
    reading.text = json_string_value(json_object_get(json_object_get(row, "texts"), column));
    reading.path = own(r, drmgmt__strbuf_steal(&oid, NULL));
    reading.name = name.length ? own(r, drmgmt__strbuf_steal(&name, NULL)) : NULL;
    add(r, &reading, value);
}

static void add_table(drmgmt__readings *r, const drmgmt__reading *like, const json_t *table)
{
    const char *entry = json_string_value(json_object_get(table, "oid")), *column;
    const json_t *rows = json_object_get(table, "rows");
    json_t *value;

    for (size_t i = 0; entry && i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        json_object_foreach(json_object_get(row, "values"), column, value)
        {
            if (!r->failed)
                add_cell(r, like, entry, row, column, value);
        }
    }
}

/* ---- results ---- */

void drmgmt__readings_add(drmgmt__readings *r, size_t device, int64_t at_ms, const char *result)
{
    drmgmt__reading like = { .device = device, .at_ms = at_ms };
    json_t **results = grow(r, r->results, r->n_results, &r->results_room, sizeof *results);

    if (!results)
        return;
    r->results = results;
    json_t *value = drmgmt__json_value(result);
    if (!value)
        return;
    r->results[r->n_results++] = value;
    add_varbinds(r, &like, json_object_get(value, "varbinds"));
    if (json_object_get(value, "rows"))
        add_table(r, &like, value);
}

static int by_path(const void *a, const void *b)
{
    const drmgmt__reading *x = a, *y = b;

    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    int order = strcmp(x->path, y->path);
    order = order ? order : (x->at_ms < y->at_ms) - (x->at_ms > y->at_ms);
    return order ? order : (x->nth < y->nth) - (x->nth > y->nth);
}

void drmgmt__readings_sort(drmgmt__readings *r)
{
    size_t kept = 0;

    if (r->n)
        qsort(r->items, r->n, sizeof *r->items, by_path);
    for (size_t i = 0; i < r->n; i++) {
        const drmgmt__reading *last = kept ? &r->items[kept - 1] : NULL;
        if (!last || last->device != r->items[i].device || strcmp(last->path, r->items[i].path) != 0)
            r->items[kept++] = r->items[i];
    }
    r->n = kept;
}
