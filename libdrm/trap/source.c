/* A hash table with two lists by age: addresses with devices, and strangers, so that many made-up addresses push out
 * each other only. Called by receive.c. */
#include "trap/source.h"

#include "core/core.h"
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 65536 };

struct ages {
    drmgmt__trap_source *newest, *oldest;
    size_t n, max;
};

struct drmgmt__trap_sources {
    uint64_t seed;
    size_t senders; /* in all of them */
    struct ages strangers, known;
    drmgmt__trap_source *buckets[BUCKETS];
};

drmgmt__trap_sources *drmgmt__trap_sources_new(void)
{
    drmgmt__trap_sources *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->strangers.max = DRMGMT__TRAP_STRANGERS_MAX;
    s->known.max = DRMGMT__TRAP_SOURCES_MAX;
    if (drmgmt__random(&s->seed, sizeof s->seed)) {
        free(s);
        return NULL;
    }
    return s;
}

/* FNV-1a, from a seed that nobody outside knows. */
static size_t bucket_of(const drmgmt__trap_sources *s, const drmgmt__net_address *address)
{
    uint64_t h = s->seed ^ address->family;

    for (size_t i = 0; i < sizeof address->bytes; i++)
        h = (h ^ address->bytes[i]) * UINT64_C(0x100000001b3);
    return (h ^ h >> 32) % BUCKETS;
}

static struct ages *ages_of(drmgmt__trap_sources *s, const drmgmt__trap_source *source)
{
    return source->listed_known ? &s->known : &s->strangers;
}

static void unlist(drmgmt__trap_sources *s, drmgmt__trap_source *source)
{
    struct ages *a = ages_of(s, source);

    *(source->newer ? &source->newer->older : &a->newest) = source->older;
    *(source->older ? &source->older->newer : &a->oldest) = source->newer;
    a->n--;
}

static void list(drmgmt__trap_sources *s, drmgmt__trap_source *source)
{
    source->listed_known = source->senders && source->senders->n;
    struct ages *a = ages_of(s, source);
    source->newer = NULL;
    source->older = a->newest;
    *(a->newest ? &a->newest->newer : &a->oldest) = source;
    a->newest = source;
    a->n++;
}

static void forget(drmgmt__trap_sources *s, drmgmt__trap_source *source)
{
    drmgmt__trap_source **link = &s->buckets[bucket_of(s, &source->address)];

    while (*link != source)
        link = &(*link)->next;
    *link = source->next;
    unlist(s, source);
    s->senders -= source->senders ? source->senders->n : 0;
    drmgmt__trap_senders_free(source->senders);
    free(source);
}

/* Forgets what is too much, but not this one. */
static void bound(drmgmt__trap_sources *s, const drmgmt__trap_source *but)
{
    struct ages *both[] = { &s->strangers, &s->known };

    for (size_t i = 0; i < DRMGMT__COUNT(both); i++)
        while (both[i]->oldest != but && both[i]->n > both[i]->max)
            forget(s, both[i]->oldest);
    while (s->senders > DRMGMT__TRAP_SENDERS_MAX && s->known.oldest && s->known.oldest != but)
        forget(s, s->known.oldest);
}

void drmgmt__trap_sources_free(drmgmt__trap_sources *s)
{
    if (!s)
        return;
    while (s->strangers.oldest)
        forget(s, s->strangers.oldest);
    while (s->known.oldest)
        forget(s, s->known.oldest);
    free(s);
}

static drmgmt__trap_source *find(const drmgmt__trap_sources *s, const drmgmt__net_address *address)
{
    drmgmt__trap_source *source = s->buckets[bucket_of(s, address)];

    while (source && (source->address.family != address->family ||
                      memcmp(source->address.bytes, address->bytes, sizeof address->bytes) != 0))
        source = source->next;
    return source;
}

drmgmt__trap_source *drmgmt__trap_source_of(drmgmt__trap_sources *s, const drmgmt__net_address *address)
{
    drmgmt__trap_source *source = find(s, address);

    if (source) {
        unlist(s, source);
    } else {
        drmgmt__trap_source **bucket = &s->buckets[bucket_of(s, address)];
        source = calloc(1, sizeof *source);
        if (!source)
            return NULL;
        source->address = *address;
        source->address.port = 0;
        source->next = *bucket;
        *bucket = source;
    }
    list(s, source);
    bound(s, source);
    return source;
}

bool drmgmt__trap_source_may(drmgmt__trap_source *source, unsigned rate, uint64_t now_ms)
{
    double most = 2.0 * rate;

    if (!rate)
        return true;
    if (!source->tokens_ms)
        source->tokens = most;
    else
        source->tokens += (double)(now_ms - source->tokens_ms) * rate / 1000;
    source->tokens_ms = now_ms;
    if (source->tokens > most)
        source->tokens = most;
    if (source->tokens < 1)
        return false;
    source->tokens -= 1;
    return true;
}

void drmgmt__trap_sources_answer(drmgmt__trap_sources *s, drmgmt__trap_senders *answer, uint64_t now_ms)
{
    drmgmt__trap_source *source = find(s, &answer->address);

    if (!source) {
        drmgmt__trap_senders_free(answer);
        return;
    }
    unlist(s, source);
    s->senders -= source->senders ? source->senders->n : 0;
    drmgmt__trap_senders_free(source->senders);
    source->senders = answer;
    s->senders += answer->n;
    source->answered_ms = now_ms;
    source->known_ms = source->asked_ms;
    source->asked_ms = 0;
    list(s, source);
    bound(s, source);
}
