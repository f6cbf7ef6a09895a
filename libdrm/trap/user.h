/* A user of version 3: the keys its messages are checked with, and answered (RFC 3414). A piece of
 * trap/ of its own, so that the rest knows nothing of keys. Internal. */
#ifndef DRMGMT_TRAP_USER_H
#define DRMGMT_TRAP_USER_H

#include "proto/snmp/usm.h"
#include <drm/driver.h>

typedef struct drmgmt__trap_user drmgmt__trap_user;
typedef struct drmgmt__trap_keys drmgmt__trap_keys; /* hashed passphrases, remembered */

drmgmt__trap_keys *drmgmt__trap_keys_new(void);       /* NULL when memory is out */
void drmgmt__trap_keys_free(drmgmt__trap_keys *keys); /* wipes; NULL is allowed */

/* Hashes the passphrases, which takes milliseconds, unless that was done lately. NULL: nothing authenticates its
 * messages, or the secrets are of no use. Of keys: one thread. */
drmgmt__trap_user *drmgmt__trap_user_new(drmgmt__trap_keys *keys, const drmgmt_op_credential *secrets);
void drmgmt__trap_user_free(drmgmt__trap_user *user); /* wipes; NULL is allowed */

/* The rest by one thread at a time. */
/* DRMGMT__SNMP_AUTH, with DRMGMT__SNMP_PRIV where it has that: no other level is taken from it. */
uint8_t drmgmt__trap_user_level(const drmgmt__trap_user *user);
/* Its keys for an engine; they live until the keys of another two engines were asked for. NULL: it can have none. */
const drmgmt__usm_keys *drmgmt__trap_user_keys(drmgmt__trap_user *user, const drmgmt__octets *engine);
/* Makes the other half of the keys (drmgmt__usm_keys.half) that were just asked for: milliseconds, so for messages that
 * have proved authentic only. 0 or -1. */
int drmgmt__trap_user_complete(drmgmt__trap_user *user, const drmgmt__octets *engine);

#endif
