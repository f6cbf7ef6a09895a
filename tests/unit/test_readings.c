/* What of a job's result is kept in the inventory, and what is not. Pure: needs no server. */
#include "core/core.h"
#include "core/strbuf.h"
#include "device/secret_path.h"
#include "worker/readings.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const drmgmt__reading *find(const drmgmt__readings *r, const char *path)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->items[i].path, path) == 0)
            return &r->items[i];
    return NULL;
}

/* The readings of a result with one varbind. */
static void add_one(drmgmt__readings *r, const char *oid, const char *name, const char *type, const char *value)
{
    DRMGMT__STRBUF out = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_printf(&out, "{\"varbinds\":[{\"oid\":\"%s\",\"name\":\"%s\",\"type\":\"%s\",\"value\":%s}]}", oid,
                          name, type, value);
    drmgmt__readings_add(r, 0, 1, out.data);
}

/* ---- secrets ---- */

Test(readings, secrets_are_not_kept)
{
    static const struct {
        const char *oid, *name, *value;
        bool kept;
    } rows[] = {
        /* by OID, whatever its type: the tree itself and what is below it */
        { "1.3.6.1.6.3.18.1.1.1.2.1", "1.3.6.1.6.3.18.1.1.1.2.1", "\"public\"", false },
        { "1.3.6.1.6.3.18.1.1", "x", "1", false },
        { ".1.3.6.1.6.3.18.1.1.1.8.6", "x", "1", false },
        { "1.3.6.1.2.1.14.7.1.16.10.0.0.1.0", "x", "\"k\"", false },
        { "1.3.6.1.4.1.9.9.96.1.1.1.1.8.1", "x", "\"k\"", false },
        { "1.3.6.1.4.1.12325.1.1.1.5.1.3.2", "x", "\"k\"", false },
        /* beside the tree: its number only begins alike */
        { "1.3.6.1.6.3.18.1.10.1", "x", "\"public\"", true },
        { "1.3.6.1.2.1.14.7.1.160.1", "x", "\"k\"", true },
        /* by a word, of texts, in any case, in name or path */
        { "1.3.6.1.4.1.99999.1", "acmeRadiusSecret.0", "\"k\"", false },
        { "1.3.6.1.4.1.99999.2", "acmeAdminPASSWORD.0", "\"k\"", false },
        { "1.3.6.1.4.1.99999.3", "acmeReadCommunity.0", "\"k\"", false },
        { "1.3.6.1.4.1.99999.4", "acmeKeyPassphrase.0", "\"k\"", false },
        { "1.3.6.1.4.1.99999.5", "acmeWpaPreSharedKey.0", "\"k\"", false },
        { "Device.Users.User.1.Password", "x", "\"k\"", false },
        { "Device.WiFi.AccessPoint.1.Security.KeyPassphrase", "x", "\"k\"", false },
        /* what counts such things is no secret; nor is what has no such word */
        { "1.3.6.1.2.1.11.4.0", "snmpInBadCommunityNames.0", "7", true },
        { "1.3.6.1.2.1.1.5.0", "sysName.0", "\"password\"", true },
        { "1.3.6.1.2.1.2.2.1.6.1", "ifPhysAddress.1", "\"k\"", true },
    };

    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        drmgmt__readings r = { .items = NULL };
        add_one(&r, rows[i].oid, rows[i].name, "OCTET STRING", rows[i].value);
        cr_expect_not(r.failed);
        cr_expect_eq(r.n, rows[i].kept, "%s %s", rows[i].oid, rows[i].name);
        drmgmt__readings_clear(&r);
    }
}

Test(readings, secrets_of_tables_are_not_kept)
{
    drmgmt__readings r = { .items = NULL };

    drmgmt__readings_add(
        &r, 0, 1, "{\"oid\":\"1.3.6.1.6.3.18.1.1.1\",\"rows\":[{\"instance\":\"1\",\"values\":{\"2\":\"public\"}}]}");
    cr_expect_eq(r.n, 0);
    drmgmt__readings_add(
        &r, 0, 1, "{\"oid\":\"1.3.6.1.2.1.2.2.1\",\"rows\":[{\"instance\":\"1\",\"values\":{\"ifDescr\":\"lo\"}}]}");
    cr_expect_eq(r.n, 1);
    cr_expect_str_eq(r.items[0].path, "1.3.6.1.2.1.2.2.1.2.1");
    drmgmt__readings_clear(&r);
}

/* ---- long values ---- */

/* n times a character of some octets, of which the first 4,096 octets are kept, less what would cut one in two. */
static void check_long(const char *character, size_t n)
{
    drmgmt__readings r = { .items = NULL };
    DRMGMT__STRBUF value = DRMGMT__STRBUF_INIT;
    size_t octets = strlen(character);
    size_t most = DRMGMT__READING_VALUE_MAX / octets * octets;

    drmgmt__strbuf_puts(&value, "\"");
    for (size_t i = 0; i < n; i++)
        drmgmt__strbuf_puts(&value, character);
    drmgmt__strbuf_puts(&value, "\"");
    add_one(&r, "1.3.6.1.2.1.1.1.0", "sysDescr.0", "OCTET STRING", value.data);
    cr_assert_eq(r.n, 1);
    cr_expect_eq(r.items[0].size, n * octets, "the size of all of it");
    const char *kept = drmgmt__reading_value(&r.items[0]);
    cr_expect_eq(strlen(kept), n * octets < most ? n * octets : most, "%zu of \"%s\"", n, character);
    cr_expect_eq(strncmp(kept, value.data + 1, strlen(kept)), 0);
    cr_expect(drmgmt__utf8_valid(kept));
    drmgmt__readings_clear(&r);
}

