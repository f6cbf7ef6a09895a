/* Access tokens: everything libjwt would have let through, and everything else that is not ours. Tokens are made here
 * with an independent HMAC, so that what is refused is refused for the flaw that is tested. */
#include "auth/auth_internal.h"
#include "keyring_support.h"
#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TENANT "018f0000-0000-7000-8000-000000000001"
#define FAMILY "018f0000-0000-7000-8000-000000000003"
#define USER   "018f0000-0000-7000-8000-000000000002"
#define HEX(b) b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b
#define KEYS   "seal 1 " HEX("11") "\nkek 1 " HEX("22") "\ntoken 1 " HEX("33") "\n"

static drmgmt__keyring *keyring;
static uint8_t key[32];

static void setup(void)
{
    keyring = keyring_of(KEYS);
    memset(key, 0x33, sizeof key);
}

static void teardown(void)
{
    drmgmt__keyring_free(keyring);
}

TestSuite(token, .init = setup, .fini = teardown);

/* ---- making ---- */

static const char good_header[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"1\"}";
static char token[8192];

static void sign(const EVP_MD *md, const uint8_t *with, size_t with_size)
{
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    size_t length = strlen(token);

    cr_assert(HMAC(md, with, (int)with_size, (const uint8_t *)token, length, mac, &n));
    token[length] = '.';
    drmgmt__b64url(mac, n, token + length + 1);
}

static void unsigned_token(const char *header, size_t header_size, const char *payload, size_t payload_size)
{
    size_t n = drmgmt__b64url(header, header_size, token);

    token[n] = '.';
    drmgmt__b64url(payload, payload_size, token + n + 1);
}

static const char *make(const char *header, const char *payload)
{
    unsigned_token(header, strlen(header), payload, strlen(payload));
    sign(EVP_sha256(), key, sizeof key);
    return token;
}

/* Claims with one replaced: name NULL for none, value NULL to leave it out; extra is put at the end. */
static const char *claims(const char *name, const char *value, const char *extra)
{
    static char text[4096];
    char times[3][24];
    long now = (long)time(NULL);
    size_t n = 1;

    snprintf(times[0], sizeof times[0], "%ld", now + 900);
    snprintf(times[1], sizeof times[1], "%ld", now);
    snprintf(times[2], sizeof times[2], "%ld", now);
    const char *const rows[][2] = { { "iss", "\"drmgmt\"" },     { "aud", "\"drmgmt\"" },     { "sub", "\"" USER "\"" },
                                    { "tid", "\"" TENANT "\"" }, { "sid", "\"" FAMILY "\"" }, { "jti", "\"" USER "\"" },
                                    { "exp", times[0] },         { "iat", times[1] },         { "nbf", times[2] } };
    strcpy(text, "{");
    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        const char *v = name && strcmp(name, rows[i][0]) == 0 ? value : rows[i][1];
        if (v)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s\"%s\":%s", n > 1 ? "," : "", rows[i][0], v);
    }
    snprintf(text + n, sizeof text - n, "%s}", extra ? extra : "");
    return text;
}

static const drmgmt__identity who = { TENANT, USER, FAMILY };

static int verify_with(const drmgmt__keyring *k, const char *text)
{
    drmgmt__identity found = { .tenant_id = "" };
    int rc = drmgmt__token_verify(k, NULL, text, &found, NULL);

    if (!rc) {
        cr_assert_str_eq(found.tenant_id, TENANT);
        cr_assert_str_eq(found.user_id, USER);
        cr_assert_str_eq(found.family_id, FAMILY);
    } else {
        cr_assert(!found.tenant_id[0] && !found.user_id[0] && !found.family_id[0],
                  "outputs are written only on success");
    }
    return rc;
}

#define TAKEN(text)   cr_assert_eq(verify_with(keyring, text), 0)
#define REFUSED(text) cr_assert_eq(verify_with(keyring, text), DRMGMT_ERR_UNAUTHENTICATED)

/* ---- tests ---- */

