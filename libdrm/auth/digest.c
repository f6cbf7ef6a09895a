/* SHA-256 and the binary form of UUIDs. Called by the files of this room for tokens, keys and caches. */
#include "auth/auth_internal.h"
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static EVP_MD *sha256;

/* EVP_sha256() would search the provider anew for each digest, under a lock all threads share. */
static void fetch(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

int drmgmt__sha256(const void *bytes, size_t n, uint8_t digest[DRMGMT__DIGEST_SIZE])
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, fetch);
    return sha256 && EVP_Digest(bytes, n, digest, NULL, sha256, NULL) == 1 ? 0 : DRMGMT_ERR_CRYPTO;
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
