/* Patterns of data types: what they match, libxml2's matcher as the oracle, and what hostile ones cost. */
#include "core/cleanup.h"
#include "core/strbuf.h"
#include "tr181/pattern.h"
#include <criterion/criterion.h>
#include <libxml/xmlerror.h>
#include <libxml/xmlregexp.h>
#include <stdio.h>
#include <string.h>

static drmgmt__arena *arena;

static void make_arena(void)
{
    arena = drmgmt__arena_new(64u << 20);
    cr_assert_not_null(arena);
}

static void free_arena(void)
{
    drmgmt__arena_delete(arena);
}

TestSuite(tr181_pattern, .init = make_arena, .fini = free_arena);

static bool matches(const char *pattern, const char *text)
{
    const drmgmt__dm_pattern *p = drmgmt__dm_pattern_new(arena, pattern);
    uint64_t budget = 10u * 1000 * 1000;

    cr_assert_not_null(p, "%s", pattern);
    return drmgmt__dm_pattern_match(p, text, strlen(text), &budget) == DRMGMT__DM_MATCHES;
}

/* Those of the official models, and what else the syntax has. */
static const char *const patterns[] = {
    "",
    "[0-9A-F]{6}",
    "\\d+(\\.\\d+)*",
    "[0-9]|[1-5][0-9]|6[0-3]",
    ":[0-7]",
    "([0-9]|[1-5][0-9]|6[0-3]):[0-7]",
    "\\d{4}|\\d{8}",
    "\\d+/\\d+",
    "[0-9]{14,15}",
    "[A-Z][A-Z][ OI]",
    "[0-9]{15,15}",
    "2\\.\\d+",
    "/(3[0-2]|[012]?[0-9])",
    "([01][0-9]|2[0-3]):[0-5][0-9]",
    "([0-9A-Fa-f][0-9A-Fa-f]:){5}([0-9A-Fa-f][0-9A-Fa-f])",
    "([0-7],[0-1],){7}[0-7],[0-1]",
    "([0-7],){15}[0-7]",
    "urn:[A-Za-z0-9][A-Za-z0-9-]{0,30}[A-Za-z0-9]:.+",
    "((25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])\\.){3}(25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])",
    "a|b|c|",
    "(a|b)*c?",
    "(a*)*b",
    "[^ab]+",
    "[a-c-[b]]{2,}",
    "\\s\\S\\d\\D",
    "a.b",
    "x{0}y",
    "(ab|a)(bc|c)?",
    "(a(b(c|d)|0)){2}:",
};

static size_t chance(size_t n)
{
    static uint32_t state = 12345;

    state = state * 1664525u + 1013904223u;
    return (state >> 8) % n;
}

Test(tr181_pattern, as_libxml2_says)
{
    static const char *const words[] = { "a",     "b",  "c",   "d", "0", "1",  "7",    "9", "2.",  ":",
                                         "/",     ",",  ".",   " ", "A", "F",  "O",    "5", "255", "25",
                                         "00:11", "12", "0,1", "y", "x", "\n", "urn:", "-" };
    unsigned matched = 0;

    for (size_t i = 0; i < DRMGMT__COUNT(patterns); i++) {
        xmlRegexp *oracle = xmlRegexpCompile((const xmlChar *)patterns[i]);
        cr_assert_not_null(oracle, "%s", patterns[i]);
        for (int k = 0; k < 3000; k++) {
            char text[128] = "";
            bool expected;
            for (size_t n = chance(12); n; n--)
                strcat(text, words[chance(DRMGMT__COUNT(words))]);
            expected = xmlRegexpExec(oracle, (const xmlChar *)text) == 1;
            matched += expected;
            cr_expect_eq(matches(patterns[i], text), expected, "%s: %s", patterns[i], text);
        }
        xmlRegFreeRegexp(oracle);
    }
    cr_expect_gt(matched, 1000);
}

