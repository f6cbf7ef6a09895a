/* Text forms of bytes: hex, base64url and base32 (RFC 4648, sections 5 and 6, without padding). */
#include "core/core.h"
#include <stdlib.h>
#include <string.h>

void drmgmt__hex(const void *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *b = bytes;

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[b[i] >> 4];
        out[2 * i + 1] = digits[b[i] & 15];
    }
    out[2 * n] = '\0';
}

static int nibble(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

int drmgmt__unhex(const char *text, void *out, size_t n)
{
    uint8_t *b = out;

    for (size_t i = 0; i < n; i++) {
        int high = nibble(text[2 * i]), low = high < 0 ? -1 : nibble(text[2 * i + 1]);
        if (low < 0)
            return -1;
        b[i] = (uint8_t)(high << 4 | low);
    }
    return text[2 * n] == '\0' ? 0 : -1;
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t drmgmt__b64url(const void *bytes, size_t n, char *out)
{
    const uint8_t *b = bytes;
    size_t length = 0;

    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i;
        uint32_t v = (uint32_t)b[i] << 16 | (left > 1 ? (uint32_t)b[i + 1] << 8 : 0) | (left > 2 ? b[i + 2] : 0);
        out[length++] = alphabet[v >> 18];
        out[length++] = alphabet[v >> 12 & 63];
        if (left > 1)
            out[length++] = alphabet[v >> 6 & 63];
        if (left > 2)
            out[length++] = alphabet[v & 63];
    }
    out[length] = '\0';
    return length;
}

long drmgmt__unb64url(const char *text, size_t length, void *out, size_t size)
{
    uint8_t *b = out;
    uint32_t v = 0;
    unsigned bits = 0;
    size_t n = 0;

    if (length % 4 == 1)
        return -1;
    for (size_t i = 0; i < length; i++) {
        const char *at = text[i] ? strchr(alphabet, text[i]) : NULL;
        if (!at)
            return -1;
        v = v << 6 | (uint32_t)(at - alphabet);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            if (n == size)
                return -1;
            b[n++] = (uint8_t)(v >> bits);
        }
    }
    /* Left-over bits must be zero: one value, one text. */
    return v & ((1u << bits) - 1) ? -1 : (long)n;
}

size_t drmgmt__b32(const void *bytes, size_t n, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const uint8_t *b = bytes;
    size_t length = 0;
    unsigned bits = 0;
    uint32_t v = 0;

    for (size_t i = 0; i < n; i++) {
        v = v << 8 | b[i];
        for (bits += 8; bits >= 5; bits -= 5)
            out[length++] = digits[v >> (bits - 5) & 31];
    }
    if (bits)
        out[length++] = digits[v << (5 - bits) & 31];
    out[length] = '\0';
    return length;
}

void drmgmt__free_secret(char *text)
{
    if (text)
        drmgmt__wipe(text, strlen(text));
    free(text);
}
