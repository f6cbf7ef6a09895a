/* A table of marks in sets of eight. Called by the receiver and the clerk. */
#include "trap/once.h"

#include "auth/auth.h"
#include "core/core.h"
#include "core/strbuf.h"
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { WAYS = 8 };

struct entry {
    drmgmt__trap_mark mark;
    uint64_t until_ms; /* 0: free */
    drmgmt__trap_seen seen;
};

struct drmgmt__trap_once {
    pthread_mutex_t mutex;
    unsigned keep_ms;
    size_t sets;
    struct entry entries[];
};

drmgmt__trap_once *drmgmt__trap_once_new(size_t n, unsigned keep_ms)
{
    drmgmt__trap_once *once = calloc(1, sizeof *once + n * sizeof *once->entries);

    if (once) {
        pthread_mutex_init(&once->mutex, NULL);
        once->keep_ms = keep_ms;
        once->sets = n / WAYS;
    }
    return once;
}

void drmgmt__trap_once_free(drmgmt__trap_once *once)
{
    if (!once)
        return;
    pthread_mutex_destroy(&once->mutex);
    free(once);
}

static struct entry *set_of(drmgmt__trap_once *once, const drmgmt__trap_mark *mark)
{
    uint64_t h;

    memcpy(&h, mark->bytes, sizeof h);
    return &once->entries[h % once->sets * WAYS];
}

static struct entry *find(struct entry *set, const drmgmt__trap_mark *mark)
{
    for (size_t i = 0; i < WAYS; i++)
        if (set[i].until_ms && memcmp(&set[i].mark, mark, sizeof *mark) == 0)
            return &set[i];
    return NULL;
}

drmgmt__trap_seen drmgmt__trap_once_see(drmgmt__trap_once *once, const drmgmt__trap_mark *mark, uint64_t now_ms)
{
    drmgmt__trap_seen seen = DRMGMT__TRAP_NEW;

    pthread_mutex_lock(&once->mutex);
    struct entry *set = set_of(once, mark), *e = find(set, mark);
    if (e && e->until_ms > now_ms) {
        seen = e->seen;
    } else {
        if (!e)
            e = set;
        for (size_t i = 0; i < WAYS && memcmp(&e->mark, mark, sizeof *mark) != 0; i++)
            if (set[i].until_ms < e->until_ms)
                e = &set[i];
        *e = (struct entry){ *mark, now_ms + once->keep_ms, DRMGMT__TRAP_WAITS };
    }
    pthread_mutex_unlock(&once->mutex);
    return seen;
}

void drmgmt__trap_once_set(drmgmt__trap_once *once, const drmgmt__trap_mark *mark, drmgmt__trap_seen seen)
{
    pthread_mutex_lock(&once->mutex);
    struct entry *e = find(set_of(once, mark), mark);
    if (e && seen == DRMGMT__TRAP_NEW)
        *e = (struct entry){ .until_ms = 0 };
    else if (e)
        e->seen = seen;
    pthread_mutex_unlock(&once->mutex);
}

void drmgmt__trap_mark_of(drmgmt__trap_mark *mark, const void *part, size_t n, ...)
{
    DRMGMT__STRBUF all = DRMGMT__STRBUF_INIT;
    uint8_t digest[DRMGMT__DIGEST_SIZE] = { 0 };
    va_list args;

    va_start(args, n);
    while (part) {
        uint64_t length = n;
        drmgmt__strbuf_add(&all, &length, sizeof length);
        drmgmt__strbuf_add(&all, part, n);
        part = va_arg(args, const void *);
        n = part ? va_arg(args, size_t) : 0;
    }
    va_end(args);
    int failed = all.failed ? -1 : drmgmt__sha256(all.data, all.length, digest);
    if (failed)
        (void)drmgmt__random(digest, sizeof digest); /* like nothing that was seen */
    memcpy(mark->bytes, digest, sizeof mark->bytes);
}
