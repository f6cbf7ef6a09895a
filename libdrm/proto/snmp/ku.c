/* Passphrases hashed once. Called by engine.c; calls usm.c in threads of desk.c. */
#include "proto/snmp/ku.h"

#include "core/core.h"
#include "proto/snmp/desk.h"
#include "proto/snmp/table.h"
#include <stdlib.h>
#include <string.h>

enum { THREADS_MAX = 2, KEPT_MAX = 4096 /* that nobody uses */, FINGERPRINT = 32 };

struct drmgmt__ku {
    drmgmt__link link;
    TAILQ_ENTRY(drmgmt__ku) entry; /* while nobody uses it: the longest unused first */
    TAILQ_HEAD(ku_waiters, drmgmt__ku_waiter) waiters;
    unsigned users; /* the thread that makes it is one */
    uint64_t left_round;
    bool pending, good;
    uint8_t fingerprint[FINGERPRINT];
    drmgmt__usm_key key;
};
TAILQ_HEAD(kus_unused, drmgmt__ku);

struct drmgmt__kus {
    drmgmt__desk *desk;
    drmgmt__table table;
    struct kus_unused unused;
    size_t n_unused;
    uint64_t hashed, round;
    uint8_t secret[32];
};

struct hashing {
    drmgmt__task task; /* first: a task is its hashing */
    drmgmt__ku *ku;    /* the loop's: not looked at in the thread */
    const drmgmt__usm_auth *auth;
    bool good;
    drmgmt__usm_key key;
    size_t length;
    uint8_t passphrase[];
};

static void discard(drmgmt__task *task)
{
    struct hashing *h = (struct hashing *)task;

    drmgmt__wipe(h->passphrase, h->length);
    drmgmt__wipe(&h->key, sizeof h->key);
    free(h);
}

static void hash(drmgmt__task *task)
{
    struct hashing *h = (struct hashing *)task;

    h->good = drmgmt__usm_ku(h->auth, &(drmgmt__octets){ h->passphrase, h->length }, &h->key) == 0;
}

static void forget(drmgmt__kus *kus, drmgmt__ku *ku)
{
    drmgmt__table_remove(&kus->table, &ku->link);
    drmgmt__wipe(ku, sizeof *ku);
    free(ku);
}

static void finish(drmgmt__task *task, void *owner)
{
    drmgmt__kus *kus = owner;
    struct hashing *h = (struct hashing *)task;
    drmgmt__ku *ku = h->ku;
    drmgmt__ku_waiter *waiter;

    ku->pending = false;
    ku->good = h->good;
    ku->key = h->key;
    kus->hashed++;
    discard(task);
    while ((waiter = TAILQ_FIRST(&ku->waiters))) {
        drmgmt__ku_wait_cancel(waiter);
        waiter->ready(waiter);
    }
    drmgmt__ku_give(kus, ku);
}

bool drmgmt__kus_fingerprint(const drmgmt__kus *kus, const drmgmt__octets *pieces, size_t n, uint8_t out[32])
{
    return drmgmt__usm_fingerprint(kus->secret, sizeof kus->secret, pieces, n, out);
}

static drmgmt__ku *find(drmgmt__kus *kus, uint64_t number, const uint8_t fingerprint[FINGERPRINT])
{
    for (drmgmt__link *link = drmgmt__table_find(&kus->table, number); link; link = drmgmt__table_next(link)) {
        drmgmt__ku *ku = DRMGMT__OF_LINK(drmgmt__ku, link, link);
        if (drmgmt__equal(ku->fingerprint, fingerprint, FINGERPRINT))
            return ku;
    }
    return NULL;
}

static drmgmt__ku *make(drmgmt__kus *kus, const drmgmt__usm_auth *auth, const drmgmt__octets *passphrase,
                        uint64_t number, const uint8_t fingerprint[FINGERPRINT])
{
    drmgmt__ku *ku = calloc(1, sizeof *ku);
    struct hashing *h = calloc(1, sizeof *h + passphrase->length);

    if (!ku || !h || !drmgmt__table_add(&kus->table, &ku->link, number)) {
        free(ku);
        free(h);
        return NULL;
    }
    TAILQ_INIT(&ku->waiters);
    memcpy(ku->fingerprint, fingerprint, FINGERPRINT);
    memcpy(h->passphrase, passphrase->bytes, passphrase->length);
    h->length = passphrase->length;
    h->task = (drmgmt__task){ .work = hash, .done = finish, .discard = discard };
    h->ku = ku;
    h->auth = auth;
    ku->pending = true;
    ku->users = 1;
    if (drmgmt__desk_put(kus->desk, &h->task))
        return ku;
    hash(&h->task); /* no thread is to be had */
    ku->users++;
    finish(&h->task, kus);
    ku->users--;
    return ku;
}

