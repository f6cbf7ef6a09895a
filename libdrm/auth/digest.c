/* SHA-256, HMAC with it, and the binary form of UUIDs. Called by the files of this room for tokens, keys and caches. */
#include "auth/auth_internal.h"
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static EVP_MD *sha256;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* EVP_sha256() would search the provider anew for each digest, under a lock all threads share. */
static void fetch(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

int drmgmt__sha256(const void *bytes, size_t n, uint8_t digest[DRMGMT__DIGEST_SIZE])
{
    pthread_once(&once, fetch);
    return sha256 && EVP_Digest(bytes, n, digest, NULL, sha256, NULL) == 1 ? 0 : DRMGMT_ERR_CRYPTO;
}

/* RFC 2104. HMAC() would fetch both algorithms anew for each call. */
int drmgmt__hmac_sha256(const uint8_t key[32], const void *bytes, size_t n, uint8_t mac[DRMGMT__DIGEST_SIZE])
{
    uint8_t pads[2][64];

    pthread_once(&once, fetch);
    memset(pads[0], 0x36, sizeof pads[0]);
    memset(pads[1], 0x5c, sizeof pads[1]);
    for (size_t i = 0; i < 32; i++) {
        pads[0][i] ^= key[i];
        pads[1][i] ^= key[i];
    }
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool done = c && sha256 && EVP_DigestInit_ex2(c, sha256, NULL) == 1 &&
                EVP_DigestUpdate(c, pads[0], sizeof pads[0]) == 1 && EVP_DigestUpdate(c, bytes, n) == 1 &&
                EVP_DigestFinal_ex(c, mac, NULL) == 1 && EVP_DigestInit_ex2(c, sha256, NULL) == 1 &&
                EVP_DigestUpdate(c, pads[1], sizeof pads[1]) == 1 &&
                EVP_DigestUpdate(c, mac, DRMGMT__DIGEST_SIZE) == 1 && EVP_DigestFinal_ex(c, mac, NULL) == 1;
    EVP_MD_CTX_free(c);
    drmgmt__wipe(pads, sizeof pads);
    return done ? 0 : DRMGMT_ERR_CRYPTO;
}

int drmgmt__uuid_bytes(const char *text, uint8_t bytes[16])
{
    char hex[33];
    size_t n = 0;

    if (!drmgmt__uuid_valid(text))
        return -1;
    for (; *text; text++)
        if (*text != '-')
            hex[n++] = *text;
    hex[n] = '\0';
    return drmgmt__unhex(hex, bytes, 16);
}

void drmgmt__uuid_text(const uint8_t bytes[16], char text[DRMGMT__UUID_SIZE])
{
    char hex[33];

    drmgmt__hex(bytes, 16, hex);
    snprintf(text, DRMGMT__UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}
