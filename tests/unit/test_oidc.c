/* Keys and ID tokens of OpenID Connect by themselves: vectors of the RFCs, and every claim that may be wrong. The
 * tokens are signed here with the key of RFC 8037, appendix A. */
#include "auth/oidc_internal.h"
#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <string.h>

static drmgmt__jwks *keys_of(const char *text)
{
    drmgmt__jwks *keys = NULL;
    drmgmt_error *error = NULL;

    cr_assert_eq(drmgmt__jwks_parse(text, strlen(text), &keys, &error), 0, "%s", drmgmt_error_message(error));
    return keys;
}

/* ---- key sets ---- */

#define N                                                                                                              \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-"   \
    "pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"                  \
    "UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-"                                     \
    "DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
#define RSA "\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"AQAB\""
#define EC                                                                                                             \
    "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_"                \
    "FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define HALF "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\""
#define OKP  "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""

/* RFC 7515, appendices A.2 and A.3; RFC 8037, appendix A.4. */
static const struct {
    const char *algorithm, *keys, *text, *signature;
} vectors[] = {
    { "RS256", "{\"keys\":[{" RSA "}]}",
      "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cn"
      "VlfQ",
      "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_"
      "lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
      "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7"
      "K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"
      "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5A"
      "XLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw" },
    { "ES256", "{\"keys\":[{" EC "}]}",
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cn"
      "VlfQ",
      "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q" },
    { "EdDSA", "{\"keys\":[{" OKP "}]}", "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg" },
};

Test(jwk, verifies_what_the_rfcs_have_signed_and_nothing_else)
{
    for (size_t i = 0; i < DRMGMT__COUNT(vectors); i++) {
        drmgmt__jwks *keys = keys_of(vectors[i].keys);
        const drmgmt__jwk *key = drmgmt__jwks_find(keys, vectors[i].algorithm, NULL);
        uint8_t signature[512];
        const char *text = vectors[i].text;
        long n = drmgmt__unb64url(vectors[i].signature, strlen(vectors[i].signature), signature, sizeof signature);
        cr_assert(key && n > 0);
        cr_assert(drmgmt__jwk_verify(key, text, strlen(text), signature, (size_t)n), "%s", vectors[i].algorithm);
        cr_assert_not(drmgmt__jwk_verify(key, text, strlen(text) - 1, signature, (size_t)n));
        cr_assert_not(drmgmt__jwk_verify(key, text, strlen(text), signature, (size_t)n - 1));
        cr_assert_not(drmgmt__jwk_verify(key, text, strlen(text), signature, 0));
        signature[n / 2] ^= 1;
        cr_assert_not(drmgmt__jwk_verify(key, text, strlen(text), signature, (size_t)n));
        memset(signature, 0, sizeof signature);
        cr_assert_not(drmgmt__jwk_verify(key, text, strlen(text), signature, (size_t)n), "zeros");
        for (size_t k = 0; k < DRMGMT__COUNT(vectors); k++)
            cr_assert_eq(drmgmt__jwks_find(keys, vectors[k].algorithm, NULL) != NULL, k == i);
        drmgmt__jwks_free(keys);
    }
}

Test(jwk, finds_a_key_by_its_id_and_its_algorithm)
{
    drmgmt__jwks *keys = keys_of("{\"keys\":[{" RSA ",\"kid\":\"a\"},{" RSA ",\"kid\":\"b\"},{" EC
                                 ",\"kid\":\"a\"},{" OKP ",\"kid\":\"c\"},{" OKP ",\"kid\":\"c\"}]}");

    cr_assert(drmgmt__jwks_find(keys, "RS256", "a") != drmgmt__jwks_find(keys, "RS256", "b"));
    cr_assert(drmgmt__jwks_find(keys, "ES256", "a") && drmgmt__jwks_find(keys, "ES256", NULL));
    cr_assert_not(drmgmt__jwks_find(keys, "RS256", NULL), "there are two");
    cr_assert_not(drmgmt__jwks_find(keys, "ES256", "b"));
    cr_assert_not(drmgmt__jwks_find(keys, "EdDSA", "c"), "which of them?");
    cr_assert_not(drmgmt__jwks_find(keys, "HS256", "a"));
    cr_assert_not(drmgmt__jwks_find(keys, "none", NULL));
    drmgmt__jwks_free(keys);
}

