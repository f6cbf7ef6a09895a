/* Drafts: names, types, limits and NULLs are checked as they are filled. */
#include "entity_support.h"

#include "core/core.h"
#include <criterion/criterion.h>

#define ID "0192e4a0-0000-7000-8000-000000000001"

static int fill(const char *json, drmgmt_draft **draft, drmgmt_error **error)
{
    *draft = NULL;
    return drmgmt_draft_from_json(&widget, json, strlen(json), draft, error);
}

Test(draft, takes_each_type)
{
    drmgmt_draft *d = NULL;
    drmgmt_error *error = NULL;

    int rc = fill("{\"name\":\"n\xc3\xa9\",\"owner_id\":\"" ID "\",\"size\":-5,\"ready\":true,\"tags\":[\"a\",\"b,c\"],"
                  "\"settings\":{\"deep\":[1,null,2.5]},\"pin\":\"1234\"}",
                  &d, &error);
    cr_assert_eq(rc, 0, "%s", drmgmt_error_message(error));
    cr_assert_str_eq(drmgmt__draft_text(d, "name"), "n\xc3\xa9");
    cr_assert_str_eq(drmgmt__draft_text(d, "size"), "-5");
    cr_assert_str_eq(drmgmt__draft_text(d, "ready"), "true");
    cr_assert_str_eq(drmgmt__draft_text(d, "tags"), "[\"a\",\"b,c\"]");
    cr_assert_str_eq(drmgmt__draft_text(d, "settings"), "{\"deep\":[1,null,2.5]}");
    cr_assert_eq(drmgmt__draft_require(d, NULL), 0);
    drmgmt_draft_free(d);
    drmgmt_draft_free(NULL);
}

Test(draft, null_and_absent_differ)
{
    drmgmt_draft *d = NULL;
    drmgmt_error *error = NULL;

    cr_assert_eq(fill("{\"size\":null}", &d, NULL), 0);
    cr_assert(drmgmt__draft_has(d, "size"));
    cr_assert_null(drmgmt__draft_text(d, "size"));
    cr_assert_not(drmgmt__draft_has(d, "name"));
    cr_assert_not(drmgmt__draft_has(d, "nonsense"));
    cr_assert_eq(drmgmt__draft_require(d, &error), DRMGMT_ERR_INVALID);
    cr_assert_str_eq(drmgmt_error_field(error), "name");
    drmgmt_error_free(error);
    cr_assert_eq(drmgmt__draft_check_change(d, NULL), 0);
    cr_assert_eq(drmgmt_draft_set(d, "name", NULL, NULL), 0);
    cr_assert_eq(drmgmt__draft_check_change(d, &error), DRMGMT_ERR_INVALID, "a required field cannot be emptied");
    drmgmt_error_free(error);
    cr_assert_eq(drmgmt_draft_set(d, "name", "x", NULL), 0);
    cr_assert_eq(drmgmt_draft_set(d, "owner_id", ID, NULL), 0);
    cr_assert_eq(drmgmt__draft_check_change(d, &error), DRMGMT_ERR_INVALID, "set at creation only");
    cr_assert_str_eq(drmgmt_error_field(error), "owner_id");
    drmgmt_error_free(error);
    drmgmt_draft_free(d);
}

/* Bad input, the field that is named. */
Test(draft, refuses_what_does_not_fit)
{
    static const struct {
        const char *json, *field;
    } cases[] = {
        { "{\"nonsense\":1}", "nonsense" },
        { "{\"id\":\"" ID "\"}", "id" },
        { "{\"count\":1}", "count" },
        { "{\"name\":1}", "name" },
        { "{\"name\":\"\"}", "name" },
        { "{\"name\":\"123456789\"}", "name" },
        { "{\"owner_id\":\"me\"}", "owner_id" },
        { "{\"size\":\"1\"}", "size" },
        { "{\"size\":1.0}", "size" },
        { "{\"size\":1001}", "size" },
        { "{\"ready\":0}", "ready" },
        { "{\"ready\":\"true\"}", "ready" },
        { "{\"tags\":\"a\"}", "tags" },
        { "{\"tags\":[1]}", "tags" },
        { "{\"tags\":[[\"a\"]]}", "tags" },
        { "{\"tags\":{}}", "tags" },
        { "{\"pin\":false}", "pin" },
        { "[]", NULL },
        { "\"text\"", NULL },
        { "", NULL },
        { "{", NULL },
        { "{}x", NULL },
        { "{\"name\":\"a\",\"name\":\"b\"}", NULL },
        { "{\"settings\":{\"a\":1,\"a\":2}}", NULL },
        { "{\"name\":\"\xff\"}", NULL },
        { "{\"name\":\"\\u0000\"}", NULL },
        { "{\"size\":99999999999999999999}", NULL },
        { "{\"settings\":1e999}", NULL },
        { "{\"settings\":NaN}", NULL },
    };

    for (size_t i = 0; i < DRMGMT__COUNT(cases); i++) {
        drmgmt_draft *d = NULL;
        drmgmt_error *error = NULL;
        cr_assert_eq(fill(cases[i].json, &d, &error), DRMGMT_ERR_INVALID, "%s", cases[i].json);
        cr_assert_null(d);
        if (cases[i].field)
            cr_assert_str_eq(drmgmt_error_field(error), cases[i].field, "%s", cases[i].json);
        else
            cr_assert_null(drmgmt_error_field(error), "%s", cases[i].json);
        drmgmt_error_free(error);
    }
}

