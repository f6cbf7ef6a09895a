/* Records and pages: rows of a result set, read by field and written as JSON straight from PostgreSQL's text. Called by
 * every domain room and, through the public getters, by programs. This is the hot path of every list. */
#include "core/core.h"
#include "core/record_internal.h"
#include "store/store.h"
#include <drm/record.h>
#include <stdlib.h>
#include <string.h>

/* ---- values ---- */

/* "2026-11-24 11:16:00.123456+00" as RFC 3339. Sessions have UTC and ISO set, so that the tail is always +00. */
static void add_time(drmgmt__strbuf *b, const char *text, size_t n)
{
    char out[40];

    if (n < 22 || n > sizeof out || text[10] != ' ' || memcmp(text + n - 3, "+00", 3) != 0) {
        drmgmt__strbuf_add(b, text, n); /* infinity, or a year that RFC 3339 has no form for */
        return;
    }
    memcpy(out, text, n - 3);
    out[10] = 'T';
    out[n - 3] = 'Z';
    drmgmt__strbuf_add(b, out, n - 2);
}

/* One element of a text[] from *at on; moves past it. */
static void add_element(drmgmt__strbuf *b, const char **at, const char *end, drmgmt__strbuf *unquoted)
{
    const char *s = *at;

    if (*s != '"') {
        size_t n = strcspn(s, ",}");
        drmgmt__json_string_n(b, n == 4 && memcmp(s, "NULL", 4) == 0 ? NULL : s, n);
        *at = s + n;
        return;
    }
    drmgmt__strbuf_reset(unquoted);
    for (s++; s < end && *s != '"'; s++) {
        if (*s == '\\' && s + 1 < end)
            s++;
        drmgmt__strbuf_putc(unquoted, *s);
    }
    drmgmt__json_string_n(b, unquoted->data ? unquoted->data : "", unquoted->length);
    b->failed = b->failed || unquoted->failed;
    *at = s < end ? s + 1 : s;
}

/* PostgreSQL's text[] form, {a,"b c"}, as a JSON array. */
static void add_tags(drmgmt__strbuf *b, const char *text, size_t n)
{
    DRMGMT__STRBUF unquoted = DRMGMT__STRBUF_INIT;
    const char *end = text + n;

    drmgmt__strbuf_putc(b, '[');
    for (const char *at = text + 1; at < end && *at != '}';) {
        if (at > text + 1)
            drmgmt__strbuf_putc(b, ',');
        add_element(b, &at, end, &unquoted);
        if (at < end && *at == ',')
            at++;
    }
    drmgmt__strbuf_putc(b, ']');
}

static void add_value(drmgmt__strbuf *b, drmgmt_type type, const char *text, size_t n)
{
    switch (type) {
    case DRMGMT_TYPE_UUID:
        drmgmt__strbuf_putc(b, '"');
        drmgmt__strbuf_add(b, text, n);
        drmgmt__strbuf_putc(b, '"');
        break;
    case DRMGMT_TYPE_TEXT:
        drmgmt__json_string_n(b, text, n);
        break;
    case DRMGMT_TYPE_INT:
    case DRMGMT_TYPE_JSON:
        drmgmt__strbuf_add(b, text, n);
        break;
    case DRMGMT_TYPE_BOOL:
        drmgmt__strbuf_puts(b, text[0] == 't' ? "true" : "false");
        break;
    case DRMGMT_TYPE_TIME:
        drmgmt__strbuf_putc(b, '"');
        add_time(b, text, n);
        drmgmt__strbuf_putc(b, '"');
        break;
    case DRMGMT_TYPE_TAGS:
        add_tags(b, text, n);
        break;
    }
}

void drmgmt__record_write_value(drmgmt__strbuf *b, const drmgmt_record *r, size_t field)
{
    const drmgmt_field *f = &r->entity->fields[field];
    const char *text = drmgmt__rows_text(r->rows, r->row, field);

    if (f->flags & DRMGMT_FIELD_SECRET)
        drmgmt__strbuf_puts(b, text && text[0] == 't' ? "{\"set\":true}" : "{\"set\":false}");
    else if (!text)
        drmgmt__strbuf_puts(b, "null");
    else
        add_value(b, f->type, text, drmgmt__rows_length(r->rows, r->row, field));
}

void drmgmt__record_write_json(drmgmt__strbuf *b, const drmgmt_record *r)
{
    const drmgmt_entity *e = r->entity;
    bool first = true;

    drmgmt__strbuf_putc(b, '{');
    for (size_t i = 0; i < e->n_fields; i++) {
        const drmgmt_field *f = &e->fields[i];
        if ((r->list && (f->flags & DRMGMT_FIELD_DETAIL)) || (f->flags & DRMGMT_FIELD_INPUT))
            continue;
        /* Field names are plain identifiers: no escaping. */
        drmgmt__strbuf_puts(b, first ? "\"" : ",\"");
        drmgmt__strbuf_puts(b, f->name);
        drmgmt__strbuf_puts(b, "\":");
        first = false;
        drmgmt__record_write_value(b, r, i);
    }
    drmgmt__strbuf_putc(b, '}');
}

/* ---- records ---- */

static void init(drmgmt_record *r, const drmgmt_entity *entity, drmgmt__rows *rows, size_t row, bool list)
{
    *r = (drmgmt_record){ .entity = entity, .rows = rows, .row = row, .list = list };
}

