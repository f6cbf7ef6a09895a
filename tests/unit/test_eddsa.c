/* Access tokens signed with Ed25519, beside those of HS256: RFC 8037's own examples, and every way to pass one
 * algorithm's token for another's. */
#include "auth/auth_internal.h"
#include "auth/keyring.h"
#include "core/context_internal.h"
#include "keyring_support.h"
#include <criterion/criterion.h>
#include <drm/key.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define HEX(b) b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b
#define BASE   "seal 1 " HEX("11") "\nkek 1 " HEX("22") "\n"
#define SEED   "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60" /* RFC 8037, A.1 */
#define PUBLIC "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"                      /* A.2 */
#define BOTH   BASE "token 1 " HEX("33") "\ned25519 2 " SEED "\n"

static const drmgmt__identity who = { "018f0000-0000-7000-8000-000000000001", "018f0000-0000-7000-8000-000000000002",
                                      "018f0000-0000-7000-8000-000000000003" };
static drmgmt__keyring *keyring;
static EVP_PKEY *pair;
static char token[4096];

static void setup(void)
{
    uint8_t seed[32];

    keyring = keyring_of(BOTH);
    cr_assert_eq(drmgmt__unhex(SEED, seed, 32), 0);
    cr_assert(pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32));
}

static void teardown(void)
{
    EVP_PKEY_free(pair);
    drmgmt__keyring_free(keyring);
}

TestSuite(eddsa, .init = setup, .fini = teardown);

static int verify_with(const drmgmt__keyring *k, const char *text)
{
    drmgmt__identity found;
    int rc = drmgmt__token_verify(k, NULL, text, &found, NULL);

    if (!rc)
        cr_assert(strcmp(found.user_id, who.user_id) == 0 && strcmp(found.tenant_id, who.tenant_id) == 0);
    return rc;
}

#define REFUSED(text) cr_assert_eq(verify_with(keyring, text), DRMGMT_ERR_UNAUTHENTICATED)

/* Header and good claims. */
static void begin(const char *header)
{
    char claims[512];
    long now = (long)time(NULL);

    snprintf(claims, sizeof claims,
             "{\"iss\":\"drmgmt\",\"aud\":\"drmgmt\",\"sub\":\"%s\",\"tid\":\"%s\",\"sid\":\"%s\",\"jti\":\"%s\","
             "\"iat\":%ld,\"nbf\":%ld,\"exp\":%ld}",
             who.user_id, who.tenant_id, who.family_id, who.user_id, now, now, now + 900);
    size_t n = drmgmt__b64url(header, strlen(header), token);
    token[n] = '.';
    drmgmt__b64url(claims, strlen(claims), token + n + 1);
}

static void end(const uint8_t *signature, size_t n)
{
    size_t length = strlen(token);

    token[length] = '.';
    drmgmt__b64url(signature, n, token + length + 1);
}

static const char *by_ed25519(const char *header)
{
    uint8_t signature[64];
    size_t n = sizeof signature;
    EVP_MD_CTX *c = EVP_MD_CTX_new();

    begin(header);
    cr_assert(EVP_DigestSignInit(c, NULL, NULL, NULL, pair) == 1 &&
              EVP_DigestSign(c, signature, &n, (const uint8_t *)token, strlen(token)) == 1);
    EVP_MD_CTX_free(c);
    end(signature, n);
    return token;
}

static const char *by_hmac(const char *header, const void *key, size_t size)
{
    uint8_t mac[32];
    unsigned n = 0;

    begin(header);
    cr_assert(HMAC(EVP_sha256(), key, (int)size, (const uint8_t *)token, strlen(token), mac, &n));
    end(mac, n);
    return token;
}

/* ---- RFC 8037, appendix A ---- */

Test(eddsa, the_key_pair_of_the_rfc)
{
    uint8_t bytes[32];
    char x[44];

    cr_assert_eq(drmgmt__ed25519_public(keyring->ed25519[0], bytes), 0);
    drmgmt__b64url(bytes, sizeof bytes, x);
    cr_assert_str_eq(x, PUBLIC);
}