drmgmt__ku *drmgmt__ku_take(drmgmt__kus *kus, const drmgmt__usm_auth *auth, const drmgmt__octets *passphrase)
{
    const drmgmt__octets pieces[] = { { (const uint8_t *)auth->name, strlen(auth->name) }, *passphrase };
    uint8_t fingerprint[FINGERPRINT];
    uint64_t number;

    if (!drmgmt__kus_fingerprint(kus, pieces, 2, fingerprint))
        return NULL;
    memcpy(&number, fingerprint, sizeof number);
    drmgmt__ku *ku = find(kus, number, fingerprint);
    if (ku && ku->users == 0) {
        TAILQ_REMOVE(&kus->unused, ku, entry);
        kus->n_unused--;
    }
    if (!ku)
        ku = make(kus, auth, passphrase, number, fingerprint);
    if (ku)
        ku->users++;
    return ku;
}

static void forget_unused(drmgmt__kus *kus, drmgmt__ku *ku)
{
    TAILQ_REMOVE(&kus->unused, ku, entry);
    kus->n_unused--;
    forget(kus, ku);
}

void drmgmt__ku_give(drmgmt__kus *kus, drmgmt__ku *ku)
{
    if (!ku || --ku->users > 0)
        return;
    ku->left_round = kus->round;
    TAILQ_INSERT_TAIL(&kus->unused, ku, entry);
    if (++kus->n_unused > KEPT_MAX || !ku->good)
        forget_unused(kus, ku->good ? TAILQ_FIRST(&kus->unused) : ku);
}

void drmgmt__kus_round(drmgmt__kus *kus)
{
    drmgmt__ku *oldest;

    while ((oldest = TAILQ_FIRST(&kus->unused)) && oldest->left_round < kus->round)
        forget_unused(kus, oldest);
    kus->round++;
}

const drmgmt__usm_key *drmgmt__ku_key(const drmgmt__ku *ku)
{
    return ku && !ku->pending && ku->good ? &ku->key : NULL;
}

bool drmgmt__ku_pending(const drmgmt__ku *ku)
{
    return ku && ku->pending;
}

void drmgmt__ku_wait(drmgmt__ku *ku, drmgmt__ku_waiter *waiter)
{
    waiter->on = ku;
    TAILQ_INSERT_TAIL(&ku->waiters, waiter, entry);
}

void drmgmt__ku_wait_cancel(drmgmt__ku_waiter *waiter)
{
    if (waiter->on)
        TAILQ_REMOVE(&waiter->on->waiters, waiter, entry);
    waiter->on = NULL;
}

uint64_t drmgmt__kus_hashed(const drmgmt__kus *kus)
{
    return kus->hashed;
}

int drmgmt__kus_new(drmgmt_loop *loop, drmgmt__kus **out, drmgmt_error **error)
{
    drmgmt__kus *kus = calloc(1, sizeof *kus);

    if (!kus)
        return drmgmt__fail_memory(error);
    TAILQ_INIT(&kus->unused);
    int rc = drmgmt__random(kus->secret, sizeof kus->secret)
                 ? drmgmt__fail(error, DRMGMT_ERR_CRYPTO, "no random numbers are to be had")
                 : drmgmt__desk_new(loop, THREADS_MAX, kus, &kus->desk, error);
    if (rc)
        free(kus);
    else
        *out = kus;
    return rc;
}

void drmgmt__kus_free(drmgmt__kus *kus)
{
    if (!kus)
        return;
    drmgmt__desk_free(kus->desk);
    for (size_t i = 0; i < kus->table.n_buckets; i++)
        while (kus->table.buckets[i])
            forget(kus, DRMGMT__OF_LINK(drmgmt__ku, link, kus->table.buckets[i]));
    drmgmt__table_free(&kus->table);
    drmgmt__wipe(kus, sizeof *kus);
    free(kus);
}
