/* Looks things up in an index, and keeps the one that counts. Any thread. Called by whoever speaks in names. */
#include "mib/index.h"

#include "core/core.h"
#include "mib/indexer.h"
#include "proto/snmp/index.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- holding ---- */

drmgmt__mib_index_set *drmgmt__mib_index_hold(drmgmt__mib_index_set *index)
{
    atomic_fetch_add_explicit(&index->held, 1, memory_order_relaxed);
    return index;
}

void drmgmt__mib_index_release(drmgmt__mib_index_set *index)
{
    if (!index || atomic_fetch_sub_explicit(&index->held, 1, memory_order_acq_rel) != 1)
        return;
    drmgmt__arena arena = index->arena; /* the index lies in it */
    drmgmt__arena_free(&arena);
}

struct drmgmt__mib_place {
    pthread_mutex_t lock;
    drmgmt__mib_index_set *index;
};

drmgmt__mib_place *drmgmt__mib_place_new(void)
{
    drmgmt__mib_place *place = calloc(1, sizeof *place);

    if (place && pthread_mutex_init(&place->lock, NULL) != 0) {
        free(place);
        return NULL;
    }
    return place;
}

void drmgmt__mib_place_free(drmgmt__mib_place *place)
{
    if (!place)
        return;
    drmgmt__mib_index_release(place->index);
    pthread_mutex_destroy(&place->lock);
    free(place);
}

drmgmt__mib_index_set *drmgmt__mib_place_take(drmgmt__mib_place *place)
{
    pthread_mutex_lock(&place->lock);
    drmgmt__mib_index_set *index = place->index ? drmgmt__mib_index_hold(place->index) : NULL;
    pthread_mutex_unlock(&place->lock);
    return index;
}

void drmgmt__mib_place_put(drmgmt__mib_place *place, drmgmt__mib_index_set *index)
{
    pthread_mutex_lock(&place->lock);
    drmgmt__mib_index_set *old = place->index;
    place->index = index;
    pthread_mutex_unlock(&place->lock);
    drmgmt__mib_index_release(old);
}

/* ---- by OID ---- */

size_t drmgmt__mib_index_count(const drmgmt__mib_index_set *index)
{
    return index->n;
}

const drmgmt__mib_known *drmgmt__mib_index_at(const drmgmt__mib_index_set *index, size_t i)
{
    return i < index->n ? &index->known[i] : NULL;
}

/* The key of this OID, whose hash is this. NULL: none. */
static const drmgmt__mib_key *find_key(const drmgmt__mib_index_set *index, const drmgmt__oid *oid, uint64_t hash)
{
    size_t at = drmgmt__mib_slot_of(index, hash);
    uint32_t mark = drmgmt__mib_mark_of(hash);

    for (; index->slots[at].key; at = (at + 1) & (index->n_slots - 1)) {
        if (index->slots[at].mark != mark)
            continue;
        const drmgmt__mib_key *key = &index->keys[index->slots[at].key - 1];
        if (key->n == oid->n && memcmp(key->arcs, oid->arcs, oid->n * sizeof *oid->arcs) == 0)
            return key;
    }
    return NULL;
}

const drmgmt__mib_known *drmgmt__mib_index_of(const drmgmt__mib_index_set *index, const drmgmt__oid *oid)
{
    uint64_t hashes[DRMGMT__OID_ARCS_MAX + 1];
    size_t n = oid->n < index->longest ? oid->n : index->longest;

    hashes[0] = 0;
    for (size_t i = 0; i < n; i++)
        hashes[i + 1] = drmgmt__mib_hash(hashes[i], index->secret, oid->arcs[i]);
    for (; n > 0; n--) {
        const drmgmt__mib_key *key = find_key(index, &(drmgmt__oid){ oid->arcs, n }, hashes[n]);
        if (key)
            return &index->known[key->known];
    }
    return NULL;
}

size_t drmgmt__mib_index_under(const drmgmt__mib_index_set *index, const drmgmt__oid *root, size_t *n)
{
    size_t least = 0, most = index->n, end = index->n;

    while (least < most) {
        size_t middle = least + (most - least) / 2;
        if (drmgmt__oid_compare(&index->known[middle].object.oid, root) < 0)
            least = middle + 1;
        else
            most = middle;
    }
    for (most = least; most < end;) { /* where those that are under it end */
        size_t middle = most + (end - most) / 2;
        if (drmgmt__oid_under(&index->known[middle].object.oid, root))
            most = middle + 1;
        else
            end = middle;
    }
    *n = most - least;
    return least;
}

/* ---- by name ---- */

static int compare_texts(const char *a, size_t a_length, const char *b)
{
    int order = strncmp(a, b, a_length);

    return order ? order : b[a_length] ? -1 : 0;
}

const drmgmt__mib_known *drmgmt__mib_index_find(const drmgmt__mib_index_set *index, const char *module,
                                                size_t module_length, const char *name, size_t length)
{
    size_t least = 0, most = index->n;

    while (least < most) {
        size_t middle = least + (most - least) / 2;
        if (compare_texts(name, length, index->by_name[middle]->object.name) > 0)
            least = middle + 1;
        else
            most = middle;
    }
    for (; least < index->n && compare_texts(name, length, index->by_name[least]->object.name) == 0; least++)
        if (!module_length || compare_texts(module, module_length, index->by_name[least]->object.module) == 0)
            return index->by_name[least];
    return NULL;
}

/* ---- instances and texts ---- */

bool drmgmt__mib_index_fits(const drmgmt__mib_known *known, const drmgmt__oid *instance)
{
    if (known->kind == DRMGMT__MIB_SCALAR)
        return instance->n == 1 && instance->arcs[0] == 0;
    return known->kind == DRMGMT__MIB_COLUMN && known->node.n_index &&
           drmgmt__snmp_index_fits(known->node.index, known->node.n_index, instance);
}

void drmgmt__mib_index_print(drmgmt__strbuf *out, const drmgmt__mib_index_set *index, const drmgmt__oid *oid)
{
    const drmgmt__mib_known *known = drmgmt__mib_index_of(index, oid);

    if (!known) {
        drmgmt__oid_print(out, oid);
        return;
    }
    drmgmt__strbuf_printf(out, "%s::%s", known->object.module, known->object.name);
    if (oid->n > known->object.oid.n) {
        drmgmt__strbuf_putc(out, '.');
        drmgmt__oid_print(out, &(drmgmt__oid){ oid->arcs + known->object.oid.n, oid->n - known->object.oid.n });
    }
}
