/* Passphrases hashed once: a credential's key before it is bound to an engine (RFC 3414, A.2) costs 1 to 3 ms, so
 * threads beside the loop make it and it is kept, found by a keyed hash of protocol and passphrase (the passphrase
 * itself is not kept). Loop thread only. Internal. */
#ifndef DRMGMT_PROTO_SNMP_KU_H
#define DRMGMT_PROTO_SNMP_KU_H

#include "proto/snmp/usm.h"
#include <drm/driver.h>
#include <sys/queue.h>

typedef struct drmgmt__kus drmgmt__kus;
typedef struct drmgmt__ku drmgmt__ku;

typedef struct drmgmt__ku_waiter {
    TAILQ_ENTRY(drmgmt__ku_waiter) entry;
    drmgmt__ku *on;                                  /* NULL: not waiting */
    void (*ready)(struct drmgmt__ku_waiter *waiter); /* told once, with on NULL */
} drmgmt__ku_waiter;

int drmgmt__kus_new(drmgmt_loop *loop, drmgmt__kus **out, drmgmt_error **error);
void drmgmt__kus_free(drmgmt__kus *kus); /* all are given back. NULL is allowed */
/* NULL when memory is out. To be given back. */
drmgmt__ku *drmgmt__ku_take(drmgmt__kus *kus, const drmgmt__usm_auth *auth, const drmgmt__octets *passphrase);
void drmgmt__ku_give(drmgmt__kus *kus, drmgmt__ku *ku); /* NULL is allowed */
/* NULL: it is not made yet (wait for it), or could not be made. */
const drmgmt__usm_key *drmgmt__ku_key(const drmgmt__ku *ku);
bool drmgmt__ku_pending(const drmgmt__ku *ku);
void drmgmt__ku_wait(drmgmt__ku *ku, drmgmt__ku_waiter *waiter); /* it is pending */
void drmgmt__ku_wait_cancel(drmgmt__ku_waiter *waiter);
/* Ends a round: those that nobody used through all of it are forgotten. */
void drmgmt__kus_round(drmgmt__kus *kus);
/* How many passphrases were hashed. */
uint64_t drmgmt__kus_hashed(const drmgmt__kus *kus);
/* A hash of pieces, each with its length, under this process's random key. */
bool drmgmt__kus_fingerprint(const drmgmt__kus *kus, const drmgmt__octets *pieces, size_t n, uint8_t out[32]);

#endif
