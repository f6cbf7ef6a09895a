/* Implements jwk.h with OpenSSL. libjwt is not asked: it takes the algorithm from the token, and here the key's type
 * decides it (RFC 8725, section 3.1). */
#include "auth/jwk.h"
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>

enum { KEYS_MAX = 64, KID_MAX = 256, RSA_BYTES_MAX = 1024, RSA_BITS_MIN = 2048, EC_SIZE = 32, ED_SIZE = 32 };

struct type;
struct drmgmt__jwk {
    const struct type *type;
    char *kid; /* NULL: it has none */
    EVP_PKEY *key;
};

struct drmgmt__jwks {
    size_t n;
    drmgmt__jwk keys[KEYS_MAX];
};

/* ---- making keys ---- */

/* The bytes of a base64url member; -1 if it is none, or longer than size. */
static long member_bytes(const json_t *jwk, const char *name, uint8_t *out, size_t size)
{
    const char *text = json_string_value(json_object_get(jwk, name));

    return text ? drmgmt__unb64url(text, strlen(text), out, size) : -1;
}

static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *build)
{
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;

    if (!params || !c || EVP_PKEY_fromdata_init(c) != 1 || EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(c);
    OSSL_PARAM_free(params);
    return key;
}

/* RFC 7518, section 6.3.1. */
static EVP_PKEY *make_rsa(const json_t *jwk)
{
    uint8_t n[RSA_BYTES_MAX], e[8];
    long n_length = member_bytes(jwk, "n", n, sizeof n), e_length = member_bytes(jwk, "e", e, sizeof e);
    EVP_PKEY *key = NULL;

    if (n_length <= 0 || e_length <= 0)
        return NULL;
    BIGNUM *modulus = BN_bin2bn(n, (int)n_length, NULL), *exponent = BN_bin2bn(e, (int)e_length, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    if (modulus && exponent && build && BN_num_bits(modulus) >= RSA_BITS_MIN && BN_is_odd(modulus) &&
        BN_is_odd(exponent) && !BN_is_one(exponent) &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent) == 1)
        key = from_params("RSA", build);
    OSSL_PARAM_BLD_free(build);
    BN_free(exponent);
    BN_free(modulus);
    return key;
}

static bool on_curve(EVP_PKEY *key)
{
    EVP_PKEY_CTX *c = key ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
    bool good = c && EVP_PKEY_public_check(c) == 1;

    EVP_PKEY_CTX_free(c);
    return good;
}

/* RFC 7518, section 6.2.1; coordinates have their full length. */
static EVP_PKEY *make_p256(const json_t *jwk)
{
    uint8_t point[1 + 2 * EC_SIZE] = { 4 };
    EVP_PKEY *key = NULL;

    if (member_bytes(jwk, "x", point + 1, EC_SIZE) != EC_SIZE ||
        member_bytes(jwk, "y", point + 1 + EC_SIZE, EC_SIZE) != EC_SIZE)
        return NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    if (build && OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) == 1)
        key = from_params("EC", build);
    OSSL_PARAM_BLD_free(build);
    if (!on_curve(key)) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

/* RFC 8037, section 2. */
static EVP_PKEY *make_ed25519(const json_t *jwk)
{
    uint8_t x[ED_SIZE];

    return member_bytes(jwk, "x", x, sizeof x) == ED_SIZE
               ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, x, sizeof x)
               : NULL;
}

/* ---- verifying ---- */

static bool verify(EVP_PKEY *key, const EVP_MD *digest, const void *text, size_t length, const uint8_t *signature,
                   size_t signature_length)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool good = c && EVP_DigestVerifyInit(c, NULL, digest, NULL, key) == 1 &&
                EVP_DigestVerify(c, signature, signature_length, text, length) == 1;

    EVP_MD_CTX_free(c);
    return good;
}

static bool verify_rs256(EVP_PKEY *key, const void *text, size_t length, const uint8_t *signature, size_t n)
{
    return verify(key, EVP_sha256(), text, length, signature, n);
}

/* JOSE writes r and s side by side, OpenSSL wants them in DER. */
static bool verify_es256(EVP_PKEY *key, const void *text, size_t length, const uint8_t *signature, size_t n)
{
    unsigned char *der = NULL;

    if (n != 2 * EC_SIZE)
        return false;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, EC_SIZE, NULL), *s = BN_bin2bn(signature + EC_SIZE, EC_SIZE, NULL);
    if (!pair || !r || !s || ECDSA_SIG_set0(pair, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(pair);
        return false;
    }
    int der_length = i2d_ECDSA_SIG(pair, &der);
    bool good = der_length > 0 && verify(key, EVP_sha256(), text, length, der, (size_t)der_length);
    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
    return good;
}

static bool verify_eddsa(EVP_PKEY *key, const void *text, size_t length, const uint8_t *signature, size_t n)
{
    return verify(key, NULL, text, length, signature, n);
}

/* ---- the one table of algorithms ---- */