Test(token, what_is_issued_verifies)
{
    char *text = NULL;

    cr_assert_eq(drmgmt__token_issue(keyring, &who, &text, NULL), 0);
    TAKEN(text);
    /* As others read it. */
    char *payload = strchr(text, '.') + 1, json[2048];
    long n = drmgmt__unb64url(payload, strcspn(payload, "."), json, sizeof json);
    json_t *object = NULL;
    cr_assert_eq(drmgmt__json_object(json, (size_t)n, &object, NULL), 0);
    cr_assert_eq(
        json_integer_value(json_object_get(object, "exp")) - json_integer_value(json_object_get(object, "iat")), 900);
    cr_assert(drmgmt__uuid_valid(json_string_value(json_object_get(object, "jti"))));
    cr_assert_str_eq(json_string_value(json_object_get(object, "sub")), USER);
    json_decref(object);
    free(text);
}

Test(token, the_independent_one_is_taken)
{
    TAKEN(make(good_header, claims(NULL, NULL, NULL)));
    TAKEN(make("{\"kid\":\"1\",\"alg\":\"HS256\"}", claims(NULL, NULL, ",\"unknown\":[1]")));
}

Test(token, algorithm_none)
{
    const char *payload = claims(NULL, NULL, NULL);
    static const char *const headers[] = { "{\"alg\":\"none\",\"typ\":\"JWT\",\"kid\":\"1\"}",
                                           "{\"alg\":\"NONE\",\"kid\":\"1\"}",
                                           "{\"alg\":\"none\"}",
                                           "{\"alg\":\"\",\"kid\":\"1\"}",
                                           "{\"kid\":\"1\"}",
                                           "{\"alg\":null,\"kid\":\"1\"}",
                                           "{\"alg\":\"hs256\",\"kid\":\"1\"}" };

    for (size_t i = 0; i < DRMGMT__COUNT(headers); i++) {
        unsigned_token(headers[i], strlen(headers[i]), payload, strlen(payload));
        REFUSED(token);
        strcat(token, ".");
        REFUSED(token);
        REFUSED(make(headers[i], payload));
    }
}

Test(token, empty_or_short_signature)
{
    make(good_header, claims(NULL, NULL, NULL));
    char *signature = strrchr(token, '.') + 1;

    for (size_t n = strlen(signature); n-- > 0;) {
        signature[n] = '\0';
        REFUSED(token);
    }
}

Test(token, other_algorithms_with_our_key)
{
    const char *payload = claims(NULL, NULL, NULL);
    static const struct {
        const char *header;
        const char *digest;
    } rows[] = { { "{\"alg\":\"HS512\",\"kid\":\"1\"}", "SHA512" },
                 { "{\"alg\":\"HS384\",\"kid\":\"1\"}", "SHA384" },
                 { "{\"alg\":\"RS256\",\"kid\":\"1\"}", "SHA256" },
                 { "{\"alg\":\"ES256\",\"kid\":\"1\"}", "SHA256" },
                 { "{\"alg\":\"HS256\",\"kid\":\"1\"}", "SHA512" } };

    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        unsigned_token(rows[i].header, strlen(rows[i].header), payload, strlen(payload));
        sign(EVP_get_digestbyname(rows[i].digest), key, sizeof key);
        REFUSED(token);
    }
}

Test(token, signed_with_another_key)
{
    const char *payload = claims(NULL, NULL, NULL);
    uint8_t other[32];

    memcpy(other, key, sizeof other);
    other[0] ^= 1;
    unsigned_token(good_header, strlen(good_header), payload, strlen(payload));
    sign(EVP_sha256(), other, sizeof other);
    REFUSED(token);
    unsigned_token(good_header, strlen(good_header), payload, strlen(payload));
    sign(EVP_sha256(), (const uint8_t *)"", 0);
    REFUSED(token);
}

Test(token, key_ids)
{
    static const char *const kids[] = {
        "\"2\"",    "\"0\"",       "\"\"", "\"01\"", "\" 1\"",  "\"1 \"",         "\"+1\"",
        "\"-1\"",   "\"1a\"",      "1",    "null",   "[\"1\"]", "\"4294967297\"", "\"18446744073709551617\"",
        "\"../1\"", "\"1\\u0000\""
    };
    char header[200];

    for (size_t i = 0; i < DRMGMT__COUNT(kids); i++) {
        snprintf(header, sizeof header, "{\"alg\":\"HS256\",\"kid\":%s}", kids[i]);
        cr_assert_eq(verify_with(keyring, make(header, claims(NULL, NULL, NULL))), DRMGMT_ERR_UNAUTHENTICATED, "%s",
                     kids[i]);
    }
}

