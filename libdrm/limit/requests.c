/* API requests of tenants, minute by minute. Called by drmd for each request; calls the store for the quota, now and
 * then, and queue/tally.c to count together with other processes.
 *
 * A request costs a look into a table: what other processes counted, and the quota itself, are as they were a moment
 * ago. So a burst over several processes may pass the quota by what they take in within those milliseconds. */
#include "limit/limit.h"

#include "auth/auth.h"
#include "core/context_internal.h"
#include "core/core.h"
#include "queries.h"
#include "queue/tally.h"
#include "store/store.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum {
    BUCKETS = 1024,
    WINDOW_S = 60,
    FRESH_MS = 5000,     /* how long a quota that was read is believed */
    RETRY_MS = 1000,     /* until one that could not be read is asked for again */
    FORGET_WINDOWS = 5,  /* a tenant that was quiet for so long is forgotten */
    SWEEP_MS = 60 * 1000 /* how often that is looked for */
};

struct tenant {
    char id[DRMGMT__UUID_SIZE];
    int64_t limit;        /* 0: none */
    uint64_t fresh_until; /* monotonic ms; 0: never read */
    bool reading;         /* one thread reads the quota */
    int64_t window;       /* minutes since 1970 that the counts are of */
    uint64_t used;        /* counted here */
    uint64_t given;       /* of them told to Redis */
    uint64_t others;      /* counted elsewhere, as Redis told last */
    struct tenant *next;
};

struct drmgmt__requests {
    pthread_mutex_t mutex;
    struct tenant *buckets[BUCKETS];
    uint64_t swept_at;           /* monotonic ms */
    struct drmgmt__tally *tally; /* NULL: no Redis configured */
};

static int64_t window_now(unsigned *reset)
{
    int64_t now = drmgmt__now_ms() / 1000;

    if (reset)
        *reset = (unsigned)(WINDOW_S - now % WINDOW_S);
    return now / WINDOW_S;
}

static struct tenant **bucket_of(struct drmgmt__requests *r, const char *id)
{
    uint32_t h = 2166136261u; /* FNV-1a */

    for (const char *p = id; *p; p++)
        h = (h ^ (uint8_t)*p) * 16777619u;
    return &r->buckets[h % BUCKETS];
}

static struct tenant *find(struct drmgmt__requests *r, const char *id)
{
    struct tenant *t = *bucket_of(r, id);

    while (t && strcmp(t->id, id) != 0)
        t = t->next;
    return t;
}

static struct tenant *find_or_make(struct drmgmt__requests *r, const char *id)
{
    struct tenant *t = find(r, id);

    if (t || !(t = calloc(1, sizeof *t)))
        return t;
    snprintf(t->id, sizeof t->id, "%s", id);
    struct tenant **bucket = bucket_of(r, id);
    t->next = *bucket;
    *bucket = t;
    return t;
}

/* The minute before is still somebody's who looked at the clock a moment ago; an earlier one is a clock set back. */
static void begin_window(struct tenant *t, int64_t window)
{
    if (window == t->window || window == t->window - 1)
        return;
    t->window = window;
    t->used = t->given = t->others = 0;
}

static void sweep(struct drmgmt__requests *r, int64_t window)
{
    uint64_t now = drmgmt__monotonic_ms();

    if (now - r->swept_at < SWEEP_MS)
        return;
    r->swept_at = now;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct tenant **at = &r->buckets[i]; *at;) {
            struct tenant *t = *at;
            if (t->reading || t->window > window - FORGET_WINDOWS) {
                at = &t->next;
                continue;
            }
            *at = t->next;
            free(t);
        }
}

/* ---- together with other processes ---- */

static size_t collect(void *user, drmgmt__tally_item *items)
{
    struct drmgmt__requests *r = user;
    int64_t window = window_now(NULL);
    size_t n = 0;

    pthread_mutex_lock(&r->mutex);
    for (size_t i = 0; i < BUCKETS && n < DRMGMT__TALLY_AT_ONCE; i++)
        for (struct tenant *t = r->buckets[i]; t && n < DRMGMT__TALLY_AT_ONCE; t = t->next) {
            if (!t->limit || t->window != window || t->used == t->given)
                continue;
            drmgmt__tally_item *item = &items[n++];
            snprintf(item->name, sizeof item->name, "%s:%" PRId64, t->id, window);
            item->keep_s = 2 * WINDOW_S;
            item->add = t->used - t->given;
            t->given = t->used;
        }
    pthread_mutex_unlock(&r->mutex);
    return n;
}