static const struct type {
    const char *algorithm, *kty, *crv; /* crv NULL: the type has no curves */
    EVP_PKEY *(*make)(const json_t *jwk);
    bool (*verify)(EVP_PKEY *key, const void *text, size_t length, const uint8_t *signature, size_t n);
} types[] = {
    { "RS256", "RSA", NULL, make_rsa, verify_rs256 },
    { "ES256", "EC", "P-256", make_p256, verify_es256 },
    { "EdDSA", "OKP", "Ed25519", make_ed25519, verify_eddsa },
};

/* An absent member is as good as the one expected. */
static bool absent_or(const json_t *jwk, const char *name, const char *expected)
{
    const json_t *value = json_object_get(jwk, name);
    const char *text = json_string_value(value);

    return !value || (text && strcmp(text, expected) == 0);
}

static bool may_verify(const json_t *jwk)
{
    const json_t *operations = json_object_get(jwk, "key_ops"), *operation;
    size_t i;

    if (!absent_or(jwk, "use", "sig"))
        return false;
    if (!operations)
        return true;
    json_array_foreach(operations, i, operation) if (json_is_string(operation) &&
                                                     strcmp(json_string_value(operation), "verify") == 0) return true;
    return false;
}

static const struct type *type_of(const json_t *jwk)
{
    const char *kty = json_string_value(json_object_get(jwk, "kty"));
    const char *crv = json_string_value(json_object_get(jwk, "crv"));

    for (size_t i = 0; kty && i < DRMGMT__COUNT(types); i++)
        if (strcmp(types[i].kty, kty) == 0 && (!types[i].crv || (crv && strcmp(types[i].crv, crv) == 0)) &&
            absent_or(jwk, "alg", types[i].algorithm))
            return &types[i];
    return NULL;
}

/* A private part has no business in a set that everybody reads: such a key is not to be relied on. */
static bool usable(const json_t *jwk)
{
    const json_t *kid = json_object_get(jwk, "kid");

    return json_is_object(jwk) && !json_object_get(jwk, "d") && may_verify(jwk) &&
           (!kid || (json_is_string(kid) && json_string_length(kid) <= KID_MAX));
}

static int add(drmgmt__jwks *jwks, const json_t *jwk)
{
    const struct type *type = usable(jwk) ? type_of(jwk) : NULL;
    const char *kid = json_string_value(json_object_get(jwk, "kid"));
    EVP_PKEY *key = type ? type->make(jwk) : NULL;

    if (!key)
        return 0;
    drmgmt__jwk *to = &jwks->keys[jwks->n];
    if (kid && !(to->kid = strdup(kid))) {
        EVP_PKEY_free(key);
        return -1;
    }
    to->type = type;
    to->key = key;
    jwks->n++;
    return 0;
}

int drmgmt__jwks_parse(const char *text, size_t length, drmgmt__jwks **jwks, drmgmt_error **error)
{
    DRMGMT__JSON json_t *set = NULL;
    json_t *jwk;
    size_t i;

    if (drmgmt__json_object(text, length, &set, NULL))
        return drmgmt__fail(error, DRMGMT_ERR_PROTOCOL, "the issuer's key set is not a JSON object");
    const json_t *keys = json_object_get(set, "keys");
    if (!json_is_array(keys) || json_array_size(keys) > KEYS_MAX)
        return drmgmt__fail(error, DRMGMT_ERR_PROTOCOL,
                            "the issuer's key set has no member \"keys\" of at most %d keys", KEYS_MAX);
    drmgmt__jwks *made = calloc(1, sizeof *made);
    if (!made)
        return drmgmt__fail_memory(error);
    json_array_foreach(keys, i, jwk)
    {
        if (add(made, jwk)) {
            drmgmt__jwks_free(made);
            return drmgmt__fail_memory(error);
        }
    }
    *jwks = made;
    return 0;
}

void drmgmt__jwks_free(drmgmt__jwks *jwks)
{
    for (size_t i = 0; jwks && i < jwks->n; i++) {
        EVP_PKEY_free(jwks->keys[i].key);
        free(jwks->keys[i].kid);
    }
    free(jwks);
}

size_t drmgmt__jwks_count(const drmgmt__jwks *jwks)
{
    return jwks->n;
}

const drmgmt__jwk *drmgmt__jwks_find(const drmgmt__jwks *jwks, const char *algorithm, const char *kid)
{
    const drmgmt__jwk *found = NULL;

    for (size_t i = 0; i < jwks->n; i++) {
        const drmgmt__jwk *jwk = &jwks->keys[i];
        if (strcmp(jwk->type->algorithm, algorithm) != 0 || (kid && (!jwk->kid || strcmp(jwk->kid, kid) != 0)))
            continue;
        if (found)
            return NULL;
        found = jwk;
    }
    return found;
}

bool drmgmt__jwk_verify(const drmgmt__jwk *jwk, const void *text, size_t length, const uint8_t *signature,
                        size_t signature_length)
{
    return jwk->type->verify(jwk->key, text, length, signature, signature_length);
}
