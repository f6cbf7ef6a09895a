/* Records and pages: PostgreSQL's text forms read as the public getters and JSON tell them. */
#include "entity_support.h"

#include "core/core.h"
#include <criterion/criterion.h>

#define ID "0192e4a0-0000-7000-8000-000000000001"

static const char *const full[WIDGET_FIELDS] = {
    ID,
    "na\"me\xff",
    ID,
    "-42",
    "t",
    "{a,\"b c\",\"q\\\"\\\\\",\"\",NULL,\"NULL\"}",
    "{\"k\": [1]}",
    "t",
    "9223372036854775807",
    "2026-11-24 11:16:00.123456+00",
};
static const char *const empty[WIDGET_FIELDS] = { ID, NULL, NULL, NULL, "f", "{}", NULL, "f", NULL, NULL };

static drmgmt_record *record_of(const char *const values[WIDGET_FIELDS])
{
    const char *rows[1][WIDGET_FIELDS];
    drmgmt_record *record = NULL;

    memcpy(rows[0], values, sizeof rows[0]);
    cr_assert_eq(
        drmgmt__record_new(&widget, widget_rows((const char *const(*)[WIDGET_FIELDS])rows, 1), 0, &record, NULL), 0);
    return record;
}

/* The record with one field's text replaced. */
static drmgmt_record *record_with(int field, const char *text)
{
    const char *values[WIDGET_FIELDS];

    memcpy(values, full, sizeof values);
    values[field] = text;
    return record_of(values);
}

Test(record, getters_tell_each_type)
{
    drmgmt_record *r = record_of(full);

    cr_assert_str_eq(drmgmt_record_id(r), ID);
    cr_assert_eq(drmgmt_record_entity(r), &widget);
    cr_assert_str_eq(drmgmt_record_text(r, "name"), "na\"me\xff");
    cr_assert_str_eq(drmgmt_record_text(r, "size"), "-42");
    cr_assert_eq(drmgmt_record_int(r, "size"), -42);
    cr_assert_eq(drmgmt_record_int(r, "count"), INT64_MAX);
    cr_assert_str_eq(drmgmt_record_text(r, "ready"), "true");
    cr_assert(drmgmt_record_bool(r, "ready"));
    cr_assert_str_eq(drmgmt_record_text(r, "tags"), "[\"a\",\"b c\",\"q\\\"\\\\\",\"\",null,\"NULL\"]");
    cr_assert_eq(drmgmt_record_text(r, "tags"), drmgmt_record_text(r, "tags"), "made once");
    cr_assert_str_eq(drmgmt_record_text(r, "settings"), "{\"k\": [1]}");
    cr_assert_str_eq(drmgmt_record_text(r, "created_at"), "2026-11-24T11:16:00.123456Z");
    cr_assert_null(drmgmt_record_text(r, "pin"), "a secret is never read back");
    cr_assert_not(drmgmt_record_bool(r, "pin"));
    cr_assert_null(drmgmt_record_text(r, "nonsense"));
    cr_assert_eq(drmgmt_record_int(r, "nonsense"), 0);
    drmgmt_record_free(r);
}

Test(record, null_is_null)
{
    drmgmt_record *r = record_of(empty);
    char *json = NULL;

    cr_assert_null(drmgmt_record_text(r, "name"));
    cr_assert_null(drmgmt_record_text(r, "created_at"));
    cr_assert_str_eq(drmgmt_record_text(r, "tags"), "[]");
    cr_assert_str_eq(drmgmt_record_text(r, "ready"), "false");
    cr_assert_eq(drmgmt_record_int(r, "size"), 0);
    cr_assert_eq(drmgmt_record_json(r, &json, NULL), 0);
    cr_assert_str_eq(json,
                     "{\"id\":\"" ID "\",\"name\":null,\"owner_id\":null,\"size\":null,\"ready\":false,\"tags\":[],"
                     "\"settings\":null,\"pin\":{\"set\":false},\"count\":null,\"created_at\":null}");
    drmgmt_free(json);
    drmgmt_record_free(r);
}