static void told(void *user, const drmgmt__tally_item *items, size_t n)
{
    struct drmgmt__requests *r = user;
    char id[DRMGMT__UUID_SIZE];

    pthread_mutex_lock(&r->mutex);
    for (size_t i = 0; i < n; i++) {
        snprintf(id, sizeof id, "%.36s", items[i].name);
        struct tenant *t = find(r, id);
        if (t && t->window == strtoll(items[i].name + strlen(id) + 1, NULL, 10))
            t->others = items[i].sum > t->given ? items[i].sum - t->given : 0;
    }
    pthread_mutex_unlock(&r->mutex);
}

/* ---- the quota ---- */

/* With the mutex held, which is let go while the database is asked; by one thread for a tenant at a time. Who is
 * refused by the database is refused by what follows as well. */
static void refresh(struct drmgmt__requests *r, struct tenant *t, drmgmt_session *session)
{
    uint64_t now = drmgmt__monotonic_ms();

    if (t->reading || now < t->fresh_until)
        return;
    t->reading = true;
    pthread_mutex_unlock(&r->mutex);
    DRMGMT__ROWS drmgmt__rows *rows = NULL;
    int rc = drmgmt__run(session, DRMGMT_PERM_NONE, DRMGMT__READ, &drmgmt__q_quota_requests, NULL, &rows, NULL);
    pthread_mutex_lock(&r->mutex);
    t->reading = false;
    t->fresh_until = now + (rc ? RETRY_MS : FRESH_MS);
    if (!rc)
        t->limit = drmgmt__rows_int(rows, 0, 0);
}

/* ---- the calls ---- */

int drmgmt_request_count(drmgmt_session *session, drmgmt_request_quota *quota, drmgmt_error **error)
{
    struct drmgmt__requests *r = session->context->requests;
    unsigned reset;
    int64_t window = window_now(&reset);

    pthread_mutex_lock(&r->mutex);
    sweep(r, window);
    struct tenant *t = find_or_make(r, session->tenant_id);
    if (!t) {
        pthread_mutex_unlock(&r->mutex);
        return drmgmt__fail_memory(error);
    }
    begin_window(t, window);
    refresh(r, t, session);
    begin_window(t, window);
    int64_t limit = t->limit, used = (int64_t)(t->used + t->others);
    bool room = !limit || used < limit;
    t->used += room;
    pthread_mutex_unlock(&r->mutex);
    if (!room) {
        const drmgmt__quota_state state = { "api_requests", limit, used, reset };
        return drmgmt__fail_quota(error, DRMGMT_ERR_LIMIT, &state,
                                  "the quota \"%s\" is used up: %lld a minute: try again in %u s", state.quota,
                                  (long long)limit, reset);
    }
    if (limit && r->tally)
        drmgmt__tally_wake(r->tally);
    *quota = (drmgmt_request_quota){ limit, limit - used - 1, reset };
    return 0;
}

int64_t drmgmt__requests_used(struct drmgmt__requests *r, const char *tenant_id)
{
    int64_t used = -1;

    pthread_mutex_lock(&r->mutex);
    const struct tenant *t = find(r, tenant_id);
    if (t && t->window == window_now(NULL))
        used = (int64_t)(t->used + t->others);
    pthread_mutex_unlock(&r->mutex);
    return used;
}

int drmgmt__requests_new(drmgmt_context *context, struct drmgmt__requests **requests, drmgmt_error **error)
{
    struct drmgmt__requests *r = calloc(1, sizeof *r);

    if (!r)
        return drmgmt__fail_memory(error);
    pthread_mutex_init(&r->mutex, NULL);
    r->swept_at = drmgmt__monotonic_ms();
    *requests = r;
    const drmgmt__tally_user user = { r, collect, told };
    return context->options.redis_url ? drmgmt__tally_new(context, &user, &r->tally, error) : 0;
}

void drmgmt__requests_free(struct drmgmt__requests *r)
{
    if (!r)
        return;
    drmgmt__tally_free(r->tally);
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct tenant *t = r->buckets[i], *next; t; t = next) {
            next = t->next;
            free(t);
        }
    pthread_mutex_destroy(&r->mutex);
    free(r);
}
