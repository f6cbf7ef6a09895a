/* A bounded table from a SHA-256 to a small value. Called by token.c and data_key.c. Sets of four entries; a set
 * belongs to one of a few locks, so that threads seldom meet. What expires first gives way. */
#include "auth/auth_internal.h"
#include <pthread.h>
#include <string.h>

enum { WAYS = 4, LOCKS = 64 };

struct entry {
    int64_t expiry; /* 0: empty */
    uint8_t digest[DRMGMT__DIGEST_SIZE];
};

struct drmgmt__digest_cache {
    pthread_mutex_t locks[LOCKS];
    unsigned sets;
    size_t value_size;
    struct entry *entries; /* sets * WAYS */
    uint8_t *values;       /* as many, value_size each */
};

drmgmt__digest_cache *drmgmt__digest_cache_new(unsigned sets, size_t value_size)
{
    drmgmt__digest_cache *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_init(&c->locks[i], NULL);
    c->sets = sets;
    c->value_size = value_size;
    c->entries = calloc((size_t)sets * WAYS, sizeof *c->entries);
    c->values = calloc((size_t)sets * WAYS, value_size);
    if (!c->entries || !c->values) {
        drmgmt__digest_cache_free(c);
        return NULL;
    }
    return c;
}

void drmgmt__digest_cache_free(drmgmt__digest_cache *cache)
{
    if (!cache)
        return;
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&cache->locks[i]);
    /* Only what was used is touched: a large table that stayed empty costs no memory. */
    for (size_t i = 0; cache->entries && cache->values && i < (size_t)cache->sets * WAYS; i++)
        if (cache->entries[i].expiry)
            drmgmt__wipe(cache->values + i * cache->value_size, cache->value_size);
    free(cache->entries);
    free(cache->values);
    free(cache);
}

static size_t first_of(const drmgmt__digest_cache *cache, const uint8_t *digest, pthread_mutex_t **lock)
{
    uint32_t word;

    memcpy(&word, digest, sizeof word);
    unsigned set = word & (cache->sets - 1);
    *lock = (pthread_mutex_t *)(uintptr_t)&cache->locks[set % LOCKS];
    return (size_t)set * WAYS;
}

bool drmgmt__digest_cache_get(drmgmt__digest_cache *cache, const uint8_t digest[DRMGMT__DIGEST_SIZE], int64_t now,
                              void *value)
{
    pthread_mutex_t *lock;
    size_t first = first_of(cache, digest, &lock);
    bool found = false;

    pthread_mutex_lock(lock);
    for (size_t i = first; i < first + WAYS && !found; i++) {
        const struct entry *e = &cache->entries[i];
        if (e->expiry <= now || !drmgmt__equal(e->digest, digest, DRMGMT__DIGEST_SIZE))
            continue;
        memcpy(value, cache->values + i * cache->value_size, cache->value_size);
        found = true;
    }
    pthread_mutex_unlock(lock);
    return found;
}

void drmgmt__digest_cache_put(drmgmt__digest_cache *cache, const uint8_t digest[DRMGMT__DIGEST_SIZE], int64_t now,
                              int64_t expiry, const void *value)
{
    pthread_mutex_t *lock;
    size_t first = first_of(cache, digest, &lock), place = first;

    if (expiry <= now)
        return;
    pthread_mutex_lock(lock);
    for (size_t i = first; i < first + WAYS; i++) {
        if (drmgmt__equal(cache->entries[i].digest, digest, DRMGMT__DIGEST_SIZE)) {
            place = i;
            break;
        }
        if (cache->entries[i].expiry < cache->entries[place].expiry)
            place = i;
    }
    memcpy(cache->entries[place].digest, digest, DRMGMT__DIGEST_SIZE);
    cache->entries[place].expiry = expiry;
    memcpy(cache->values + place * cache->value_size, value, cache->value_size);
    pthread_mutex_unlock(lock);
}
