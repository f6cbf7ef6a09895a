/* Texts that were read before are not read again, and what is in use outlives the store's forgetting. */
#include "core/core.h"
#include "proto/snmp/kept.h"

#include <criterion/criterion.h>
#include <drm/driver.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned reads, frees;

static int read_text(const char *text, void **value, drmgmt_error **error)
{
    reads++;
    if (strcmp(text, "bad") == 0)
        return drmgmt_error_make(error, DRMGMT_ERR_INVALID, NULL, "it is bad");
    *value = strdup(text);
    return 0;
}

static void free_text(void *value)
{
    frees++;
    free(value);
}

static const drmgmt__kept_kind kind = { read_text, free_text }, other = { read_text, free_text };

static drmgmt__kept *keep(drmgmt__kept_store *store, const char *text, const drmgmt__kept_kind *of)
{
    drmgmt__kept *kept = NULL;

    cr_assert_eq(drmgmt__keep(store, text, of, &kept, NULL), 0);
    cr_assert_str_eq(kept->value, text);
    return kept;
}

Test(snmp_kept, a_text_is_read_once)
{
    drmgmt__kept_store store = { .seed = 7 };

    for (int i = 0; i < 100; i++)
        drmgmt__kept_release(keep(&store, i % 2 ? "one" : "two", &kind));
    cr_assert_eq(reads, 2);
    drmgmt__kept_release(keep(&store, "one", &other)); /* the same text says something else there */
    cr_assert_eq(reads, 3);
    drmgmt__kept_clear(&store);
    cr_assert_eq(frees, 3);
}

Test(snmp_kept, what_cannot_be_read_is_told_each_time)
{
    drmgmt__kept_store store = { .seed = 7 };
    drmgmt__kept *kept = NULL;

    for (int i = 0; i < 3; i++) {
        drmgmt_error *error = NULL;
        cr_assert_eq(drmgmt__keep(&store, "bad", &kind, &kept, &error), DRMGMT_ERR_INVALID);
        cr_assert_str_eq(drmgmt_error_message(error), "it is bad");
        drmgmt_error_free(error);
    }
    cr_assert_eq(reads, 3);
    cr_assert_null(kept);
    drmgmt__kept_clear(&store);
}

Test(snmp_kept, many_different_texts_do_not_grow_it)
{
    drmgmt__kept_store store = { .seed = 7 };
    drmgmt__kept *held = keep(&store, "held", &kind);
    char text[16];

    for (int i = 0; i < 10000; i++) {
        snprintf(text, sizeof text, "text %d", i);
        drmgmt__kept_release(keep(&store, text, &kind));
        cr_assert_leq(store.table.n, 512);
    }
    cr_assert_str_eq(held->value, "held");
    drmgmt__kept_release(held);
    drmgmt__kept_clear(&store);
    cr_assert_eq(frees, reads);
}

Test(snmp_kept, a_long_text_is_not_stored)
{
    drmgmt__kept_store store = { .seed = 7 };
    static char text[100000];

    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < 3; i++)
        drmgmt__kept_release(keep(&store, text, &kind));
    cr_assert_eq(reads, 3);
    cr_assert_eq(store.table.n, 0);
    drmgmt__kept_release(NULL);
}
