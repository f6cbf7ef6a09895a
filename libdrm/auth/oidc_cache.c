/* Issuers remembered for an hour, and how many threads may wait for one at a time. Called by oidc_login.c; calls
 * oidc_issuer.c. Kept apart by tenant: what one tenant's outbound rules let us fetch is nothing of another's. */
#include "auth/oidc_internal.h"
#include "core/context_internal.h"
#include <pthread.h>
#include <string.h>

enum {
    ENTRIES = 256,
    KEEP_MS = 3600 * 1000,
    AGAIN_MS =
        30 * 1000, /* between two askings for an unknown key: tokens with made-up key ids cost the issuer nothing */
    WAITERS = 32,  /* threads in exchanges with issuers, in a process */
    WAITERS_OF_TENANT = 8 /* ... of one tenant: an issuer that hangs holds no more */
};

struct entry {
    uint8_t key[DRMGMT__DIGEST_SIZE];
    drmgmt__oidc_issuer *issuer; /* NULL: the entry is free */
    uint64_t fetched_ms, again_ms, used_ms;
};

struct drmgmt__oidc_cache {
    pthread_mutex_t lock;
    struct entry entries[ENTRIES];
    char waiting[WAITERS][DRMGMT__UUID_SIZE]; /* tenants; "": free */
};

struct drmgmt__oidc_cache *drmgmt__oidc_cache_new(void)
{
    struct drmgmt__oidc_cache *c = calloc(1, sizeof *c);

    if (c)
        pthread_mutex_init(&c->lock, NULL);
    return c;
}

void drmgmt__oidc_cache_free(struct drmgmt__oidc_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < ENTRIES; i++)
        drmgmt__oidc_issuer_release(cache->entries[i].issuer);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

/* ---- who waits ---- */

int drmgmt__oidc_wait_begin(drmgmt_context *context, const char *tenant_id, int *seat, drmgmt_error **error)
{
    struct drmgmt__oidc_cache *c = context->oidc;
    int of_tenant = 0, free_one = -1;

    pthread_mutex_lock(&c->lock);
    for (int i = 0; i < WAITERS; i++)
        if (!c->waiting[i][0])
            free_one = i;
        else if (strcmp(c->waiting[i], tenant_id) == 0)
            of_tenant++;
    bool room_left = free_one >= 0 && of_tenant < WAITERS_OF_TENANT;
    if (room_left)
        memcpy(c->waiting[free_one], tenant_id, DRMGMT__UUID_SIZE);
    pthread_mutex_unlock(&c->lock);
    if (!room_left)
        return drmgmt__fail_full(error, DRMGMT_ERR_LIMIT, true, NULL, NULL,
                                 "too many log-ins wait for their issuer: try again in a few seconds");
    *seat = free_one;
    return 0;
}

void drmgmt__oidc_wait_end(drmgmt_context *context, int seat)
{
    struct drmgmt__oidc_cache *c = context->oidc;

    pthread_mutex_lock(&c->lock);
    c->waiting[seat][0] = '\0';
    pthread_mutex_unlock(&c->lock);
}

/* ---- what is remembered ---- */

static int key_of(const drmgmt__oidc_place *place, uint8_t key[DRMGMT__DIGEST_SIZE])
{
    DRMGMT__STRBUF b = DRMGMT__STRBUF_INIT;

    drmgmt__strbuf_printf(&b, "%s %s", place->tenant_id, place->issuer);
    return b.failed ? -1 : drmgmt__sha256(b.data, b.length, key);
}

static struct entry *find(struct drmgmt__oidc_cache *c, const uint8_t key[DRMGMT__DIGEST_SIZE])
{
    for (size_t i = 0; i < ENTRIES; i++)
        if (c->entries[i].issuer && memcmp(c->entries[i].key, key, DRMGMT__DIGEST_SIZE) == 0)
            return &c->entries[i];
    return NULL;
}

static drmgmt__oidc_issuer *hold(drmgmt__oidc_issuer *issuer)
{
    atomic_fetch_add_explicit(&issuer->references, 1, memory_order_relaxed);
    return issuer;
}

/* The one that was not used for the longest time makes room. */
static struct entry *room(struct drmgmt__oidc_cache *c)
{
    struct entry *oldest = &c->entries[0];

    for (size_t i = 0; i < ENTRIES; i++)
        if (!c->entries[i].issuer)
            return &c->entries[i];
        else if (c->entries[i].used_ms < oldest->used_ms)
            oldest = &c->entries[i];
    return oldest;
}

static void keep(struct drmgmt__oidc_cache *c, const uint8_t key[DRMGMT__DIGEST_SIZE], drmgmt__oidc_issuer *issuer)
{
    pthread_mutex_lock(&c->lock);
    uint64_t now = drmgmt__monotonic_ms();
    struct entry *e = find(c, key);
    uint64_t again = e ? e->again_ms : 0;
    if (!e)
        e = room(c);
    drmgmt__oidc_issuer *before = e->issuer;
    memcpy(e->key, key, DRMGMT__DIGEST_SIZE);
    e->issuer = hold(issuer);
    e->fetched_ms = e->used_ms = now;
    e->again_ms = again;
    pthread_mutex_unlock(&c->lock);
    drmgmt__oidc_issuer_release(before);
}

static int fetch(drmgmt_session *system, const drmgmt__oidc_place *place, const uint8_t key[DRMGMT__DIGEST_SIZE],
                 drmgmt__oidc_issuer **issuer, drmgmt_error **error)
{
    int seat, rc = drmgmt__oidc_wait_begin(system->context, place->tenant_id, &seat, error);

    if (rc)
        return rc;
    rc = drmgmt__oidc_issuer_fetch(system, place, issuer, error);
    drmgmt__oidc_wait_end(system->context, seat);
    if (!rc)
        keep(system->context->oidc, key, *issuer);
    return rc;
}

int drmgmt__oidc_issuer_get(drmgmt_session *system, const drmgmt__oidc_place *place, drmgmt__oidc_issuer **issuer,
                            drmgmt_error **error)
{
    struct drmgmt__oidc_cache *c = system->context->oidc;
    uint8_t key[DRMGMT__DIGEST_SIZE];
    drmgmt__oidc_issuer *kept = NULL;

    if (key_of(place, key))
        return drmgmt__fail_memory(error);
    pthread_mutex_lock(&c->lock);
    uint64_t now = drmgmt__monotonic_ms();
    struct entry *e = find(c, key);
    if (e && now - e->fetched_ms < KEEP_MS) {
        e->used_ms = now;
        kept = hold(e->issuer);
    }
    pthread_mutex_unlock(&c->lock);
    if (!kept)
        return fetch(system, place, key, issuer, error);
    *issuer = kept;
    return 0;
}

int drmgmt__oidc_issuer_again(drmgmt_session *system, const drmgmt__oidc_place *place, drmgmt__oidc_issuer **issuer,
                              drmgmt_error **error)
{
    struct drmgmt__oidc_cache *c = system->context->oidc;
    uint8_t key[DRMGMT__DIGEST_SIZE];
    drmgmt__oidc_issuer *kept = NULL;

    if (key_of(place, key))
        return drmgmt__fail_memory(error);
    pthread_mutex_lock(&c->lock);
    uint64_t now = drmgmt__monotonic_ms();
    struct entry *e = find(c, key);
    if (e && e->again_ms && now - e->again_ms < AGAIN_MS)
        kept = hold(e->issuer);
    else if (e)
        e->again_ms = now;
    pthread_mutex_unlock(&c->lock);
    if (!kept)
        return fetch(system, place, key, issuer, error);
    *issuer = kept;
    return 0;
}