Test(eddsa, the_signature_of_the_rfc)
{
    static const char input[] = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    static const char expected[] =
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    uint8_t signature[64];
    char text[90];

    cr_assert_eq(drmgmt__ed25519_sign(keyring->ed25519[0], input, strlen(input), signature), 0);
    drmgmt__b64url(signature, sizeof signature, text);
    cr_assert_str_eq(text, expected);
    cr_assert(drmgmt__ed25519_verify(keyring->ed25519[0], input, strlen(input), signature));
    signature[0] ^= 1;
    cr_assert_not(drmgmt__ed25519_verify(keyring->ed25519[0], input, strlen(input), signature));
}

/* ---- which key, which algorithm ---- */

Test(eddsa, the_highest_number_signs_whatever_its_kind)
{
    drmgmt__keyring *back = keyring_of(BOTH "token 3 " HEX("44") "\n");
    drmgmt__keyring *waits = keyring_of(BOTH "token 3 " HEX("44") " standby\n");
    static const struct {
        const char *header;
    } expected[] = { { "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"2\"}" },
                     { "{\"typ\":\"JWT\",\"alg\":\"HS256\",\"kid\":\"3\"}" },
                     { "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"2\"}" } };
    const drmgmt__keyring *const rings[] = { keyring, back, waits };

    for (size_t i = 0; i < DRMGMT__COUNT(rings); i++) {
        char *text = NULL, header[200];
        cr_assert_eq(drmgmt__token_issue(rings[i], &who, &text, NULL), 0);
        long n = drmgmt__unb64url(text, strcspn(text, "."), header, sizeof header);
        json_t *found = NULL, *wanted = NULL;
        cr_assert_eq(drmgmt__json_object(header, (size_t)n, &found, NULL), 0);
        cr_assert_eq(drmgmt__json_object(expected[i].header, strlen(expected[i].header), &wanted, NULL), 0);
        cr_assert(json_equal(found, wanted), "%.*s", (int)n, header);
        json_decref(found);
        json_decref(wanted);
        /* Each that has the key verifies it. */
        cr_assert_eq(verify_with(rings[i], text), 0);
        cr_assert_eq(verify_with(keyring, text), i == 1 ? DRMGMT_ERR_UNAUTHENTICATED : 0);
        cr_assert_eq(verify_with(back, text), 0);
        cr_assert_eq(verify_with(waits, text), 0);
        free(text);
    }
    drmgmt__keyring_free(back);
    drmgmt__keyring_free(waits);
}

Test(eddsa, the_independent_one_is_taken)
{
    cr_assert_eq(verify_with(keyring, by_ed25519("{\"alg\":\"EdDSA\",\"kid\":\"2\"}")), 0);
    cr_assert_eq(verify_with(keyring, by_ed25519("{\"kid\":\"2\",\"typ\":\"JWT\",\"alg\":\"EdDSA\"}")), 0);
}

/* The public key is no secret: who can make HS256 tokens with it could make any token. */
Test(eddsa, hs256_with_what_is_known_of_the_key)
{
    static const char *const headers[] = { "{\"alg\":\"HS256\",\"kid\":\"2\"}", "{\"alg\":\"EdDSA\",\"kid\":\"2\"}",
                                           "{\"alg\":\"HS256\",\"kid\":\"1\"}", "{\"alg\":\"none\",\"kid\":\"2\"}" };
    uint8_t public[32], seed[32];

    cr_assert_eq(drmgmt__unb64url(PUBLIC, strlen(PUBLIC), public, 32), 32);
    cr_assert_eq(drmgmt__unhex(SEED, seed, 32), 0);
    for (size_t i = 0; i < DRMGMT__COUNT(headers); i++) {
        REFUSED(by_hmac(headers[i], public, sizeof public));
        REFUSED(by_hmac(headers[i], PUBLIC, strlen(PUBLIC)));
        REFUSED(by_hmac(headers[i], "", 0));
        REFUSED(by_hmac(headers[i], seed, sizeof seed));
    }
    uint8_t token_key[32];
    memset(token_key, 0x33, sizeof token_key);
    cr_assert_eq(verify_with(keyring, by_hmac("{\"alg\":\"HS256\",\"kid\":\"1\"}", token_key, 32)), 0, "the control");
}

