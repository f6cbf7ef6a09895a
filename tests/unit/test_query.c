/* Queries: what a list takes as filter, sort, limit and cursor. */
#include "entity_support.h"

#include "core/core.h"
#include <criterion/criterion.h>

#define ID "0192e4a0-0000-7000-8000-000000000001"

Test(query, has_defaults)
{
    drmgmt_query *q = drmgmt_query_new(&widget);

    cr_assert_eq(q->limit, (unsigned)DRMGMT_LIMIT_DEFAULT);
    cr_assert_null(q->sort);
    cr_assert_null(q->cursor);
    cr_assert_eq(q->n_filters, 0);
    drmgmt_query_free(q);
    drmgmt_query_free(NULL);
}

Test(query, takes_and_refuses)
{
    static const struct {
        const char *name, *value;
        bool good;
    } cases[] = {
        { "limit", "1", true },       { "limit", "1000", true },
        { "limit", "0", false },      { "limit", "1001", false },
        { "limit", "-1", false },     { "limit", "+5", false },
        { "limit", " 5", false },     { "limit", "5x", false },
        { "limit", "", false },       { "limit", "99999999999999999999", false },
        { "sort", "name", true },     { "sort", "-id", true },
        { "sort", "size", false },    { "sort", "--id", false },
        { "sort", "", false },        { "sort", "-", false },
        { "sort", "id desc", false }, { "cursor", "anything", true },
        { "name", "a*", true },       { "size", "1", false },
        { "pin", "1", false },        { "nonsense", "1", false },
        { "owner_id", ID, true },     { "tag", "site=berlin", true },
        { "tags", "more", true },     { "protocol", "snmp", false },
        { "name", NULL, false },
    };

    for (size_t i = 0; i < DRMGMT__COUNT(cases); i++) {
        drmgmt_query *q = drmgmt_query_new(&widget);
        drmgmt_error *error = NULL;
        int rc = drmgmt_query_set(q, cases[i].name, cases[i].value, &error);
        cr_assert_eq(rc, cases[i].good ? 0 : DRMGMT_ERR_INVALID, "%s=%s", cases[i].name, cases[i].value);
        if (rc)
            cr_assert_str_eq(drmgmt_error_field(error), cases[i].name, "the caller's own word is named");
        drmgmt_error_free(error);
        drmgmt_query_free(q);
    }
}

Test(query, bad_ids_and_bytes_are_no_filters)
{
    drmgmt_query *q = drmgmt_query_new(&widget);

    cr_assert_eq(drmgmt_query_set(q, "owner_id", "0192", NULL), DRMGMT_ERR_INVALID);
    cr_assert_eq(drmgmt_query_set(q, "name", "\xff", NULL), DRMGMT_ERR_INVALID);
    cr_assert_eq(q->n_filters, 0);
    drmgmt_query_free(q);
}

/* A second value that would silently not count is refused; tags add up. */
Test(query, only_tags_may_be_given_twice)
{
    drmgmt_query *q = drmgmt_query_new(&widget);
    size_t from = 0;

    cr_assert_eq(drmgmt_query_set(q, "name", "a", NULL), 0);
    cr_assert_eq(drmgmt_query_set(q, "name", "b", NULL), DRMGMT_ERR_INVALID);
    cr_assert_eq(drmgmt_query_set(q, "tag", "x", NULL), 0);
    cr_assert_eq(drmgmt_query_set(q, "tag", "y", NULL), 0);
    cr_assert_str_eq(drmgmt__query_filter(q, "tags", &from), "x");
    cr_assert_str_eq(drmgmt__query_filter(q, "tags", &from), "y");
    cr_assert_null(drmgmt__query_filter(q, "tags", &from));
    from = 0;
    cr_assert_str_eq(drmgmt__query_filter(q, "name", &from), "a");
    cr_assert_null(drmgmt__query_filter(q, "name", &from));
    from = 0;
    cr_assert_null(drmgmt__query_filter(q, "owner_id", &from));
    drmgmt_query_free(q);
}

Test(query, there_is_an_end_to_filters)
{
    drmgmt_query *q = drmgmt_query_new(&widget);

    for (int i = 0; i < DRMGMT__QUERY_FILTERS_MAX; i++)
        cr_assert_eq(drmgmt_query_set(q, "tag", "x", NULL), 0);
    cr_assert_eq(drmgmt_query_set(q, "tag", "x", NULL), DRMGMT_ERR_INVALID);
    cr_assert_eq(drmgmt_query_set(q, "sort", "name", NULL), 0);
    cr_assert_eq(drmgmt_query_set(q, "sort", "-name", NULL), 0);
    cr_assert_str_eq(q->sort, "-name", "the last one counts");
    drmgmt_query_free(q);
}