Test(draft, set_takes_text_forms)
{
    static const struct {
        const char *field, *text;
        bool good;
    } cases[] = {
        { "size", "0", true },
        { "size", "-5", true },
        { "size", "+5", false },
        { "size", " 5", false },
        { "size", "\t5", false },
        { "size", "5 ", false },
        { "size", "", false },
        { "size", "-", false },
        { "size", "1e2", false },
        { "size", "0x10", false },
        { "size", "99999999999999999999", false },
        { "ready", "true", true },
        { "ready", "t", false },
        { "ready", "", false },
        { "owner_id", ID, true },
        { "owner_id", "x", false },
        { "tags", "[]", true },
        { "tags", "[\"a\"]", true },
        { "tags", "a,b", false },
        { "tags", "[1]", false },
        { "settings", "null", true },
        { "settings", "3", true },
        { "settings", "{\"a\":1,\"a\":2}", false },
        { "settings", "", false },
        { "settings", "{} {}", false },
        { "name", "\xc3", false },
        { "name", "12345678", true },
        { "name", "123456789", false },
        { "name", "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", true },
        { "id", ID, false },
        { "nonsense", "1", false },
        { "", "1", false },
    };
    drmgmt_draft *d = drmgmt_draft_new(&widget);

    for (size_t i = 0; i < DRMGMT__COUNT(cases); i++) {
        drmgmt_error *error = NULL;
        int rc = drmgmt_draft_set(d, cases[i].field, cases[i].text, &error);
        cr_assert_eq(rc, cases[i].good ? 0 : DRMGMT_ERR_INVALID, "%s = \"%s\"", cases[i].field, cases[i].text);
        if (rc)
            cr_assert_str_eq(drmgmt_error_field(error), cases[i].field);
        drmgmt_error_free(error);
    }
    cr_assert_str_eq(drmgmt__draft_text(d, "size"), "-5", "a refused value leaves the one before");
    drmgmt_draft_free(d);
}

static char *nested(size_t depth)
{
    char *text = malloc(2 * depth + 32);
    size_t n = (size_t)sprintf(text, "{\"settings\":");

    memset(text + n, '[', depth);
    memset(text + n + depth, ']', depth);
    strcpy(text + n + 2 * depth, "}");
    return text;
}

Test(draft, nesting_is_capped)
{
    static const struct {
        size_t depth;
        int rc;
    } cases[] = {
        { 31, 0 }, { 32, DRMGMT_ERR_INVALID }, { 3000, DRMGMT_ERR_INVALID }, { 1000000, DRMGMT_ERR_INVALID }
    };

    for (size_t i = 0; i < DRMGMT__COUNT(cases); i++) {
        char *text = nested(cases[i].depth);
        drmgmt_draft *d = NULL;
        cr_assert_eq(fill(text, &d, NULL), cases[i].rc, "%zu deep", cases[i].depth);
        drmgmt_draft_free(d);
        d = drmgmt_draft_new(&widget);
        text[strlen(text) - 1] = '\0';
        cr_assert_eq(drmgmt_draft_set(d, "settings", strchr(text, '['), NULL),
                     cases[i].depth > 32 ? DRMGMT_ERR_INVALID : 0, "%zu deep", cases[i].depth);
        drmgmt_draft_free(d);
        free(text);
    }
}

Test(draft, huge_names_and_values_are_refused_in_short_words)
{
    size_t n = 1u << 20;
    char *text = malloc(n + 32);
    drmgmt_draft *d = drmgmt_draft_new(&widget);
    drmgmt_error *error = NULL;

    memset(text, 'x', n);
    text[n] = '\0';
    cr_assert_eq(drmgmt_draft_set(d, text, "1", &error), DRMGMT_ERR_INVALID);
    cr_assert_lt(strlen(drmgmt_error_message(error)), 300);
    drmgmt_error_free(error);
    cr_assert_eq(drmgmt_draft_set(d, "name", text, &error), DRMGMT_ERR_INVALID);
    cr_assert_lt(strlen(drmgmt_error_message(error)), 300);
    drmgmt_error_free(error);
    free(text);
    drmgmt_draft_free(d);
}
