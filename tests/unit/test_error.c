/* Errors and the one table of statuses. */
#include "core/core.h"
#include <criterion/criterion.h>
#include <drm/driver.h>
#include <string.h>

Test(error, each_status_has_its_own_row)
{
    for (int a = DRMGMT_OK; a >= DRMGMT_ERR_ENROLMENT; a--) {
        const char *name = drmgmt_status_name(a);
        cr_assert(name[0] && drmgmt_status_title(a)[0]);
        cr_assert_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name), "%s is part of a URL", name);
        for (int b = DRMGMT_OK; b > a; b--)
            cr_assert_str_neq(name, drmgmt_status_name(b));
        if (a) {
            cr_assert(drmgmt_status_http(a) >= 400 && drmgmt_status_http(a) < 600, "%s", name);
            cr_assert(drmgmt_status_exit_code(a) > 0 && drmgmt_status_exit_code(a) < 126, "%s", name);
        }
    }
    cr_assert_eq(drmgmt_status_http(DRMGMT_OK), 200);
    cr_assert_eq(drmgmt_status_exit_code(DRMGMT_OK), 0);
    cr_assert_eq(drmgmt_status_http(DRMGMT_ERR_NOT_FOUND), 404);
}

Test(error, unknown_statuses_read_as_internal)
{
    static const int unknown[] = { 1, -24, -1000, 2147483647 };

    for (size_t i = 0; i < DRMGMT__COUNT(unknown); i++) {
        cr_assert_str_eq(drmgmt_status_name((drmgmt_status)unknown[i]), "internal");
        cr_assert_eq(drmgmt_status_http((drmgmt_status)unknown[i]), 500);
    }
}

Test(error, tells_what_it_was_made_of)
{
    drmgmt_error *error = NULL;

    cr_assert_eq(drmgmt__fail_full(&error, DRMGMT_ERR_CONFLICT, true, "23505", "name", "%s: %d", "taken", 7),
                 DRMGMT_ERR_CONFLICT);
    cr_assert_eq(drmgmt_error_status(error), DRMGMT_ERR_CONFLICT);
    cr_assert_str_eq(drmgmt_error_message(error), "taken: 7");
    cr_assert_str_eq(drmgmt_error_detail(error), "23505");
    cr_assert_str_eq(drmgmt_error_field(error), "name");
    cr_assert(drmgmt_error_retryable(error));
    drmgmt_error_free(error);

    error = NULL;
    cr_assert_eq(drmgmt_error_make(&error, DRMGMT_ERR_INVALID, "params.oids[2]", "not an OID"), DRMGMT_ERR_INVALID);
    cr_assert_str_eq(drmgmt_error_field(error), "params.oids[2]");
    cr_assert_null(drmgmt_error_detail(error));
    cr_assert_not(drmgmt_error_retryable(error));
    drmgmt_error_free(error);
}

Test(error, tells_quota_and_wait)
{
    const drmgmt__quota_state state = { "devices", 10, 7, 3 };
    drmgmt_error *error = NULL;

    cr_assert_eq(drmgmt__fail_quota(&error, DRMGMT_ERR_LIMIT, &state, "%d of %d", 7, 10), DRMGMT_ERR_LIMIT);
    cr_assert_str_eq(drmgmt_error_message(error), "7 of 10");
    cr_assert_str_eq(drmgmt_error_quota(error), "devices");
    cr_assert_eq(drmgmt_error_quota_limit(error), 10);
    cr_assert_eq(drmgmt_error_quota_used(error), 7);
    cr_assert_eq(drmgmt_error_retry_after(error), 3);
    cr_assert(drmgmt_error_retryable(error));
    drmgmt_error_free(error);
    cr_assert_eq(drmgmt__fail_later(&error, 60, "later"), DRMGMT_ERR_LIMIT);
    cr_assert_eq(drmgmt_error_retry_after(error), 60);
    cr_assert(drmgmt_error_retryable(error));
    cr_assert_null(drmgmt_error_quota(error));
    drmgmt_error_free(error);
    cr_assert_eq(drmgmt__fail(&error, DRMGMT_ERR_LIMIT, "no more"), DRMGMT_ERR_LIMIT);
    cr_assert(drmgmt_error_retry_after(error) == 0 && !drmgmt_error_quota(error));
    drmgmt_error_free(error);
    cr_assert(drmgmt_error_retry_after(NULL) == 0 && !drmgmt_error_quota(NULL) && !drmgmt_error_quota_limit(NULL) &&
              !drmgmt_error_quota_used(NULL));
}

Test(error, nobody_has_to_ask_for_it)
{
    const drmgmt__quota_state state = { "devices", 1, 1, 0 };

    cr_assert_eq(drmgmt__fail_quota(NULL, DRMGMT_ERR_CONFLICT, &state, "nobody listens"), DRMGMT_ERR_CONFLICT);
    cr_assert_eq(drmgmt__fail_later(NULL, 1, "nobody listens"), DRMGMT_ERR_LIMIT);
    cr_assert_eq(drmgmt__fail(NULL, DRMGMT_ERR_IO, "%s", "nobody listens"), DRMGMT_ERR_IO);
    cr_assert_eq(drmgmt_error_make(NULL, DRMGMT_ERR_INVALID, NULL, "nobody listens"), DRMGMT_ERR_INVALID);
    cr_assert_eq(drmgmt__fail_memory(NULL), DRMGMT_ERR_NO_MEMORY);
    drmgmt_error_free(NULL);
    cr_assert_eq(drmgmt_error_status(NULL), DRMGMT_ERR_INTERNAL);
    cr_assert(drmgmt_error_message(NULL)[0]);
    cr_assert_null(drmgmt_error_detail(NULL));
    cr_assert_null(drmgmt_error_field(NULL));
    cr_assert_not(drmgmt_error_retryable(NULL));
}

/* Making it must not need the memory that is out; freeing it twice over is harmless. */
Test(error, out_of_memory_needs_no_memory)
{
    drmgmt_error *a = NULL, *b = NULL;

    cr_assert_eq(drmgmt__fail_memory(&a), DRMGMT_ERR_NO_MEMORY);
    drmgmt__fail_memory(&b);
    cr_assert_eq(a, b);
    cr_assert_str_eq(drmgmt_error_message(a), "Out of memory");
    cr_assert(drmgmt_error_retryable(a));
    drmgmt_error_free(a);
    drmgmt_error_free(b);
    cr_assert_eq(drmgmt_error_status(a), DRMGMT_ERR_NO_MEMORY);
}