Test(token, headers_that_say_more_or_less)
{
    static const char *const headers[] = {
        "{\"alg\":\"HS256\",\"kid\":\"1\",\"crit\":[\"exp\"]}",
        "{\"alg\":\"HS256\",\"kid\":\"1\",\"jwk\":{}}",
        "{\"alg\":\"HS256\",\"kid\":\"1\",\"typ\":\"JWE\"}",
        "{\"alg\":\"HS256\",\"kid\":\"1\",\"typ\":null}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
        "{\"alg\":\"none\",\"alg\":\"HS256\",\"kid\":\"1\"}",
        "{\"alg\":\"HS256\",\"alg\":\"HS256\",\"kid\":\"1\"}",
        "{\"alg\":\"HS256\",\"kid\":\"1\"} ,",
        "{\"alg\":\"HS256\",\"kid\":\"1\"",
        "[\"HS256\"]",
        "\"HS256\"",
        "",
    };

    for (size_t i = 0; i < DRMGMT__COUNT(headers); i++)
        cr_assert_eq(verify_with(keyring, make(headers[i], claims(NULL, NULL, NULL))), DRMGMT_ERR_UNAUTHENTICATED, "%s",
                     headers[i]);
}

Test(token, times)
{
    static const struct {
        const char *name;
        long offset;
        bool taken;
    } rows[] = { { "exp", -1, false }, { "exp", 0, false },  { "exp", 60, true },
                 { "nbf", 20, true },  { "nbf", 45, false }, { "iat", 20, true },
                 { "iat", 45, false }, { "nbf", -90, true }, { "exp", -900, false } };
    char value[32];

    for (size_t i = 0; i < DRMGMT__COUNT(rows); i++) {
        snprintf(value, sizeof value, "%ld", (long)time(NULL) + rows[i].offset);
        int rc = verify_with(keyring, make(good_header, claims(rows[i].name, value, NULL)));
        cr_assert_eq(rc, rows[i].taken ? 0 : DRMGMT_ERR_UNAUTHENTICATED, "%s %+ld", rows[i].name, rows[i].offset);
    }
}

Test(token, claims_missing_or_of_another_type)
{
    static const char *const names[] = { "iss", "aud", "sub", "tid", "jti", "exp", "iat", "nbf" };
    static const char *const values[] = { NULL,   "null", "true", "{}",          "\"\"", "\"4102444800\"",
                                          "1e10", "-1",   "0",    "[\"drmgmt\"]" };

    for (size_t i = 0; i < DRMGMT__COUNT(names); i++)
        for (size_t j = 0; j < DRMGMT__COUNT(values); j++) {
            bool any_text = strcmp(names[i], "jti") == 0 && values[j] && values[j][0] == '"';
            cr_assert_eq(verify_with(keyring, make(good_header, claims(names[i], values[j], NULL))),
                         any_text ? 0 : DRMGMT_ERR_UNAUTHENTICATED, "%s %s", names[i],
                         values[j] ? values[j] : "absent");
        }
}

Test(token, not_for_us)
{
    REFUSED(make(good_header, claims("iss", "\"drmgmt2\"", NULL)));
    REFUSED(make(good_header, claims("aud", "\"other\"", NULL)));
    REFUSED(make(good_header, claims("sub", "\"018F0000-0000-7000-8000-000000000002\"", NULL)));
    REFUSED(make(good_header, claims("tid", "\"-\"", NULL)));
    REFUSED(make(good_header, claims("tid", "\"" TENANT ".x\"", NULL)));
    REFUSED(make(good_header, claims("exp", "99999999999999999999999", NULL)));
}

Test(token, duplicate_claims)
{
    REFUSED(make(good_header, claims(NULL, NULL, ",\"tid\":\"" USER "\"")));
    REFUSED(make(good_header, claims(NULL, NULL, ",\"exp\":4102444800")));
}