Test(jwk, passes_over_what_is_of_no_use)
{
    static const char *const useless[] = {
        "{" RSA ",\"use\":\"enc\"}",
        "{" RSA ",\"key_ops\":[\"encrypt\"]}",
        "{" RSA ",\"key_ops\":[]}",
        "{" RSA ",\"alg\":\"RS512\"}",
        "{" RSA ",\"alg\":7}",
        "{" RSA ",\"d\":\"AQAB\"}",
        "{" RSA ",\"kid\":7}",
        "{\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"AQ\"}",
        "{\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"Ag\"}",
        "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"n\":\"" N N N N N "\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"n\":\"*\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"e\":\"AQAB\"}",
        "{" HALF ",\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AA\",\"y\":\"AA\"}",
        "{\"kty\":\"EC\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"AA\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}",
        "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
        "{}",
        "[]",
        "null",
        "7",
    };
    char text[8192];

    for (size_t i = 0; i < DRMGMT__COUNT(useless); i++) {
        snprintf(text, sizeof text,
                 "{\"keys\":[%s,{" OKP ",\"key_ops\":[\"verify\"],\"use\":\"sig\",\"x5c\":[\"?\"]}]}", useless[i]);
        drmgmt__jwks *keys = keys_of(text);
        cr_assert_eq(drmgmt__jwks_count(keys), 1, "%s", useless[i]);
        drmgmt__jwks_free(keys);
    }
}

Test(jwk, refuses_what_is_no_key_set)
{
    static const char *const bad[] = {
        "", "[]", "{}", "{\"keys\":{}}", "{\"keys\":null}", "{ ", "{\"keys\":[", "{\"keys\":[],\"keys\":[]}"
    };
    char many[65 * 3 + 16] = "{\"keys\":[{}";
    drmgmt__jwks *keys = NULL;

    for (size_t i = 0; i < DRMGMT__COUNT(bad); i++)
        cr_assert_eq(drmgmt__jwks_parse(bad[i], strlen(bad[i]), &keys, NULL), DRMGMT_ERR_PROTOCOL, "%s", bad[i]);
    for (int i = 0; i < 64; i++)
        strcat(many, ",{}");
    strcat(many, "]}");
    cr_assert_eq(drmgmt__jwks_parse(many, strlen(many), &keys, NULL), DRMGMT_ERR_PROTOCOL);
    cr_assert_null(keys);
}

/* ---- ID tokens ---- */

enum { NOW = 1700000000 };
static const char access_token[] = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
static const char header[] = "{\"alg\":\"EdDSA\",\"kid\":\"k\"}";
static const char good[] =
    "{\"iss\":\"https://id.example\",\"sub\":\"s\",\"aud\":\"me\",\"exp\":1700000300,\"iat\":1700000000,"
    "\"nonce\":\"n\",\"email\":\"A@Example.net\",\"email_verified\":true,\"amr\":[\"pwd\",\"mfa\"]}";

static void encode(char *out, const char *text, size_t n)
{
    drmgmt__b64url(text, n, out + strlen(out));
}

/* RFC 8037, appendix A.1. */
static void sign(const char *head, const char *payload, char token[4096])
{
    static const char secret[] = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    uint8_t seed[32], signature[64];
    size_t n = sizeof signature;

    cr_assert_eq(drmgmt__unb64url(secret, strlen(secret), seed, sizeof seed), 32);
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    token[0] = '\0';
    encode(token, head, strlen(head));
    strcat(token, ".");
    encode(token, payload, strlen(payload));
    cr_assert(EVP_DigestSignInit(c, NULL, NULL, NULL, key) == 1 &&
              EVP_DigestSign(c, signature, &n, (const uint8_t *)token, strlen(token)) == 1);
    strcat(token, ".");
    encode(token, (const char *)signature, n);
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(key);
}

static drmgmt__oidc_verdict check(const char *token, drmgmt__oidc_claims *claims, const char **why)
{
    const drmgmt__oidc_expected expected = { .issuer = "https://id.example",
                                             .client_id = "me",
                                             .nonce = "n",
                                             .access_token = access_token,
                                             .now = NOW,
                                             .begun = NOW - 10 };
    drmgmt__jwks *keys = keys_of("{\"keys\":[{" OKP ",\"kid\":\"k\"}]}");
    drmgmt__oidc_verdict verdict = drmgmt__oidc_id_token(token, keys, &expected, claims, why);

    drmgmt__jwks_free(keys);
    return verdict;
}

