/* Seals of the tenant context, and secrets at rest. Called by store/ (a seal a transaction), device/ (sealing) and
 * worker/ (opening). */
#include "auth/auth_internal.h"
#include "core/core.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SEAL_SECONDS = 60, NONCE_SIZE = 12, TAG_SIZE = 16, HEADER_SIZE = 1 + 4 };

int drmgmt__seal_mint(const drmgmt__keyring *keyring, const char *tenant_id, const char *user_or_purpose,
                      int backend_pid, char seal[DRMGMT__SEAL_SIZE])
{
    unsigned number = 0;
    uint8_t mac[DRMGMT__DIGEST_SIZE];
    const uint8_t *key = keyring ? drmgmt__keyring_key(keyring, DRMGMT__KEY_SEAL, &number) : NULL;

    if (!key)
        return DRMGMT_ERR_CRYPTO;
    int n = snprintf(seal, DRMGMT__SEAL_SIZE, "%s.%s.%d.%lld.%u", tenant_id, user_or_purpose, backend_pid,
                     (long long)time(NULL) + SEAL_SECONDS, number);
    if (n < 0 || n + 66 > DRMGMT__SEAL_SIZE || drmgmt__hmac_sha256(key, seal, (size_t)n, mac))
        return DRMGMT_ERR_CRYPTO;
    seal[n] = '.';
    drmgmt__hex(mac, sizeof mac, seal + n + 1);
    return 0;
}

/* ---- secrets at rest ---- */

static void put_u32(uint8_t *out, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* What a blob is bound to: each part with its length before it, so that no two places look alike. */
static int add_aad(EVP_CIPHER_CTX *c, const char *const parts[5])
{
    for (int i = 0; i < 5; i++) {
        uint8_t length[4];
        size_t n = strlen(parts[i]);
        int done;
        put_u32(length, (uint32_t)n);
        if (EVP_CipherUpdate(c, NULL, &done, length, 4) != 1 ||
            EVP_CipherUpdate(c, NULL, &done, (const uint8_t *)parts[i], (int)n) != 1)
            return -1;
    }
    return 0;
}

static int crypt_gcm(bool encrypt, const uint8_t key[32], const uint8_t *nonce, const char *const parts[5],
                     const uint8_t *in, size_t n, uint8_t *out, uint8_t *tag)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int done = 0, rc = DRMGMT_ERR_CRYPTO;

    if (c && EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce, encrypt) == 1 && add_aad(c, parts) == 0 &&
        EVP_CipherUpdate(c, out, &done, in, (int)n) == 1 &&
        (encrypt || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, tag) == 1) &&
        EVP_CipherFinal_ex(c, out + done, &done) == 1 &&
        (!encrypt || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, tag) == 1))
        rc = 0;
    EVP_CIPHER_CTX_free(c);
    return rc;
}

uint32_t drmgmt__blob_key_version(const uint8_t *blob)
{
    return (uint32_t)blob[1] << 24 | (uint32_t)blob[2] << 16 | (uint32_t)blob[3] << 8 | blob[4];
}

int drmgmt__blob_seal(const drmgmt__data_key *key, const char *table, const char *column, const char *tenant_id,
                      const char *row_id, const void *plain, size_t n, uint8_t *out)
{
    const char *const parts[5] = { "drmgmt-1", table, column, tenant_id, row_id };

    out[0] = 1;
    put_u32(out + 1, key->version);
    if (drmgmt__random(out + HEADER_SIZE, NONCE_SIZE))
        return DRMGMT_ERR_CRYPTO;
    return crypt_gcm(true, key->key, out + HEADER_SIZE, parts, plain, n, out + HEADER_SIZE + NONCE_SIZE,
                     out + HEADER_SIZE + NONCE_SIZE + n);
}

int drmgmt__blob_open(const drmgmt__data_key *key, const char *table, const char *column, const char *tenant_id,
                      const char *row_id, const void *blob, size_t n, uint8_t *out)
{
    const char *const parts[5] = { "drmgmt-1", table, column, tenant_id, row_id };
    const uint8_t *b = blob;
    uint8_t version[4], tag[TAG_SIZE];

    put_u32(version, key->version);
    if (n < DRMGMT__BLOB_OVERHEAD || b[0] != 1 || memcmp(b + 1, version, 4) != 0)
        return DRMGMT_ERR_CRYPTO;
    memcpy(tag, b + n - TAG_SIZE, TAG_SIZE);
    int rc = crypt_gcm(false, key->key, b + HEADER_SIZE, parts, b + HEADER_SIZE + NONCE_SIZE, n - DRMGMT__BLOB_OVERHEAD,
                       out, tag);
    if (rc)
        drmgmt__wipe(out, n - DRMGMT__BLOB_OVERHEAD);
    return rc;
}

/* ---- data keys, wrapped by a key-encryption key of the keyring ---- */

static int kek_of(const drmgmt__keyring *keyring, unsigned number, drmgmt__data_key *kek)
{
    const uint8_t *bytes = keyring ? drmgmt__keyring_key(keyring, DRMGMT__KEY_KEK, &number) : NULL;

    if (!bytes)
        return DRMGMT_ERR_CRYPTO;
    kek->version = number;
    memcpy(kek->key, bytes, sizeof kek->key);
    return 0;
}

int drmgmt__data_key_wrap(const drmgmt__keyring *keyring, const char *tenant_id, const drmgmt__data_key *key,
                          uint8_t wrapped[DRMGMT__WRAPPED_SIZE])
{
    drmgmt__data_key kek;
    char row_id[16];

    if (kek_of(keyring, 0, &kek))
        return DRMGMT_ERR_CRYPTO;
    snprintf(row_id, sizeof row_id, "%u", key->version);
    int rc = drmgmt__blob_seal(&kek, "tenant_keys", "wrapped", tenant_id, row_id, key->key, sizeof key->key, wrapped);
    drmgmt__wipe(&kek, sizeof kek);
    return rc;
}

int drmgmt__data_key_new(const drmgmt__keyring *keyring, const char *tenant_id, uint32_t version, drmgmt__data_key *key,
                         uint8_t wrapped[DRMGMT__WRAPPED_SIZE])
{
    key->version = version;
    return drmgmt__random(key->key, sizeof key->key) ? DRMGMT_ERR_CRYPTO
                                                     : drmgmt__data_key_wrap(keyring, tenant_id, key, wrapped);
}

int drmgmt__data_key_unwrap(const drmgmt__keyring *keyring, const char *tenant_id, uint32_t version,
                            const void *wrapped, size_t n, drmgmt__data_key *key)
{
    const uint8_t *b = wrapped;
    drmgmt__data_key kek;
    char row_id[16];

    if (n != DRMGMT__WRAPPED_SIZE ||
        kek_of(keyring, (unsigned)b[1] << 24 | (unsigned)b[2] << 16 | (unsigned)b[3] << 8 | b[4], &kek))
        return DRMGMT_ERR_CRYPTO;
    snprintf(row_id, sizeof row_id, "%u", version);
    int rc = drmgmt__blob_open(&kek, "tenant_keys", "wrapped", tenant_id, row_id, wrapped, n, key->key);
    key->version = version;
    drmgmt__wipe(&kek, sizeof kek);
    return rc;
}