Test(eddsa, headers_that_do_not_fit_the_key)
{
    static const char *const headers[] = {
        "{\"alg\":\"EdDSA\",\"kid\":\"1\"}",
        "{\"alg\":\"EdDSA\",\"kid\":\"3\"}",
        "{\"alg\":\"EdDSA\",\"kid\":\"02\"}",
        "{\"alg\":\"EdDSA\",\"kid\":2}",
        "{\"alg\":\"EdDSA\"}",
        "{\"alg\":\"eddsa\",\"kid\":\"2\"}",
        "{\"alg\":\"Ed25519\",\"kid\":\"2\"}",
        "{\"alg\":\"HS256\",\"kid\":\"2\"}",
        "{\"alg\":\"RS256\",\"kid\":\"2\"}",
        "{\"alg\":\"none\",\"kid\":\"2\"}",
        "{\"kid\":\"2\"}",
        "{\"alg\":\"EdDSA\",\"kid\":\"2\",\"crit\":[\"exp\"]}",
        "{\"alg\":\"EdDSA\",\"kid\":\"2\",\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" PUBLIC "\"}}",
        "{\"alg\":\"EdDSA\",\"kid\":\"2\",\"typ\":\"at+jwt\"}",
        "{\"alg\":\"EdDSA\",\"alg\":\"EdDSA\",\"kid\":\"2\"}",
    };

    for (size_t i = 0; i < DRMGMT__COUNT(headers); i++)
        cr_assert_eq(verify_with(keyring, by_ed25519(headers[i])), DRMGMT_ERR_UNAUTHENTICATED, "%s", headers[i]);
}

Test(eddsa, no_byte_can_be_changed_and_none_left_out)
{
    char *text = NULL;

    cr_assert_eq(drmgmt__token_issue(keyring, &who, &text, NULL), 0);
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++) {
        char before = text[i];
        text[i] = before == 'A' ? 'B' : 'A';
        REFUSED(text);
        text[i] = before;
    }
    cr_assert_eq(verify_with(keyring, text), 0);
    for (size_t i = n; i-- > 0;) {
        text[i] = '\0';
        REFUSED(text);
    }
    free(text);
}

/* S + L in the place of S: the same signature in the eyes of a careless verifier (RFC 8032, section 5.1.7). */
Test(eddsa, a_signature_has_one_form)
{
    static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                       0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                       0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10 };
    uint8_t signature[64];
    unsigned carry = 0;

    by_ed25519("{\"alg\":\"EdDSA\",\"kid\":\"2\"}");
    char *last = strrchr(token, '.');
    cr_assert_eq(drmgmt__unb64url(last + 1, strlen(last + 1), signature, 64), 64);
    for (size_t i = 0; i < 32; i++) {
        carry += signature[32 + i] + order[i];
        signature[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    *last = '\0';
    end(signature, 64);
    REFUSED(token);
}

Test(eddsa, a_key_that_was_taken_away_verifies_nothing_remembered_either)
{
    drmgmt__keyring *without = keyring_of(BASE "token 1 " HEX("33") "\n");
    struct drmgmt__token_cache *cache = drmgmt__token_cache_new();
    drmgmt__identity found;

    by_ed25519("{\"alg\":\"EdDSA\",\"kid\":\"2\"}");
    cr_assert_eq(drmgmt__token_verify(keyring, cache, token, &found, NULL), 0);
    cr_assert_eq(drmgmt__token_verify(keyring, cache, token, &found, NULL), 0);
    cr_assert_eq(drmgmt__token_verify(without, cache, token, &found, NULL), DRMGMT_ERR_UNAUTHENTICATED);
    cr_assert_eq(drmgmt__token_verify(keyring, cache, token, &found, NULL), 0);
    drmgmt__token_cache_free(cache);
    drmgmt__keyring_free(without);
}

/* ---- the key set ---- */

Test(eddsa, the_key_set_tells_public_halves_and_nothing_else)
{
    static drmgmt_context context;
    char *json = NULL;

    cr_assert_eq(drmgmt_jwks(&context, &json, NULL), 0);
    cr_assert_str_eq(json, "{\"keys\":[]}");
    free(json);
    context.keyring = keyring_of(BOTH "ed25519 5 " HEX("55") " standby\n");
    cr_assert_eq(drmgmt_jwks(&context, &json, NULL), 0);
    static const char first[] = "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"alg\":\"EdDSA\",\"use\":\"sig\","
                                "\"kid\":\"2\",\"x\":\"" PUBLIC "\"},{";
    cr_assert_eq(strncmp(json, first, strlen(first)), 0, "%s", json);
    cr_assert(strstr(json, "\"kid\":\"5\"") && !strstr(json, "\"kid\":\"1\"") && !strstr(json, "\"d\""));
    free(json);
    drmgmt__keyring_free(context.keyring);
}