Test(readings, of_a_long_value_the_beginning_is_kept)
{
    static const char *const characters[] = { "a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x93\xa1" };

    for (size_t i = 0; i < DRMGMT__COUNT(characters); i++) {
        size_t fit = DRMGMT__READING_VALUE_MAX / strlen(characters[i]);
        check_long(characters[i], fit);
        check_long(characters[i], fit + 1);
        check_long(characters[i], 60000 / strlen(characters[i]));
    }
}

Test(readings, paths_that_are_too_long_are_left_out)
{
    DRMGMT__STRBUF path = DRMGMT__STRBUF_INIT;
    drmgmt__readings r = { .items = NULL };

    while (path.length < DRMGMT__READING_PATH_MAX)
        drmgmt__strbuf_puts(&path, "x");
    add_one(&r, path.data, "n", "INTEGER", "1");
    cr_expect_eq(r.n, 1);
    add_one(&r, "1.3", path.data, "INTEGER", "1");
    cr_expect_eq(r.n, 2);
    drmgmt__strbuf_puts(&path, "x");
    add_one(&r, path.data, "n", "INTEGER", "1");
    add_one(&r, "1.3", path.data, "INTEGER", "1");
    cr_expect_eq(r.n, 2);
    drmgmt__readings_clear(&r);
}

/* ---- what is no text, and what is no result ---- */

Test(readings, what_is_no_reading_is_left_out)
{
    static const char *const results[] = {
        "",
        "null",
        "7",
        "[]",
        "{",
        "{\"varbinds\":7}",
        "{\"varbinds\":[7,null,[],{}]}",
        "{\"varbinds\":[{\"oid\":\"1.3\",\"type\":\"noSuchObject\",\"value\":null}]}",
        "{\"varbinds\":[{\"oid\":\"1.3\",\"value\":\"x\"}]}",
        "{\"varbinds\":[{\"oid\":7,\"type\":\"INTEGER\",\"value\":1}]}",
        "{\"varbinds\":[{\"oid\":\"\",\"type\":\"INTEGER\",\"value\":1}]}",
        /* invalid UTF-8, half a surrogate, NUL: PostgreSQL would refuse the whole batch for it */
        "{\"varbinds\":[{\"oid\":\"1.3\",\"type\":\"OCTET STRING\",\"value\":\"\xff\xfe\"}]}",
        "{\"varbinds\":[{\"oid\":\"1.3\",\"type\":\"OCTET STRING\",\"value\":\"\xc3\"}]}",
        "{\"varbinds\":[{\"oid\":\"1.3\",\"type\":\"OCTET STRING\",\"value\":\"\\ud83d\"}]}",
        "{\"varbinds\":[{\"oid\":\"1.3\",\"type\":\"OCTET STRING\",\"value\":\"a\\u0000b\"}]}",
        "{\"varbinds\":[{\"oid\":\"1.3\\u0000\",\"type\":\"INTEGER\",\"value\":1}]}",
        "{\"oid\":\"1.3\",\"rows\":{}}",
        "{\"oid\":7,\"rows\":[{\"instance\":\"1\",\"values\":{\"1\":1}}]}",
        "{\"oid\":\"1.3\",\"rows\":[{\"values\":{\"1\":1}},{\"instance\":\"1\"},7]}",
        "{\"oid\":\"1.3\",\"rows\":[{\"instance\":\"1\",\"values\":{\"noSuch\":1}}]}",
    };
    drmgmt__readings r = { .items = NULL };

    for (size_t i = 0; i < DRMGMT__COUNT(results); i++) {
        drmgmt__readings_add(&r, 0, 1, results[i]);
        cr_expect_eq(r.n, 0, "%s", results[i]);
        cr_expect_not(r.failed, "%s", results[i]);
    }
    /* The next one is none the worse for it. */
    add_one(&r, "1.3.6", "n", "INTEGER", "-7");
    cr_assert_eq(r.n, 1);
    cr_expect_str_eq(drmgmt__reading_value(&r.items[0]), "-7");
    drmgmt__readings_clear(&r);
}

/* ---- the newest of each path ---- */

Test(readings, of_each_path_the_newest_is_left)
{
    drmgmt__readings r = { .items = NULL };

    for (int device = 1; device >= 0; device--) {
        drmgmt__readings_add(&r, (size_t)device, 20,
                             "{\"varbinds\":[{\"oid\":\"1.3.2\",\"type\":\"INTEGER\",\"value\":2}]}");
        drmgmt__readings_add(&r, (size_t)device, 10,
                             "{\"varbinds\":[{\"oid\":\"1.3.2\",\"type\":\"INTEGER\",\"value\":1},"
                             "{\"oid\":\"1.3.10\",\"type\":\"INTEGER\",\"value\":3}]}");
    }
    drmgmt__readings_sort(&r);
    cr_assert_eq(r.n, 4);
    cr_expect_str_eq(r.items[0].path, "1.3.10"); /* byte by byte, as the database compares them */
    cr_expect_eq(r.items[0].device, 0);
    cr_expect_eq(r.items[2].device, 1);
    cr_expect_str_eq(drmgmt__reading_value(find(&r, "1.3.2")), "2");
    cr_expect_str_eq(drmgmt__reading_value(&r.items[3]), "2");
    drmgmt__readings_clear(&r);
}