int drmgmt__record_new(const drmgmt_entity *entity, drmgmt__rows *rows, size_t row, drmgmt_record **record,
                       drmgmt_error **error)
{
    drmgmt_record *r = calloc(1, sizeof *r);

    if (!r) {
        drmgmt__rows_free(rows);
        return drmgmt__fail_memory(error);
    }
    init(r, entity, rows, row, false);
    r->owns_rows = true;
    *record = r;
    return 0;
}

static void clear(drmgmt_record *r)
{
    for (size_t i = 0; r->texts && i < r->entity->n_fields; i++)
        free(r->texts[i]);
    free(r->texts);
    if (r->owns_rows)
        drmgmt__rows_free(r->rows);
}

void drmgmt_record_free(drmgmt_record *record)
{
    if (!record)
        return;
    clear(record);
    free(record);
}

const drmgmt_entity *drmgmt_record_entity(const drmgmt_record *record)
{
    return record->entity;
}

/* TIME, TAGS and BOOL read differently from what PostgreSQL writes: made once, kept with the record. */
static const char *converted(const drmgmt_record *record, size_t i, drmgmt_type type, const char *text)
{
    drmgmt_record *r = (drmgmt_record *)(uintptr_t)record; /* a cache: the snapshot itself does not change */
    drmgmt__strbuf b = DRMGMT__STRBUF_INIT;

    if (!r->texts && !(r->texts = calloc(r->entity->n_fields, sizeof *r->texts)))
        return NULL;
    if (!r->texts[i]) {
        if (type == DRMGMT_TYPE_TIME)
            add_time(&b, text, strlen(text));
        else
            add_value(&b, type, text, strlen(text));
        r->texts[i] = drmgmt__strbuf_steal(&b, NULL);
    }
    return r->texts[i];
}

const char *drmgmt_record_text(const drmgmt_record *record, const char *field)
{
    int i = drmgmt_entity_field(record->entity, field);

    if (i < 0)
        return NULL;
    const drmgmt_field *f = &record->entity->fields[i];
    const char *text = drmgmt__rows_text(record->rows, record->row, (size_t)i);
    if (!text || (f->flags & DRMGMT_FIELD_SECRET) || (record->list && (f->flags & DRMGMT_FIELD_DETAIL)))
        return NULL;
    if (f->type == DRMGMT_TYPE_BOOL)
        return text[0] == 't' ? "true" : "false";
    if (f->type == DRMGMT_TYPE_TIME || f->type == DRMGMT_TYPE_TAGS)
        return converted(record, (size_t)i, f->type, text);
    return text;
}

int64_t drmgmt_record_int(const drmgmt_record *record, const char *field)
{
    const char *text = drmgmt_record_text(record, field);

    return text ? strtoll(text, NULL, 10) : 0;
}

bool drmgmt_record_bool(const drmgmt_record *record, const char *field)
{
    const char *text = drmgmt_record_text(record, field);

    return text && strcmp(text, "true") == 0;
}

const char *drmgmt_record_id(const drmgmt_record *record)
{
    return drmgmt__rows_text(record->rows, record->row, 0);
}

int drmgmt_record_json(const drmgmt_record *record, char **json, size_t *length)
{
    drmgmt__strbuf b = DRMGMT__STRBUF_INIT;

    drmgmt__record_write_json(&b, record);
    char *text = drmgmt__strbuf_steal(&b, length);
    if (!text)
        return DRMGMT_ERR_NO_MEMORY;
    *json = text;
    return 0;
}

/* ---- pages ---- */

int drmgmt__page_new(const drmgmt_entity *entity, drmgmt__rows *rows, size_t count, char *next, drmgmt_page **page,
                     drmgmt_error **error)
{
    drmgmt_page *p = calloc(1, sizeof *p);

    if (!p || !(p->records = calloc(count ? count : 1, sizeof *p->records))) {
        free(p);
        free(next);
        drmgmt__rows_free(rows);
        return drmgmt__fail_memory(error);
    }
    p->entity = entity;
    p->rows = rows;
    p->count = count;
    p->next = next;
    for (size_t i = 0; i < count; i++)
        init(&p->records[i], entity, rows, i, true);
    *page = p;
    return 0;
}

void drmgmt_page_free(drmgmt_page *page)
{
    if (!page)
        return;
    for (size_t i = 0; i < page->count; i++)
        clear(&page->records[i]);
    free(page->records);
    free(page->next);
    drmgmt__rows_free(page->rows);
    free(page);
}

size_t drmgmt_page_count(const drmgmt_page *page)
{
    return page->count;
}

const drmgmt_record *drmgmt_page_record(const drmgmt_page *page, size_t i)
{
    return i < page->count ? &page->records[i] : NULL;
}

const char *drmgmt_page_next(const drmgmt_page *page)
{
    return page->next;
}

int drmgmt_page_json(const drmgmt_page *page, char **json, size_t *length)
{
    drmgmt__strbuf b = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_puts(&b, "{\"items\":[");
    for (size_t i = 0; i < page->count; i++) {
        if (i)
            drmgmt__strbuf_putc(&b, ',');
        drmgmt__record_write_json(&b, &page->records[i]);
    }
    drmgmt__strbuf_puts(&b, "],\"next\":");
    drmgmt__json_string(&b, page->next);
    drmgmt__strbuf_putc(&b, '}');
    char *text = drmgmt__strbuf_steal(&b, length);
    if (!text)
        return DRMGMT_ERR_NO_MEMORY;
    *json = text;
    return 0;
}
