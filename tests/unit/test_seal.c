/* Seals of the tenant context and secrets at rest: against an independent HMAC, and everything an attacker could move
 * or change. */
#include "auth/auth.h"
#include "core/core.h"
#include "keyring_support.h"
#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TENANT "018f0000-0000-7000-8000-000000000001"
#define OTHER  "018f0000-0000-7000-8000-000000000002"
#define ROW    "018f0000-0000-7000-8000-0000000000aa"

static drmgmt__keyring *keyring;

#define HEX(b) b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b
#define OLD    "seal 1 " HEX("11") "\nkek 1 " HEX("22") "\ntoken 1 " HEX("33") "\n"
#define NEW    OLD "seal 2 " HEX("44") "\nkek 2 " HEX("55") "\n"

static void setup(void)
{
    keyring = keyring_of(NEW);
}

static void teardown(void)
{
    drmgmt__keyring_free(keyring);
}

TestSuite(seal, .init = setup, .fini = teardown);
TestSuite(blob, .init = setup, .fini = teardown);
TestSuite(data_key, .init = setup, .fini = teardown);

/* RFC 2104 from two digests, as the database computes it. */
static void hmac(const uint8_t key[32], const char *text, size_t n, char hex[65])
{
    uint8_t inner[64 + 512], outer[64 + 32];

    for (int i = 0; i < 64; i++) {
        inner[i] = (uint8_t)((i < 32 ? key[i] : 0) ^ 0x36);
        outer[i] = (uint8_t)((i < 32 ? key[i] : 0) ^ 0x5c);
    }
    cr_assert(n <= 512);
    memcpy(inner + 64, text, n);
    EVP_Digest(inner, 64 + n, outer + 64, NULL, EVP_sha256(), NULL);
    EVP_Digest(outer, sizeof outer, inner, NULL, EVP_sha256(), NULL);
    drmgmt__hex(inner, 32, hex);
}

Test(seal, is_what_the_database_expects)
{
    char seal[DRMGMT__SEAL_SIZE], tenant[40], user[40], mac[80], expected[65];
    int pid;
    long long expiry;
    unsigned number = 2;
    long long now = (long long)time(NULL);

    cr_assert_eq(drmgmt__seal_mint(keyring, TENANT, OTHER, 4711, seal), 0);
    cr_assert_eq(sscanf(seal, "%39[^.].%39[^.].%d.%lld.%u.%79s", tenant, user, &pid, &expiry, &number, mac), 6);
    cr_assert_str_eq(tenant, TENANT);
    cr_assert_str_eq(user, OTHER);
    cr_assert_eq(pid, 4711);
    cr_assert(expiry > now && expiry <= now + 61, "good for a minute");
    cr_assert_eq(number, 2, "the highest key seals");
    hmac(drmgmt__keyring_key(keyring, DRMGMT__KEY_SEAL, &number), seal, strlen(seal) - 65, expected);
    cr_assert_str_eq(mac, expected);
}

Test(seal, of_the_system_names_its_purpose)
{
    char seal[DRMGMT__SEAL_SIZE];

    cr_assert_eq(drmgmt__seal_mint(keyring, "-", "worker", 1, seal), 0);
    cr_assert_eq(strncmp(seal, "-.worker.1.", 11), 0);
}