Test(token, payloads_that_are_no_object)
{
    static const char bad_utf8[] = "{\"iss\":\"drmgmt\xff\"}";

    REFUSED(make(good_header, "[]"));
    REFUSED(make(good_header, ""));
    REFUSED(make(good_header, "{"));
    REFUSED(make(good_header, bad_utf8));
    REFUSED(make(good_header, claims(NULL, NULL, ",\"x\":\"\xc0\x80\"")));
    REFUSED(make(
        good_header,
        claims(NULL, NULL, ",\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]")));
}

Test(token, every_changed_character_is_noticed)
{
    make(good_header, claims(NULL, NULL, NULL));
    size_t n = strlen(token);

    for (size_t i = 0; i < n; i++) {
        char was = token[i];
        token[i] = was == 'A' ? 'B' : 'A';
        cr_assert_eq(verify_with(keyring, token), DRMGMT_ERR_UNAUTHENTICATED, "character %zu", i);
        token[i] = was;
    }
    TAKEN(token);
    for (size_t i = n; i-- > 0;) {
        token[i] = '\0';
        cr_assert_eq(verify_with(keyring, token), DRMGMT_ERR_UNAUTHENTICATED, "cut at %zu", i);
    }
}

Test(token, one_token_has_one_text)
{
    make(good_header, claims(NULL, NULL, NULL));
    size_t n = strlen(token);
    static const char *const tails[] = { "=", " ", "\n", ".", ".x", "A", "\xff" };

    for (size_t i = 0; i < DRMGMT__COUNT(tails); i++) {
        strcpy(token + n, tails[i]);
        REFUSED(token);
        token[n] = '\0';
    }
    memmove(token + 1, token, n + 1);
    token[0] = ' ';
    REFUSED(token);
    memmove(token, token + 1, n + 1);
    /* The last character of a signature carries two bits that stand for nothing. */
    char last = token[n - 1];
    const char *alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    token[n - 1] = alphabet[(strchr(alphabet, last) - alphabet) ^ 1];
    REFUSED(token);
}

Test(token, nothing_and_far_too_much)
{
    DRMGMT__FREE char *huge = malloc(1 << 20);
    char padding[2048];

    REFUSED(NULL);
    REFUSED("");
    REFUSED(".");
    REFUSED("..");
    REFUSED("...");
    memset(huge, 'A', (1 << 20) - 1);
    huge[(1 << 20) - 1] = '\0';
    REFUSED(huge);
    huge[100] = huge[200] = '.';
    REFUSED(huge);
    /* Well signed but above 2 KiB; and just below, which shows that the length decided. */
    snprintf(padding, sizeof padding, ",\"x\":\"%.*s\"", 1500, huge + 300);
    REFUSED(make(good_header, claims(NULL, NULL, padding)));
    snprintf(padding, sizeof padding, ",\"x\":\"%.*s\"", 900, huge + 300);
    TAKEN(make(good_header, claims(NULL, NULL, padding)));
}

