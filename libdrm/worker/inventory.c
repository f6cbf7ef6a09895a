/* The notes: a queue, and a table that finds the one about the same question. Filled by ledger.c, emptied by noter.c.
 */
#include "worker/inventory.h"

#include "core/core.h"
#include "proto/snmp/table.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum { SEEN = 16384, SEEN_EVERY_MS = 240000 }; /* less than the database waits: sched.inventory_put() */

struct waiting {
    drmgmt__link link; /* its hash is what it is about */
    TAILQ_ENTRY(waiting) order;
    size_t bytes;
    drmgmt__note note;
};

struct drmgmt__inventory {
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    drmgmt__table table;
    TAILQ_HEAD(notes_waiting, waiting) queue;
    size_t n, bytes;
    unsigned long long left_out;
    bool closed;
    struct {
        uint64_t about;
        uint64_t at_ms; /* monotonic */
    } seen[SEEN];       /* devices that were just noted to have answered: by their number, the last one of a place */
};

drmgmt__inventory *drmgmt__inventory_new(void)
{
    drmgmt__inventory *inventory = calloc(1, sizeof *inventory);
    pthread_condattr_t monotonic;

    if (!inventory)
        return NULL;
    pthread_mutex_init(&inventory->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&inventory->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    TAILQ_INIT(&inventory->queue);
    return inventory;
}

void drmgmt__inventory_free(drmgmt__inventory *inventory)
{
    struct waiting *w;

    if (!inventory)
        return;
    while ((w = TAILQ_FIRST(&inventory->queue))) {
        TAILQ_REMOVE(&inventory->queue, w, order);
        free(w->note.result);
        free(w);
    }
    drmgmt__table_free(&inventory->table);
    pthread_cond_destroy(&inventory->wake);
    pthread_mutex_destroy(&inventory->mutex);
    free(inventory);
}

/* ---- what a job tells ---- */

static const struct {
    const char *protocol, *operation;
} reads[] = {
    { "snmp", "get" }, { "snmp", "getnext" }, { "snmp", "walk" }, { "snmp", "bulkwalk" }, { "snmp", "table" },
};

/* Behind these there is no device that could have answered. */
static const char *const unreal[] = { "fake" };

static bool is_read(const char *protocol, const char *operation)
{
    for (size_t i = 0; i < DRMGMT__COUNT(reads); i++)
        if (strcmp(reads[i].operation, operation) == 0 && strcmp(reads[i].protocol, protocol) == 0)
            return true;
    return false;
}

static bool is_real(const char *protocol)
{
    for (size_t i = 0; i < DRMGMT__COUNT(unreal); i++)
        if (strcmp(unreal[i], protocol) == 0)
            return false;
    return true;
}

static uint64_t mix(uint64_t hash, const char *text)
{
    return drmgmt__hash(hash, text, strlen(text));
}

void drmgmt__inventory_about(drmgmt__finish *f, const char *protocol, const char *device_id, const char *operation,
                             const char *params)
{
    if (!*device_id || !is_real(protocol))
        return;
    f->reads = is_read(protocol, operation);
    uint64_t device = mix(mix(0, f->tenant_id), device_id);
    uint64_t about = f->reads ? mix(mix(mix(device, protocol), operation), params) : device;
    f->about = about ? about : 1;
    memcpy(f->device_id, device_id, sizeof f->device_id);
}

/* ---- noting; the mutex is held ---- */

static struct waiting *find(drmgmt__inventory *inventory, uint64_t about)
{
    drmgmt__link *link = drmgmt__table_find(&inventory->table, about);

    return link ? DRMGMT__OF_LINK(struct waiting, link, link) : NULL;
}

static void replace(drmgmt__inventory *inventory, struct waiting *w, drmgmt__finish *f, size_t bytes)
{
    if (f->finished_ms < w->note.at_ms)
        return;
    free(w->note.result);
    inventory->bytes += bytes - w->bytes;
    w->bytes = bytes;
    w->note.at_ms = f->finished_ms;
    w->note.result = f->result;
    f->result = NULL;
}

static bool add(drmgmt__inventory *inventory, drmgmt__finish *f, size_t bytes)
{
    struct waiting *w = NULL;

    if (inventory->n < DRMGMT__NOTES_MAX && inventory->bytes + bytes <= DRMGMT__NOTES_BYTES_MAX)
        w = calloc(1, sizeof *w);
    if (!w || !drmgmt__table_add(&inventory->table, &w->link, f->about)) {
        free(w);
        return false;
    }
    memcpy(w->note.tenant_id, f->tenant_id, sizeof w->note.tenant_id);
    memcpy(w->note.device_id, f->device_id, sizeof w->note.device_id);
    w->bytes = bytes;
    w->note.at_ms = f->finished_ms;
    if (f->reads) {
        w->note.result = f->result;
        f->result = NULL;
    }
    TAILQ_INSERT_TAIL(&inventory->queue, w, order);
    inventory->n++;
    inventory->bytes += bytes;
    return true;
}

/* That a device answered is not noted with each write to it. */
static bool was_seen(drmgmt__inventory *inventory, uint64_t about)
{
    uint64_t now = drmgmt__monotonic_ms();
    size_t at = about % SEEN;

    if (inventory->seen[at].about == about && now - inventory->seen[at].at_ms < SEEN_EVERY_MS)
        return true;
    inventory->seen[at].about = about;
    inventory->seen[at].at_ms = now;
    return false;
}

static void note(drmgmt__inventory *inventory, drmgmt__finish *f)
{
    size_t bytes = f->reads && f->result ? strlen(f->result) + 1 : 0;

    if (!f->about || strcmp(f->status, "completed") != 0 || (f->reads && !f->result) ||
        (!f->reads && was_seen(inventory, f->about)))
        return;
    struct waiting *same = find(inventory, f->about);
    if (same && f->reads)
        replace(inventory, same, f, bytes);
    else if (!same && !add(inventory, f, bytes))
        inventory->left_out++;
}

void drmgmt__inventory_note(drmgmt__inventory *inventory, drmgmt__finish *items, size_t n)
{
    size_t i = 0;

    while (i < n && !items[i].about)
        i++;
    if (i == n)
        return;
    pthread_mutex_lock(&inventory->mutex);
    bool empty = !inventory->n;
    for (; i < n; i++)
        note(inventory, &items[i]);
    if (empty && inventory->n)
        pthread_cond_signal(&inventory->wake);
    pthread_mutex_unlock(&inventory->mutex);
}

/* ---- taking ---- */

static void wait_for(drmgmt__inventory *inventory, uint64_t until_ms)
{
    struct timespec until = { .tv_sec = (time_t)(until_ms / 1000), .tv_nsec = (long)(until_ms % 1000) * 1000000 };

    while (!inventory->closed && drmgmt__monotonic_ms() < until_ms)
        pthread_cond_timedwait(&inventory->wake, &inventory->mutex, &until);
}

void drmgmt__inventory_pause(drmgmt__inventory *inventory, unsigned ms)
{
    pthread_mutex_lock(&inventory->mutex);
    wait_for(inventory, drmgmt__monotonic_ms() + ms);
    pthread_mutex_unlock(&inventory->mutex);
}

size_t drmgmt__inventory_take(drmgmt__inventory *inventory, unsigned pause_ms,
                              drmgmt__note notes[DRMGMT__NOTES_AT_ONCE])
{
    size_t n = 0, bytes = 0;
    struct waiting *w;

    pthread_mutex_lock(&inventory->mutex);
    wait_for(inventory, drmgmt__monotonic_ms() + pause_ms);
    while (!inventory->n && !inventory->closed)
        pthread_cond_wait(&inventory->wake, &inventory->mutex);
    while (n < DRMGMT__NOTES_AT_ONCE && (w = TAILQ_FIRST(&inventory->queue))) {
        if (n && bytes + w->bytes > DRMGMT__NOTES_AT_ONCE_BYTES)
            break;
        bytes += w->bytes;
        TAILQ_REMOVE(&inventory->queue, w, order);
        drmgmt__table_remove(&inventory->table, &w->link);
        inventory->n--;
        inventory->bytes -= w->bytes;
        notes[n++] = w->note;
        free(w);
    }
    pthread_mutex_unlock(&inventory->mutex);
    return n;
}

void drmgmt__inventory_close(drmgmt__inventory *inventory)
{
    pthread_mutex_lock(&inventory->mutex);
    inventory->closed = true;
    pthread_cond_signal(&inventory->wake);
    pthread_mutex_unlock(&inventory->mutex);
}

bool drmgmt__inventory_closed(drmgmt__inventory *inventory)
{
    pthread_mutex_lock(&inventory->mutex);
    bool closed = inventory->closed;
    pthread_mutex_unlock(&inventory->mutex);
    return closed;
}

unsigned long long drmgmt__inventory_left_out(drmgmt__inventory *inventory)
{
    pthread_mutex_lock(&inventory->mutex);
    unsigned long long n = inventory->left_out;
    inventory->left_out = 0;
    pthread_mutex_unlock(&inventory->mutex);
    return n;
}
