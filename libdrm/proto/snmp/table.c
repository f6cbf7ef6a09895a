/* The hash table of linked structs. Called by exchange.c, session.c and resolve.c. */
#include "proto/snmp/table.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS_MIN = 64 };

static drmgmt__link **bucket_of(const drmgmt__table *table, uint64_t hash)
{
    return &table->buckets[(hash ^ hash >> 32) & (table->n_buckets - 1)];
}

static bool grow(drmgmt__table *table)
{
    drmgmt__table larger = { NULL, table->n_buckets ? 2 * table->n_buckets : BUCKETS_MIN, table->n, table->steps };

    larger.buckets = calloc(larger.n_buckets, sizeof(drmgmt__link *));
    if (!larger.buckets)
        return false;
    for (size_t i = 0; i < table->n_buckets; i++)
        for (drmgmt__link *link = table->buckets[i], *next; link; link = next) {
            drmgmt__link **bucket = bucket_of(&larger, link->hash);
            next = link->next;
            link->next = *bucket;
            *bucket = link;
        }
    free(table->buckets);
    *table = larger;
    return true;
}

bool drmgmt__table_add(drmgmt__table *table, drmgmt__link *link, uint64_t hash)
{
    /* A full table that cannot grow still works, slowly. */
    if (table->n >= table->n_buckets && !grow(table) && !table->buckets)
        return false;
    drmgmt__link **bucket = bucket_of(table, hash);
    *link = (drmgmt__link){ *bucket, hash };
    *bucket = link;
    table->n++;
    return true;
}

void drmgmt__table_remove(drmgmt__table *table, drmgmt__link *link)
{
    drmgmt__link **at = bucket_of(table, link->hash);

    while (*at != link)
        at = &(*at)->next;
    *at = link->next;
    table->n--;
}

drmgmt__link *drmgmt__table_find(drmgmt__table *table, uint64_t hash)
{
    drmgmt__link *link = table->n ? *bucket_of(table, hash) : NULL;

    for (; link && link->hash != hash; link = link->next)
        table->steps++;
    return link;
}

drmgmt__link *drmgmt__table_next(const drmgmt__link *link)
{
    drmgmt__link *next = link->next;

    while (next && next->hash != link->hash)
        next = next->next;
    return next;
}

void drmgmt__table_free(drmgmt__table *table)
{
    free(table->buckets);
    *table = (drmgmt__table){ NULL, 0, 0, 0 };
}

/* Eight bytes at a time; the length stands in the last step, so that zeros at the end count. */
uint64_t drmgmt__hash(uint64_t seed, const void *bytes, size_t n)
{
    const uint64_t odd = 0x9e3779b97f4a7c15u;
    const uint8_t *b = bytes;
    uint64_t hash = seed ^ 0xcbf29ce484222325u, word;

    for (size_t left = n; left; b += sizeof word) {
        size_t take = left < sizeof word ? left : sizeof word;
        word = 0;
        memcpy(&word, b, take);
        hash = (hash ^ word) * odd;
        hash ^= hash >> 32;
        left -= take;
    }
    hash = (hash ^ n) * odd;
    return hash ^ hash >> 29;
}