Test(seal, without_keyring_or_room_there_is_none)
{
    char seal[DRMGMT__SEAL_SIZE], huge[300];

    memset(huge, 'a', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    cr_assert_eq(drmgmt__seal_mint(NULL, TENANT, OTHER, 1, seal), DRMGMT_ERR_CRYPTO);
    cr_assert_eq(drmgmt__seal_mint(keyring, TENANT, huge, 1, seal), DRMGMT_ERR_CRYPTO);
    huge[150] = '\0';
    cr_assert_eq(drmgmt__seal_mint(keyring, TENANT, huge, 1, seal), DRMGMT_ERR_CRYPTO);
}

/* ---- blobs ---- */

static const char plain[] = "public community";
enum { PLAIN = sizeof plain, BLOB = PLAIN + DRMGMT__BLOB_OVERHEAD };

static drmgmt__data_key key = { 7, { 1, 2, 3 } };

static void make(uint8_t blob[BLOB])
{
    cr_assert_eq(drmgmt__blob_seal(&key, "snmp_credentials", "community", TENANT, ROW, plain, PLAIN, blob), 0);
}

static int opens(const uint8_t *blob, size_t n)
{
    uint8_t out[BLOB] = { 0 };
    int rc = drmgmt__blob_open(&key, "snmp_credentials", "community", TENANT, ROW, blob, n, out);

    cr_assert(rc ? memcmp(out, plain, 6) != 0 : memcmp(out, plain, PLAIN) == 0);
    return rc;
}

Test(blob, opens_where_it_belongs_and_hides_what_is_in_it)
{
    uint8_t blob[BLOB], again[BLOB];

    make(blob);
    make(again);
    cr_assert_eq(opens(blob, BLOB), 0);
    cr_assert(blob[0] == 1 && blob[1] == 0 && blob[4] == 7, "form and key version");
    cr_assert(memcmp(blob + 5, again + 5, 12) != 0, "a nonce was used twice");
    cr_assert_null(memmem(blob, BLOB, "public", 6));
}

Test(blob, moved_elsewhere_does_not_open)
{
    uint8_t blob[BLOB], out[PLAIN];

    make(blob);
    cr_assert_eq(drmgmt__blob_open(&key, "snmp_credentials", "community", OTHER, ROW, blob, BLOB, out),
                 DRMGMT_ERR_CRYPTO);
    cr_assert_eq(drmgmt__blob_open(&key, "snmp_credentials", "community", TENANT, OTHER, blob, BLOB, out),
                 DRMGMT_ERR_CRYPTO);
    cr_assert_eq(drmgmt__blob_open(&key, "snmp_credentials", "auth_key", TENANT, ROW, blob, BLOB, out),
                 DRMGMT_ERR_CRYPTO);
    cr_assert_eq(drmgmt__blob_open(&key, "usp_endpoints", "community", TENANT, ROW, blob, BLOB, out),
                 DRMGMT_ERR_CRYPTO);
    /* The same letters, cut elsewhere. */
    cr_assert_eq(drmgmt__blob_open(&key, "snmp_credential", "scommunity", TENANT, ROW, blob, BLOB, out),
                 DRMGMT_ERR_CRYPTO);
}

Test(blob, every_changed_bit_is_noticed)
{
    uint8_t blob[BLOB];

    make(blob);
    for (size_t i = 0; i < BLOB * 8; i++) {
        blob[i / 8] ^= (uint8_t)(1 << i % 8);
        cr_assert_eq(opens(blob, BLOB), DRMGMT_ERR_CRYPTO, "bit %zu", i);
        blob[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    cr_assert_eq(opens(blob, BLOB), 0);
}

Test(blob, every_truncation_is_noticed)
{
    uint8_t blob[BLOB + 1] = { 0 };

    make(blob);
    for (size_t n = 0; n < BLOB; n++)
        cr_assert_eq(opens(blob, n), DRMGMT_ERR_CRYPTO, "%zu bytes", n);
    cr_assert_eq(opens(blob, BLOB + 1), DRMGMT_ERR_CRYPTO);
}

Test(blob, of_another_key_does_not_open)
{
    uint8_t blob[BLOB];

    make(blob);
    key.version = 8;
    cr_assert_eq(opens(blob, BLOB), DRMGMT_ERR_CRYPTO, "same key, other version");
    key.version = 7;
    key.key[31] ^= 1;
    cr_assert_eq(opens(blob, BLOB), DRMGMT_ERR_CRYPTO, "other key, same version");
    key.key[31] ^= 1;
    cr_assert_eq(opens(blob, BLOB), 0);
}

Test(blob, of_nothing_is_a_secret_too)
{
    uint8_t blob[DRMGMT__BLOB_OVERHEAD], out[1];

    cr_assert_eq(drmgmt__blob_seal(&key, "t", "c", TENANT, ROW, "", 0, blob), 0);
    cr_assert_eq(drmgmt__blob_open(&key, "t", "c", TENANT, ROW, blob, sizeof blob, out), 0);
    cr_assert_eq(drmgmt__blob_open(&key, "t", "c", TENANT, OTHER, blob, sizeof blob, out), DRMGMT_ERR_CRYPTO);
}

/* ---- data keys ---- */

Test(data_key, unwraps_with_the_key_it_was_wrapped_by)
{
    drmgmt__keyring *old = keyring_of(OLD);
    drmgmt__data_key made, found;
    uint8_t wrapped[DRMGMT__WRAPPED_SIZE];

    cr_assert_eq(drmgmt__data_key_new(old, TENANT, 1, &made, wrapped), 0);
    cr_assert_eq(made.version, 1);
    cr_assert_eq(drmgmt__data_key_unwrap(old, TENANT, 1, wrapped, sizeof wrapped, &found), 0);
    cr_assert_arr_eq(found.key, made.key, 32);
    cr_assert_eq(found.version, 1);
    /* After a rotation the old number is still there. */
    cr_assert_eq(drmgmt__data_key_unwrap(keyring, TENANT, 1, wrapped, sizeof wrapped, &found), 0);
    cr_assert_arr_eq(found.key, made.key, 32);
    cr_assert_eq(drmgmt__data_key_new(keyring, TENANT, 1, &made, wrapped), 0);
    cr_assert_eq(wrapped[4], 2, "the highest number wraps");
    cr_assert_eq(drmgmt__data_key_unwrap(old, TENANT, 1, wrapped, sizeof wrapped, &found), DRMGMT_ERR_CRYPTO);
    drmgmt__keyring_free(old);
}

Test(data_key, of_another_tenant_or_version_does_not_open)
{
    drmgmt__data_key made, found;
    uint8_t wrapped[DRMGMT__WRAPPED_SIZE];

    cr_assert_eq(drmgmt__data_key_new(keyring, TENANT, 1, &made, wrapped), 0);
    cr_assert_eq(drmgmt__data_key_unwrap(keyring, OTHER, 1, wrapped, sizeof wrapped, &found), DRMGMT_ERR_CRYPTO);
    cr_assert_eq(drmgmt__data_key_unwrap(keyring, TENANT, 2, wrapped, sizeof wrapped, &found), DRMGMT_ERR_CRYPTO);
    cr_assert_eq(drmgmt__data_key_unwrap(keyring, TENANT, 1, wrapped, sizeof wrapped - 1, &found), DRMGMT_ERR_CRYPTO);
    cr_assert_eq(drmgmt__data_key_unwrap(NULL, TENANT, 1, wrapped, sizeof wrapped, &found), DRMGMT_ERR_CRYPTO);
    wrapped[4] = 0; /* number 0 stands for the highest: not in what is stored */
    cr_assert_eq(drmgmt__data_key_unwrap(keyring, TENANT, 1, wrapped, sizeof wrapped, &found), DRMGMT_ERR_CRYPTO);
}

/* A context with a keyring file of its own; it never connects. */
static drmgmt_context *context_of(char *path)
{
    drmgmt_options *options = drmgmt_options_new();
    drmgmt_context *context = NULL;
    int fd = mkstemp(path);

    cr_assert(fd >= 0 && write(fd, NEW, strlen(NEW)) == (ssize_t)strlen(NEW));
    close(fd);
    cr_assert_eq(drmgmt_options_set_database_url(options, "host=/nowhere"), 0);
    cr_assert_eq(drmgmt_options_set_keyring_file(options, path), 0);
    cr_assert_eq(drmgmt_context_new(options, &context, NULL), 0);
    drmgmt_options_free(options);
    unlink(path);
    return context;
}

Test(data_key, remembered_ones_are_bound_to_all_that_they_came_from)
{
    char path[] = "/tmp/drmgmt-seal-XXXXXX";
    drmgmt_context *context = context_of(path);
    drmgmt__data_key made[2], found;
    uint8_t wrapped[2][DRMGMT__WRAPPED_SIZE];

    cr_assert_eq(drmgmt__data_key_new(keyring, TENANT, 1, &made[0], wrapped[0]), 0);
    cr_assert_eq(drmgmt__data_key_new(keyring, TENANT, 1, &made[1], wrapped[1]), 0);
    for (int i = 0; i < 6; i++) {
        cr_assert_eq(drmgmt__data_key_cached(context, TENANT, 1, wrapped[i & 1], sizeof wrapped[0], &found), 0);
        cr_assert_arr_eq(found.key, made[i & 1].key, 32);
        cr_assert_eq(found.version, 1);
    }
    cr_assert_eq(drmgmt__data_key_cached(context, OTHER, 1, wrapped[0], sizeof wrapped[0], &found), DRMGMT_ERR_CRYPTO);
    cr_assert_eq(drmgmt__data_key_cached(context, TENANT, 2, wrapped[0], sizeof wrapped[0], &found), DRMGMT_ERR_CRYPTO);
    cr_assert_eq(drmgmt__data_key_cached(context, TENANT, 1, wrapped[0], 10, &found), DRMGMT_ERR_CRYPTO);
    cr_assert_eq(drmgmt__data_key_cached(context, "x", 1, wrapped[0], sizeof wrapped[0], &found), DRMGMT_ERR_CRYPTO);
    wrapped[0][20] ^= 1;
    cr_assert_eq(drmgmt__data_key_cached(context, TENANT, 1, wrapped[0], sizeof wrapped[0], &found), DRMGMT_ERR_CRYPTO);
    drmgmt_context_free(context);
}

Test(data_key, more_tenants_than_the_cache_holds)
{
    char path[] = "/tmp/drmgmt-seal-XXXXXX";
    drmgmt_context *context = context_of(path);
    enum { MANY = 3000 };
    static uint8_t wrapped[MANY][DRMGMT__WRAPPED_SIZE];
    static drmgmt__data_key made[MANY];
    drmgmt__data_key found;

    for (int i = 0; i < MANY; i++)
        cr_assert_eq(drmgmt__data_key_new(keyring, TENANT, 1, &made[i], wrapped[i]), 0);
    for (int i = 0; i < 2 * MANY; i++) {
        cr_assert_eq(drmgmt__data_key_cached(context, TENANT, 1, wrapped[i % MANY], sizeof wrapped[0], &found), 0);
        cr_assert_arr_eq(found.key, made[i % MANY].key, 32);
    }
    drmgmt_context_free(context);
}
