/* JSON that comes in: what is refused, and that the refusal repeats nothing of it. */
#include "core/core.h"
#include <criterion/criterion.h>
#include <string.h>

static int parse(const char *text, size_t n, drmgmt_error **error)
{
    DRMGMT__JSON json_t *object = NULL;

    return drmgmt__json_object(text, n, &object, error);
}

Test(json, objects_are_taken)
{
    static const char *const good[] = { "{}", " {\"a\" : [1, 2.5, null, \"\\ud83d\\ude00\"]}\n", "{\"a\":\"[[[[{{{{\"}",
                                        "{\"a\":\"\\\"[\\\\\"}" };

    for (size_t i = 0; i < DRMGMT__COUNT(good); i++)
        cr_assert_eq(parse(good[i], strlen(good[i]), NULL), 0, "%s", good[i]);
}

Test(json, everything_else_is_not)
{
    static const struct {
        const char *text;
        size_t n;
    } bad[] = {
        { "", 0 },
        { "[]", 2 },
        { "1", 1 },
        { "null", 4 },
        { "{", 1 },
        { "{}{}", 4 },
        { "{\"a\":1,}", 8 },
        { "{'a':1}", 7 },
        { "{\"a\":01}", 8 },
        { "{\"a\":1,\"a\":1}", 13 },
        { "{}\0", 3 },
        { "\xef\xbb\xbf{}", 5 },
        { "{\"\xff\":1}", 7 },
        { "{\"a\":\"\n\"}", 9 },
        { "{\"a\":\"\\ud800\"}", 14 },
    };

    for (size_t i = 0; i < DRMGMT__COUNT(bad); i++) {
        drmgmt_error *error = NULL;
        cr_assert_eq(parse(bad[i].text, bad[i].n, &error), DRMGMT_ERR_INVALID, "case %zu", i);
        cr_assert(drmgmt_error_message(error)[0]);
        drmgmt_error_free(error);
    }
}

Test(json, the_position_is_told_and_the_content_is_not)
{
    static const char *const bodies[] = { "{\"password\": hunter2}", "{\"password\": \"hunter2\" hunter2}",
                                          "{\"password\": \"hunter2", "{\"hunter2\":1,\"hunter2\":2}",
                                          "{\"a\":\n\"hunter2\"hunter2" };

    for (size_t i = 0; i < DRMGMT__COUNT(bodies); i++) {
        drmgmt_error *error = NULL;
        cr_assert_eq(parse(bodies[i], strlen(bodies[i]), &error), DRMGMT_ERR_INVALID);
        cr_assert_null(strstr(drmgmt_error_message(error), "hunter2"), "%s", drmgmt_error_message(error));
        cr_assert(strstr(drmgmt_error_message(error), "line "), "%s", drmgmt_error_message(error));
        drmgmt_error_free(error);
    }
}

Test(json, depth_is_counted_outside_strings_only)
{
    char text[256] = "{\"a\":";
    size_t n = strlen(text);

    memset(text + n, '[', 31);
    memset(text + n + 31, ']', 31);
    text[n + 62] = '}';
    cr_assert_eq(parse(text, n + 63, NULL), 0);
    memset(text + n, '[', 32);
    memset(text + n + 32, ']', 32);
    text[n + 64] = '}';
    drmgmt_error *error = NULL;
    cr_assert_eq(parse(text, n + 65, &error), DRMGMT_ERR_INVALID);
    cr_assert(strstr(drmgmt_error_message(error), "32"));
    drmgmt_error_free(error);
}

Test(json, a_value_of_any_kind)
{
    static const char *const good[] = { "1", "null", "\"x\"", "[]", "{}" }, *const bad[] = { "", "x", "1 2",
                                                                                             "{\"a\":1,\"a\":1}" };

    for (size_t i = 0; i < DRMGMT__COUNT(good); i++) {
        DRMGMT__JSON json_t *value = drmgmt__json_value(good[i]);
        cr_assert(value, "%s", good[i]);
    }
    for (size_t i = 0; i < DRMGMT__COUNT(bad); i++)
        cr_assert_null(drmgmt__json_value(bad[i]), "%s", bad[i]);
}

Test(json, values_come_out_as_they_went_in)
{
    static const char *const same[] = {
        "{}",
        "[]",
        "null",
        "[true,false,null]",
        "{\"a\":{\"b\":[1,-2,9223372036854775807]},\"c\":\"\\\"\\\\ü\\n\"}",
        "[0.1,-2.5,1e+300,3.0,0.30000000000000004,1.7976931348623157e+308]",
    };

    for (size_t i = 0; i < DRMGMT__COUNT(same); i++) {
        DRMGMT__JSON json_t *value = json_loads(same[i], JSON_DECODE_ANY, NULL);
        char *text = drmgmt__json_text(value);
        cr_assert_str_eq(text, same[i]);
        free(text);
    }
}
