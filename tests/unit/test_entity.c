/* The descriptions of all entities: the rules that SQL, JSON, drmctl and OpenAPI rely on. */
#include "core/core.h"
#include <criterion/criterion.h>
#include <drm/record.h>
#include <string.h>

Test(entity, is_found_by_its_name)
{
    size_t n = 0;

    for (const drmgmt_entity *const *e = drmgmt_entity_all(); *e; e++, n++)
        cr_assert_eq(drmgmt_entity_find((*e)->name), *e);
    cr_assert_geq(n, 4);
    cr_assert_not_null(drmgmt_entity_find("device"));
    cr_assert_not_null(drmgmt_entity_find("job"));
    cr_assert_not_null(drmgmt_entity_find("api_key"));
    cr_assert_not_null(drmgmt_entity_find("snmp_credential"));
    cr_assert_null(drmgmt_entity_find("devices"));
    cr_assert_null(drmgmt_entity_find(""));
}

/* Rows that have no id of their own: it is made of what they are found by. */
static bool has_composed_id(const drmgmt_entity *e)
{
    return strcmp(e->name, "parameter") == 0; /* device and path */
}

Test(entity, fields_are_found_by_their_names)
{
    for (const drmgmt_entity *const *e = drmgmt_entity_all(); *e; e++) {
        for (size_t i = 0; i < (*e)->n_fields; i++)
            cr_assert_eq(drmgmt_entity_field(*e, (*e)->fields[i].name), (int)i, "%s is twice in %s",
                         (*e)->fields[i].name, (*e)->name);
        cr_assert_eq(drmgmt_entity_field(*e, "nonsense"), -1);
        cr_assert_str_eq((*e)->fields[0].name, "id");
        cr_assert_eq((*e)->fields[0].type, has_composed_id(*e) ? DRMGMT_TYPE_TEXT : DRMGMT_TYPE_UUID);
    }
}

static void check_field(const char *entity, const drmgmt_field *f)
{
    /* Names are written into JSON and SQL as they are. */
    cr_assert(f->name[0] && strspn(f->name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(f->name), "%s.%s",
              entity, f->name);
    cr_assert(f->sql && f->sql[0], "%s.%s has no column", entity, f->name);
    cr_assert(f->doc && f->doc[0] && f->doc[strlen(f->doc) - 1] != '.', "%s.%s: one sentence without a full stop",
              entity, f->name);
    if (f->flags & DRMGMT_FIELD_REQUIRED)
        cr_assert(f->flags & (DRMGMT_FIELD_WRITABLE | DRMGMT_FIELD_CREATE), "%s.%s cannot be set", entity, f->name);
    if (f->flags & DRMGMT_FIELD_SECRET) {
        cr_assert_eq(f->type, DRMGMT_TYPE_TEXT, "%s.%s", entity, f->name);
        cr_assert_not(f->flags & (DRMGMT_FIELD_SORTABLE | DRMGMT_FIELD_FILTER), "%s.%s: sorting by a secret tells it",
                      entity, f->name);
        /* By the statement, or by a column that the database keeps for it. */
        cr_assert(strstr(f->sql, "NOT NULL") || strstr(f->sql, "password_set") || strstr(f->sql, "has_secret"),
                  "%s.%s: only whether it is set may leave the database", entity, f->name);
    }
    if (f->schema) {
        char text[4096];
        cr_assert_lt((size_t)snprintf(text, sizeof text, "{%s}", f->schema), sizeof text);
        DRMGMT__JSON json_t *schema = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        cr_assert(json_is_object(schema), "%s.%s: %s", entity, f->name, f->schema);
    }
}

Test(entity, descriptions_keep_the_rules)
{
    for (const drmgmt_entity *const *e = drmgmt_entity_all(); *e; e++) {
        cr_assert((*e)->plural[0] && (*e)->doc[0]);
        for (size_t i = 0; i < (*e)->n_fields; i++)
            check_field((*e)->name, &(*e)->fields[i]);
    }
}
