/* UUIDv7 (RFC 9562, section 5.7), time, randomness. Called everywhere. */
#include "core/core.h"
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t drmgmt__now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

uint64_t drmgmt__monotonic_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t drmgmt__monotonic_ms(void)
{
    return drmgmt__monotonic_us() / 1000;
}

int drmgmt__random(void *memory, size_t n)
{
    return RAND_bytes(memory, (int)n) == 1 ? 0 : -1;
}

void drmgmt__wipe(void *memory, size_t n)
{
    OPENSSL_cleanse(memory, n);
}

bool drmgmt__equal(const void *a, const void *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}

/* 48 bits of ms, 12 of a counter that starts anew (low half) each ms and borrows from the next ms when it runs over. */
static uint64_t next_tick(uint16_t start)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static uint64_t last;
    uint64_t tick = (uint64_t)drmgmt__now_ms() << 12 | (start & 0x7ff);

    pthread_mutex_lock(&mutex);
    if (tick <= last)
        tick = last + 1;
    last = tick;
    pthread_mutex_unlock(&mutex);
    return tick;
}

int drmgmt__uuid_v7(char text[DRMGMT__UUID_SIZE])
{
    uint8_t b[16], r[10];

    if (drmgmt__random(r, sizeof r))
        return -1;
    uint64_t tick = next_tick((uint16_t)(r[8] << 8 | r[9]));
    for (int i = 0; i < 6; i++)
        b[i] = (uint8_t)(tick >> (52 - 8 * i));
    b[6] = (uint8_t)(0x70 | (tick >> 8 & 0x0f));
    b[7] = (uint8_t)tick;
    memcpy(b + 8, r, 8);
    b[8] = (uint8_t)(0x80 | (b[8] & 0x3f));
    char hex[33];
    drmgmt__hex(b, 16, hex);
    snprintf(text, DRMGMT__UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
    return 0;
}

bool drmgmt__uuid_normalise(const char *text, char out[DRMGMT__UUID_SIZE])
{
    if (!text)
        return false;
    for (int i = 0; i < 36; i++) {
        char c = text[i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
            return false;
        out[i] = c >= 'A' && c <= 'F' ? (char)(c + 32) : c;
    }
    out[36] = '\0';
    return text[36] == '\0';
}

bool drmgmt__uuid_valid(const char *text)
{
    char out[DRMGMT__UUID_SIZE];

    return drmgmt__uuid_normalise(text, out);
}

int64_t drmgmt__uuid_time_ms(const char *text)
{
    char hex[13];
    uint8_t b[6];
    int64_t ms = 0;

    if (!drmgmt__uuid_valid(text) || text[14] != '7')
        return 0;
    memcpy(hex, text, 8);
    memcpy(hex + 8, text + 9, 4);
    hex[12] = '\0';
    drmgmt__unhex(hex, b, 6);
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | b[i];
    return ms;
}

void drmgmt__uuid_at(int64_t ms, char text[DRMGMT__UUID_SIZE])
{
    uint64_t t = (uint64_t)ms & 0xffffffffffff;

    snprintf(text, DRMGMT__UUID_SIZE, "%08x-%04x-7000-8000-000000000000", (unsigned)(t >> 16), (unsigned)(t & 0xffff));
}
