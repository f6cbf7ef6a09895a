/* What a change changed, as an audit row tells it: read off the entity's description, so that no field and no secret is
 * forgotten. Called by audit.c. */
#include "audit/audit.h"

#include "audit/hash.h"
#include "core/core.h"
#include "core/record_internal.h"
#include <string.h>

enum { VALUE_MAX = 4096 };

/* Fields that change with every change say nothing; nor what workers count beside it. */
static bool is_told(const drmgmt_field *f)
{
    static const char *const silent[] = { "id", "version", "created_at", "updated_at", "parameters" };

    for (size_t i = 0; i < DRMGMT__COUNT(silent); i++)
        if (strcmp(silent[i], f->name) == 0)
            return false;
    return true;
}

static const char *raw(const drmgmt_record *record, size_t field)
{
    return record ? drmgmt__rows_text(record->rows, record->row, field) : NULL;
}

static void add_digest(drmgmt__strbuf *b, const char *text)
{
    char hex[DRMGMT__HASH_HEX];
    size_t n = strlen(text);

    b->failed = b->failed || drmgmt__hash_hex(text, n, hex);
    drmgmt__strbuf_printf(b, "{\"bytes\":%zu,\"sha256\":\"%s\"}", n, hex);
}

static void add_secret(drmgmt__strbuf *b, const char *raw_text, bool changed)
{
    drmgmt__strbuf_puts(b, raw_text && raw_text[0] == 't' ? "{\"set\":true" : "{\"set\":false");
    drmgmt__strbuf_puts(b, changed ? ",\"changed\":true}" : "}");
}

static void add(drmgmt__strbuf *b, const drmgmt_record *record, size_t field, bool changed)
{
    const drmgmt_field *f = &record->entity->fields[field];
    const char *text = raw(record, field);

    drmgmt__json_key(b, f->name);
    if (f->flags & DRMGMT_FIELD_SECRET)
        add_secret(b, text, changed);
    else if (text && strlen(text) > VALUE_MAX)
        add_digest(b, text);
    else
        drmgmt__record_write_value(b, record, field);
}

static void add_side(drmgmt__strbuf *b, const char *name, const drmgmt_record *record, const bool *differs,
                     const bool *secret_changed)
{
    if (!record)
        return;
    drmgmt__json_key(b, name);
    drmgmt__strbuf_putc(b, '{');
    for (size_t i = 0; i < record->entity->n_fields; i++)
        if (differs[i])
            add(b, record, i, secret_changed && secret_changed[i]);
    drmgmt__strbuf_putc(b, '}');
}

char *drmgmt__audit_diff(const drmgmt_record *before, const drmgmt_record *after, const drmgmt_draft *draft)
{
    const drmgmt_entity *entity = drmgmt_record_entity(after ? after : before);
    drmgmt__strbuf b = DRMGMT__STRBUF_INIT;
    DRMGMT__FREE bool *differs = calloc(2 * entity->n_fields, sizeof *differs);
    bool *secret_changed = differs ? differs + entity->n_fields : NULL;

    if (!differs)
        return NULL;
    for (size_t i = 0; i < entity->n_fields; i++) {
        const drmgmt_field *f = &entity->fields[i];
        const char *old = raw(before, i), *new = raw(after, i);
        secret_changed[i] =
            draft && draft->entity == entity && (f->flags & DRMGMT_FIELD_SECRET) && drmgmt__draft_has(draft, f->name);
        differs[i] = is_told(f) && (secret_changed[i] || (old && new ? strcmp(old, new) != 0 : old || new));
    }
    drmgmt__strbuf_putc(&b, '{');
    add_side(&b, "before", before, differs, NULL);
    add_side(&b, "after", after, differs, secret_changed);
    drmgmt__strbuf_putc(&b, '}');
    return drmgmt__strbuf_steal(&b, NULL);
}