Test(record, json_is_valid_whatever_the_text)
{
    drmgmt_record *r = record_of(full);
    char *json = NULL;
    size_t length = 0;

    cr_assert_eq(drmgmt_record_json(r, &json, &length), 0);
    cr_assert_eq(strlen(json), length);
    DRMGMT__JSON json_t *value = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    cr_assert(value, "%s", json);
    cr_assert_eq(json_object_size(value), WIDGET_FIELDS);
    cr_assert_str_eq(json_string_value(json_object_get(value, "name")), "na\"me\xef\xbf\xbd");
    cr_assert(json_is_true(json_object_get(json_object_get(value, "pin"), "set")));
    cr_assert_eq(json_integer_value(json_object_get(value, "count")), INT64_MAX);
    cr_assert_eq(json_array_size(json_object_get(value, "tags")), 6);
    cr_assert_str_eq(json_string_value(json_object_get(value, "created_at")), "2026-11-24T11:16:00.123456Z");
    drmgmt_free(json);
    drmgmt_record_free(r);
}

Test(record, times_read_as_rfc_3339_where_it_has_a_form)
{
    static const struct {
        const char *sql, *told;
    } cases[] = {
        { "2026-11-24 11:16:00+00", "2026-11-24T11:16:00Z" },
        { "1970-01-01 00:00:00.5+00", "1970-01-01T00:00:00.5Z" },
        { "infinity", "infinity" },
        { "-infinity", "-infinity" },
        { "10000-01-01 00:00:00+00", "10000-01-01 00:00:00+00" },
        { "0044-03-15 00:00:00+00 BC", "0044-03-15 00:00:00+00 BC" },
        { "", "" },
        { "+00", "+00" },
    };

    for (size_t i = 0; i < DRMGMT__COUNT(cases); i++) {
        drmgmt_record *r = record_with(WIDGET_FIELDS - 1, cases[i].sql);
        cr_assert_str_eq(drmgmt_record_text(r, "created_at"), cases[i].told);
        drmgmt_record_free(r);
    }
}

/* What no server sends must still not become broken JSON. */
Test(record, odd_arrays_stay_json)
{
    static const char *const odd[] = { "",    "{",        "{\"",   "{\"a",      "{\"a\\",      "{a,}",         "{,a}",
                                       "{,}", "{\"a\"b}", "{a}b}", "{{a},{b}}", "[2:3]={a,b}", "{\"a\",\"b\"", "NULL" };

    for (size_t i = 0; i < DRMGMT__COUNT(odd); i++) {
        drmgmt_record *r = record_with(5, odd[i]);
        const char *text = drmgmt_record_text(r, "tags");
        DRMGMT__JSON json_t *value = json_loads(text, 0, NULL);
        cr_assert(json_is_array(value), "%s became %s", odd[i], text);
        drmgmt_record_free(r);
    }
}

Test(record, pages_leave_details_out)
{
    const char *rows[3][WIDGET_FIELDS];
    drmgmt_page *page = NULL;
    char *json = NULL;

    memcpy(rows[0], full, sizeof full);
    memcpy(rows[1], empty, sizeof empty);
    memcpy(rows[2], full, sizeof full);
    drmgmt__rows *set = widget_rows((const char *const(*)[WIDGET_FIELDS])rows, 3);
    cr_assert_eq(drmgmt__page_new(&widget, set, 2, strdup("next\"page"), &page, NULL), 0);
    cr_assert_eq(drmgmt_page_count(page), 2, "the third row only told that there is more");
    cr_assert_not_null(drmgmt_page_record(page, 1));
    cr_assert_null(drmgmt_page_record(page, 2));
    cr_assert_null(drmgmt_record_text(drmgmt_page_record(page, 0), "settings"));
    cr_assert_str_eq(drmgmt_record_text(drmgmt_page_record(page, 0), "created_at"), "2026-11-24T11:16:00.123456Z");
    cr_assert_str_eq(drmgmt_page_next(page), "next\"page");
    cr_assert_eq(drmgmt_page_json(page, &json, NULL), 0);
    DRMGMT__JSON json_t *value = json_loads(json, 0, NULL);
    cr_assert_eq(json_array_size(json_object_get(value, "items")), 2);
    cr_assert_null(json_object_get(json_array_get(json_object_get(value, "items"), 0), "settings"));
    cr_assert_str_eq(json_string_value(json_object_get(value, "next")), "next\"page");
    drmgmt_free(json);
    drmgmt_page_free(page);

    cr_assert_eq(drmgmt__page_new(&widget, widget_rows(NULL, 0), 0, NULL, &page, NULL), 0);
    cr_assert_eq(drmgmt_page_json(page, &json, NULL), 0);
    cr_assert_str_eq(json, "{\"items\":[],\"next\":null}");
    drmgmt_free(json);
    drmgmt_page_free(page);
    drmgmt_page_free(NULL);
    drmgmt_record_free(NULL);
}
