/* A user of version 3: what its messages are checked with, and answered (RFC 3414, RFC 3826, RFC 7860). A piece of
 * trap/ of its own, so that the rest knows nothing of keys. Internal. */
#ifndef DRMGMT_TRAP_USER_H
#define DRMGMT_TRAP_USER_H

#include "proto/snmp/message.h"

typedef struct drmgmt__trap_user drmgmt__trap_user;
typedef struct drmgmt__trap_keys drmgmt__trap_keys; /* hashed passphrases, remembered */

typedef struct drmgmt__trap_user_secrets { /* texts may be NULL */
    const char *auth_protocol, *auth_password, *priv_protocol, *priv_password;
} drmgmt__trap_user_secrets;

drmgmt__trap_keys *drmgmt__trap_keys_new(void);       /* NULL when memory is out */
void drmgmt__trap_keys_free(drmgmt__trap_keys *keys); /* wipes; NULL is allowed */

/* Hashes the passphrases, which takes milliseconds, unless that was done lately. NULL: nothing authenticates its
 * messages, or the secrets are of no use. Of keys: one thread. */
drmgmt__trap_user *drmgmt__trap_user_new(drmgmt__trap_keys *keys, const drmgmt__trap_user_secrets *secrets);
void drmgmt__trap_user_free(drmgmt__trap_user *user); /* wipes; NULL is allowed */

/* The rest by one thread at a time. */
/* DRMGMT__SNMP_AUTH, with DRMGMT__SNMP_PRIV where it has that: no other level is taken from it. */
uint8_t drmgmt__trap_user_level(const drmgmt__trap_user *user);
/* Octets of the digest. */
size_t drmgmt__trap_user_mac_size(const drmgmt__trap_user *user);
/* The digest of a message whose own digest is all zeros, under the key that is localized to its engine. 0 or -1. */
int drmgmt__trap_user_mac(drmgmt__trap_user *user, const drmgmt__octets *engine, const uint8_t *message, size_t length,
                          uint8_t mac[DRMGMT__SNMP_MAC_MAX]);
/* Encrypts, or decrypts, length octets in place; for DES a multiple of 8. salt: of 8 octets. 0 or -1. */
int drmgmt__trap_user_crypt(drmgmt__trap_user *user, bool encrypt, const drmgmt__snmp_usm *usm, uint8_t *octets,
                            size_t length);
/* What length octets become long when they are encrypted. */
size_t drmgmt__trap_user_padded(const drmgmt__trap_user *user, size_t length);

#endif
