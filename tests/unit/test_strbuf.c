/* The growable buffer and JSON writing into it. */
#include "core/core.h"
#include "core/strbuf.h"
#include <criterion/criterion.h>
#include <string.h>

static const char *json_of(const char *text, size_t n, char out[256])
{
    DRMGMT__STRBUF b = DRMGMT__STRBUF_INIT;

    drmgmt__json_string_n(&b, text, n);
    snprintf(out, 256, "%s", b.data);
    return out;
}

Test(strbuf, grows_and_stays_terminated)
{
    DRMGMT__STRBUF b = DRMGMT__STRBUF_INIT;

    for (int i = 0; i < 100000; i++)
        drmgmt__strbuf_putc(&b, (char)('a' + i % 26));
    cr_assert_eq(b.length, 100000);
    cr_assert_eq(strlen(b.data), 100000);
    cr_assert_eq(b.data[99999], 'a' + 99999 % 26);
    drmgmt__strbuf_reset(&b);
    cr_assert_str_eq(b.data, "");
    drmgmt__strbuf_printf(&b, "%s-%0*d", "x", 600, 7);
    cr_assert_eq(b.length, 602);
    cr_assert_eq(b.data[601], '7');
}

Test(strbuf, an_empty_one_is_stolen_as_an_empty_text)
{
    drmgmt__strbuf b = DRMGMT__STRBUF_INIT;
    size_t length = 9;
    char *text = drmgmt__strbuf_steal(&b, &length);

    cr_assert_str_eq(text, "");
    cr_assert_eq(length, 0);
    cr_assert_null(b.data);
    free(text);
}

/* Once memory was out everything later is dropped and the text is not handed out half. */
Test(strbuf, failure_sticks)
{
    drmgmt__strbuf b = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_puts(&b, "kept");
    drmgmt__strbuf_add(&b, "x", SIZE_MAX / 2);
    cr_assert(b.failed);
    drmgmt__strbuf_puts(&b, "more");
    drmgmt__strbuf_printf(&b, "%d", 1);
    drmgmt__json_member(&b, "a", "b");
    cr_assert_str_eq(b.data, "kept");
    cr_assert_null(drmgmt__strbuf_steal(&b, NULL));
    cr_assert_null(b.data);
}

Test(strbuf, json_strings_are_escaped)
{
    static const struct {
        const char *text;
        size_t n;
        const char *json;
    } cases[] = {
        { "", 0, "\"\"" },
        { "plain ~", 7, "\"plain ~\"" },
        { "a\"b\\c", 5, "\"a\\\"b\\\\c\"" },
        { "\b\t\n\v\f\r", 6, "\"\\b\\t\\n\\u000b\\f\\r\"" },
        { "\0\x1f\x7f", 3, "\"\\u0000\\u001f\\u007f\"" },
        { "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"" },
        { "\xc0\xaf", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"" },                                 /* overlong */
        { "\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },                 /* a surrogate */
        { "\xf4\x90\x80\x80", 4, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" }, /* past U+10FFFF */
        { "\xe2\x82", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"" },                                 /* cut off */
        { "a\xffz", 3, "\"a\xef\xbf\xbdz\"" },
    };
    char out[256];

    for (size_t i = 0; i < DRMGMT__COUNT(cases); i++) {
        cr_assert_str_eq(json_of(cases[i].text, cases[i].n, out), cases[i].json, "case %zu: %s", i, out);
        DRMGMT__JSON json_t *parsed = json_loads(out, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        cr_assert(json_is_string(parsed), "case %zu", i);
    }
    cr_assert_str_eq(json_of(NULL, 0, out), "null");
}

Test(strbuf, members_get_their_commas)
{
    DRMGMT__STRBUF b = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_putc(&b, '{');
    drmgmt__json_member(&b, "a", "{");
    drmgmt__json_member_int(&b, "b\"", INT64_MIN);
    drmgmt__json_key(&b, "c");
    drmgmt__strbuf_puts(&b, "[");
    drmgmt__json_string(&b, NULL);
    drmgmt__strbuf_puts(&b, "]}");
    cr_assert_str_eq(b.data, "{\"a\":\"{\",\"b\\\"\":-9223372036854775808,\"c\":[null]}");
}

Test(strbuf, utf8_is_told_from_other_bytes)
{
    cr_assert(drmgmt__utf8_valid("") && drmgmt__utf8_valid("a\xc3\xa9\xf4\x8f\xbf\xbf"));
    cr_assert_not(drmgmt__utf8_valid("\x80"));
    cr_assert_not(drmgmt__utf8_valid("ok\xc3"));
    cr_assert_not(drmgmt__utf8_valid("\xed\xbf\xbf"));
}
