/* Cursors: opaque, signed, good for the list they were made for and no other. */
#include "entity_support.h"

#include "auth/auth.h"
#include "core/context_internal.h"
#include "core/cursor.h"
#include <criterion/criterion.h>

static drmgmt_context context; /* without a keyring: signed with the process's own key */

static drmgmt_query *list(const char *sort, const char *name, const char *tag)
{
    drmgmt_query *q = drmgmt_query_new(&widget);

    cr_assert(!sort || drmgmt_query_set(q, "sort", sort, NULL) == 0);
    cr_assert(!name || drmgmt_query_set(q, "name", name, NULL) == 0);
    cr_assert(!tag || drmgmt_query_set(q, "tag", tag, NULL) == 0);
    return q;
}

static int parse(drmgmt_query *q, const char *cursor, char *values[DRMGMT__CURSOR_VALUES])
{
    cr_assert_eq(drmgmt_query_set(q, "cursor", cursor, NULL), 0);
    return drmgmt__cursor_parse(&context, q, values, NULL);
}

Test(cursor, goes_there_and_back)
{
    static const char *const cases[][DRMGMT__CURSOR_VALUES] = {
        { "name", "id" }, { "id", NULL }, { "", "id" }, { "\xc3\xa9\"", "" }
    };

    for (size_t i = 0; i < DRMGMT__COUNT(cases); i++) {
        drmgmt_query *q = list("name", "a*", NULL);
        char *values[DRMGMT__CURSOR_VALUES], *cursor = drmgmt__cursor_make(&context, q, cases[i]);
        cr_assert_eq(parse(q, cursor, values), 0);
        for (int k = 0; k < DRMGMT__CURSOR_VALUES; k++) {
            cr_assert_eq(values[k] != NULL, cases[i][k] != NULL);
            if (values[k])
                cr_assert_str_eq(values[k], cases[i][k]);
        }
        free(values[0]);
        free(cursor);
        drmgmt_query_free(q);
    }
}

Test(cursor, none_is_the_first_page)
{
    char *values[DRMGMT__CURSOR_VALUES] = { (char *)1, (char *)1 };
    drmgmt_query *q = list(NULL, NULL, NULL);

    cr_assert_eq(drmgmt__cursor_parse(&context, q, values, NULL), 0);
    cr_assert_null(values[0]);
    cr_assert_null(values[1]);
    drmgmt_query_free(q);
}

Test(cursor, is_of_no_use_to_another_list)
{
    static const char *const position[DRMGMT__CURSOR_VALUES] = { "name", "id" };
    drmgmt_query *others[] = { list("-name", "a", NULL), list(NULL, "a", NULL),  list("name", NULL, NULL),
                               list("name", "b", NULL),  list("name", "a", "t"), list("name", NULL, "a") };
    drmgmt_query *own = list("name", "a", NULL);
    char *values[DRMGMT__CURSOR_VALUES], *cursor = drmgmt__cursor_make(&context, own, position);

    for (size_t i = 0; i < DRMGMT__COUNT(others); i++) {
        cr_assert_eq(parse(others[i], cursor, values), DRMGMT_ERR_INVALID, "list %zu", i);
        cr_assert_null(values[0]);
        drmgmt_query_free(others[i]);
    }
    cr_assert_eq(parse(own, cursor, values), 0);
    free(values[0]);
    free(cursor);
    drmgmt_query_free(own);
}

/* A filter's bytes moved into the position, with the signature kept, is another list's cursor. */
Test(cursor, filters_and_position_cannot_be_shifted)
{
    static const char *const position[DRMGMT__CURSOR_VALUES] = { "p", NULL };
    drmgmt_query *filtered = list("name", "a", NULL), *plain = list("name", NULL, NULL);
    char *values[DRMGMT__CURSOR_VALUES], *cursor = drmgmt__cursor_make(&context, filtered, position), forged[128];
    uint8_t raw[64];
    long n = drmgmt__unb64url(cursor, strlen(cursor), raw, sizeof raw);

    cr_assert_eq(n, 16 + 2);
    memcpy(raw + 16, "name\0a\0p", 9);
    drmgmt__b64url(raw, 16 + 9, forged);
    cr_assert_eq(parse(plain, forged, values), DRMGMT_ERR_INVALID);
    free(cursor);
    drmgmt_query_free(filtered);
    drmgmt_query_free(plain);
}

Test(cursor, any_change_is_noticed)
{
    static const char *const position[DRMGMT__CURSOR_VALUES] = { "name", "id" };
    drmgmt_query *q = list(NULL, NULL, NULL);
    char *values[DRMGMT__CURSOR_VALUES], *cursor = drmgmt__cursor_make(&context, q, position);
    size_t n = strlen(cursor);

    for (size_t i = 0; i < n; i++) {
        char *changed = strdup(cursor);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        cr_assert_eq(parse(q, changed, values), DRMGMT_ERR_INVALID, "byte %zu", i);
        changed[i] = '\0';
        cr_assert_eq(parse(q, changed, values), DRMGMT_ERR_INVALID, "cut at %zu", i);
        free(changed);
    }
    free(cursor);
    drmgmt_query_free(q);
}

Test(cursor, rubbish_is_refused)
{
    drmgmt_query *q = list(NULL, NULL, NULL);
    char *values[DRMGMT__CURSOR_VALUES], huge[20001];
    static const char *const rubbish[] = { "", "A", "!", "AAAA", "%00", "AAAAAAAAAAAAAAAAAAAAAA", "null" };

    memset(huge, 'A', 20000);
    huge[20000] = '\0';
    for (size_t i = 0; i < DRMGMT__COUNT(rubbish); i++)
        cr_assert_eq(parse(q, rubbish[i], values), DRMGMT_ERR_INVALID, "%s", rubbish[i]);
    cr_assert_eq(parse(q, huge, values), DRMGMT_ERR_INVALID);
    const char *const too_long[DRMGMT__CURSOR_VALUES] = { huge, NULL };
    cr_assert_null(drmgmt__cursor_make(&context, q, too_long));
    drmgmt_query_free(q);
}