/* The good claims with a part replaced. */
static void twist(const char *from, const char *to, char out[2048])
{
    const char *at = strstr(good, from);

    cr_assert(at, "%s", from);
    snprintf(out, 2048, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
}

Test(id_token, a_good_one_tells_who_it_is)
{
    drmgmt__oidc_claims claims;
    const char *why = NULL;
    char token[4096];

    sign(header, good, token);
    cr_assert_eq(check(token, &claims, &why), DRMGMT__OIDC_GOOD, "%s", why);
    cr_assert_str_eq(claims.sub, "s");
    cr_assert_str_eq(claims.email, "a@example.net");
    cr_assert(claims.several_factors);
}

static const struct claim {
    const char *from, *to;
    bool good;
} twists[] = {
    { "\"me\"", "[\"me\"]", true },
    { "\"me\"", "[\"me\",\"you\"]", false },
    { "\"me\"", "[\"you\",\"me\"],\"azp\":\"me\"", true },
    { "\"me\"", "[\"you\",\"me\"],\"azp\":\"you\"", false },
    { "\"me\"", "\"me\",\"azp\":\"me\"", true },
    { "\"me\"", "\"me\",\"azp\":7", false },
    { "\"me\"", "[\"me\",7],\"azp\":\"me\"", false },
    { "\"me\"", "[]", false },
    { "\"me\"", "{\"me\":1}", false },
    { "\"me\"", "\"ME\"", false },
    { "\"me\"", "\"me\\u0000x\"", false },
    { "https://id.example", "https://id.example/", false },
    { "https://id.example", "HTTPS://id.example", false },
    { "\"https://id.example\"", "[\"https://id.example\"]", false },
    { "1700000300", "1699999941", true }, /* within the leeway of a minute */
    { "1700000300", "1699999940", false },
    { "1700000300", "1700000300.5", true },
    { "1700000300", "\"1700000300\"", false },
    { "1700000300", "-1", false },
    { "1700000300", "1e300", false },
    { "1700000300", "null", false },
    { "\"iat\":1700000000", "\"iat\":1700000060", true },
    { "\"iat\":1700000000", "\"iat\":1700000061", false },
    { "\"iat\":1700000000", "\"iat\":1699999930", true },
    { "\"iat\":1700000000", "\"iat\":1699999929", false },
    { "\"iat\":1700000000", "\"iat\":true", false },
    { "\"nonce\":\"n\"", "\"nonce\":\"N\"", false },
    { "\"nonce\":\"n\"", "\"nonce\":null", false },
    { "\"nonce\":\"n\"", "\"nonce\":\"n\",\"nonce\":\"n\"", false },
    { "\"nonce\":\"n\"", "\"nonce\":\"n\",\"nbf\":1700000060", true },
    { "\"nonce\":\"n\"", "\"nonce\":\"n\",\"nbf\":1700000061", false },
    { "\"nonce\":\"n\"", "\"nonce\":\"n\",\"nbf\":\"x\"", false },
    /* The left half of SHA-512 of the access token, and of SHA-256. */
    { "\"nonce\":\"n\"", "\"nonce\":\"n\",\"at_hash\":\"@512\"", true },
    { "\"nonce\":\"n\"", "\"nonce\":\"n\",\"at_hash\":\"@256\"", false },
    { "\"nonce\":\"n\"", "\"nonce\":\"n\",\"at_hash\":null", false },
    { "\"sub\":\"s\"", "\"sub\":\"\"", false },
    { "\"sub\":\"s\"", "\"sub\":7", false },
    { "\"sub\":\"s\"", "\"sub\":\"a b\"", true },
    { "\"sub\":\"s\"", "\"sub\":\"\\n\"", false },
    { "\"sub\":\"s\"", "\"sub\":\"\\u00e4\"", false },
};

static void put_hash(char payload[2048])
{
    char *at = strchr(payload, '@'), text[64], rest[1024];
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned n;

    /* The address has a sign as well. */
    while (at && strncmp(at, "@512", 4) != 0 && strncmp(at, "@256", 4) != 0)
        at = strchr(at + 1, '@');
    if (!at)
        return;
    cr_assert(
        EVP_Digest(access_token, strlen(access_token), hash, &n, at[1] == '5' ? EVP_sha512() : EVP_sha256(), NULL));
    drmgmt__b64url(hash, n / 2, text);
    snprintf(rest, sizeof rest, "%s", at + 4);
    strcpy(stpcpy(at, text), rest);
}

Test(id_token, every_claim_is_checked)
{
    for (size_t i = 0; i < DRMGMT__COUNT(twists); i++) {
        drmgmt__oidc_claims claims;
        const char *why = NULL;
        char payload[2048], token[4096];
        twist(twists[i].from, twists[i].to, payload);
        put_hash(payload);
        sign(header, payload, token);
        drmgmt__oidc_verdict verdict = check(token, &claims, &why);
        cr_assert_eq(verdict, twists[i].good ? DRMGMT__OIDC_GOOD : DRMGMT__OIDC_BAD, "%s: %s", payload,
                     why ? why : "good");
        cr_assert_eq(why == NULL, twists[i].good);
    }
}

Test(id_token, only_a_verified_address_is_one)
{
    static const struct {
        const char *from, *to, *email;
    } addresses[] = {
        { "\"email_verified\":true", "\"email_verified\":false", "" },
        { "\"email_verified\":true", "\"email_verified\":\"true\"", "" },
        { "\"email_verified\":true", "\"email_verified\":1", "" },
        { "\"email_verified\":true", "\"x\":1", "" },
        { "A@Example.net", "x@[127.0.0.1]", "" },
        { "A@Example.net", "b@example.net", "b@example.net" },
        { "\"A@Example.net\"", "[\"b@example.net\"]", "" },
        { "A@Example.net", "", "" },
    };
    for (size_t i = 0; i < DRMGMT__COUNT(addresses); i++) {
        drmgmt__oidc_claims claims = { .email = "left over" };
        const char *why = NULL;
        char payload[2048], token[4096];
        twist(addresses[i].from, addresses[i].to, payload);
        sign(header, payload, token);
        cr_assert_eq(check(token, &claims, &why), DRMGMT__OIDC_GOOD, "%s", why);
        cr_assert_str_eq(claims.email, addresses[i].email, "%s", payload);
    }
}

Test(id_token, factors_are_counted_only_where_the_issuer_says_mfa)
{
    static const char *const amr[] = { "[\"pwd\",\"otp\"]", "\"mfa\"", "[]", "[[\"mfa\"]]", "null", "[\"MFA\"]" };

    for (size_t i = 0; i < DRMGMT__COUNT(amr); i++) {
        drmgmt__oidc_claims claims;
        const char *why = NULL;
        char payload[2048], token[4096];
        twist("[\"pwd\",\"mfa\"]", amr[i], payload);
        sign(header, payload, token);
        cr_assert_eq(check(token, &claims, &why), DRMGMT__OIDC_GOOD, "%s", why);
        cr_assert_not(claims.several_factors, "%s", amr[i]);
    }
}

Test(id_token, headers_that_are_not_ours)
{
    static const struct {
        const char *header;
        drmgmt__oidc_verdict verdict;
    } headers[] = {
        { "{\"alg\":\"EdDSA\",\"kid\":\"k\",\"typ\":\"JWT\",\"jku\":\"x\"}", DRMGMT__OIDC_GOOD },
        { "{\"alg\":\"EdDSA\"}", DRMGMT__OIDC_GOOD },
        { "{\"alg\":\"EdDSA\",\"kid\":\"other\"}", DRMGMT__OIDC_NO_KEY },
        { "{\"alg\":\"RS256\",\"kid\":\"k\"}", DRMGMT__OIDC_NO_KEY },
        { "{\"alg\":\"EdDSA\",\"kid\":7}", DRMGMT__OIDC_BAD },
        { "{\"alg\":\"EdDSA\",\"kid\":\"k\",\"crit\":[\"b64\"],\"b64\":false}", DRMGMT__OIDC_BAD },
        { "{\"alg\":\"none\"}", DRMGMT__OIDC_BAD },
        { "{\"alg\":\"None\"}", DRMGMT__OIDC_BAD },
        { "{\"alg\":\"HS256\",\"kid\":\"k\"}", DRMGMT__OIDC_BAD },
        { "{\"alg\":\"eddsa\",\"kid\":\"k\"}", DRMGMT__OIDC_BAD },
        { "{\"alg\":[\"EdDSA\"],\"kid\":\"k\"}", DRMGMT__OIDC_BAD },
        { "{\"alg\":\"EdDSA\",\"alg\":\"EdDSA\",\"kid\":\"k\"}", DRMGMT__OIDC_BAD },
        { "{\"kid\":\"k\"}", DRMGMT__OIDC_BAD },
        { "[]", DRMGMT__OIDC_BAD },
    };
    for (size_t i = 0; i < DRMGMT__COUNT(headers); i++) {
        drmgmt__oidc_claims claims;
        const char *why = NULL;
        char token[4096];
        sign(headers[i].header, good, token);
        cr_assert_eq(check(token, &claims, &why), headers[i].verdict, "%s: %s", headers[i].header, why ? why : "good");
    }
}

Test(id_token, texts_that_are_no_tokens)
{
    static const char *const texts[] = {
        "", ".", "..", "...", "a.b.c", "e30.e30.", "e30..", "e30.e30", "e30.e30.e30.e30", "e30.e30.AA", "\xff.\xff.\xff"
    };
    drmgmt__oidc_claims claims;
    const char *why = NULL;
    char token[4096];

    for (size_t i = 0; i < DRMGMT__COUNT(texts); i++)
        cr_assert_eq(check(texts[i], &claims, &why), DRMGMT__OIDC_BAD, "%s", texts[i]);
    sign(header, good, token);
    for (size_t i = 0; token[i]; i++) { /* each byte counts */
        char before = token[i];
        token[i] = before == 'A' ? 'B' : 'A';
        cr_assert_neq(check(token, &claims, &why), DRMGMT__OIDC_GOOD, "byte %zu", i);
        token[i] = before;
    }
    char *huge = malloc(20000);
    memset(huge, 'A', 19999);
    huge[19999] = '\0';
    huge[100] = huge[200] = '.';
    cr_assert_eq(check(huge, &claims, &why), DRMGMT__OIDC_BAD);
    free(huge);
}

/* ---- URLs ---- */

Test(url, which_may_be_used)
{
    static const struct {
        const char *url;
        bool endpoint, issuer, loopback;
    } urls[] = {
        { "https://id.example", true, true, false },
        { "https://id.example:8443/realm/x", true, true, false },
        { "https://id.example/a?b=c", true, false, false },
        { "https://[2001:db8::1]:443/", true, true, false },
        { "http://127.0.0.1:8080/x", true, true, true },
        { "http://[::1]:8080/x", true, true, true },
        { "http://localhost/x", true, true, false },
        { "https://127.0.0.1/x", true, true, false },
        { "http://127.0.0.2/x", false, false, false },
        { "http://id.example", false, false, false },
        { "http://localhost.evil.example/", false, false, false },
        { "http://127.0.0.1@evil.example/", false, false, false },
        { "http://127.0.0.1:80@evil.example/", false, false, false },
        { "https://user@id.example/", false, false, false },
        { "https://id.example/#x", false, false, false },
        { "https://id.example/ x", false, false, false },
        { "https://id.example/\r\nx", false, false, false },
        { "https://id.example:/", false, false, false },
        { "https://id.example:x/", false, false, false },
        { "https://id.example\\@evil.example/", false, false, false },
        { "https:///x", false, false, false },
        { "https://", false, false, false },
        { "HTTPS://id.example", false, false, false },
        { "ftp://id.example", false, false, false },
        { "javascript:alert(1)", false, false, false },
        { "", false, false, false },
    };
    for (size_t i = 0; i < DRMGMT__COUNT(urls); i++) {
        cr_assert_eq(!drmgmt__oidc_url_error(urls[i].url), urls[i].endpoint, "%s", urls[i].url);
        cr_assert_eq(!drmgmt__oidc_issuer_error(urls[i].url), urls[i].issuer, "%s", urls[i].url);
        cr_assert_eq(drmgmt__oidc_loopback(urls[i].url), urls[i].loopback, "%s", urls[i].url);
    }
}

Test(url, parameters_are_form_encoded)
{
    DRMGMT__STRBUF b = DRMGMT__STRBUF_INIT;

    drmgmt__oidc_parameter(&b, '?', "a", "x y&z=\xc3\xa4/-._~");
    drmgmt__oidc_base64(&b, "any carnal pleas", 16);
    cr_assert_str_eq(b.data, "?a=x%20y%26z%3D%C3%A4%2F-._~YW55IGNhcm5hbCBwbGVhcw==");
}
