/* The store of texts that were read. Called by the operations of this room. */
#include "proto/snmp/kept.h"

#include "core/core.h"
#include <stdlib.h>
#include <string.h>

/* A full store is emptied, and fills again with what is used now: nobody pays for order who meets the same few texts
 * again and again, and who sends a thousand different ones cannot make it larger. Long texts are read each time. */
enum { STORED_MAX = 512, TEXT_MAX = 4096 };

void drmgmt__kept_release(drmgmt__kept *kept)
{
    if (!kept || --kept->users > 0)
        return;
    kept->kind->free(kept->value);
    free(kept);
}

void drmgmt__kept_clear(drmgmt__kept_store *store)
{
    for (size_t i = 0; i < store->table.n_buckets; i++)
        for (drmgmt__link *link = store->table.buckets[i], *next; link; link = next) {
            drmgmt__kept *kept = DRMGMT__OF_LINK(drmgmt__kept, link, link);
            next = link->next;
            drmgmt__kept_release(kept);
        }
    drmgmt__table_free(&store->table);
}

static drmgmt__kept *find(drmgmt__kept_store *store, uint64_t hash, const char *text, const drmgmt__kept_kind *kind)
{
    for (drmgmt__link *link = drmgmt__table_find(&store->table, hash); link; link = drmgmt__table_next(link)) {
        drmgmt__kept *kept = DRMGMT__OF_LINK(drmgmt__kept, link, link);
        if (kept->kind == kind && strcmp(kept->text, text) == 0)
            return kept;
    }
    return NULL;
}

int drmgmt__keep(drmgmt__kept_store *store, const char *text, const drmgmt__kept_kind *kind, drmgmt__kept **out,
                 drmgmt_error **error)
{
    size_t length = strlen(text);
    uint64_t hash = length <= TEXT_MAX ? drmgmt__hash(store->seed, text, length) : 0;
    drmgmt__kept *kept = length <= TEXT_MAX ? find(store, hash, text, kind) : NULL;
    void *value;

    if (kept) {
        kept->users++;
        *out = kept;
        return 0;
    }
    int rc = kind->read(text, &value, error);
    if (rc)
        return rc;
    kept = malloc(sizeof *kept + length + 1);
    if (!kept) {
        kind->free(value);
        return drmgmt__fail_memory(error);
    }
    *kept = (drmgmt__kept){ .kind = kind, .value = value, .users = 1 };
    memcpy(kept->text, text, length + 1);
    if (store->table.n >= STORED_MAX)
        drmgmt__kept_clear(store);
    if (length <= TEXT_MAX && drmgmt__table_add(&store->table, &kept->link, hash))
        kept->users++;
    *out = kept;
    return 0;
}
