/* Ed25519 signatures (RFC 8032), which libjwt 1.10 does not know. Called by keyring.c, token.c and jwks.c; calls
 * OpenSSL. One key may be used by several threads at once. */
#include "auth/keyring.h"

EVP_PKEY *drmgmt__ed25519_open(const uint8_t seed[32])
{
    return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
}

int drmgmt__ed25519_public(const EVP_PKEY *key, uint8_t out[32])
{
    size_t n = 32;

    return EVP_PKEY_get_raw_public_key(key, out, &n) == 1 && n == 32 ? 0 : DRMGMT_ERR_CRYPTO;
}

int drmgmt__ed25519_sign(EVP_PKEY *key, const void *bytes, size_t n, uint8_t signature[DRMGMT__ED25519_SIGNATURE])
{
    size_t size = DRMGMT__ED25519_SIGNATURE;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool done = c && EVP_DigestSignInit(c, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestSign(c, signature, &size, bytes, n) == 1 && size == DRMGMT__ED25519_SIGNATURE;

    EVP_MD_CTX_free(c);
    return done ? 0 : DRMGMT_ERR_CRYPTO;
}

bool drmgmt__ed25519_verify(EVP_PKEY *key, const void *bytes, size_t n,
                            const uint8_t signature[DRMGMT__ED25519_SIGNATURE])
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool good = c && EVP_DigestVerifyInit(c, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestVerify(c, signature, DRMGMT__ED25519_SIGNATURE, bytes, n) == 1;

    EVP_MD_CTX_free(c);
    return good;
}