Test(token, after_a_rotation_the_old_key_verifies_and_the_new_one_signs)
{
    drmgmt__keyring *rotated = keyring_of(KEYS "token 7 " HEX("44") "\n");
    drmgmt__keyring *pruned = keyring_of("seal 1 " HEX("11") "\nkek 1 " HEX("22") "\ntoken 7 " HEX("44") "\n");
    char *old = NULL, *fresh = NULL;

    cr_assert_eq(drmgmt__token_issue(keyring, &who, &old, NULL), 0);
    cr_assert_eq(drmgmt__token_issue(rotated, &who, &fresh, NULL), 0);
    cr_assert_eq(verify_with(rotated, old), 0);
    cr_assert_eq(verify_with(rotated, fresh), 0);
    cr_assert_eq(verify_with(keyring, fresh), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(verify_with(pruned, old), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(verify_with(pruned, fresh), 0);
    /* The new key under the old key's number. */
    memset(key, 0x44, sizeof key);
    cr_assert_eq(verify_with(rotated, make(good_header, claims(NULL, NULL, NULL))), DRMGMT_ERR_UNAUTHENTICATED);
    free(old);
    free(fresh);
    drmgmt__keyring_free(rotated);
    drmgmt__keyring_free(pruned);
}

/* ---- the cache ---- */

static int cached(struct drmgmt__token_cache *cache, const char *text)
{
    drmgmt__identity found;
    int rc = drmgmt__token_verify(keyring, cache, text, &found, NULL);

    if (!rc)
        cr_assert(strcmp(found.tenant_id, TENANT) == 0 && strcmp(found.user_id, USER) == 0 &&
                  strcmp(found.family_id, FAMILY) == 0);
    return rc;
}

Test(token, a_remembered_token_still_expires)
{
    struct drmgmt__token_cache *cache = drmgmt__token_cache_new();
    char value[32];

    snprintf(value, sizeof value, "%ld", (long)time(NULL) + 2);
    make(good_header, claims("exp", value, NULL));
    cr_assert_eq(cached(cache, token), 0);
    cr_assert_eq(cached(cache, token), 0);
    while ((long)time(NULL) < strtol(value, NULL, 10))
        usleep(50000);
    cr_assert_eq(cached(cache, token), DRMGMT_ERR_UNAUTHENTICATED);
    drmgmt__token_cache_free(cache);
}

Test(token, only_the_very_token_is_remembered)
{
    struct drmgmt__token_cache *cache = drmgmt__token_cache_new();

    make(good_header, claims(NULL, NULL, NULL));
    cr_assert_eq(cached(cache, token), 0);
    size_t n = strlen(token);
    token[n - 2] ^= 1;
    cr_assert_eq(cached(cache, token), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(cached(cache, token), DRMGMT_ERR_UNAUTHENTICATED, "a refusal is not turned into a pass");
    token[n - 2] ^= 1;
    token[n] = 'A';
    token[n + 1] = '\0';
    cr_assert_eq(cached(cache, token), DRMGMT_ERR_UNAUTHENTICATED);
    drmgmt__token_cache_free(cache);
}

enum { MANY = 12000 };
static char *many[MANY];

static void *read_all(void *cache)
{
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < MANY; i++)
            cr_assert_eq(cached(cache, many[i]), 0);
    return NULL;
}

Test(token, more_tokens_than_the_cache_holds_from_many_threads)
{
    struct drmgmt__token_cache *cache = drmgmt__token_cache_new();
    pthread_t threads[4];

    for (int i = 0; i < MANY; i++)
        cr_assert_eq(drmgmt__token_issue(keyring, &who, &many[i], NULL), 0);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, read_all, cache), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < MANY; i++)
        free(many[i]);
    drmgmt__token_cache_free(cache);
}

/* ---- refresh tokens ---- */

Test(token, refresh_tokens_as_text)
{
    drmgmt__refresh_token made, parsed;
    char text[DRMGMT__REFRESH_SIZE], other[DRMGMT__REFRESH_SIZE + 2];

    cr_assert_eq(drmgmt__refresh_token_make(TENANT, USER, &made, text), 0);
    cr_assert_eq(strlen(text), DRMGMT__REFRESH_SIZE - 1);
    cr_assert(drmgmt__refresh_token_parse(text, &parsed));
    cr_assert_str_eq(parsed.tenant_id, TENANT);
    cr_assert_str_eq(parsed.user_id, USER);
    cr_assert_str_eq(parsed.id, made.id);
    cr_assert_arr_eq(parsed.digest, made.digest, sizeof made.digest);
    for (size_t n = 0; n < sizeof text - 1; n++) {
        snprintf(other, sizeof other, "%.*s", (int)n, text);
        cr_assert_not(drmgmt__refresh_token_parse(other, &parsed));
    }
    snprintf(other, sizeof other, "%sA", text);
    cr_assert_not(drmgmt__refresh_token_parse(other, &parsed));
    cr_assert_not(drmgmt__refresh_token_parse(NULL, &parsed));
    strcpy(other, text);
    other[3] = 'R';
    cr_assert_not(drmgmt__refresh_token_parse(other, &parsed));
    strcpy(other, text);
    other[40] = '+';
    cr_assert_not(drmgmt__refresh_token_parse(other, &parsed));
}