Test(tr181_pattern, official_ones)
{
    cr_expect(matches(patterns[14], "00:1A:2b:33:44:55"));
    cr_expect(!matches(patterns[14], "00:1A:2b:33:44:5"));
    cr_expect(matches(patterns[17], "urn:oasis:names"));
    cr_expect(!matches(patterns[17], "urn:-:names"));
    cr_expect(matches(patterns[18], "192.168.0.255"));
    cr_expect(!matches(patterns[18], "192.168.0.256"));
    cr_expect(matches(patterns[15], "0,1,1,1,2,1,3,1,4,1,5,1,6,0,7,0"));
    cr_expect(matches("\\i\\c*", "x-1.y:\xc3\xa4"));
    cr_expect(matches(".", "\xe2\x82\xac") && !matches("..", "\xe2\x82\xac"));
    cr_expect(matches("[\xc3\xa4-\xc3\xbc]", "\xc3\xb6") && !matches("[\xc3\xa4-\xc3\xbc]", "a"));
    cr_expect(matches("(a?){3}", "") && matches("(a?){3}", "aa") && !matches("(a?){3}", "aaaa"), "libxml2 wants an a");
    cr_expect(matches("^$", "^$"), "they are characters in XML Schema");
}

Test(tr181_pattern, what_is_none)
{
    static const char *const none[] = { "(",    ")",   "[",   "[]", "[b-a]", "a{2,1}", "a{",       "a{1",
                                        "a{x}", "*",   "a**", "\\", "\\q",   "\\p{L}", "a{99999}", "[a-z-[b]",
                                        "[a\\", "a|*", "(a",  "]",  "{1}",   "[a-\\d]" };

    for (size_t i = 0; i < DRMGMT__COUNT(none); i++)
        cr_expect_null(drmgmt__dm_pattern_new(arena, none[i]), "%s", none[i]);
}

Test(tr181_pattern, what_is_too_much)
{
    DRMGMT__STRBUF text = DRMGMT__STRBUF_INIT;

    cr_expect_null(drmgmt__dm_pattern_new(arena, "((a{100}){100}){100}"));
    cr_expect_null(drmgmt__dm_pattern_new(arena, "a{4096}"));
    for (int i = 0; i < 33; i++)
        drmgmt__strbuf_putc(&text, '(');
    cr_expect_null(drmgmt__dm_pattern_new(arena, text.data));
    drmgmt__strbuf_reset(&text);
    for (int i = 0; i < 2000; i++)
        drmgmt__strbuf_puts(&text, "a|");
    cr_expect_null(drmgmt__dm_pattern_new(arena, text.data));
    cr_expect_not_null(drmgmt__dm_pattern_new(arena, "((){4096}){4096}"));
}

/* Matchers that go back need minutes for these. */
Test(tr181_pattern, time_is_linear)
{
    DRMGMT__STRBUF pattern = DRMGMT__STRBUF_INIT;
    DRMGMT__STRBUF text = DRMGMT__STRBUF_INIT;
    const drmgmt__dm_pattern *p;
    uint64_t budget = 2u * 1000 * 1000;

    for (int i = 0; i < 200; i++) {
        drmgmt__strbuf_puts(&pattern, "(a?)");
        drmgmt__strbuf_putc(&text, 'a');
    }
    drmgmt__strbuf_putc(&pattern, 'b');
    p = drmgmt__dm_pattern_new(arena, pattern.data);
    cr_assert_not_null(p);
    cr_expect_eq(drmgmt__dm_pattern_match(p, text.data, text.length, &budget), DRMGMT__DM_DIFFERS);
    cr_expect_gt(budget, 0);
    cr_expect(!matches("((a*)*)*b", text.data));
    budget = 1000;
    cr_expect_eq(drmgmt__dm_pattern_match(p, text.data, text.length, &budget), DRMGMT__DM_GIVEN_UP);
    cr_expect_eq(budget, 0);
}
